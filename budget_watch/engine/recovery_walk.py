"""The oracle's own way to tell which findings are not yet recovered: grain by grain, in Python.

Shares nothing with `recovery.py` but the checked rule.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from budget_watch.engine.check import CheckedRule
from budget_watch.engine.exempting import CheckedExemption, covered_by

Row = dict[str, Any]


def held_rows(
    rule: CheckedRule, rows: Sequence[Row], exemptions: Sequence[CheckedExemption], as_of: date
) -> list[Row]:
    """The rows that are hits, lack data or fail, those of open findings among them."""
    series: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        series.setdefault(tuple(row[name] for name in rule.identity), []).append(row)
    found: list[Row] = []
    for each in series.values():
        found += _walk(rule, sorted(each, key=_period), exemptions, as_of)
    return [row for row in found if row["__o"].split("|")[0] not in ("clear", "not_applicable")]


def _period(row: Mapping[str, Any]) -> int:
    year = int(row["fiscal_year"])
    if "month" in row:
        return year * 12 + int(row["month"])
    return year * 4 + int(row["quarter"]) if "quarter" in row else year


def _walk(
    rule: CheckedRule, rows: Sequence[Row], exemptions: Sequence[CheckedExemption], as_of: date
) -> list[Row]:
    """One finding's periods in order: open since a hit, until so many in a row are fine."""
    if rule.clear is None:
        return list(rows)
    found: list[Row] = []
    open_rows: list[Row] = []
    last_hit, streak, before = "", 0, None
    for row in rows:
        outcome, _, at = row["__o"].partition("|")
        now = dict(row)
        at_period = _period(row)
        if before is None or at_period != before + 1:
            streak = 0
        before = at_period
        if outcome == "hit" and covered_by(exemptions, row, int(at), as_of) is None:
            open_rows, last_hit, streak = [*(open_rows if last_hit else []), now], row["__o"], 0
        elif outcome == "clear":
            streak = streak + 1 if row["__fine"] is True else 0
            if last_hit and streak >= rule.clear.count:
                for each in open_rows:
                    each["__recovered"] = True
                open_rows, last_hit = [], ""
            elif last_hit:
                now["__o"] = last_hit
                open_rows.append(now)
        else:
            streak = 0
        found.append(now)
    return found
