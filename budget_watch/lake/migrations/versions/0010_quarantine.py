"""Quarantined rows of each delivery, and what became of them.

Revision ID: 0010
Revises: 0009
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make both tables; what was kept out before stays in its files, to be delivered again."""
    op.create_table(
        "lake_quarantine",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("batch_seq", sa.Integer, sa.ForeignKey("lake_batch.seq"), nullable=False),
        sa.Column("table_name", sa.String(64), nullable=False),
        sa.Column("batch_id", sa.String(200), nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("origin", sa.String(40)),
        sa.Column("biz_date", sa.Date, nullable=False),
        sa.Column("path", sa.String(200), nullable=False, unique=True),
        sa.Column("row_count", sa.BigInteger, nullable=False),
        sa.Column("soft", sa.BigInteger, nullable=False),
        sa.Column("whole", sa.Boolean, nullable=False),
        sa.Column("codes", sa.Boolean, nullable=False),
        sa.Column("reasons", sa.Text, nullable=False),
        sa.Column("kept_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("snapshot", sa.String(32), sa.ForeignKey("lake_snapshot.id"), nullable=False),
    )
    op.create_index("ix_lake_quarantine_batch_seq", "lake_quarantine", ["batch_seq"])
    op.create_index("ix_lake_quarantine_table_name", "lake_quarantine", ["table_name"])
    op.create_table(
        "lake_quarantine_act",
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("bundle", sa.Integer, sa.ForeignKey("lake_quarantine.number"), nullable=False),
        sa.Column("action", sa.String(12), nullable=False),
        sa.Column("row_count", sa.BigInteger, nullable=False),
        sa.Column("which", sa.Text, nullable=False),
        sa.Column("actor", sa.String(64), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sa.Column("acted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("snapshot", sa.String(32), sa.ForeignKey("lake_snapshot.id")),
    )
    op.create_index("ix_lake_quarantine_act_bundle", "lake_quarantine_act", ["bundle"])


def downgrade() -> None:
    """Nothing is deleted from the ledger."""
    raise NotImplementedError("隔离记录不可删除，不支持回退到更早的结构。")
