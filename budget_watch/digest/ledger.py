"""The appendix: every printed figure with its exact value, formula and frozen queries.

The same ledger stands readable at the end of a report and as JSON inside the file, so that a
program can recompute what was printed.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from budget_watch.digest.document import Document
from budget_watch.views import Figure, Unit, formats

UNITS = {Unit.FEN: "元", Unit.SHARE: "%", Unit.CHANGE: "%", Unit.POINTS: "个百分点",
         Unit.TIMES: "倍", Unit.COUNT: "个"}


@dataclass(frozen=True)
class Entry:
    """One line of the appendix; `queries` are numbers (1…) into `Ledger.queries`."""

    number: int
    key: str
    label: str
    value: str
    scope: str
    formula: str
    queries: tuple[int, ...]


@dataclass(frozen=True)
class Ledger:
    """Entries in the order of keys, and the distinct queries behind them."""

    entries: tuple[Entry, ...]
    queries: tuple[str, ...]


def ledger(document: Document) -> Ledger:
    """The appendix of a document."""
    queries: dict[str, int] = {}
    entries = []
    for number, (key, figure) in enumerate(sorted(document.figures.items()), start=1):
        used = tuple(dict.fromkeys(
            queries.setdefault(query.sql(), len(queries) + 1) for query in figure.queries
        ))
        entries.append(Entry(number, key, figure.label, exact(figure), scope(figure),
                             figure.formula, used))
    return Ledger(tuple(entries), tuple(queries))


def exact(figure: Figure) -> str:
    """The value without rounding: money to the fen, a rate with its two integers."""
    if figure.value is None:
        return formats.MISSING
    if figure.unit is Unit.FEN:
        return f"{formats.yuan(figure.value)}元"
    if figure.unit is Unit.COUNT:
        return f"{figure.value:,}"
    return f"{figure.value:,} / {figure.over:,}"


def scope(figure: Figure) -> str:
    """Region, scope kind, stage, span, and the data status where it is not 正式."""
    origin = figure.origin
    parts = [origin.region, origin.scope_kind, origin.stage, origin.as_of]
    if origin.data_status != "正式":
        parts.append(origin.data_status)
    return " · ".join(parts)


def as_json(document: Document) -> str:
    """The ledger for programs; keys sorted, ASCII kept out of it, one object a figure."""
    figures = {
        key: {
            "label": figure.label, "unit": figure.unit.value, "value": figure.value,
            "over": figure.over, "formula": figure.formula, "scope": scope(figure),
            "queries": [query.sql() for query in figure.queries],
        }
        for key, figure in sorted(document.figures.items())
    }
    whole = {"snapshot": document.snapshot, "figures": figures}
    return json.dumps(whole, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
