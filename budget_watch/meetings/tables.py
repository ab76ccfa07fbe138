"""The tables of 决议事项 in the state database.

A demand's row is rewritten by acts; acts and files are only ever added.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Date, Integer, MetaData, String, Table, Text

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
