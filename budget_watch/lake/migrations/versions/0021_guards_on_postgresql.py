"""Guards that PostgreSQL lacked: the reconciliation's at all, and against TRUNCATE.

A row that is only ever added was safe in an SQLite file; on a server the reconciliation's lines
could be altered, and some tables emptied by TRUNCATE, which asks no guard of rows.

Revision ID: 0021
Revises: 0020
"""

from __future__ import annotations

from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

UNGUARDED = ("recon_line", "recon_act")
EMPTIED = (
    *("case_attachment", "inspection_draw", "inspection_result"),
    *("exemption", "exemption_act", "run_exemption"),
    *("notice", "notice_subject", "notice_follow", "notice_delivery"),
    "notice_carried",
)


def upgrade() -> None:
    """Put the guards up on a server; a file has them."""
    if op.get_bind().dialect.name == "sqlite":
        return
    op.execute(
        "CREATE FUNCTION recon_refuse() RETURNS trigger LANGUAGE plpgsql AS $$"
        " BEGIN RAISE EXCEPTION '调节表的记录只能增加，不能改、不能删'; END $$"
    )
    for table in UNGUARDED:
        _guard(table, "UPDATE OR DELETE", "ROW", "recon_refuse")
        _guard(table, "TRUNCATE", "STATEMENT", "recon_refuse")
    for table in EMPTIED:
        _guard(table, "TRUNCATE", "STATEMENT", "case_act_refuse")


def _guard(table: str, event: str, each: str, function: str) -> None:
    op.execute(
        f"CREATE TRIGGER {table}_{each.lower()} BEFORE {event} ON {table}"
        f" FOR EACH {each} EXECUTE FUNCTION {function}()"
    )


def downgrade() -> None:
    """Guards are not taken down."""
    raise NotImplementedError("记录的保护不可撤除，不支持回退到更早的结构。")
