"""Opinions of deputies and members, what was done with each, topics, discussion and votes.

Revision ID: 0018
Revises: 0017
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

APPEND_ONLY = ("opinion_act", "opinion_rating", "topic_act", "topic_remark", "topic_ballot")


def upgrade() -> None:
    """Make the tables."""
    _opinions()
    _topics()
    for table in APPEND_ONLY:
        _guard(table)


def _opinions() -> None:
    op.create_table(
        "opinion",
        sa.Column("id", sa.String(16), primary_key=True),
        sa.Column("seq", sa.Integer, nullable=False, unique=True),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("proposed", sa.String(16)),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("round", sa.Integer, nullable=False),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("ask", sa.Text, nullable=False),
        sa.Column("author", sa.Text, nullable=False),
        sa.Column("author_role", sa.String(32), nullable=False),
        sa.Column("author_name", sa.Text, nullable=False),
        sa.Column("signers", sa.Text, nullable=False),
        sa.Column("open", sa.Boolean, nullable=False),
        sa.Column("about", sa.String(16), nullable=False),
        sa.Column("about_id", sa.Text, nullable=False),
        sa.Column("about_title", sa.Text, nullable=False),
        sa.Column("about_as_of", sa.Date),
        sa.Column("about_snapshot", sa.String(64)),
        sa.Column("mof_div_code", sa.String(9)),
        sa.Column("dept_code", sa.String(32)),
        sa.Column("agency_code", sa.String(32)),
        sa.Column("addressee", sa.String(64)),
        sa.Column("copy_to", sa.String(64)),
        sa.Column("number", sa.String(64)),
        sa.Column("topic", sa.String(16)),
        sa.Column("published_at", sa.Date),
        sa.Column("published_in", sa.Text),
        sa.Column("published_to", sa.Text),
        sa.Column("published_round", sa.Integer),
        sa.Column("opened_at", sa.String(32), nullable=False),
        sa.Column("changed_at", sa.String(32), nullable=False),
    )
    for column in ("state", "author", "addressee", "topic"):
        op.create_index(f"ix_opinion_{column}", "opinion", [column])
    op.create_table(
        "opinion_act",
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("opinion", sa.String(16), sa.ForeignKey("opinion.id"), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("step", sa.String(32), nullable=False),
        sa.Column("from_state", sa.String(16), nullable=False),
        sa.Column("to_state", sa.String(16), nullable=False),
        sa.Column("user", sa.Text, nullable=False),
        sa.Column("role", sa.String(32), nullable=False),
        sa.Column("at", sa.String(32), nullable=False),
        sa.Column("given", sa.Text, nullable=False),
        sa.Column("request", sa.Text, unique=True),
        sa.Column("audit_seq", sa.BigInteger, nullable=False),
        sa.UniqueConstraint("opinion", "version"),
    )
    op.create_table(
        "opinion_clock",
        sa.Column("opinion", sa.String(16), sa.ForeignKey("opinion.id"), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("clock", sa.String(16), nullable=False),
        sa.Column("started", sa.Date, nullable=False),
        sa.Column("due", sa.Date, nullable=False),
        sa.Column("extended", sa.Integer, nullable=False),
        sa.Column("paused", sa.Date),
        sa.Column("stopped", sa.Date),
    )
    op.create_table(
        "opinion_rating",
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("opinion", sa.String(16), sa.ForeignKey("opinion.id"), nullable=False),
        sa.Column("round", sa.Integer, nullable=False),
        sa.Column("user", sa.Text, nullable=False),
        sa.Column("word", sa.String(16), nullable=False),
        sa.Column("remark", sa.Text, nullable=False),
        sa.Column("at", sa.String(32), nullable=False),
        sa.Column("audit_seq", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_opinion_rating_opinion", "opinion_rating", ["opinion"])
    op.create_table(
        "opinion_follow",
        sa.Column("opinion", sa.String(16), sa.ForeignKey("opinion.id"), primary_key=True),
        sa.Column("user", sa.Text, primary_key=True),
        sa.Column("following", sa.Boolean, nullable=False),
        sa.Column("seen", sa.Integer, nullable=False),
        sa.Column("since", sa.String(32), nullable=False),
    )


def _topics() -> None:
    op.create_table(
        "topic",
        sa.Column("id", sa.String(16), primary_key=True),
        sa.Column("seq", sa.Integer, nullable=False, unique=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("summary", sa.Text, nullable=False),
        sa.Column("open", sa.Boolean, nullable=False),
        sa.Column("discussing", sa.Boolean, nullable=False),
        sa.Column("question", sa.Text),
        sa.Column("options", sa.Text),
        sa.Column("named", sa.Boolean),
        sa.Column("shows", sa.String(16)),
        sa.Column("vote", sa.Integer, nullable=False),
        sa.Column("vote_open", sa.Boolean, nullable=False),
        sa.Column("opened_at", sa.String(32), nullable=False),
        sa.Column("changed_at", sa.String(32), nullable=False),
    )
    op.create_table(
        "topic_act",
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("topic", sa.String(16), sa.ForeignKey("topic.id"), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("step", sa.String(32), nullable=False),
        sa.Column("user", sa.Text, nullable=False),
        sa.Column("role", sa.String(32), nullable=False),
        sa.Column("at", sa.String(32), nullable=False),
        sa.Column("given", sa.Text, nullable=False),
        sa.Column("request", sa.Text, unique=True),
        sa.Column("audit_seq", sa.BigInteger, nullable=False),
        sa.UniqueConstraint("topic", "version"),
    )
    op.create_table(
        "topic_invited",
        sa.Column("topic", sa.String(16), sa.ForeignKey("topic.id"), primary_key=True),
        sa.Column("user", sa.Text, primary_key=True),
        sa.Column("since", sa.String(32), nullable=False),
    )
    op.create_table(
        "topic_remark",
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("topic", sa.String(16), sa.ForeignKey("topic.id"), nullable=False),
        sa.Column("user", sa.Text, nullable=False),
        sa.Column("role", sa.String(32), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("at", sa.String(32), nullable=False),
        sa.Column("request", sa.Text, unique=True),
        sa.Column("audit_seq", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "topic_ballot",
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("topic", sa.String(16), sa.ForeignKey("topic.id"), nullable=False),
        sa.Column("vote", sa.Integer, nullable=False),
        sa.Column("user", sa.Text, nullable=False),
        sa.Column("choice", sa.String(64), nullable=False),
        sa.Column("at", sa.String(32), nullable=False),
        sa.Column("audit_seq", sa.BigInteger, nullable=False),
    )
    for table in ("topic_remark", "topic_ballot"):
        op.create_index(f"ix_{table}_topic", table, ["topic"])


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
