"""Says in one sentence why rows were kept out: each reason with its rows and first example."""

from __future__ import annotations

import polars as pl

from ingest.gate.split import PROBLEMS

_LISTED = 6


def quarantine_sentence(bad: pl.DataFrame, table: str, stored: int) -> str:
    """Return the sentence of a file's or sheet's quarantined rows (`bad` of its Counts).

    `table` is the code of its table, `stored` how many other rows were stored.
    """
    found = _grouped(bad)
    if len(found) == 1 and bad.height == 1:
        said = [str(bad["reason"][0])]
    else:
        said = [
            f"{problem}{rows:,}行（{_example(row, shown)}）"
            for problem, rows, row, shown in found[:_LISTED]
        ]
        if len(found) > _LISTED:
            said.append(f"另有{len(found) - _LISTED}种原因")
    show = f"逐行原因见 budget-watch quarantine show --table {table}，"
    where = f"{show if bad.height > 1 else ''}请"
    rest = f"；其余{stored:,}行已入库" if stored else ""
    return f"隔离{bad.height:,}行：{'；'.join(said)}。{where}改正后重新送达{rest}。"


def _grouped(bad: pl.DataFrame) -> list[tuple[str, int, int | None, str | None]]:
    """Return (problem, rows, first row, what stood there), the first row first."""
    return (
        bad.lazy()
        .select("src_row", PROBLEMS)
        .explode(PROBLEMS)
        .unnest(PROBLEMS)
        .sort("src_row", maintain_order=True)
        .group_by("problem", maintain_order=True)
        .agg(pl.len().alias("rows"), pl.col("src_row").first(), pl.col("shown").first())
        .collect()
        .rows()
    )


def _example(row: int | None, shown: str | None) -> str:
    parts = [f"第{row}行" if row is not None else "", f"“{shown}”" if shown is not None else ""]
    return "，".join(part for part in parts if part)
