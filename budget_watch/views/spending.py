"""Spending as vouchers and indicators tell it: by budget to the day, by department.

支出 = the sum of payment vouchers; 支出进度 = 支出 ÷ 变动预算 (indicators with everything that was
added, taken away or moved until the span's end; design §4). Monthly reports are in `books`.
"""

from __future__ import annotations

from dataclasses import dataclass

from budget_watch.views.books import FUNDS, KEYS
from budget_watch.views.figure import Figure, Origin, Unit, change, points, share
from budget_watch.views.query import Answer, Desk, Query, Term
from budget_watch.views.sources import source_titles
from budget_watch.views.span import Place, Span

VOUCHERS = "支付凭证"
INDICATORS = "指标"


@dataclass(frozen=True)
class Spending:
    """Money paid against money allowed, of one budget, department or kind.

    Attributes:
        initial: 年初预算. approved: 调整预算. current: 变动预算. spent: 支出.
        last_year: 上年同期支出. progress: spent ÷ current. lead: progress − pace.
    """

    key: str
    name: str
    place: Place
    span: Span
    initial: Figure
    approved: Figure
    current: Figure
    spent: Figure
    last_year: Figure
    yoy: Figure
    progress: Figure
    pace: Figure
    lead: Figure


def spending(desk: Desk, place: Place, span: Span, book: str) -> Spending:
    """One budget's spending to the span's end (social insurance is not paid by vouchers)."""
    return measure(desk, place, span, f"{KEYS[book]}.paid", book, _fund(book))


def departments(
    desk: Desk, place: Place, span: Span, book: str = "一般公共预算"
) -> tuple[Spending, ...]:
    """Every department of a place with a 变动预算 above zero, slowest first."""
    found = measures(
        desk, place, span, f"{KEYS[book]}.dept", "dept_code", unit_names(desk), _fund(book)
    )
    known = [each for each in found.values() if each.progress.exact is not None]
    return tuple(sorted(known, key=lambda each: (each.progress.exact or 0, each.key)))


def measure(
    desk: Desk, place: Place, span: Span, key: str, name: str, terms: tuple[Term, ...]
) -> Spending:
    """The figures of any part of the budget that `terms` cut out of both marts."""
    queries = _queries(place, span, terms)
    answers = {short: desk.ask(query) for short, query in queries.items()}
    stood = _stood(desk, queries, span)
    return _assemble(desk.snapshot, place, span, key, name, queries, answers, stood)


def measures(
    desk: Desk,
    place: Place,
    span: Span,
    key: str,
    column: str,
    names: dict[str, str],
    terms: tuple[Term, ...],
) -> dict[str, Spending]:
    """The same figures for every value of a column (dept_code, dep_bgt_eco_code …), in one pass."""
    queries = _queries(place, span, terms)
    answers = {short: desk.by(query, column) for short, query in queries.items()}
    stood = _stood(desk, queries, span)
    none = Answer(None, 0, 0)
    made = {}
    for code in sorted({code for found in answers.values() for code in found}):
        own = {short: query.narrow((column, "=", code)) for short, query in queries.items()}
        made[code] = _assemble(
            desk.snapshot,
            place,
            span,
            f"{key}.{code}",
            names.get(code, code),
            own,
            {short: found.get(code, none) for short, found in answers.items()},
            stood,
        )
    return made


def unit_names(desk: Desk) -> dict[str, str]:
    """Code → name of every unit and department, the latest name where it changed."""
    frame = desk.rows("unit").sort("agency_code", "valid_from")
    return {
        code: name or code for code, name in frame.select("agency_code", "agency_name").iter_rows()
    }


_LABELS = {
    "initial": "年初预算",
    "approved": "调整预算",
    "current": "变动预算",
    "spent": "支出",
    "last_year": "上年同期支出",
}
_WIDE = ("fiscal_year", "month", "eff_date", "pay_date", "mof_div_code", "scope_kind")


def _fund(book: str) -> tuple[Term, ...]:
    return (("fund_type_code", "begins", (FUNDS[book],)),)


def _queries(place: Place, span: Span, terms: tuple[Term, ...]) -> dict[str, Query]:
    stands = (*place.event_terms, *span.terms("eff_date"), *terms)
    return {
        "initial": Query("budget_line", "initial_amt", stands),
        "approved": Query("budget_line", "approved_amt", stands),
        "current": Query("budget_line", "current_amt", stands),
        "spent": Query("payment", "pay_amt", (*place.event_terms, *span.terms("pay_date"), *terms)),
        "last_year": Query(
            "payment", "pay_amt", (*place.event_terms, *span.last_year().terms("pay_date"), *terms)
        ),
    }


def _stood(desk: Desk, queries: dict[str, Query], span: Span) -> dict[str, bool]:
    """Whether no row means “nothing”: the ledger has the month, or the place has rows at all."""
    found = {}
    for short, query in queries.items():
        wide = tuple(t for t in query.where if t[0] in _WIDE)
        year = span.fiscal_year - (short == "last_year")
        found[short] = desk.delivered(query.table, year, span.month) or desk.any_rows(
            query.table, *wide
        )
    return found


def _assemble(
    snapshot: str,
    place: Place,
    span: Span,
    key: str,
    name: str,
    queries: dict[str, Query],
    answers: dict[str, Answer],
    stood: dict[str, bool],
) -> Spending:
    made = {}
    for short, query in queries.items():
        stage = VOUCHERS if query.table == "payment" else INDICATORS
        when = span.last_year().as_of if short == "last_year" else span.as_of
        answer, label = answers[short], name + _LABELS[short]
        value, why = answer.value, None
        if answer.rows == 0:
            value = 0 if stood[short] else None
            why = None if stood[short] else f"缺{source_titles(query)[0]}：{when}"
        elif value is None:
            why = f"{label}有{answer.blanks}行金额未填"
        origin = Origin(place.region, place.scope_kind, stage, when, snapshot)
        made[short] = Figure(
            f"{key}.{short}", label, Unit.FEN, value, origin, f"∑{query.column}", (query,), why=why
        )
    pace = span.pace_figure(made["spent"].origin)
    progress = share(
        f"{key}.progress", name + "支出进度", made["spent"], made["current"], "变动预算"
    )
    return Spending(
        key,
        name,
        place,
        span,
        made["initial"],
        made["approved"],
        made["current"],
        made["spent"],
        made["last_year"],
        change(f"{key}.yoy", name + "支出同比", made["spent"], made["last_year"]),
        progress,
        pace,
        points(f"{key}.lead", name + "支出进度与时间进度之差", progress, pace),
    )
