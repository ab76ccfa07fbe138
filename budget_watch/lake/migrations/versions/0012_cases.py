"""Cases: the work on findings, each step of it, its clocks, and how it was rated.

Revision ID: 0012
Revises: 0011
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

APPEND_ONLY = ("case_act", "case_rating")


def upgrade() -> None:
    """Make the tables; findings recorded before have no case until somebody takes them."""
    op.create_table(
        "case_file",
        sa.Column("id", sa.String(16), primary_key=True),
        sa.Column("seq", sa.Integer, nullable=False, unique=True),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("level", sa.String(8)),
        sa.Column("mof_div_code", sa.String(9)),
        sa.Column("dept_code", sa.String(32)),
        sa.Column("agency_code", sa.String(32)),
        sa.Column("addressee", sa.String(64)),
        sa.Column("copy_to", sa.String(64)),
        sa.Column("document", sa.String(16)),
        sa.Column("number", sa.String(64)),
        sa.Column("result", sa.String(32)),
        sa.Column("rung", sa.String(32)),
        sa.Column("committed", sa.Date),
        sa.Column("proposal", sa.Text),
        sa.Column("merged_into", sa.String(16)),
        sa.Column("opened_at", sa.String(32), nullable=False),
        sa.Column("changed_at", sa.String(32), nullable=False),
    )
    op.create_index("ix_case_file_state", "case_file", ["state"])
    op.create_index("ix_case_file_addressee", "case_file", ["addressee"])
    op.create_table(
        "case_finding",
        sa.Column("finding", sa.String(64), primary_key=True),
        sa.Column("case", sa.String(16), sa.ForeignKey("case_file.id"), nullable=False),
    )
    op.create_index("ix_case_finding_case", "case_finding", ["case"])
    op.create_table(
        "case_act",
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("case", sa.String(16), sa.ForeignKey("case_file.id"), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("transition", sa.String(32), nullable=False),
        sa.Column("from_state", sa.String(16), nullable=False),
        sa.Column("to_state", sa.String(16), nullable=False),
        sa.Column("user", sa.Text, nullable=False),
        sa.Column("role", sa.String(32), nullable=False),
        sa.Column("at", sa.String(32), nullable=False),
        sa.Column("given", sa.Text, nullable=False),
        sa.Column("request", sa.Text, unique=True),
        sa.Column("audit_seq", sa.BigInteger, nullable=False),
        sa.UniqueConstraint("case", "version"),
    )
    op.create_table(
        "case_clock",
        sa.Column("case", sa.String(16), sa.ForeignKey("case_file.id"), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("clock", sa.String(16), nullable=False),
        sa.Column("started", sa.Date, nullable=False),
        sa.Column("due", sa.Date, nullable=False),
        sa.Column("extended", sa.Integer, nullable=False),
        sa.Column("paused", sa.Date),
        sa.Column("stopped", sa.Date),
    )
    op.create_table(
        "case_rating",
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("case", sa.String(16), sa.ForeignKey("case_file.id"), nullable=False),
        sa.Column("round", sa.Integer, nullable=False),
        sa.Column("side", sa.String(16), nullable=False),
        sa.Column("user", sa.Text, nullable=False),
        sa.Column("role", sa.String(32), nullable=False),
        sa.Column("word", sa.String(16), nullable=False),
        sa.Column("remark", sa.Text, nullable=False),
        sa.Column("at", sa.String(32), nullable=False),
        sa.Column("audit_seq", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_case_rating_case", "case_rating", ["case"])
    for table in APPEND_ONLY:
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
        f"CREATE FUNCTION {table}_refuse() RETURNS trigger LANGUAGE plpgsql AS $$"
        " BEGIN RAISE EXCEPTION '办理记录只增不改'; END $$"
    )
    for event, each in (("UPDATE OR DELETE", "ROW"), ("TRUNCATE", "STATEMENT")):
        name = f"{table}_{each.lower()}"
        op.execute(
            f"CREATE TRIGGER {name} BEFORE {event} ON {table}"
            f" FOR EACH {each} EXECUTE FUNCTION {table}_refuse()"
        )


def downgrade() -> None:
    """Nothing is deleted from casework."""
    raise NotImplementedError("办理记录不可删除，不支持回退到更早的结构。")
