"""The lake's tables: lease, heads, table versions, snapshots, batches, coverage."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create them."""
    op.create_table(
        "lake_lease",
        sa.Column("name", sa.String(32), primary_key=True),
        sa.Column("epoch", sa.Integer, nullable=False),
        sa.Column("owner", sa.String(64), nullable=False),
        sa.Column("host", sa.String(128), nullable=False),
        sa.Column("pid", sa.Integer, nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("released", sa.Boolean, nullable=False),
    )
    op.create_table(
        "lake_head",
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
    )
    op.create_table(
        "lake_table_version",
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("row_count", sa.BigInteger, nullable=False),
        sa.Column("money", sa.Text, nullable=False),
        sa.Column("files", sa.Text, nullable=False),
        sa.Column("made_from", sa.Text, nullable=False),
    )
    op.create_table(
        "lake_snapshot",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("seq", sa.Integer, nullable=False, unique=True),
        sa.Column("biz_date", sa.Date, nullable=False, index=True),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False, index=True),
        sa.Column("epoch", sa.Integer, nullable=False),
        sa.Column("hashes", sa.Text, nullable=False),
    )
    op.create_table(
        "lake_snapshot_table",
        sa.Column("snapshot", sa.String(32), sa.ForeignKey("lake_snapshot.id"), primary_key=True),
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
    )
    op.create_table(
        "lake_batch",
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("id", sa.String(200), nullable=False, index=True),
        sa.Column("table_name", sa.String(64), nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("source_hash", sa.String(128), nullable=False),
        sa.Column("biz_date", sa.Date, nullable=False),
        sa.Column("loaded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("delivered", sa.BigInteger, nullable=False),
        sa.Column("stored", sa.BigInteger, nullable=False),
        sa.Column("quarantined", sa.BigInteger, nullable=False),
        sa.Column("refused", sa.BigInteger, nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("version", sa.Integer),
        sa.Column(
            "snapshot",
            sa.String(32),
            sa.ForeignKey("lake_snapshot.id"),
            nullable=False,
            index=True,
        ),
    )
    op.create_index("lake_batch_hash", "lake_batch", ["table_name", "source_hash"])
    op.create_table(
        "lake_coverage",
        sa.Column("table_name", sa.String(64), primary_key=True),
        sa.Column("fiscal_year", sa.Integer, primary_key=True),
        sa.Column("month", sa.Integer, primary_key=True),
        sa.Column("mof_div_code", sa.String(9), primary_key=True),
        sa.Column("snapshot_seq", sa.Integer, nullable=False),
    )
