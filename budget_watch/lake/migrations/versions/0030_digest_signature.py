"""Who signs an issue and whom it goes to, and its signed files.

Revision ID: 0030
Revises: 0026
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0026"
branch_labels = None
depends_on = None

TABLE = "digest_issue"
COLUMNS = ("signer", "reach", "editions")


def upgrade() -> None:
    """Add the columns; issues of before are unsigned."""
    for name in COLUMNS:
        op.add_column(TABLE, sa.Column(name, sa.Text, nullable=False, server_default=""))


def downgrade() -> None:
    """Drop them; the signed files stay where they lie."""
    for name in reversed(COLUMNS):
        op.drop_column(TABLE, name)
