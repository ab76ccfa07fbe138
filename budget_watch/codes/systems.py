"""Looks codes up by (system, fiscal year, code).

`data/<system>.csv` holds code, name, first_year, last_year. A row whose first year is not certain
begins with the table's first year: a doubt must not make a valid code look wrong.
Sources: 《政府收支分类科目》 2024—2026 with the amendment 财预〔2025〕41号; GB/T 2260.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType

import polars as pl

SYSTEMS: dict[str, str] = {
    "functional": "支出功能分类科目",
    "revenue": "收入分类科目",
    "gov_economic": "政府预算支出经济分类科目",
    "dept_economic": "部门预算支出经济分类科目",
    "fund_type": "资金性质",
    "budget_level": "预算级次",
    "region": "财政区划",
}

_DATA = Path(__file__).parent / "data"


class CodesError(LookupError):
    """A code system or a year of it does not exist. Says which ones do."""


@dataclass(frozen=True)
class _Row:
    code: str
    name: str
    first_year: int
    last_year: int


def codes(system: str, year: int) -> pl.DataFrame:
    """Return the code table of a year: code, name, parent (null at the top), level (top is 1).

    Raises CodesError for an unknown system or a year it does not cover.
    """
    known = names(system, year)
    parents = [_parent(system, known, code) for code in known]
    levels = [_level(system, known, code) for code in known]
    return pl.DataFrame(
        {"code": list(known), "name": list(known.values()), "parent": parents, "level": levels},
        schema={"code": pl.String, "name": pl.String, "parent": pl.String, "level": pl.Int64},
    )


def all_years(system: str) -> pl.DataFrame:
    """Return the tables of all years below each other, with fiscal_year in front."""
    return pl.concat(
        codes(system, year).select(pl.lit(year, pl.Int64).alias("fiscal_year"), pl.all())
        for year in years(system)
    )


@cache
def names(system: str, year: int) -> Mapping[str, str]:
    """Return code → name of a year, in the order of the codes. Raises CodesError."""
    if year not in years(system):
        known = years(system)
        raise CodesError(
            f"{SYSTEMS[system]}没有 {year} 年的代码表（现有 {known[0]}—{known[-1]} 年）；"
            "请在 budget_watch/codes/data 中补充该年科目"
        )
    return MappingProxyType(
        {row.code: row.name for row in _rows(system) if row.first_year <= year <= row.last_year}
    )


def valid_codes(system: str, year: int) -> frozenset[str]:
    """Return the codes that are good in a year. Raises CodesError."""
    return frozenset(names(system, year))


def name_of(system: str, year: int, code: str | None) -> str | None:
    """Return the name of a code, or None if the year's table does not hold it.

    For a year without a table the nearest year that has one is asked: a name is for reading, only
    `valid_codes` decides whether a code is right.
    """
    if code is None:
        return None
    known = years(system)
    return names(system, min(max(year, known[0]), known[-1])).get(code)


def children(system: str, year: int, code: str) -> tuple[str, ...]:
    """Return the codes directly below a code, in order; empty for a lowest one."""
    return _children(system, year).get(code, ())


def parent_of(system: str, year: int, code: str) -> str | None:
    """Return the code directly above, or None at the top (or if the table holds none)."""
    return _parent(system, names(system, year), code)


@cache
def years(system: str) -> tuple[int, ...]:
    """Return the fiscal years that a system covers. Raises CodesError for an unknown system."""
    rows = _rows(system)
    return tuple(range(min(row.first_year for row in rows), max(row.last_year for row in rows) + 1))


def sha256(system: str) -> str:
    """Return the hash of a system's table: part of every snapshot."""
    return hashlib.sha256(_path(system).read_bytes()).hexdigest()


@cache
def _children(system: str, year: int) -> Mapping[str, tuple[str, ...]]:
    known = names(system, year)
    below: dict[str, list[str]] = {}
    for code in known:
        above = _parent(system, known, code)
        if above is not None:
            below.setdefault(above, []).append(code)
    return {code: tuple(found) for code, found in below.items()}


def _parent(system: str, known: Mapping[str, str], code: str) -> str | None:
    for length in range(len(code) - 1, 0, -1):
        above = code[:length]
        if system == "region":
            above = above.ljust(9, "0")
        if above != code and above in known:
            return above
    return None


def _level(system: str, known: Mapping[str, str], code: str) -> int:
    above = _parent(system, known, code)
    return 1 if above is None else _level(system, known, above) + 1


@cache
def _rows(system: str) -> tuple[_Row, ...]:
    with _path(system).open(encoding="utf-8", newline="") as file:
        return tuple(
            _Row(row["code"], row["name"], int(row["first_year"]), int(row["last_year"]))
            for row in csv.DictReader(file)
        )


def _path(system: str) -> Path:
    if system not in SYSTEMS:
        raise CodesError(f"没有代码表 {system}；可用的有 {'、'.join(SYSTEMS)}")
    return _DATA / f"{system}.csv"
