"""Finds figures whose unit cannot be what is written: digits below the fen, factors of 10 000.

Three witnesses: the digits themselves (an amount in 元 has at most two decimals), other sheets of
the same workbook that state the same figure, and what the lake already holds of the same table.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import polars as pl

from budget_watch.tables import Contract, contract
from ingest.gate.typing import RAW
from ingest.gate.violations import below_fen

_FACTORS = {10**3: "1,000", 10**4: "10,000", 10**8: "100,000,000"}
_NEAR = 0.002
_SHARE = 0.2
_EVENT_MINIMUM = 20_00  # fen: half of all vouchers below 20 元 is no treasury's month
_ENOUGH = 10
_PAYMENTS = frozenset({"FIN-12", "FIN-13", "FIN-14", "FIN-15", "FIN-17"})


@dataclass(frozen=True)
class Fact:
    """One figure that a sheet states: what it is (table, place, account, year), and how much."""

    key: tuple[object, ...]
    sheet: str
    fen: int


@dataclass(frozen=True)
class Disagreement:
    """Two sheets state the same figures with a factor of 1 000, 10 000 … between them."""

    sheet: str
    other: str
    factor: str
    figures: int


def sub_fen_columns(table: Contract, rows: pl.DataFrame) -> str | None:
    """Return a sentence when many amounts in 元 have digits below the fen: they are 万元."""
    for column in table.money_columns:
        name = RAW + column.name if RAW + column.name in rows.columns else column.name
        if column.unit != "元" or name not in rows.columns or rows[name].dtype != pl.String:
            continue
        filled = rows.filter(pl.col(name).str.strip_chars() != "")
        off = filled.filter(below_fen(pl.col(name)))
        if off.height and off.height >= _SHARE * filled.height:
            return (
                f"“{column.title}”有 {off.height:,} 行不足一分的小数（如“{off[name][0]}”），"
                f"约定单位是元，疑似按万元填报；请改按元填报后重新送达，本文件未入库。"
            )
    return None


def too_small(table: Contract, rows: pl.DataFrame) -> str | None:
    """Return a sentence when payments (fen) are so small as a whole that 万元 must be meant."""
    if table.code not in _PAYMENTS:
        return None
    for column in table.money_columns:
        if not column.required or column.name not in rows.columns:
            continue
        amounts = rows[column.name].drop_nulls().abs()
        amounts = amounts.filter(amounts > 0)
        if len(amounts) < _ENOUGH:
            continue
        middle = int(amounts.sort()[len(amounts) // 2])
        if middle < _EVENT_MINIMUM:
            return (
                f"“{column.title}”一半以上不到{_EVENT_MINIMUM // 100}元（中位数"
                f"{middle / 100:,.2f}元），约定单位是元，疑似按万元填报；"
                "请核对单位后重新送达，本文件未入库。"
            )
    return None


def against_known(table: Contract, rows: pl.DataFrame, known: pl.DataFrame | None) -> str | None:
    """Return a sentence when amounts are some 10 000 times below or above those in the lake.

    `known` is one row with the mean of each money column (fen) over the rows already stored.
    """
    if known is None or known.is_empty():
        return None
    for column in table.money_columns:
        if not column.required or column.name not in rows.columns or column.name not in known:
            continue
        amounts = rows[column.name].drop_nulls().abs()
        usual = known[column.name][0]
        if len(amounts) < 5 * _ENOUGH or not usual:
            continue
        ratio = float(usual) / max(1.0, float(amounts.mean() or 0))  # type: ignore[arg-type]
        if 2_000 < ratio < 50_000 or 1 / 50_000 < ratio < 1 / 2_000:
            return (
                f"“{column.title}”平均{float(amounts.mean() or 0) / 100:,.2f}元，"  # type: ignore[arg-type]
                f"而已入库的同一报表平均{float(usual) / 100:,.2f}元，相差约一万倍，"
                "疑似单位有误；请核对单位后重新送达，本文件未入库。"
            )
    return None


def facts_of(table: str, sheet: str, rows: pl.DataFrame) -> list[Fact]:
    """Return what a sheet's rows state, as facts that other sheets may state too."""
    described = contract(table)
    identity = [
        name
        for name in described.key
        if name in rows.columns and name not in ("stage", "fiscal_year", "month")
    ]
    found: list[Fact] = []
    for row in rows.iter_rows(named=True):
        for column in described.money_columns:
            value = row.get(column.name)
            if not value:
                continue
            year = row.get("fiscal_year")
            what: object = column.name
            if column.name == "ly_ytd":
                what, year = "ytd_amt", (year - 1 if year else year)
            if column.name in ("budget_amt", "adj_amt"):
                what = (column.name, row.get("stage") == "草案")
            key = (table, what, year, *(row.get(name) for name in identity))
            found.append(Fact(key, sheet, int(value)))
    return found


def disagreements(facts: Iterable[Fact]) -> list[Disagreement]:
    """Return the sheets that the others contradict by a factor; of two alone, both."""
    by_key: dict[tuple[object, ...], dict[str, int]] = defaultdict(dict)
    for fact in facts:
        by_key[fact.key].setdefault(fact.sheet, fact.fen)
    against: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    agreeing: dict[str, set[str]] = defaultdict(set)
    for stated in by_key.values():
        for sheet, value in stated.items():
            for other, theirs in stated.items():
                if sheet == other:
                    continue
                factor = _factor(value, theirs)
                if factor:
                    against[sheet][other].append(factor)
                elif abs(value - theirs) <= _NEAR * abs(theirs):
                    agreeing[sheet].add(other)
    found: list[Disagreement] = []
    for sheet, others in against.items():
        if len(agreeing[sheet]) >= len(others):
            continue
        weight = {other: len(agreeing[other]) for other in others}
        if len(others) == 1 and weight[next(iter(others))] < len(agreeing[sheet]):
            continue
        other = max(others, key=lambda name: len(others[name]))
        found.append(Disagreement(sheet, other, others[other][0], len(others[other])))
    return found


def _factor(value: int, other: int) -> str | None:
    ratio = abs(value) / abs(other)
    ratio = max(ratio, 1 / ratio) if ratio else 0.0
    for factor, text in _FACTORS.items():
        if abs(ratio / factor - 1) < _NEAR:
            return text
    return None
