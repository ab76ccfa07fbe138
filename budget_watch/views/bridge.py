"""From what vouchers say to what the monthly report says: the 调节表 in a few rows.

国库集中支付 is only part of a budget's expenditure; 实拨, 总会计直接列支, 权责发生制列支 and
在途 are the rest (mart ``recon``, rule SJ05). Both ends are taken at the report's month,
not at the as-of day, so the difference is none of time. Money is fen.
"""

from __future__ import annotations

import polars as pl

from budget_watch.views.books import FUNDS, side
from budget_watch.views.cubes import Cube
from budget_watch.views.drill import SCOPES, Place, Scope, total
from budget_watch.views.query import Desk
from budget_watch.views.span import Span, home_place

_PARTS = (
    ("加：实拨", "allocated_amt"),
    ("加：总会计直接列支", "direct_amt"),
    ("加：权责发生制列支", "accrual_amt"),
    ("加：在途", "in_transit_amt"),
    ("加：财政签认的调节", "signed_amt"),
)


def bridge(
    desk: Desk, cube: Cube, scope: Scope | str, span: Span, book: str
) -> list[tuple[str, int]]:
    """Rows (name, amount) from 国库集中支付 to the latest monthly report; none without a report.

    The difference row closes the sum: vouchers + parts + difference = report.
    """
    kinds = SCOPES[scope]  # type: ignore[index]
    if book == "一般公共预算":
        rows = desk.rows(
            "recon",
            ("fiscal_year", "=", span.fiscal_year),
            ("month", "<=", span.closed_month),
            ("scope_kind", "in", kinds),
        )
        if rows.is_empty():
            return []
        month = int(str(rows["month"].max()))
        rows = rows.filter(pl.col("month") == month)
        report = int(rows["reported_ytd"].sum() or 0)
        parts = [(name, int(rows[column].sum() or 0)) for name, column in _PARTS]
        paid = int((rows["central_amt"] + rows["returned_amt"]).sum() or 0)
    else:
        city = home_place(desk)
        if city is None or scope != "local":
            return []
        told = side(desk, city, span, book, "支出")
        if told.ytd.value is None:
            return []
        month, report, parts = told.span.month, told.ytd.value, []
        place = Place(scope, (("f", FUNDS[book]),))
        paid = total(cube, place, Span(span.fiscal_year, month)).spent
    when = f"{span.fiscal_year}年{month}月末"
    left = report - paid - sum(amount for _, amount in parts)
    return [
        (f"{when}国库集中支付", paid),
        *[(name, amount) for name, amount in parts if amount],
        ("差额（未列明）", left),
        (f"{when}月报（各级本级支出）", report),
    ]
