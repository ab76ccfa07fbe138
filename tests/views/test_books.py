from __future__ import annotations

from dataclasses import replace
from datetime import date
from fractions import Fraction

import pytest

from budget_watch.views import Desk, Figure, Place, Span
from budget_watch.views.books import Side, books, side
from tests.views.small_city import CITY, WAN

OWN = Place(CITY, "本级", "示范市")
WHOLE = Place(CITY, "全市", "示范市")
SPAN = Span(2026, 9)


def wan(figure: Figure) -> int | None:
    return None if figure.value is None else figure.value // WAN


def test_revenue_leaves_out_transfers_and_counts_no_child_twice(desk: Desk) -> None:
    made = side(desk, OWN, SPAN, "一般公共预算", "收入")
    assert [wan(f) for f in (made.budget, made.ytd, made.last_year, made.growth)] == [
        1000,
        750,
        730,
        20,
    ]
    assert (made.yoy.exact, made.progress.exact) == (Fraction(2, 73), Fraction(3, 4))
    assert [(i.code, wan(i.ytd)) for i in made.items] == [("101", 600), ("103", 150)]


def test_expenditure_leaves_out_transfers_down(desk: Desk) -> None:
    made = side(desk, OWN, SPAN, "一般公共预算", "支出")
    assert [wan(f) for f in (made.budget, made.ytd, made.last_year)] == [1600, 900, 960]
    assert made.lead.exact == Fraction(900, 1600) - Fraction(3, 4)


def test_items_add_up_to_their_side(desk: Desk) -> None:
    for book in books(desk, OWN, SPAN)[:2]:
        for part in (book.revenue, book.expenditure):
            assert sum(i.ytd.value or 0 for i in part.items) == part.ytd.value
            pulls = sum((i.pull.exact or Fraction(0) for i in part.items), Fraction(0))
            assert pulls == part.yoy.exact


def test_what_pulls_up_and_down_is_told_apart(desk: Desk) -> None:
    made = side(desk, OWN, SPAN, "一般公共预算", "支出")
    assert [i.code for i in made.movers(up=True)] == []
    assert [i.code for i in made.movers(up=False)] == ["205", "208"]


def test_scope_kinds_are_never_mixed(desk: Desk) -> None:
    made = side(desk, WHOLE, SPAN, "一般公共预算", "收入")
    assert wan(made.ytd) == 1050
    assert {f.origin.scope_kind for f in made.figures} == {"全市"}


def test_social_insurance_compares_with_last_years_own_report(desk: Desk) -> None:
    made = side(desk, WHOLE, SPAN, "社会保险基金", "收入")
    assert (wan(made.ytd), wan(made.last_year), made.yoy.exact) == (33, 30, Fraction(1, 10))
    assert {(i.name, wan(i.ytd)) for i in made.items} == {("失业", 11), ("工伤", 22)}
    assert made.adjusted.inapplicable


def test_what_was_not_delivered_is_named_and_not_zero(desk: Desk) -> None:
    made = side(desk, WHOLE, SPAN, "国有资本经营", "支出")
    assert (made.ytd.value, made.ytd.why) == (
        None,
        "缺FIN-05 国有资本经营预算收支执行表（2026年1—9月支出）：全市",
    )
    assert made.yoy.why == made.ytd.why


def test_a_closed_month_without_rows_is_not_answered_by_an_earlier_one(desk: Desk) -> None:
    assert side(desk, OWN, Span(2026, 8), "一般公共预算", "收入").ytd.value is None


def test_a_day_inside_a_month_is_answered_by_the_last_reported_month(desk: Desk) -> None:
    made = side(desk, OWN, Span.to_day(date(2026, 11, 20)), "一般公共预算", "收入")
    assert (wan(made.ytd), made.ytd.origin.as_of) == (750, "2026年1—9月")
    assert made.pace.exact == Fraction(3, 4)


@pytest.mark.parametrize("name", ["收入", "支出"])
def test_a_place_without_rows_has_reasons_everywhere(desk: Desk, name: str) -> None:
    nowhere = replace(OWN, region="990199000")
    made: Side = side(desk, nowhere, SPAN, "一般公共预算", name)
    assert all(f.why for f in made.figures if f is not made.pace)
    assert made.items == ()
