"""预算草案 by hand: 科目 and departments beside the year before, and what a version changed."""

from __future__ import annotations

import pytest

from budget_watch.access import Grant
from budget_watch.lake import Home, Reader
from budget_watch.views import Desk, Place
from budget_watch.views import draft_budget as budgets
from budget_watch.views.draft_budget import Row
from budget_watch.views.draft_departments import Moved, disclosed, divided, moved, plan
from tests.views import review_city
from tests.views.small_city import CITY, WAN

OWN = Place(CITY, "本级", "示范市")
LISTED = frozenset(("before", "done"))


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return review_city.make(tmp_path_factory.mktemp("draft"), judged=False)


@pytest.fixture(scope="module")
def desk(city: Home) -> Desk:
    return Desk(Reader(city, Grant.operator("test")))


def row(code: str, name: str, before: int, done: int, now: int) -> Row:
    return Row(code, name, before * WAN, done * WAN, now * WAN)


def test_a_draft_stands_beside_what_was_approved_and_what_was_done(desk: Desk) -> None:
    nothing, out = budgets.sheets(desk, OWN, 2026, "一般公共预算")
    assert (nothing.plan, nothing.total, nothing.parts) == (
        "", Row("", "合计", None, None, None), (),
    )  # fmt: skip
    assert (out.plan, out.before, out.done) == ("草案", "批准", "决算批准")
    assert out.total == row("", "合计", 1620, 2080, 1710)
    assert out.below() == (
        row("205", "教育支出", 1000, 1500, 1100),
        row("208", "社会保障和就业支出", 600, 580, 600),
        row("227", "预备费", 20, 0, 10),
    )
    # last year's tables came without this 科目: no amount, and no gap
    assert out.below("205") == (Row("20502", "普通教育", None, None, 1100 * WAN, LISTED),)
    assert out.below("20502") == ()
    assert [each.change for each in out.below()] == [100 * WAN, 0, -10 * WAN]
    assert budgets.years(desk, OWN) == (2026, 2025)  # of 2025 only disclosed budgets


def test_only_what_was_delivered_of_a_stage_has_a_sum(desk: Desk) -> None:
    told = {
        name: {stage: each.now for stage, each in own.items()}
        for name, own in budgets.stages_of(desk, OWN, 2026).items()
    }
    assert told.pop("一般公共预算支出") == {"草案": 1710 * WAN}
    assert set(told) == {f"{book}{side}" for book in budgets.BOOKS for side in ("收入", "支出")} - {
        "一般公共预算支出"
    }
    assert not any(told.values())


def test_departments_have_last_years_budget_and_payments(desk: Desk) -> None:
    shown = plan(desk, OWN, 2026)
    assert (shown.version, shown.versions, shown.before, shown.paid) == (
        "草案", ("初步方案", "草案"), "批复", True,
    )  # fmt: skip
    assert shown.total == row("", "合计", 900, 544, 1050)
    assert divided(desk, OWN, shown, "d") == (
        row("101", "101", 500, 406, 620),
        row("102", "102", 400, 138, 430),
    )
    own = plan(desk, OWN, 2026, department="102")
    assert own.total == row("", "合计", 400, 138, 430)
    assert divided(desk, OWN, own, "p", "102") == (
        row("PI2", "PI2", 400, 120, 400),
        row("P9", "P9", 0, 0, 30),
        row("PI4", "PI4", 0, 18, 0),
    )
    assert divided(desk, OWN, own, "u", "102") == (row("102001", "102001", 400, 138, 430),)
    assert divided(desk, OWN, own, "c", "102") == (row("205", "205", 400, 138, 430),)
    economic = divided(desk, OWN, own, "e", "102")
    assert {each.code: (each.now, each.done) for each in economic} == {
        "302": (430 * WAN, 18 * WAN),
        "310": (0, 120 * WAN),
    }


def test_versions_are_compared_project_by_project(desk: Desk) -> None:
    assert moved(desk, OWN, 2026) == (
        Moved("102", 400 * WAN, 430 * WAN, added=1, dropped=0, changed=0),
        Moved("101", 600 * WAN, 620 * WAN, added=0, dropped=0, changed=1),
    )
    back = moved(desk, OWN, 2026, "102", ("草案", "初步方案"))
    assert back == (Moved("102", 430 * WAN, 400 * WAN, added=0, dropped=1, changed=0),)
    assert plan(desk, OWN, 2026, "初步方案").total.now == 1000 * WAN


def test_what_was_not_delivered_is_not_zero(tmp_path) -> None:
    bare = review_city.make(tmp_path, without=("payment_voucher",), judged=False)
    desk = Desk(Reader(bare, Grant.operator("test")))
    shown = plan(desk, OWN, 2026)
    assert (shown.paid, shown.total) == (False, Row("", "合计", 900 * WAN, None, 1050 * WAN))
    gone = plan(desk, OWN, 2024)
    assert (gone.version, gone.total) == ("", Row("", "合计", None, None, None))


def test_disclosed_budgets_stand_by_department_with_the_year_before(desk: Desk) -> None:
    assert disclosed(desk, OWN, 2026) == (
        "批准",
        (
            Row("101", "示范市某局", 700 * WAN, None, 720 * WAN),
            Row("102", "示范市某局", None, None, 90 * WAN),
        ),
    )
    assert disclosed(desk, OWN, 2024) == ("", ())
    assert disclosed(desk, OWN, 2025)[1] == (Row("101", "示范市某局", None, None, 700 * WAN),)
