"""Lines that the finance department writes into the reconciliation, and who signed them.

Revision ID: 0008
Revises: 0007
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

TABLES = ("recon_line", "recon_act")


def upgrade() -> None:
    """Create both tables; on SQLite nobody can alter or remove a row."""
    op.create_table(
        "recon_line",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("fiscal_year", sa.Integer, nullable=False),
        sa.Column("month", sa.Integer, nullable=False),
        sa.Column("mof_div_code", sa.String(9), nullable=False),
        sa.Column("func_class", sa.String(3), nullable=False),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("amt", sa.BigInteger, nullable=False),
        sa.Column("explanation", sa.Text, nullable=False),
        sa.Column("filled_by", sa.String(64), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("filled_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("snapshot", sa.String(64), nullable=False),
    )
    op.create_table(
        "recon_act",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("line", sa.Integer, sa.ForeignKey("recon_line.id"), nullable=False),
        sa.Column("act", sa.String(8), nullable=False),
        sa.Column("by", sa.String(64), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.UniqueConstraint("line", "act", name="recon_act_once"),
    )
    if op.get_bind().dialect.name != "sqlite":
        return
    for table in TABLES:
        for act in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_{act.lower()} BEFORE {act} ON {table} BEGIN "
                "SELECT RAISE(ABORT, '调节表的记录只能增加，不能改、不能删'); END"
            )


def downgrade() -> None:
    """Nothing is deleted from what people signed."""
    raise NotImplementedError("调节表的签认不可删除，不支持回退到更早的结构。")
