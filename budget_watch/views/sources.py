"""Which delivered tables stand behind a query, by code and title (FIN-15 国库集中支付凭证表).

A mart's name says nothing to a reader; its tables do. What an execution query reads depends on the
budget and the side it asks about.
"""

from __future__ import annotations

from budget_watch.tables import contracts
from budget_watch.views.query import Query

MARTS = {
    "payment": ("payment_voucher",),
    "budget_line": ("indicator", "indicator_adjustment"),
    "debt_position": ("debt_limit",),
    "social_fund": ("social_fund_month", "medical_fund_month"),
}
_EXECUTION = {
    ("一般公共预算", "收入"): "general_revenue",
    ("一般公共预算", "支出"): "general_expenditure",
    ("政府性基金", ""): "gov_fund",
    ("国有资本经营", ""): "state_capital",
    ("社会保险基金", ""): "social_insurance_budget",
}


def source_titles(query: Query) -> tuple[str, ...]:
    """Code and title of every table behind a query."""
    if query.table == "finding":
        return ("疑点台账",)
    if query.table == "congress_opinion":
        return ("会次意见库",)
    titles = {c.name: f"{c.code} {c.title}" for c in contracts().values()}
    return tuple(titles.get(name, name) for name in _names(query))


def _names(query: Query) -> tuple[str, ...]:
    if query.table != "execution_month":
        return MARTS.get(query.table, (query.table,))
    asked = {column: value for column, sign, value in query.where if sign == "="}
    book, side = str(asked.get("book", "")), str(asked.get("side", ""))
    return (_EXECUTION.get((book, side)) or _EXECUTION.get((book, ""), "execution_month"),)
