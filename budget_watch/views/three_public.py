"""三公经费: the five department economic codes, budget against execution against last year.

Computed from 部门预算支出经济分类 30212 + 30217 + 30231 + 31013 + 30913, never from the
government's economic classification (事业单位 spend through 505; domain §1.4). Fund types 11–13
(财政拨款).
"""

from __future__ import annotations

from dataclasses import dataclass

from budget_watch.views.figure import Figure, Unit
from budget_watch.views.query import Desk, Term
from budget_watch.views.span import Place, Span
from budget_watch.views.spending import Spending, measure, measures, unit_names

KINDS = {
    "30212": "因公出国（境）费用",
    "30217": "公务接待费",
    "30231": "公务用车运行维护费",
    "31013": "公务用车购置",
    "30913": "公务用车购置（基本建设）",
}
APPROPRIATED = ("11", "12", "13")


@dataclass(frozen=True)
class ThreePublic:
    """The total, the five kinds, and the units or departments behind them.

    Attributes:
        total: all five codes together.
        kinds: one per code, in the order of `KINDS`; they add up to the total.
        departments: departments with a budget or spending, highest 执行率 first; of one department
            its units.
    """

    place: Place
    span: Span
    total: Spending
    kinds: tuple[Spending, ...]
    departments: tuple[Spending, ...]

    @property
    def over_count(self) -> Figure:
        """How many departments that is."""
        spent, current = self.total.spent, self.total.current
        why = spent.why or current.why
        return Figure(
            "three_public.over_count",
            "支出超过变动预算的部门",
            Unit.COUNT,
            None if why else len(self.over_budget),
            spent.origin,
            "支出大于变动预算的部门数",
            spent.queries + current.queries,
            why=why,
        )

    @property
    def over_budget(self) -> tuple[Spending, ...]:
        """Departments that have spent more than their 变动预算."""
        return tuple(
            d
            for d in self.departments
            if d.spent.value is not None
            and d.current.value is not None
            and d.spent.value > d.current.value
        )


def three_public(
    desk: Desk, place: Place, span: Span, dept: str | None = None, unit: str | None = None
) -> ThreePublic:
    """三公经费 of a place to the span's end, or of one department or unit of it."""
    funds: Term = ("fund_type_code", "begins", APPROPRIATED)
    inside = (funds, *narrowed(dept, unit))
    every: tuple[Term, ...] = (("dep_bgt_eco_code", "in", tuple(KINDS)), *inside)
    total = measure(desk, place, span, "three_public.total", "三公经费", every)
    kinds = tuple(
        measure(
            desk,
            place,
            span,
            f"three_public.{code}",
            name,
            (("dep_bgt_eco_code", "=", code), *inside),
        )
        for code, name in KINDS.items()
    )
    column = "agency_code" if dept else "dept_code"
    parts = list(
        measures(desk, place, span, "three_public.dept", column, unit_names(desk), every).values()
    )
    parts.sort(key=lambda d: (-(d.progress.exact or 0), d.key))
    return ThreePublic(place, span, total, kinds, tuple(parts))


def narrowed(dept: str | None, unit: str | None) -> tuple[Term, ...]:
    """The terms of one department or unit; none for all."""
    terms: list[Term] = []
    if dept:
        terms.append(("dept_code", "=", dept))
    if unit:
        terms.append(("agency_code", "=", unit))
    return tuple(terms)
