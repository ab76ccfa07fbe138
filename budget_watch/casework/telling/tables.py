"""The tables of notices. Rows are only added; `seen_at`, `ended_at` and a delivery's state move."""

from __future__ import annotations

from sqlalchemy import Column, Date, Integer, MetaData, String, Table, Text

metadata = MetaData()

# One cause, one person: (user, cause) is unique. `role` is the code of the role they are told in.
notice = Table(
    "notice",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("user", Text, nullable=False),
    Column("role", String(32), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("cause", Text, nullable=False),
    Column("at", String(40), nullable=False),
    Column("seen_at", String(40)),
)

# What it is about: a case `2026-0001`, its period `2026-0001/2/2026-12-01`, a rule of a run.
notice_subject = Table(
    "notice_subject",
    metadata,
    Column("notice", Integer, primary_key=True, autoincrement=False),
    Column("ref", String(120), primary_key=True),
)

notice_follow = Table(
    "notice_follow",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("user", Text, nullable=False),
    Column("finding", String(64), nullable=False, index=True),
    Column("at", String(40), nullable=False),
    Column("ended_at", String(40)),
)

notice_contact = Table(
    "notice_contact",
    metadata,
    Column("user", Text, primary_key=True),
    Column("mail", Text),
    Column("gateway", Text),
    Column("changed_at", String(40), nullable=False),
    Column("changed_by", Text, nullable=False),
)

# One message that goes out. Its `id` is made once: the mail's Message-ID, the gateway's webhook-id.
notice_delivery = Table(
    "notice_delivery",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("id", String(64), nullable=False, unique=True),
    Column("channel", String(16), nullable=False),
    Column("user", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("day", Date, nullable=False),
    Column("made_at", String(40), nullable=False),
    Column("state", String(16), nullable=False, index=True),
    Column("attempts", Integer, nullable=False),
    Column("next_at", String(40), nullable=False),
    Column("claimed_until", String(40)),
    Column("claimed_by", Text),
    Column("error", Text, nullable=False),
    Column("done_at", String(40)),
)

# Which notices a message carries; a notice goes out once a channel.
notice_carried = Table(
    "notice_carried",
    metadata,
    Column("notice", Integer, primary_key=True, autoincrement=False),
    Column("channel", String(16), primary_key=True),
    Column("delivery", Integer, nullable=False),
)
