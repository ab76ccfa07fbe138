"""Government debt: limits, balances, what is issued and due, region by region."""

from __future__ import annotations

from budget_watch.digest.gatherer import Asked, Gatherer
from budget_watch.digest.writing import Row
from budget_watch.views.debt import Debt, Position, debt


def put_debt(made: Gatherer, asked: Asked) -> None:
    """The debt of 全市 and 市本级."""
    for prefix, place in (("all.", asked.whole), ("own.", asked.own)):
        _put_debt(made, prefix, debt(asked.desk, place, asked.period.span))


def _put_debt(made: Gatherer, prefix: str, found: Debt) -> None:
    _put_position(made, prefix, found.position)
    made.lists[f"{prefix}debt.limits"] = [
        {
            "name": "合计" if limit.kind == "合计" else f"{limit.kind}债务",
            "limit": limit.limit,
            "balance": limit.balance,
            "room": limit.room,
            "used": limit.used,
        }
        for limit in found.position.limits
    ]
    made.put(
        prefix,
        (*found.issued, found.issued_total, found.interest, found.overdue, found.due_half_year),
    )
    made.lists[f"{prefix}debt.issued"] = [
        {"name": figure.label.removeprefix("发行"), "amount": figure}
        for figure in found.issued
        if figure.value
    ]
    made.lists[f"{prefix}debt.due"] = [
        made.row(
            prefix, f"{str(d.year)[2:]}-{d.month:02}", principal=d.principal, interest=d.interest
        )
        for d in found.due
    ]
    rows: list[Row] = []
    for each in found.regions:
        at = f"{each.place.region}.{each.place.scope_kind}."
        _put_position(made, at, each)
        total = each.limits[0]
        rows.append(
            {
                "name": each.place.called if each.place.scope_kind == "本级" else each.place.name,
                "limit": total.limit,
                "balance": total.balance,
                "used": total.used,
                "general_used": each.limits[1].used,
                "special_used": each.limits[2].used,
                "rate": each.rate,
                "as_of": total.balance.origin.as_of,
            }
        )
    made.lists[f"{prefix}debt.regions"] = rows


def _put_position(made: Gatherer, prefix: str, position: Position) -> None:
    for limit in position.limits:
        made.put(prefix, (limit.limit, limit.balance, limit.room, limit.used))
    made.put(prefix, (position.resources, position.rate))
    made.words[f"{prefix}debt.as_of"] = position.limits[0].balance.origin.as_of
