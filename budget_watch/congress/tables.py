"""The tables of 人代会 sessions in the state database; every one is only ever added to."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Date, Integer, MetaData, String, Table, Text

metadata = MetaData()

congress = Table(
    "congress",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("seq", Integer, nullable=False, unique=True),
    Column("title", String(200), nullable=False),
    Column("since", Date, nullable=False),
    Column("until", Date, nullable=False),
    Column("mof_div_code", String(9), nullable=False),
    Column("hours", Integer, nullable=False),  # within which a question is to be answered
    Column("at", String(32), nullable=False),
)

congress_act = Table(
    "congress_act",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("congress", String(16), nullable=False, index=True),
    Column("step", String(32), nullable=False),
    Column("user", Text, nullable=False),
    Column("role", String(32), nullable=False),
    Column("at", String(32), nullable=False),
    Column("given", Text, nullable=False),
    Column("request", Text, unique=True),
    Column("audit_seq", BigInteger, nullable=False),
)

congress_member = Table(
    "congress_member",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("congress", String(16), nullable=False, index=True),
    Column("user", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("delegation", String(64), nullable=False),  # 代表团; of those who answer, their group
    Column("part", String(16), nullable=False),  # deputy, desk
)

congress_opinion = Table(
    "congress_opinion",
    metadata,
    Column("opinion", String(16), primary_key=True),
    Column("congress", String(16), nullable=False, index=True),
    Column("delegation", String(64), nullable=False),
    Column("at", String(32), nullable=False),
)

congress_question = Table(
    "congress_question",
    metadata,
    Column("topic", String(16), primary_key=True),
    Column("congress", String(16), nullable=False, index=True),
    Column("routed_at", String(32), nullable=False),
    Column("due_at", String(32), nullable=False),
    Column("act", Integer, nullable=False),
)

congress_answer = Table(
    "congress_answer",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("topic", String(16), nullable=False, index=True),
    Column("text", Text, nullable=False),
    Column("user", Text, nullable=False),
    Column("role", String(32), nullable=False),
    Column("at", String(32), nullable=False),
    Column("act", Integer, nullable=False),
)
