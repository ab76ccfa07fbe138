"""The casework tables of the state database: runs, findings and their data history.

Rows are only ever added, except ``finding.data_state`` and its companions, which
mirror the last row of ``finding_event`` so that a list need not search for it.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Date, Integer, MetaData, String, Table, Text

metadata = MetaData()

run = Table(
    "run",
    metadata,
    Column("run", String(64), primary_key=True),
    Column("seq", Integer, nullable=False, unique=True),
    Column("snapshot", String(64), nullable=False),
    Column("book_hash", String(64), nullable=False),
    Column("as_of", Date, nullable=False),
    Column("recorded_at", String(32), nullable=False),
    Column("tallies", Text, nullable=False),
    Column("partial", Boolean, nullable=False),
)

finding = Table(
    "finding",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("rule", String(16), nullable=False, index=True),
    Column("area", String(16), nullable=False),
    Column("title", String(200), nullable=False),
    Column("grain", Text, nullable=False),
    Column("mof_div_code", String(9), index=True),
    Column("dept_code", String(32), index=True),
    Column("agency_code", String(32)),
    Column("first_run", String(64), nullable=False),
    Column("first_seen", Date, nullable=False),
    Column("last_run", String(64), nullable=False),
    Column("last_seen", Date, nullable=False),
    Column("stock", Boolean, nullable=False),
    Column("outcome", String(32), nullable=False, index=True),
    Column("level", String(8)),
    Column("class", String(8)),
    Column("provisional", Boolean, nullable=False),
    Column("data_state", String(16), nullable=False),
    Column("work_state", String(16), nullable=False),
    Column("observation", Text, nullable=False),
    Column("held", Boolean, nullable=False),
    Column("trial", Boolean, nullable=False),
)

back_test = Table(
    "back_test",
    metadata,
    Column("run", String(64), primary_key=True),
    Column("snapshot", String(64), nullable=False),
    Column("book_hash", String(64), nullable=False),
    Column("as_of", Date, nullable=False),
    Column("recorded_at", String(32), nullable=False),
    Column("tallies", Text, nullable=False),
    Column("partial", Boolean, nullable=False),
)

finding_event = Table(
    "finding_event",
    metadata,
    Column("finding", String(64), primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("run", String(64), nullable=False),
    Column("as_of", Date, nullable=False),
    Column("outcome", String(32), nullable=False),
    Column("level", String(8)),
    Column("data_state", String(16), nullable=False),
    Column("observation", Text, nullable=False),
)

# ---- cases: state and clocks are rewritten by acts; acts and ratings are only ever added
case_file = Table(
    "case_file",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("seq", Integer, nullable=False, unique=True),
    Column("title", String(200), nullable=False),
    Column("state", String(16), nullable=False, index=True),
    Column("version", Integer, nullable=False),
    Column("level", String(8)),
    Column("mof_div_code", String(9)),
    Column("dept_code", String(32)),
    Column("agency_code", String(32)),
    Column("addressee", String(64), index=True),
    Column("copy_to", String(64)),
    Column("document", String(16)),
    Column("number", String(64)),
    Column("result", String(32)),
    Column("rung", String(32)),
    Column("committed", Date),
    Column("proposal", Text),
    Column("merged_into", String(16)),
    Column("opened_at", String(32), nullable=False),
    Column("changed_at", String(32), nullable=False),
)

case_finding = Table(
    "case_finding",
    metadata,
    Column("finding", String(64), primary_key=True),
    Column("case", String(16), nullable=False, index=True),
)

case_act = Table(
    "case_act",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("case", String(16), nullable=False),
    Column("version", Integer, nullable=False),
    Column("transition", String(32), nullable=False),
    Column("from_state", String(16), nullable=False),
    Column("to_state", String(16), nullable=False),
    Column("user", Text, nullable=False),
    Column("role", String(32), nullable=False),
    Column("at", String(32), nullable=False),
    Column("given", Text, nullable=False),
    Column("request", Text, unique=True),
    Column("audit_seq", BigInteger, nullable=False),
)

case_clock = Table(
    "case_clock",
    metadata,
    Column("case", String(16), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("clock", String(16), nullable=False),
    Column("started", Date, nullable=False),
    Column("due", Date, nullable=False),
    Column("extended", Integer, nullable=False),
    Column("paused", Date),
    Column("stopped", Date),
)

case_rating = Table(
    "case_rating",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("case", String(16), nullable=False, index=True),
    Column("round", Integer, nullable=False),
    Column("side", String(16), nullable=False),
    Column("user", Text, nullable=False),
    Column("role", String(32), nullable=False),
    Column("word", String(16), nullable=False),
    Column("remark", Text, nullable=False),
    Column("at", String(32), nullable=False),
    Column("audit_seq", BigInteger, nullable=False),
)

case_attachment = Table(
    "case_attachment",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("case", String(16), nullable=False, index=True),
    Column("hash", String(64), nullable=False),
    Column("name", String(200), nullable=False),
    Column("media", String(100), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("user", Text, nullable=False),
    Column("role", String(32), nullable=False),
    Column("at", String(40), nullable=False),
    Column("audit_seq", BigInteger, nullable=False),
)

inspection_draw = Table(
    "inspection_draw",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("id", String(16), nullable=False, unique=True),
    Column("kind", String(16), nullable=False),
    Column("department", String(32)),
    Column("since", Date, nullable=False),
    Column("until", Date, nullable=False),
    Column("share", Integer, nullable=False),
    Column("seed", Text, nullable=False),
    Column("snapshot", String(64)),
    Column("population", Integer, nullable=False),
    Column("population_hash", String(64), nullable=False),
    Column("items", Text, nullable=False),
    Column("checklist", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("user", Text, nullable=False),
    Column("role", String(32), nullable=False),
    Column("at", String(40), nullable=False),
    Column("audit_seq", BigInteger, nullable=False),
)

inspection_result = Table(
    "inspection_result",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("draw", String(16), nullable=False, index=True),
    Column("item", String(64), nullable=False),
    Column("answers", Text, nullable=False),
    Column("remark", Text, nullable=False),
    Column("user", Text, nullable=False),
    Column("at", String(40), nullable=False),
    Column("audit_seq", BigInteger, nullable=False),
)

# ---- exemptions registered by accounts: both tables only grow; the state follows from the acts
exemption = Table(
    "exemption",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("id", String(16), nullable=False, unique=True),
    Column("rule", String(16), nullable=False),
    Column("content", Text, nullable=False),
    Column("since", Date, nullable=False),
    Column("until", Date, nullable=False),
    Column("user", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("role", String(32), nullable=False),
    Column("at", String(40), nullable=False),
    Column("request", Text, unique=True),
    Column("audit_seq", BigInteger, nullable=False),
)

exemption_act = Table(
    "exemption_act",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("exemption", String(16), nullable=False),
    Column("act", String(16), nullable=False),
    Column("user", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("role", String(32), nullable=False),
    Column("at", String(40), nullable=False),
    Column("reason", Text, nullable=False),
    Column("day", Date),
    Column("audit_seq", BigInteger, nullable=False),
)

# Which exemptions a run (or back-test) was made with, whole, as they stood then.
run_exemption = Table(
    "run_exemption",
    metadata,
    Column("run", String(64), primary_key=True),
    Column("exemption", String(64), primary_key=True),
    Column("origin", String(16), nullable=False),
    Column("content", Text, nullable=False),
)

# ---- 民生实事: the row is rewritten by acts; acts are only ever added
livelihood = Table(
    "livelihood",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("seq", Integer, nullable=False, unique=True),
    Column("version", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("year", Integer, nullable=False, index=True),
    Column("title", String(200), nullable=False),
    Column("goal", Text, nullable=False),
    Column("decided", Text, nullable=False),  # by whom and when it was chosen
    Column("lead", String(64), nullable=False),
    Column("projects", Text, nullable=False),  # JSON list of project codes
    Column("planned", BigInteger),  # fen
    Column("mof_div_code", String(9)),
    Column("opened_at", String(32), nullable=False),
    Column("changed_at", String(32), nullable=False),
)

livelihood_act = Table(
    "livelihood_act",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("livelihood", String(16), nullable=False),
    Column("version", Integer, nullable=False),
    Column("step", String(32), nullable=False),
    Column("user", Text, nullable=False),
    Column("role", String(32), nullable=False),
    Column("at", String(32), nullable=False),
    Column("given", Text, nullable=False),
    Column("request", Text, unique=True),
    Column("audit_seq", BigInteger, nullable=False),
)
