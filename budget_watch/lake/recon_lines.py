"""What 财政 wrote into the reconciliation (调节表): lines, and who signed or took back which.

Rows are only ever added: a line is corrected by taking it back and writing another. The acts are
`casework.reconciling`'s; here is what publishing needs, the signed lines as the mart `recon_line`
will hold them. A run reads the mart of its snapshot, never these tables.
"""

from __future__ import annotations

import hashlib

import polars as pl
import sqlalchemy as sa

from budget_watch.lake.home import Home
from budget_watch.lake.state import engine

metadata = sa.MetaData()

line = sa.Table(
    "recon_line",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("fiscal_year", sa.Integer, nullable=False),
    sa.Column("month", sa.Integer, nullable=False),
    sa.Column("mof_div_code", sa.String(9), nullable=False),
    sa.Column("func_class", sa.String(3), nullable=False),
    sa.Column("kind", sa.String(8), nullable=False),
    sa.Column("amt", sa.BigInteger, nullable=False),  # fen, cumulative like the report
    sa.Column("explanation", sa.Text, nullable=False),
    sa.Column("filled_by", sa.String(64), nullable=False),
    sa.Column("role", sa.String(16), nullable=False),
    sa.Column("filled_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("snapshot", sa.String(64), nullable=False),  # whose figures were on the screen
)

act = sa.Table(
    "recon_act",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("line", sa.Integer, sa.ForeignKey("recon_line.id"), nullable=False),
    sa.Column("act", sa.String(8), nullable=False),  # sign, withdraw
    sa.Column("by", sa.String(64), nullable=False),
    sa.Column("role", sa.String(16), nullable=False),
    sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("note", sa.Text, nullable=False),
)

SIGN, WITHDRAW = "sign", "withdraw"

SIGNED = pl.Schema(
    {
        "line": pl.Int64(),
        "fiscal_year": pl.Int64(),
        "month": pl.Int64(),
        "mof_div_code": pl.String(),
        "func_class": pl.String(),
        "kind": pl.String(),
        "amt": pl.Int64(),
        "explanation": pl.String(),
        "filled_by": pl.String(),
        "filled_on": pl.Date(),
        "signed_by": pl.String(),
        "signed_on": pl.Date(),
    }
)


def signed(home: Home) -> pl.DataFrame:
    """The lines that are signed and not taken back, as of now, by number."""
    if not home.exists:
        return pl.DataFrame(schema=SIGNED)
    signing, taken = act.alias("signing"), act.alias("taken")
    query = (
        sa.select(
            line.c.id, line.c.fiscal_year, line.c.month, line.c.mof_div_code, line.c.func_class,
            line.c.kind, line.c.amt, line.c.explanation, line.c.filled_by, line.c.filled_at,
            signing.c.by, signing.c.at,
        )
        .join(signing, (signing.c.line == line.c.id) & (signing.c.act == SIGN))
        .where(
            ~sa.exists().where((taken.c.line == line.c.id) & (taken.c.act == WITHDRAW))
        )
        .order_by(line.c.id)
    )  # fmt: skip
    with engine(home).connect() as connection:
        found = connection.execute(query).all()
    rows = [(*row[:9], row[9].date(), row[10], row[11].date()) for row in found]
    return pl.DataFrame(rows, schema=SIGNED, orient="row")


def content_hash(rows: pl.DataFrame) -> str:
    """A hash of signed lines: equal for equal content."""
    return hashlib.sha256(rows.write_json().encode()).hexdigest()[:16]
