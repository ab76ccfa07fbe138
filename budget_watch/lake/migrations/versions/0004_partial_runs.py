"""Which runs were of some rules only.

Revision ID: 0004
Revises: 0003
"""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TABLES = ("run", "back_test")


def upgrade() -> None:
    """Add the mark; of what is there it is true where the same book on the same day ran more."""
    for table in TABLES:
        op.add_column(
            table, sa.Column("partial", sa.Boolean, nullable=False, server_default=sa.false())
        )
    connection = op.get_bind()
    for table in TABLES:
        for run in _partial(connection, table):
            connection.execute(
                sa.text(f"UPDATE {table} SET partial = :yes WHERE run = :run"),
                {"yes": True, "run": run},
            )


def _partial(connection: sa.Connection, table: str) -> list[str]:
    rows = connection.execute(sa.text(f"SELECT run, book_hash, as_of, tallies FROM {table}")).all()
    rules = {row.run: {each["rule"] for each in json.loads(row.tallies)} for row in rows}
    whole: dict[tuple[str, str], set[str]] = {}
    for row in rows:
        whole.setdefault((row.book_hash, str(row.as_of)), set()).update(rules[row.run])
    return [row.run for row in rows if rules[row.run] < whole[row.book_hash, str(row.as_of)]]


def downgrade() -> None:
    """Nothing is deleted from casework."""
    raise NotImplementedError("疑点记录不可删除，不支持回退到更早的结构。")
