"""Which findings were made by rules on trial.

Revision ID: 0005
Revises: 0004
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the mark, false for what is there; the next run of a rule sets it."""
    op.add_column(
        "finding", sa.Column("trial", sa.Boolean, nullable=False, server_default=sa.false())
    )


def downgrade() -> None:
    """Nothing is deleted from casework."""
    raise NotImplementedError("疑点记录不可删除，不支持回退到更早的结构。")
