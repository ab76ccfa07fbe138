"""Which snapshots were let go by retention; their ledger, versions and figures stay.

Revision ID: 0013
Revises: 0012
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table; nothing was ever let go before."""
    op.create_table(
        "lake_pruned",
        sa.Column("snapshot", sa.String(32), sa.ForeignKey("lake_snapshot.id"), primary_key=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(64), nullable=False),
    )


def downgrade() -> None:
    """Files that left the disk do not come back."""
    raise NotImplementedError("已清理的快照不能恢复，不支持回退到更早的结构。")
