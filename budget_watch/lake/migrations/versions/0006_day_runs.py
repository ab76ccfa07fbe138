"""Runs of business days, and the scheduler's jobs.

Revision ID: 0006
Revises: 0005
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create both tables."""
    op.create_table(
        "day_run",
        sa.Column("id", sa.String(24), primary_key=True),
        sa.Column("seq", sa.Integer, nullable=False, unique=True),
        sa.Column("biz_date", sa.Date, nullable=False, index=True),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("reason", sa.String(8), nullable=False),
        sa.Column("host", sa.String(128), nullable=False),
        sa.Column("pid", sa.Integer, nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True)),
        sa.Column("phase", sa.String(8), nullable=False),
        sa.Column("phases", sa.Text, nullable=False),
        sa.Column("outcome", sa.String(12)),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("sources", sa.Text, nullable=False),
        sa.Column("counts", sa.Text, nullable=False),
        sa.Column("cancel_by", sa.String(64)),
        sa.Column("cancel_at", sa.DateTime(timezone=True)),
    )
    op.create_table(
        "schedule_job",
        sa.Column("id", sa.String(191), primary_key=True),
        sa.Column("next_run_time", sa.Float(25), index=True),
        sa.Column("job_state", sa.LargeBinary, nullable=False),
    )


def downgrade() -> None:
    """Nothing is deleted from what proves that a day was run."""
    raise NotImplementedError("运行记录不可删除，不支持回退到更早的结构。")
