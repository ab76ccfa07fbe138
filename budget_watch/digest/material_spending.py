"""Spending as vouchers and indicators tell it: departments, 三公经费."""

from __future__ import annotations

from dataclasses import replace

from budget_watch.digest.gatherer import Asked, Gatherer
from budget_watch.digest.writing import Row
from budget_watch.views.spending import Spending, departments, spending
from budget_watch.views.three_public import ThreePublic, three_public

_NAMED = 5  # departments named as slowest are not named as fastest too


def put_spending(made: Gatherer, asked: Asked) -> None:
    """市本级 as a whole and department by department."""
    total = spending(asked.desk, asked.own, asked.period.span, "一般公共预算")
    _put_spending(made, total, departments(asked.desk, asked.own, asked.period.span))


def put_three_public(made: Gatherer, asked: Asked) -> None:
    """三公经费 of 市本级."""
    _put_three_public(made, three_public(asked.desk, asked.own, asked.period.span))


def spent_row(made: Gatherer, each: Spending) -> Row:
    """One row of budgets, spending and progress; `short` without the city's own name."""
    row = made.row(
        "own.",
        each.name,
        initial=each.initial,
        current=each.current,
        spent=each.spent,
        last_year=each.last_year,
        yoy=each.yoy,
        progress=each.progress,
        lead=each.lead,
        pace=replace(each.pace, id=f"{each.key}.pace"),
    )
    # 示范市教育局 → 市教育局: the city's own name need not stand on every line.
    own = each.name.startswith(each.place.name) and len(each.place.name) > 1
    return {**row, "short": each.name[len(each.place.name) - 1 :] if own else each.name}


def _put_spending(made: Gatherer, total: Spending, parts: tuple[Spending, ...]) -> None:
    made.lists["departments.total"] = [spent_row(made, total)]
    made.figures["own.general.paid.pace"] = total.pace
    # A department whose whole budget is below 50万元 says little about progress (rule ZX06).
    rows = [spent_row(made, each) for each in parts if (each.current.value or 0) >= 50_000_000]
    made.lists["departments.slowest"] = rows
    made.lists["departments.fastest"] = rows[_NAMED:][::-1]


def _put_three_public(made: Gatherer, found: ThreePublic) -> None:
    total = {**spent_row(made, found.total), "name": "合计（五项科目）", "strong": "1"}
    kinds = [
        {**spent_row(made, kind), "name": f"{kind.key.rsplit('.', 1)[1]} {kind.name}"}
        for kind in found.kinds
    ]
    made.lists["three_public.kinds"] = [*kinds]
    made.lists["three_public.table"] = [total, *kinds]
    made.lists["three_public.departments"] = [spent_row(made, d) for d in found.departments]
    over = found.over_count
    made.put("own.", (over,))
