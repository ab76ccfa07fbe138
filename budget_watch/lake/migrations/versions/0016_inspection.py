"""Random inspections: what was drawn by which seed, and what was found.

Revision ID: 0016
Revises: 0015
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make both tables; they take new rows and nothing else."""
    op.create_table(
        "inspection_draw",
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("id", sa.String(16), nullable=False, unique=True),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("department", sa.String(32)),
        sa.Column("since", sa.Date, nullable=False),
        sa.Column("until", sa.Date, nullable=False),
        sa.Column("share", sa.Integer, nullable=False),
        sa.Column("seed", sa.Text, nullable=False),
        sa.Column("snapshot", sa.String(64)),
        sa.Column("population", sa.Integer, nullable=False),
        sa.Column("population_hash", sa.String(64), nullable=False),
        sa.Column("items", sa.Text, nullable=False),
        sa.Column("checklist", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("user", sa.Text, nullable=False),
        sa.Column("role", sa.String(32), nullable=False),
        sa.Column("at", sa.String(40), nullable=False),
        sa.Column("audit_seq", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "inspection_result",
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("draw", sa.String(16), sa.ForeignKey("inspection_draw.id"), nullable=False),
        sa.Column("item", sa.String(64), nullable=False),
        sa.Column("answers", sa.Text, nullable=False),
        sa.Column("remark", sa.Text, nullable=False),
        sa.Column("user", sa.Text, nullable=False),
        sa.Column("at", sa.String(40), nullable=False),
        sa.Column("audit_seq", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_inspection_result_draw", "inspection_result", ["draw"])
    for table in ("inspection_draw", "inspection_result"):
        _guard(table)


def _guard(table: str) -> None:
    if op.get_bind().dialect.name == "sqlite":
        for event in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_{event.lower()} BEFORE {event} ON {table}"
                " BEGIN SELECT RAISE(ABORT, '办理记录只增不改'); END"
            )
        return
    op.execute(
        f"CREATE TRIGGER {table}_row BEFORE UPDATE OR DELETE ON {table}"
        " FOR EACH ROW EXECUTE FUNCTION case_act_refuse()"
    )


def downgrade() -> None:
    """Nothing is deleted from casework."""
    raise NotImplementedError("办理记录不可删除，不支持回退到更早的结构。")
