"""Rows marked as state secrets (涉密标志): they are counted, and nothing of them is taken in.

Sources leave them out before anything is spooled; the gate leaves out those that files bring.
预算法 §14 keeps secrets out of what is published; this system is no place for them at all.
"""

from __future__ import annotations

import polars as pl

from ingest.gate.typing import technical

SECRET = "secret_flag"


def is_secret(rows: pl.DataFrame) -> pl.Series:
    """Which rows are marked; a mark that cannot be read counts as set."""
    if SECRET not in rows.columns:
        return pl.repeat(False, rows.height, dtype=pl.Boolean, eager=True)
    flag = technical(SECRET, rows.schema[SECRET])
    return rows.select(flag.fill_null(False)).to_series()


def note(count: int) -> str:
    """What people are told."""
    return f"{count:,} 行标为涉密，没有接收，也没有留存；请送数部门在源头剔除"
