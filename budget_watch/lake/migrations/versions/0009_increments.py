"""Which deliveries are increments, of which the later revision counts whatever its business date.

Revision ID: 0009
Revises: 0008
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; what is there stood for its whole slot."""
    op.add_column(
        "lake_batch",
        sa.Column("by_key", sa.Boolean, nullable=False, server_default=sa.false()),
    )


def downgrade() -> None:
    """Nothing is deleted from the ledger."""
    raise NotImplementedError("送达登记不可删除，不支持回退到更早的结构。")
