"""Accounts, roles held, approvals, one-time codes, sessions, sign-ins on their way.

Revision ID: 0014
Revises: 0013
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def _rows() -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text) for name in ("regions", "departments", "units")]


def _made(ended: bool = True) -> list[sa.Column[object]]:
    columns: list[sa.Column[object]] = [
        sa.Column("made_at", sa.BigInteger, nullable=False),
        sa.Column("made_by", sa.Text, nullable=False),
    ]
    if ended:
        columns += [sa.Column("ended_at", sa.BigInteger), sa.Column("ended_by", sa.Text)]
    return columns


def _whose() -> sa.Column[str]:
    return sa.Column("user", sa.Text, sa.ForeignKey("access_user.name"), nullable=False, index=True)


def upgrade() -> None:
    """Make the tables; there are no accounts before the first is added."""
    op.create_table(
        "access_user",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("display", sa.Text, nullable=False),
        *_made(ended=False),
        sa.Column("disabled_at", sa.BigInteger),
        sa.Column("password", sa.Text),
        sa.Column("password_at", sa.BigInteger),
        sa.Column("temporary", sa.Boolean, nullable=False),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("locked_until", sa.BigInteger),
        sa.Column("totp", sa.Text),
        sa.Column("totp_at", sa.BigInteger),
        sa.Column("totp_step", sa.BigInteger),
        sa.Column("subject", sa.Text, unique=True),
    )
    op.create_table(
        "access_assignment",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
        _whose(),
        sa.Column("role", sa.Text, nullable=False),
        *_rows(),
        sa.Column("matter", sa.Text),
        sa.Column("window_since", sa.Date),
        sa.Column("window_until", sa.Date),
        sa.Column("since", sa.Date, nullable=False),
        sa.Column("until", sa.Date),
        sa.Column("reason", sa.Text, nullable=False),
        *_made(),
    )
    op.create_table(
        "access_approval",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
        _whose(),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("names", sa.Text, nullable=False),
        sa.Column("depth", sa.Text, nullable=False),
        sa.Column("sensitivity", sa.Text, nullable=False),
        *_rows(),
        sa.Column("since", sa.Date, nullable=False),
        sa.Column("until", sa.Date, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        *_made(),
    )
    op.create_table(
        "access_session",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("token", sa.Text, nullable=False, unique=True),
        _whose(),
        sa.Column("role", sa.Text),
        sa.Column("approval", sa.Integer),
        sa.Column("method", sa.Text, nullable=False),
        sa.Column("device", sa.Text, nullable=False),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("made_at", sa.BigInteger, nullable=False),
        sa.Column("seen_at", sa.BigInteger, nullable=False),
        sa.Column("idle", sa.Integer, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        sa.Column("ended_at", sa.BigInteger),
        sa.Column("ended_by", sa.Text),
    )
    op.create_table(
        "access_device",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("token", sa.Text, nullable=False, unique=True),
        _whose(),
        sa.Column("pin", sa.Text, nullable=False),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("device", sa.Text, nullable=False),
        sa.Column("made_at", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        sa.Column("ended_at", sa.BigInteger),
        sa.Column("ended_by", sa.Text),
    )
    op.create_table(
        "access_code",
        sa.Column("hash", sa.Text, primary_key=True),
        _whose(),
        sa.Column("kind", sa.Text, nullable=False),
        *_made(ended=False),
        sa.Column("expires_at", sa.BigInteger),
        sa.Column("used_at", sa.BigInteger),
        sa.Column("ended_at", sa.BigInteger),
    )
    op.create_table(
        "access_flow",
        sa.Column("hash", sa.Text, primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("data", sa.Text, nullable=False),
        sa.Column("user", sa.Text),
        sa.Column("made_at", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
    )


def downgrade() -> None:
    """Nobody's trace is deleted."""
    raise NotImplementedError("账号、授权和登录记录不可删除，不支持回退到更早的结构。")
