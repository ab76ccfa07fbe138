"""转移支付 by hand: what was passed down by a day, and how many days each document took."""

from datetime import date

from budget_watch.views import Desk, Place, Span
from budget_watch.views.transfers import amount, documents, shares
from tests.views.small_city import CITY, EAST, WAN

OWN = Place(CITY, "本级", "示范市")


def told(desk, span):
    return [
        (one.doc, one.amount // WAN, one.counties, one.since, one.days, one.rule)
        for one in documents(desk, span, shares(desk, OWN, span))
    ]


def test_days_count_from_what_the_law_names_and_only_where_a_rule_judges(desk: Desk) -> None:
    assert told(desk, Span(2026, 12)) == [
        ("D5", 6, 1, "批准预算", 224, ""),  # settled by facts: no limit
        ("D1", 50, 2, "批准预算", 40, "ZX03"),  # the later of its two days
        ("D2", 40, 1, "收到上级文件", 19, "ZX05"),
        ("D3", 50, 1, "批准预算", -61, "ZX03"),
        ("D4", 5, 1, "", None, ""),
        ("D6", 7, 1, "收到上级文件", None, "ZX05"),  # the day of receipt was not entered
    ]


def test_a_span_holds_what_was_issued_by_its_end(desk: Desk) -> None:
    assert [row[0] for row in told(desk, Span(2026, 3))] == ["D1", "D3"]
    assert amount(shares(desk, OWN, Span(2026, 9))) == 151 * WAN
    day = Span(2026, 2, date(2026, 2, 27))
    assert amount(shares(desk, OWN, day)) == 80 * WAN  # one county's part of D1 came in March
    assert shares(desk, OWN, Span(2025, 12)) == ()
    assert shares(desk, Place(EAST, "县区", "东城区"), Span(2026, 9)) == ()


def test_without_the_approval_no_days_are_known(desk: Desk, tmp_path) -> None:
    from budget_watch.access import Grant
    from budget_watch.lake import Reader
    from tests.views import small_city

    bare = Desk(
        Reader(small_city.make(tmp_path, without=("procedure_node",)), Grant.operator("test"))
    )
    days = {row[0]: row[4] for row in told(bare, Span(2026, 9))}
    assert days == {"D1": None, "D2": 19, "D3": None, "D4": None, "D5": None}
