"""What 三公经费 bought, by hand: the report's own figures, never mixed with the vouchers'."""

from pathlib import Path

from budget_watch.access import Grant
from budget_watch.lake import Reader
from budget_watch.views import Desk, Place, Span
from budget_watch.views.three_public_counts import three_public_counts
from tests.views import small_city
from tests.views.small_city import CITY, EAST, WAN

OWN = Place(CITY, "本级", "示范市")


def told(counted):
    return {
        each.code: (
            each.reported.value,
            each.paid.value,
            each.gap.value,
            [of.value for of in each.counts],
            each.cost.value,
        )
        for each in counted
    }


def test_counts_amounts_and_unit_costs_of_the_last_month_reported(desk: Desk) -> None:
    counted = three_public_counts(desk, OWN, Span(2026, 10))
    assert counted[0].reported.origin.as_of == "2026年1—9月"
    assert told(counted) == {
        "30212": (2 * WAN, 0, 2 * WAN, [2, None], None),
        "30217": (5 * WAN, 5 * WAN, 0, [10, 70], 71_429),  # 50 000 元 ÷ 70 = 714.2857…
        "30231": (20 * WAN, 21 * WAN, -1 * WAN, [3, 4], 6_666_667),
        "31013": (None, 0, None, [None], None),
        "30913": (None, 0, None, [None], None),
    }
    whys = {each.code: (each.counts[-1].why, each.cost.why) for each in counted}
    assert whys["30212"] == (
        "FIN-22 未填因公出国（境）费用人次",
        "没有填数量，不计算单位成本",
    )
    assert whys["31013"] == ("本类没有行", "没有填数量，不计算单位成本")


def test_the_month_is_the_spans_and_the_place_is_its_own(desk: Desk) -> None:
    june = told(three_public_counts(desk, OWN, Span(2026, 8)))
    assert june["30217"] == (2 * WAN, 3 * WAN, -1 * WAN, [10, 70], 28_571)  # vouchers to June
    whole = three_public_counts(desk, Place(CITY, "全市", "示范市"), Span(2026, 9))
    assert told(whole)["30231"][3] == [3, 4]
    assert three_public_counts(desk, Place(EAST, "县区", "东城区"), Span(2026, 9)) == ()
    assert three_public_counts(desk, OWN, Span(2025, 9)) == ()


def test_nothing_reported_is_nothing_counted(tmp_path: Path) -> None:
    bare = small_city.make(tmp_path, without=("three_public",))
    desk = Desk(Reader(bare, Grant.operator("test")))
    assert three_public_counts(desk, OWN, Span(2026, 9)) == ()
