"""The tables of opinions and topics in the state database.

State, periods and settings are rewritten by acts; acts, ratings, remarks and ballots are only ever
added.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Date, Integer, MetaData, String, Table, Text

metadata = MetaData()

opinion = Table(
    "opinion",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("seq", Integer, nullable=False, unique=True),
    Column("kind", String(16), nullable=False),
    Column("proposed", String(16)),  # the kind that waits for the author's word
    Column("state", String(16), nullable=False, index=True),
    Column("version", Integer, nullable=False),
    Column("round", Integer, nullable=False),  # how often it was taken up anew
    Column("title", String(200), nullable=False),
    Column("text", Text, nullable=False),
    Column("ask", Text, nullable=False),
    Column("author", Text, nullable=False, index=True),
    Column("author_role", String(32), nullable=False),
    Column("author_name", Text, nullable=False),
    Column("signers", Text, nullable=False),  # JSON list of names
    Column("open", Boolean, nullable=False),  # the author lets others read it
    Column("about", String(16), nullable=False),  # finding, figure, report, free
    Column("about_id", Text, nullable=False),
    Column("about_title", Text, nullable=False),
    Column("about_as_of", Date),
    Column("about_snapshot", String(64)),
    Column("mof_div_code", String(9)),
    Column("dept_code", String(32)),
    Column("agency_code", String(32)),
    Column("addressee", String(64), index=True),
    Column("copy_to", String(64)),
    Column("number", String(64)),
    Column("topic", String(16), index=True),
    Column("published_at", Date),
    Column("published_in", Text),
    Column("published_to", Text),  # JSON list: 代表, 社会
    Column("published_round", Integer),
    Column("opened_at", String(32), nullable=False),
    Column("changed_at", String(32), nullable=False),
)

opinion_act = Table(
    "opinion_act",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("opinion", String(16), nullable=False),
    Column("version", Integer, nullable=False),
    Column("step", String(32), nullable=False),
    Column("from_state", String(16), nullable=False),
    Column("to_state", String(16), nullable=False),
    Column("user", Text, nullable=False),
    Column("role", String(32), nullable=False),
    Column("at", String(32), nullable=False),
    Column("given", Text, nullable=False),
    Column("request", Text, unique=True),
    Column("audit_seq", BigInteger, nullable=False),
)

opinion_clock = Table(
    "opinion_clock",
    metadata,
    Column("opinion", String(16), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("clock", String(16), nullable=False),
    Column("started", Date, nullable=False),
    Column("due", Date, nullable=False),
    Column("extended", Integer, nullable=False),
    Column("paused", Date),
    Column("stopped", Date),
)

opinion_rating = Table(
    "opinion_rating",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("opinion", String(16), nullable=False, index=True),
    Column("round", Integer, nullable=False),
    Column("user", Text, nullable=False),
    Column("word", String(16), nullable=False),
    Column("remark", Text, nullable=False),
    Column("at", String(32), nullable=False),
    Column("audit_seq", BigInteger, nullable=False),
)

opinion_attachment = Table(
    "opinion_attachment",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("opinion", String(16), nullable=False, index=True),
    Column("hash", String(64), nullable=False),
    Column("name", Text, nullable=False),
    Column("media", String(128), nullable=False),
    Column("size", Integer, nullable=False),
    Column("user", Text, nullable=False),
    Column("role", String(32), nullable=False),
    Column("at", String(32), nullable=False),
    Column("audit_seq", BigInteger, nullable=False),
)

opinion_follow = Table(
    "opinion_follow",
    metadata,
    Column("opinion", String(16), primary_key=True),
    Column("user", Text, primary_key=True),
    Column("following", Boolean, nullable=False),
    Column("seen", Integer, nullable=False),  # the version they looked at last
    Column("since", String(32), nullable=False),
)

topic = Table(
    "topic",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("seq", Integer, nullable=False, unique=True),
    Column("version", Integer, nullable=False),
    Column("title", String(200), nullable=False),
    Column("summary", Text, nullable=False),
    Column("open", Boolean, nullable=False),  # deputies see it, with its count
    Column("discussing", Boolean, nullable=False),
    Column("question", Text),  # what is voted on; null while there is no vote
    Column("options", Text),  # JSON list
    Column("named", Boolean),  # whether pages say who voted what
    Column("shows", String(16)),  # when those invited see the result
    Column("vote", Integer, nullable=False),  # number of the vote; 0 before the first
    Column("vote_open", Boolean, nullable=False),
    Column("opened_at", String(32), nullable=False),
    Column("changed_at", String(32), nullable=False),
)

topic_act = Table(
    "topic_act",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("topic", String(16), nullable=False),
    Column("version", Integer, nullable=False),
    Column("step", String(32), nullable=False),
    Column("user", Text, nullable=False),
    Column("role", String(32), nullable=False),
    Column("at", String(32), nullable=False),
    Column("given", Text, nullable=False),
    Column("request", Text, unique=True),
    Column("audit_seq", BigInteger, nullable=False),
)

topic_invited = Table(
    "topic_invited",
    metadata,
    Column("topic", String(16), primary_key=True),
    Column("user", Text, primary_key=True),
    Column("since", String(32), nullable=False),
)

topic_remark = Table(
    "topic_remark",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("topic", String(16), nullable=False, index=True),
    Column("user", Text, nullable=False),
    Column("role", String(32), nullable=False),
    Column("name", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("at", String(32), nullable=False),
    Column("request", Text, unique=True),
    Column("audit_seq", BigInteger, nullable=False),
)

topic_ballot = Table(
    "topic_ballot",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("topic", String(16), nullable=False, index=True),
    Column("vote", Integer, nullable=False),
    Column("user", Text, nullable=False),
    Column("choice", String(64), nullable=False),
    Column("at", String(32), nullable=False),
    Column("audit_seq", BigInteger, nullable=False),
)
