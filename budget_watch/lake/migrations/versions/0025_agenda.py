"""Agenda items of meetings with what was done on them, and what the year's nodes did.

Revision ID: 0025
Revises: 0024
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables; acts of agenda items and of nodes are only ever added."""
    op.create_table(
        "agenda_item",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("seq", sa.Integer, nullable=False, unique=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("own", sa.Boolean, nullable=False),
        sa.Column("meeting", sa.String(200), nullable=False),
        sa.Column("held", sa.Date, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("year", sa.Integer, nullable=False),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("topics", sa.Text),
        sa.Column("linked", sa.Text, nullable=False),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("mof_div_code", sa.String(9)),
        sa.Column("opened_at", sa.String(32), nullable=False),
        sa.Column("changed_at", sa.String(32), nullable=False),
    )
    op.create_table(
        "agenda_act",
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("item", sa.String(64), sa.ForeignKey("agenda_item.id"), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("step", sa.String(32), nullable=False),
        sa.Column("user", sa.Text, nullable=False),
        sa.Column("role", sa.String(32), nullable=False),
        sa.Column("at", sa.String(32), nullable=False),
        sa.Column("given", sa.Text, nullable=False),
        sa.Column("request", sa.Text, unique=True),
        sa.Column("audit_seq", sa.BigInteger, nullable=False),
        sa.UniqueConstraint("item", "version"),
    )
    op.create_table(
        "node_act",
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("year", sa.Integer, nullable=False),
        sa.Column("node", sa.String(16), nullable=False),
        sa.Column("part", sa.String(16), nullable=False),
        sa.Column("act", sa.String(16), nullable=False),
        sa.Column("key", sa.String(200), nullable=False, unique=True),
        sa.Column("due", sa.Date),
        sa.Column("at", sa.String(32), nullable=False),
        sa.Column("snapshot", sa.String(64)),
        sa.Column("said", sa.Text, nullable=False),
        sa.Column("audit_seq", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_node_act_year", "node_act", ["year", "node"])
    for table in ("agenda_act", "node_act"):
        _guard(table)


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
