"""Cells of the published workbook of 丽江, read by sheet, row and place, in fen."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import openpyxl

SHARED = Path(__file__).parents[3] / "shared" / "data" / "workbooks"
WORKBOOK = SHARED / "lijiang_2025_budget_attachment.xlsx"
WAN, YI = 10**6, 10**10
Side = tuple[str, str]
# A side's sheet and the row of its own total; amounts stand behind the row's name.
DONE: dict[Side, tuple[str, str]] = {  # 2024年决算数, 2025年预算数, 调整预算数, 执行数
    ("general", "revenue"): ("03-1", "市本级一般公共预算收入"),
    ("general", "expenditure"): ("03-2", "市本级一般公共预算支出"),
    ("fund", "revenue"): ("08", "市本级政府性基金预算收入"),
    ("fund", "expenditure"): ("09", "市本级政府性基金支出"),
    ("social", "revenue"): ("17", "收入合计"),
    ("social", "expenditure"): ("18", "支出合计"),
    ("capital", "revenue"): ("12", "市本级国有资本经营收入"),  # without 调整预算数
    ("capital", "expenditure"): ("13", "市本级国有资本经营支出"),
}
DRAFT: dict[Side, tuple[str, str, int]] = {  # and the place of 2026年预算数
    ("general", "revenue"): ("22-1", "市本级一般公共预算收入", 2),
    ("general", "expenditure"): ("22-2", "市本级一般公共预算支出", 2),
    ("fund", "revenue"): ("30", "市本级政府性基金预算收入", 3),
    ("fund", "expenditure"): ("31", "市本级政府性基金支出", 3),
    ("social", "revenue"): ("41", "收入合计", 1),
    ("social", "expenditure"): ("42", "支出合计", 1),
    ("capital", "revenue"): ("35", "市本级国有资本经营收入", 1),
    ("capital", "expenditure"): ("36", "市本级国有资本经营支出", 1),
}


@cache
def sheet(name: str) -> tuple[tuple[Any, ...], ...]:
    """All rows of a sheet; a formula as its kept value."""
    book = openpyxl.load_workbook(WORKBOOK, read_only=True, data_only=True)
    return tuple(tuple(row) for row in book[name].iter_rows(values_only=True))


def amounts(name: str, row: str) -> list[Fraction | None]:
    """What stands behind the first cell that says exactly this, or a code and its name."""
    for cells in sheet(name):
        said = [str(cell).strip() for cell in cells[:2]]
        if row in said:
            behind = cells[2 if row.isdigit() else said.index(row) + 1 :]
            return [number(cell, WAN) for cell in behind]
    return []


def number(cell: Any, scale: int) -> Fraction | None:
    """An amount in fen; a blank cell is none."""
    try:
        return None if cell is None else Fraction(round(Fraction(str(cell)) * scale))
    except ValueError:  # words
        return None


def execution(side: Side, code: str = "") -> dict[str, Fraction | None]:
    """预算数, 调整预算数 and 执行数 of 2025, of a side or of one of its classes."""
    name, total = DONE[side]
    found = amounts(name, code or total)
    if not found:
        return {}
    if name == "03-2" and code:  # 表四 has the same rows; what 表三 leaves blank may stand there
        other = amounts("04", code)
        found = [b if a is None else a for a, b in zip(found, other, strict=False)]
    capital = side[0] == "capital"
    adjusted, done = (None, found[2]) if capital else (found[2], found[3])
    return {"initial": found[1], "adjusted": adjusted, "done": done}


def planned(side: Side, code: str = "") -> Fraction | None:
    """2026年预算数."""
    name, total, at = DRAFT[side]
    found: Sequence[Fraction | None] = amounts(name, code or total)
    return found[at] if found else None


def debt(kind: str, own: bool, year: int = 2025) -> tuple[Fraction, Fraction]:
    """Limit and balance at the end of a year, 一般, 专项 or "" for both; 表四十四, 表四十七."""
    name, at = ("44", 2) if year == 2025 else ("47", 2)
    column = at + (4 if own else 0)
    words = f"地方政府{kind}债务余额"
    rows = [[str(c).strip() if isinstance(c, str) else c for c in row] for row in sheet(name)]
    told = {str(row[0]): number(row[column], WAN) for row in rows if row[0]}
    limit, balance = told[f"二、当年末{words}限额"], told[f"六、当年末{words}"]
    assert limit is not None and balance is not None
    return limit, balance


def county_limit(county: str) -> Fraction:
    """2025年政府债务限额 of a county, 表四十八 (亿元)."""
    (row,) = (row for row in sheet("48") if row[0] == county)
    limit = number(row[13], YI)
    assert limit is not None
    return limit
