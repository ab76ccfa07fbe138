"""What 三公经费 bought: trips, receptions, vehicles, and what one of each cost (FIN-22).

FIN-22 is a monthly report; its counts and its own amounts belong together, so a unit cost divides
within the report and never mixes the vouchers' amount with the report's count. The report's
amount stands beside the vouchers' of the same months, with the difference as a figure.
"""

from __future__ import annotations

from dataclasses import dataclass

from budget_watch.views.figure import Figure, Origin, Unit, difference
from budget_watch.views.query import Desk, Query, Term
from budget_watch.views.span import Place, Span
from budget_watch.views.three_public import APPROPRIATED, KINDS, narrowed

TABLE = "three_public"
REPORT = "月报"
VOUCHERS = "支付凭证"
# kind → (column, title, unit of counting)
COUNTS: dict[str, tuple[tuple[str, str, str], ...]] = {
    "30212": (("groups", "团组", "个"), ("persons", "人次", "人次")),
    "30217": (("recept_batches", "批次", "批次"), ("recept_persons", "人次", "人次")),
    "30231": (("vehicles_kept", "保有量", "辆"), ("vehicles_quota", "编制", "辆")),
    "31013": (("vehicles_bought", "购置", "辆"),),
    "30913": (("vehicles_bought", "购置", "辆"),),
}
# kind → (column divided by, what the quotient is called)
COSTS = {
    "30212": ("persons", "每人次"),
    "30217": ("recept_persons", "每人次"),
    "30231": ("vehicles_kept", "每辆"),
    "31013": ("vehicles_bought", "每辆"),
    "30913": ("vehicles_bought", "每辆"),
}


@dataclass(frozen=True)
class Counted:
    """One kind of 三公经费 as the monthly report tells it.

    Attributes:
        code: department economic code. reported: 累计数 of the report. paid: the vouchers of the
            same months. gap: reported − paid.
        counts: in the order of `COUNTS`. cost: fen for one of what `COSTS` names, rounded half up.
    """

    code: str
    name: str
    reported: Figure
    paid: Figure
    gap: Figure
    counts: tuple[Figure, ...]
    cost: Figure


def three_public_counts(
    desk: Desk, place: Place, span: Span, dept: str | None = None, unit: str | None = None
) -> tuple[Counted, ...]:
    """The five kinds to the last month of the span that the report has; none if it has none."""
    months = desk.distinct(
        TABLE,
        "month",
        *_where(place),
        ("fiscal_year", "=", span.fiscal_year),
        ("month", "<=", span.closed_month),
    )
    if not months:
        return ()
    to = Span(span.fiscal_year, int(months[-1]))
    return tuple(_counted(desk, place, to, code, narrowed(dept, unit)) for code in KINDS)


def _where(place: Place) -> tuple[Term, ...]:
    """The report has rows of single units, so 全市 is all of them."""
    return () if place.scope_kind == "全市" else (("mof_div_code", "=", place.region),)


def _counted(desk: Desk, place: Place, span: Span, code: str, inside: tuple[Term, ...]) -> Counted:
    name, key = KINDS[code], f"three_public.{code}"
    stands: tuple[Term, ...] = (
        *_where(place),
        ("fiscal_year", "=", span.fiscal_year),
        ("month", "=", span.month),
        ("kind", "=", code),
        *inside,
    )
    origin = Origin(place.region, place.scope_kind, REPORT, span.as_of, desk.snapshot)
    reported = _figure(
        desk, f"{key}.reported", f"{name}累计数", Unit.FEN, "ytd_amt", stands, origin
    )
    paid_query = Query(
        "payment",
        "pay_amt",
        (
            *place.event_terms,
            *span.terms("pay_date"),
            ("dep_bgt_eco_code", "=", code),
            ("fund_type_code", "begins", APPROPRIATED),
            *inside,
        ),
    )
    paid = Figure(
        f"{key}.paid",
        f"{name}支付凭证合计",
        Unit.FEN,
        desk.ask(paid_query).value or 0,
        Origin(place.region, place.scope_kind, VOUCHERS, span.as_of, desk.snapshot),
        "∑pay_amt",
        (paid_query,),
    )
    counts = tuple(
        _figure(desk, f"{key}.{column}", name + title, Unit.COUNT, column, stands, origin)
        for column, title, _ in COUNTS[code]
    )
    return Counted(
        code,
        name,
        reported,
        paid,
        difference(f"{key}.gap", f"{name}月报与凭证之差", reported, paid),
        counts,
        _cost(desk, f"{key}.cost", name, code, reported, stands),
    )


def _figure(
    desk: Desk,
    key: str,
    label: str,
    unit: Unit,
    column: str,
    stands: tuple[Term, ...],
    origin: Origin,
) -> Figure:
    """A sum over the rows in which the column is filled; no such row is no figure."""
    query = Query(TABLE, column, stands)
    found = desk.rows(TABLE, *stands)
    filled = found[column].drop_nulls()
    value = int(filled.sum()) if filled.len() else None
    why = None if filled.len() else ("本类没有行" if found.is_empty() else f"FIN-22 未填{label}")
    return Figure(key, label, unit, value, origin, f"∑{column}", (query,), why=why)


def _cost(
    desk: Desk, key: str, name: str, code: str, reported: Figure, stands: tuple[Term, ...]
) -> Figure:
    """Amount ÷ count over the rows that have both, so that an unfilled count costs nothing."""
    column, title = COSTS[code]
    rows = desk.rows(TABLE, *stands).drop_nulls(["ytd_amt", column])
    amount, count = int(rows["ytd_amt"].sum()), int(rows[column].sum())
    why = None if count > 0 else "没有填数量，不计算单位成本"
    return Figure(
        key,
        f"{name}{title}",
        Unit.FEN,
        None if why else (2 * amount + count) // (2 * count),
        reported.origin,
        f"累计数 ÷ {name}数量（两者都填的行）",
        (*reported.queries, Query(TABLE, column, stands)),
        denominator=column,
        why=why,
    )
