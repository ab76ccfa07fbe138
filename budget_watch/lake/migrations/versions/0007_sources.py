"""Which configured source a delivery came from, how new it is, and what became of it as a whole.

Revision ID: 0007
Revises: 0006
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; what is there was loaded by hand or from a list, as revision 0."""
    for column in (
        sa.Column("origin", sa.String(40)),
        sa.Column("revision", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("fetched_at", sa.DateTime(timezone=True)),
        sa.Column("parcel", sa.String(32)),
        sa.Column("declared", sa.BigInteger),
        sa.Column("outcome", sa.String(12), nullable=False, server_default="stored"),
    ):
        op.add_column("lake_batch", column)
    op.create_index("ix_lake_batch_parcel", "lake_batch", ["parcel"])
    op.create_index("lake_batch_day", "lake_batch", ["table_name", "biz_date"])
    op.execute(
        "UPDATE lake_batch SET outcome = 'refused' "
        "WHERE reason IS NOT NULL AND stored + quarantined = 0"
    )


def downgrade() -> None:
    """Nothing is deleted from the ledger."""
    raise NotImplementedError("送达登记不可删除，不支持回退到更早的结构。")
