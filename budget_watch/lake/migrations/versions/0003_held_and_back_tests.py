"""Findings whose notices are held, and runs that were back-tests.

Revision ID: 0003
Revises: 0002
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the mark, false for what is there, and the table."""
    op.add_column(
        "finding", sa.Column("held", sa.Boolean, nullable=False, server_default=sa.false())
    )
    op.create_table(
        "back_test",
        sa.Column("run", sa.String(64), primary_key=True),
        sa.Column("snapshot", sa.String(64), nullable=False),
        sa.Column("book_hash", sa.String(64), nullable=False),
        sa.Column("as_of", sa.Date, nullable=False),
        sa.Column("recorded_at", sa.String(32), nullable=False),
        sa.Column("tallies", sa.Text, nullable=False),
    )


def downgrade() -> None:
    """Nothing is deleted from casework."""
    raise NotImplementedError("疑点记录不可删除，不支持回退到更早的结构。")
