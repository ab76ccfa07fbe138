"""Casework: runs, findings and what was seen of them.

Revision ID: 0002
Revises: 0001
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the three tables."""
    op.create_table(
        "run",
        sa.Column("run", sa.String(64), primary_key=True),
        sa.Column("seq", sa.Integer, nullable=False, unique=True),
        sa.Column("snapshot", sa.String(64), nullable=False),
        sa.Column("book_hash", sa.String(64), nullable=False),
        sa.Column("as_of", sa.Date, nullable=False),
        sa.Column("recorded_at", sa.String(32), nullable=False),
        sa.Column("tallies", sa.Text, nullable=False),
    )
    op.create_table(
        "finding",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("rule", sa.String(16), nullable=False, index=True),
        sa.Column("area", sa.String(16), nullable=False),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("grain", sa.Text, nullable=False),
        sa.Column("mof_div_code", sa.String(9), index=True),
        sa.Column("dept_code", sa.String(32), index=True),
        sa.Column("agency_code", sa.String(32)),
        sa.Column("first_run", sa.String(64), nullable=False),
        sa.Column("first_seen", sa.Date, nullable=False),
        sa.Column("last_run", sa.String(64), nullable=False),
        sa.Column("last_seen", sa.Date, nullable=False),
        sa.Column("stock", sa.Boolean, nullable=False),
        sa.Column("outcome", sa.String(32), nullable=False, index=True),
        sa.Column("level", sa.String(8)),
        sa.Column("class", sa.String(8)),
        sa.Column("provisional", sa.Boolean, nullable=False),
        sa.Column("data_state", sa.String(16), nullable=False),
        sa.Column("work_state", sa.String(16), nullable=False),
        sa.Column("observation", sa.Text, nullable=False),
    )
    op.create_table(
        "finding_event",
        sa.Column("finding", sa.String(64), primary_key=True),
        sa.Column("seq", sa.Integer, primary_key=True),
        sa.Column("run", sa.String(64), nullable=False),
        sa.Column("as_of", sa.Date, nullable=False),
        sa.Column("outcome", sa.String(32), nullable=False),
        sa.Column("level", sa.String(8)),
        sa.Column("data_state", sa.String(16), nullable=False),
        sa.Column("observation", sa.Text, nullable=False),
    )


def downgrade() -> None:
    """Nothing is deleted from casework."""
    raise NotImplementedError("疑点记录不可删除，不支持回退到更早的结构。")
