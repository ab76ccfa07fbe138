"""社保基金 by hand: added from January, twelve months for the months payable, blanks no zeros."""

from fractions import Fraction

from budget_watch.views import Desk, Span
from budget_watch.views.social import pools
from tests.views.small_city import CITY, EAST, WAN


def found(desk, span):
    return {(one.region, one.kind): one for one in pools(desk, span)}


def test_flows_are_added_and_months_payable_need_twelve(desk: Desk) -> None:
    idle = found(desk, Span(2026, 10))[CITY, "失业"]
    assert (idle.year, idle.month) == (2026, 9)
    assert (idle.income, idle.expense, idle.surplus) == (
        1350 * WAN // 100,
        18 * WAN,
        -450 * WAN // 100,
    )
    assert (idle.year_expense, idle.payable) == (24 * WAN, 25)
    assert (idle.due, idle.arrived, idle.aside) == (None, None, "")
    assert [one.month for one in idle.months] == [*range(1, 13), *range(1, 10)]
    first = found(desk, Span(2025, 8))[CITY, "失业"]
    assert (first.expense, first.year_expense, first.payable) == (16 * WAN, None, None)


def test_a_missing_month_leaves_the_sums_unknown(desk: Desk) -> None:
    injury = found(desk, Span(2026, 9))[CITY, "工伤"]
    assert (injury.income, injury.expense, injury.why) == (None, None, "年初以来有缺月")
    assert injury.payable is None
    assert found(desk, Span(2026, 3))[CITY, "工伤"].income == 30 * WAN // 100


def test_pools_of_the_province_are_shown_and_not_judged(desk: Desk) -> None:
    pension = found(desk, Span(2026, 9))[CITY, "企业职工基本养老"]
    assert pension.aside == "省级统筹，本级收支和结余没有可比性"
    assert pension.income == 81 * WAN


def test_subsidies_due_and_paid(desk: Desk) -> None:
    east = found(desk, Span(2026, 9))[EAST, "城乡居民基本养老"]
    assert (east.due, east.paid, east.arrived) == (9 * WAN, 6 * WAN, Fraction(2, 3))
    assert east.support == 9 * WAN
