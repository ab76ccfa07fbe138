"""Exemptions registered by accounts, what was done with them, and which a run used.

Revision ID: 0019
Revises: 0018
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

TABLES = ("exemption", "exemption_act", "run_exemption")


def upgrade() -> None:
    """Make the tables; they take new rows and nothing else."""
    op.create_table(
        "exemption",
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("id", sa.String(16), nullable=False, unique=True),
        sa.Column("rule", sa.String(16), nullable=False),
        sa.Column("content", sa.Text, nullable=False),
        sa.Column("since", sa.Date, nullable=False),
        sa.Column("until", sa.Date, nullable=False),
        sa.Column("user", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("role", sa.String(32), nullable=False),
        sa.Column("at", sa.String(40), nullable=False),
        sa.Column("request", sa.Text, unique=True),
        sa.Column("audit_seq", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "exemption_act",
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("exemption", sa.String(16), sa.ForeignKey("exemption.id"), nullable=False),
        sa.Column("act", sa.String(16), nullable=False),
        sa.Column("user", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("role", sa.String(32), nullable=False),
        sa.Column("at", sa.String(40), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("day", sa.Date),
        sa.Column("audit_seq", sa.BigInteger, nullable=False),
        sa.UniqueConstraint("exemption", "act", name="uq_exemption_act"),
    )
    op.create_table(
        "run_exemption",
        sa.Column("run", sa.String(64), primary_key=True),
        sa.Column("exemption", sa.String(64), primary_key=True),
        sa.Column("origin", sa.String(16), nullable=False),
        sa.Column("content", sa.Text, nullable=False),
    )
    for table in TABLES:
        _guard(table)


def _guard(table: str) -> None:
    if op.get_bind().dialect.name == "sqlite":
        for event in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_{event.lower()} BEFORE {event} ON {table}"
                " BEGIN SELECT RAISE(ABORT, '例外情形登记只增不改'); END"
            )
        return
    op.execute(
        f"CREATE TRIGGER {table}_row BEFORE UPDATE OR DELETE ON {table}"
        " FOR EACH ROW EXECUTE FUNCTION case_act_refuse()"
    )


def downgrade() -> None:
    """Nothing is deleted from casework."""
    raise NotImplementedError("例外情形登记不可删除，不支持回退到更早的结构。")
