"""人代会: sessions, members, what is given, asked and answered in them.

Revision ID: 0026
Revises: 0025
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

_TABLES = (
    "congress",
    "congress_act",
    "congress_member",
    "congress_opinion",
    "congress_question",
    "congress_answer",
)


def upgrade() -> None:
    """Make the tables; all are only ever added to."""
    op.create_table(
        "congress",
        sa.Column("id", sa.String(16), primary_key=True),
        sa.Column("seq", sa.Integer, nullable=False, unique=True),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("since", sa.Date, nullable=False),
        sa.Column("until", sa.Date, nullable=False),
        sa.Column("mof_div_code", sa.String(9), nullable=False),
        sa.Column("hours", sa.Integer, nullable=False),
        sa.Column("at", sa.String(32), nullable=False),
    )
    op.create_table(
        "congress_act",
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
        _of_congress(),
        sa.Column("step", sa.String(32), nullable=False),
        sa.Column("user", sa.Text, nullable=False),
        sa.Column("role", sa.String(32), nullable=False),
        sa.Column("at", sa.String(32), nullable=False),
        sa.Column("given", sa.Text, nullable=False),
        sa.Column("request", sa.Text, unique=True),
        sa.Column("audit_seq", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "congress_member",
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
        _of_congress(),
        sa.Column("user", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("delegation", sa.String(64), nullable=False),
        sa.Column("part", sa.String(16), nullable=False),
        sa.UniqueConstraint("congress", "user"),
    )
    op.create_table(
        "congress_opinion",
        sa.Column("opinion", sa.String(16), primary_key=True),
        _of_congress(),
        sa.Column("delegation", sa.String(64), nullable=False),
        sa.Column("at", sa.String(32), nullable=False),
    )
    op.create_table(
        "congress_question",
        sa.Column("topic", sa.String(16), primary_key=True),
        _of_congress(),
        sa.Column("routed_at", sa.String(32), nullable=False),
        sa.Column("due_at", sa.String(32), nullable=False),
        sa.Column("act", sa.Integer, nullable=False),
    )
    op.create_table(
        "congress_answer",
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("topic", sa.String(16), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("user", sa.Text, nullable=False),
        sa.Column("role", sa.String(32), nullable=False),
        sa.Column("at", sa.String(32), nullable=False),
        sa.Column("act", sa.Integer, nullable=False),
    )
    for table in _TABLES[1:-1]:
        op.create_index(f"ix_{table}_congress", table, ["congress"])
    op.create_index("ix_congress_answer_topic", "congress_answer", ["topic"])
    for table in _TABLES:
        _guard(table)


def _of_congress() -> sa.Column[str]:
    return sa.Column("congress", sa.String(16), sa.ForeignKey("congress.id"), nullable=False)


def _guard(table: str) -> None:
    if op.get_bind().dialect.name == "sqlite":
        for event in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_{event.lower()} BEFORE {event} ON {table}"
                " BEGIN SELECT RAISE(ABORT, '办理记录只增不改'); END"
            )
        return
    for event, each in (("UPDATE OR DELETE", "ROW"), ("TRUNCATE", "STATEMENT")):
        op.execute(
            f"CREATE TRIGGER {table}_{each.lower()} BEFORE {event} ON {table}"
            f" FOR EACH {each} EXECUTE FUNCTION case_act_refuse()"
        )


def downgrade() -> None:
    """Nothing is deleted from casework."""
    raise NotImplementedError("办理记录不可删除，不支持回退到更早的结构。")
