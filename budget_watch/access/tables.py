"""The tables of access in the state database: accounts, roles, approvals, codes, sessions.

Times are whole seconds since 1970 UTC. Nothing is deleted: what ends carries the time of its end.
Secrets are never stored as they are: passwords by argon2id, tokens and codes by SHA-256, the seed
of a one-time password encrypted with a key outside the database.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Date, ForeignKey, Integer, MetaData, Table, Text

metadata = MetaData()

user = Table(
    "access_user",
    metadata,
    Column("name", Text, primary_key=True),
    Column("display", Text, nullable=False),
    Column("made_at", BigInteger, nullable=False),
    Column("made_by", Text, nullable=False),
    Column("disabled_at", BigInteger),
    Column("password", Text),  # argon2id, PHC string
    Column("password_at", BigInteger),
    Column("temporary", Boolean, nullable=False),  # must be changed at the next sign-in
    Column("failures", Integer, nullable=False),
    Column("locked_until", BigInteger),
    Column("totp", Text),  # encrypted seed
    Column("totp_at", BigInteger),  # confirmed with a first code; not in force before
    Column("totp_step", BigInteger),  # the last step used: a code counts once
    Column("subject", Text, unique=True),  # `issuer#sub` of the province's sign-in
)

# A role held: rows (JSON lists, null = no limit), matter, days, window of business dates.
assignment = Table(
    "access_assignment",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("user", Text, ForeignKey("access_user.name"), nullable=False, index=True),
    Column("role", Text, nullable=False),
    Column("regions", Text),
    Column("departments", Text),
    Column("units", Text),
    Column("matter", Text),
    Column("window_since", Date),
    Column("window_until", Date),
    Column("since", Date, nullable=False),
    Column("until", Date),
    Column("reason", Text, nullable=False),
    Column("made_at", BigInteger, nullable=False),
    Column("made_by", Text, nullable=False),
    Column("ended_at", BigInteger),
    Column("ended_by", Text),
)

# Recorded approvals: deeper or more sensitive than the role, for named things, until a day.
approval = Table(
    "access_approval",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("user", Text, ForeignKey("access_user.name"), nullable=False, index=True),
    Column("role", Text, nullable=False),
    Column("names", Text, nullable=False),  # JSON list of tables, marts, rules
    Column("depth", Text, nullable=False),
    Column("sensitivity", Text, nullable=False),
    Column("regions", Text),
    Column("departments", Text),
    Column("units", Text),
    Column("since", Date, nullable=False),
    Column("until", Date, nullable=False),
    Column("reason", Text, nullable=False),
    Column("made_at", BigInteger, nullable=False),
    Column("made_by", Text, nullable=False),
    Column("ended_at", BigInteger),
    Column("ended_by", Text),
)

session = Table(
    "access_session",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("token", Text, nullable=False, unique=True),  # SHA-256
    Column("user", Text, ForeignKey("access_user.name"), nullable=False, index=True),
    Column("role", Text),  # in which role they act; null until chosen
    Column("approval", Integer),
    Column("method", Text, nullable=False),  # one of sessions.METHODS
    Column("device", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("made_at", BigInteger, nullable=False),
    Column("seen_at", BigInteger, nullable=False),
    Column("idle", Integer, nullable=False),  # seconds without a request after which it ends
    Column("expires_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger),
    Column("ended_by", Text),
)

# A phone bound by an enrolment code; with its PIN it signs in without a password.
device = Table(
    "access_device",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("token", Text, nullable=False, unique=True),  # SHA-256
    Column("user", Text, ForeignKey("access_user.name"), nullable=False, index=True),
    Column("pin", Text, nullable=False),  # argon2id
    Column("failures", Integer, nullable=False),
    Column("device", Text, nullable=False),
    Column("made_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger),
    Column("ended_by", Text),
)

# One-time codes: recovery of a second factor, enrolment of a deputy's phone.
code = Table(
    "access_code",
    metadata,
    Column("hash", Text, primary_key=True),
    Column("user", Text, ForeignKey("access_user.name"), nullable=False, index=True),
    Column("kind", Text, nullable=False),  # recovery, enrol
    Column("made_at", BigInteger, nullable=False),
    Column("made_by", Text, nullable=False),
    Column("expires_at", BigInteger),
    Column("used_at", BigInteger),
    Column("ended_at", BigInteger),
)

# A desktop waiting for a phone, or a sign-in on its way through the province's provider.
flow = Table(
    "access_flow",
    metadata,
    Column("hash", Text, primary_key=True),
    Column("kind", Text, nullable=False),  # desktop, oidc
    Column("state", Text, nullable=False),  # waiting, seen, agreed, refused, done
    Column("data", Text, nullable=False),  # JSON
    Column("user", Text),
    Column("made_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
)
