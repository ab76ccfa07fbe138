"""Files attached to cases.

Revision ID: 0015
Revises: 0014
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

TABLE = "case_attachment"


def upgrade() -> None:
    """Make the table; it takes new rows and nothing else."""
    op.create_table(
        TABLE,
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("case", sa.String(16), sa.ForeignKey("case_file.id"), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("media", sa.String(100), nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("user", sa.Text, nullable=False),
        sa.Column("role", sa.String(32), nullable=False),
        sa.Column("at", sa.String(40), nullable=False),
        sa.Column("audit_seq", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_case_attachment_case", TABLE, ["case"])
    if op.get_bind().dialect.name == "sqlite":
        for event in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {TABLE}_{event.lower()} BEFORE {event} ON {TABLE}"
                " BEGIN SELECT RAISE(ABORT, '办理记录只增不改'); END"
            )
        return
    op.execute(
        f"CREATE TRIGGER {TABLE}_row BEFORE UPDATE OR DELETE ON {TABLE}"
        " FOR EACH ROW EXECUTE FUNCTION case_act_refuse()"
    )


def downgrade() -> None:
    """Nothing is deleted from casework."""
    raise NotImplementedError("办理记录不可删除，不支持回退到更早的结构。")
