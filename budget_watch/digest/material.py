"""Gathers the material of a report from the views: words, figures by key, lists of rows.

Keys begin with the place: ``all.`` 全市, ``own.`` 市本级. Every figure a template can name is put
here once; docs/digest.md lists them. Nothing is computed here but what a period needs on top of a
view: the quarter alone, and whether regions add up. A template says which topics it speaks of.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from budget_watch.access import Grant
from budget_watch.digest.errors import TemplateError
from budget_watch.digest.gatherer import Asked, Gatherer
from budget_watch.digest.material_assets import put_assets
from budget_watch.digest.material_audit import put_audit
from budget_watch.digest.material_books import put_books
from budget_watch.digest.material_debt import put_debt
from budget_watch.digest.material_department import put_department
from budget_watch.digest.material_deputy import put_deputy
from budget_watch.digest.material_draft import put_draft
from budget_watch.digest.material_final import put_final
from budget_watch.digest.material_findings import put_findings
from budget_watch.digest.material_session import put_session
from budget_watch.digest.material_spending import put_spending, put_three_public
from budget_watch.digest.period import Period
from budget_watch.digest.template import QUARTERLY
from budget_watch.digest.writing import Material
from budget_watch.lake import Home
from budget_watch.views import Desk, Place, home_place

TOPICS: Mapping[str, Callable[[Gatherer, Asked], None]] = {
    "books": put_books,
    "spending": put_spending,
    "three_public": put_three_public,
    "debt": put_debt,
    "findings": put_findings,
    "draft": put_draft,
    "final": put_final,
    "assets": put_assets,
    "audit": put_audit,
    "department": put_department,
    "deputy": put_deputy,
    "session": put_session,
}


def gather(
    desk: Desk,
    home: Home,
    grant: Grant,
    period: Period,
    region: str | None = None,
    topics: Sequence[str] = QUARTERLY,
    subject: str = "",
) -> Material:
    """The material of a report for one period.

    Args:
        region: where settings name one. topics: names of TOPICS, gathered in the order of TOPICS.
        subject: of `Asked`.

    Raises:
        TemplateError: a topic that there is not.
    """
    made = Gatherer()
    own = home_place(desk, "本级", region) or Place("", "本级", "")
    whole = replace(own, scope_kind="全市") if own.scope_kind == "本级" else own
    asked = Asked(desk, home, grant, period, own, whole, subject)
    made.words |= _words(asked)
    unknown = [name for name in topics if name not in TOPICS]
    if unknown:
        raise TemplateError("material", f"没有题目“{unknown[0]}”。可用：{'、'.join(TOPICS)}")
    for name, put in TOPICS.items():
        if name in topics:
            put(made, asked)
    return made.material()


def _words(asked: Asked) -> dict[str, str]:
    period = asked.period
    return {
        "place": asked.own.name,
        "span": period.span.label,
        "year": str(period.span.fiscal_year),
        "period": period.title,
        "issue": period.issue,
        "own_months": period.own,
        "kind": period.kind,
        "interim": "" if period.span.month == 12 else period.span.label,
        "quarterly": period.own if period.before is not None else "",
        "as_of": period.span.as_of,
    }
