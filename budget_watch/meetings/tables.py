"""The tables of 决议事项, agenda items and nodes in the state database.

Rows of demands and items are rewritten by acts; acts and files are only ever added.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Date, Integer, MetaData, String, Table, Text

metadata = MetaData()

demand = Table(
    "demand",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("seq", Integer, nullable=False, unique=True),
    Column("version", Integer, nullable=False),
    Column("state", String(16), nullable=False, index=True),
    Column("round", Integer, nullable=False),  # how often it was handed over anew
    Column("year", Integer, nullable=False, index=True),  # in which it was demanded
    Column("source", String(16), nullable=False),  # 决议, 审议意见, 初步审查意见
    Column("title", String(200), nullable=False),  # of the document
    Column("number", String(64)),  # 文号
    Column("decided", Date, nullable=False),  # day of the document
    Column("item", String(64)),  # the agenda item it comes from
    Column("text", Text, nullable=False),
    Column("addressees", Text, nullable=False),  # JSON list of codes
    Column("due", Date, nullable=False),
    Column("linked", Text, nullable=False),  # JSON list: kind, id, title, as_of, snapshot
    Column("word", String(16)),  # how the last report was evaluated
    Column("mof_div_code", String(9)),
    Column("opened_at", String(32), nullable=False),
    Column("changed_at", String(32), nullable=False),
)

demand_act = Table(
    "demand_act",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("demand", String(16), nullable=False),
    Column("version", Integer, nullable=False),
    Column("round", Integer, nullable=False),
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

demand_attachment = Table(
    "demand_attachment",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("demand", String(16), nullable=False, index=True),
    Column("hash", String(64), nullable=False),
    Column("name", Text, nullable=False),
    Column("media", String(128), nullable=False),
    Column("size", Integer, nullable=False),
    Column("user", Text, nullable=False),
    Column("role", String(32), nullable=False),
    Column("at", String(32), nullable=False),
    Column("audit_seq", BigInteger, nullable=False),
)

# An item of REF-03 (own: false) has a row here once somebody works on it; the rest is registered.
agenda_item = Table(
    "agenda_item",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("seq", Integer, nullable=False, unique=True),
    Column("version", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("own", Boolean, nullable=False),
    Column("meeting", String(200), nullable=False),
    Column("held", Date, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("year", Integer, nullable=False),
    Column("title", String(200), nullable=False),
    Column("topics", Text),  # JSON list; null: recognised by the title's words
    Column("linked", Text, nullable=False),  # JSON list: kind, id, title, as_of, snapshot
    Column("outcome", Text, nullable=False),
    Column("mof_div_code", String(9)),
    Column("opened_at", String(32), nullable=False),
    Column("changed_at", String(32), nullable=False),
)

agenda_act = Table(
    "agenda_act",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("item", String(64), nullable=False),
    Column("version", Integer, nullable=False),
    Column("step", String(32), nullable=False),
    Column("user", Text, nullable=False),
    Column("role", String(32), nullable=False),
    Column("at", String(32), nullable=False),
    Column("given", Text, nullable=False),
    Column("request", Text, unique=True),
    Column("audit_seq", BigInteger, nullable=False),
)

# What a node of the year did by itself: reminded, date moved, rules ran, report built.
node_act = Table(
    "node_act",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("year", Integer, nullable=False),
    Column("node", String(16), nullable=False),
    Column("part", String(16), nullable=False),
    Column("act", String(16), nullable=False),
    Column("key", String(200), nullable=False, unique=True),  # the same thing is done once
    Column("due", Date),
    Column("at", String(32), nullable=False),
    Column("snapshot", String(64)),
    Column("said", Text, nullable=False),  # JSON
    Column("audit_seq", BigInteger, nullable=False),
)
