"""The appendix: every printed figure with its exact value, formula and frozen queries.

The same ledger stands readable at the end of a report and as JSON inside the file, so that a
program can recompute what was printed.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace

from budget_watch.digest.document import Document
from budget_watch.views import Figure, Query, Unit, formats

UNITS = {
    Unit.FEN: "元",
    Unit.SHARE: "%",
    Unit.CHANGE: "%",
    Unit.POINTS: "个百分点",
    Unit.TIMES: "倍",
    Unit.COUNT: "个",
}


# Conditions that only pick one line out of a query asked for many: printed beside the figure.
LINES = ("code", "fund_kind", "dept_code", "level", "area", "class", "work_state")


@dataclass(frozen=True)
class Use:
    """A query of the list (1…) and the further condition under which it was asked."""

    number: int
    condition: str

    @property
    def text(self) -> str:
        """查询7，code = '205'."""
        return f"查询{self.number}" + (f"，{self.condition}" if self.condition else "")


@dataclass(frozen=True)
class Entry:
    """One line of the appendix."""

    number: int
    key: str
    label: str
    value: str
    scope: str
    formula: str
    queries: tuple[Use, ...]


@dataclass(frozen=True)
class Ledger:
    """Entries in the order of keys, and the distinct queries behind them."""

    entries: tuple[Entry, ...]
    queries: tuple[str, ...]


def ledger(document: Document) -> Ledger:
    """The appendix of a document."""
    queries: dict[Query, dict[str, None]] = {}
    entries = []
    for number, (key, figure) in enumerate(sorted(document.figures.items()), start=1):
        used = {}
        for query in figure.queries:
            wide, rest = _split(query)
            queries.setdefault(wide, {})[query.column] = None
            at = list(queries).index(wide) + 1
            used[at, rest] = Use(at, rest)
        entries.append(
            Entry(
                number,
                key,
                figure.label,
                exact(figure),
                scope(figure),
                figure.formula,
                tuple(used.values()),
            )
        )
    return Ledger(tuple(entries), tuple(_sql(q, columns) for q, columns in queries.items()))


def anchor_text(document: Document) -> str:
    """How far the audit log reached when the report was made: what nobody can cut off unseen."""
    if not document.anchor:
        return "审计日志还没有锚。"
    last = document.anchor.split()[0]
    return (
        f"审计日志的锚：{document.anchor}。日后核对日志时，{last}及以前的记录应齐全，"
        "且该条的校验码与此相同。"
    )


def _sql(query: Query, columns: Iterable[str]) -> str:
    """One statement for all sums asked of the same rows."""
    sums = ", ".join("count(*)" if c == "*" else f"sum({c})" for c in sorted(columns))
    return query.sql().replace("SELECT sum()", f"SELECT {sums}", 1)


def _split(query: Query) -> tuple[Query, str]:
    """The rows asked of, without the column and without what only picks a line; and that."""
    rest = tuple(t for t in query.where if t[0] in LINES and t[1] == "=")
    wide = replace(query, column="", where=tuple(t for t in query.where if t not in rest))
    return wide, replace(query, where=rest).condition


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
            "label": figure.label,
            "unit": figure.unit.value,
            "value": figure.value,
            "over": figure.over,
            "formula": figure.formula,
            "scope": scope(figure),
            "queries": [query.sql() for query in figure.queries],
        }
        for key, figure in sorted(document.figures.items())
    }
    about = {name: getattr(document, name) for name in ("report", "period", "region", "content")}
    whole = {
        **about,
        "snapshot": document.snapshot,
        "audit_anchor": document.anchor,
        "figures": figures,
    }
    return json.dumps(whole, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
