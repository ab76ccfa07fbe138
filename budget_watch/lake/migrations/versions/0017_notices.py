"""Notices: who is told of what, what is followed, where to, and what went out.

Revision ID: 0017
Revises: 0016
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

KEPT = ("notice", "notice_subject", "notice_delivery", "notice_carried", "notice_follow")


def upgrade() -> None:
    """Make the tables; nothing is deleted from them."""
    op.create_table(
        "notice",
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("user", sa.Text, nullable=False),
        sa.Column("role", sa.String(32), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("cause", sa.Text, nullable=False),
        sa.Column("at", sa.String(40), nullable=False),
        sa.Column("seen_at", sa.String(40)),
        sa.UniqueConstraint("user", "cause", name="uq_notice_user_cause"),
    )
    op.create_table(
        "notice_subject",
        sa.Column("notice", sa.Integer, sa.ForeignKey("notice.seq"), primary_key=True),
        sa.Column("ref", sa.String(120), primary_key=True),
    )
    op.create_index("ix_notice_subject_ref", "notice_subject", ["ref"])
    op.create_table(
        "notice_follow",
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("user", sa.Text, nullable=False),
        sa.Column("finding", sa.String(64), nullable=False),
        sa.Column("at", sa.String(40), nullable=False),
        sa.Column("ended_at", sa.String(40)),
    )
    op.create_index("ix_notice_follow_finding", "notice_follow", ["finding"])
    op.create_table(
        "notice_contact",
        sa.Column("user", sa.Text, primary_key=True),
        sa.Column("mail", sa.Text),
        sa.Column("gateway", sa.Text),
        sa.Column("changed_at", sa.String(40), nullable=False),
        sa.Column("changed_by", sa.Text, nullable=False),
    )
    op.create_table(
        "notice_delivery",
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("id", sa.String(64), nullable=False, unique=True),
        sa.Column("channel", sa.String(16), nullable=False),
        sa.Column("user", sa.Text, nullable=False),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("made_at", sa.String(40), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("next_at", sa.String(40), nullable=False),
        sa.Column("claimed_until", sa.String(40)),
        sa.Column("claimed_by", sa.Text),
        sa.Column("error", sa.Text, nullable=False),
        sa.Column("done_at", sa.String(40)),
    )
    op.create_index("ix_notice_delivery_state", "notice_delivery", ["state"])
    op.create_table(
        "notice_carried",
        sa.Column("notice", sa.Integer, sa.ForeignKey("notice.seq"), primary_key=True),
        sa.Column("channel", sa.String(16), primary_key=True),
        sa.Column("delivery", sa.Integer, sa.ForeignKey("notice_delivery.seq"), nullable=False),
    )
    for table in KEPT:
        _guard(table)


def _guard(table: str) -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            f"CREATE TRIGGER {table}_delete BEFORE DELETE ON {table}"
            " BEGIN SELECT RAISE(ABORT, '办理记录只增不删'); END"
        )
        return
    op.execute(
        f"CREATE TRIGGER {table}_row BEFORE DELETE ON {table}"
        " FOR EACH ROW EXECUTE FUNCTION case_act_refuse()"
    )


def downgrade() -> None:
    """Nothing is deleted from casework."""
    raise NotImplementedError("办理记录不可删除，不支持回退到更早的结构。")
