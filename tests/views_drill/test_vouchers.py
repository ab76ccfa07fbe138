"""Voucher pages: cut by key, summed as a whole, one voucher with its chain."""

import polars as pl

from budget_watch.lake import Reader
from budget_watch.views.cubes import Cube
from budget_watch.views.drill import Place, span_of, total
from budget_watch.views.voucher_chain import get_voucher
from budget_watch.views.vouchers import (
    Filter,
    applications,
    list_vouchers,
    payee_id,
    payees,
)
from tests.views_drill.small_city import AS_OF, WAN, YUAN

NOW = span_of(AS_OF)
EDUCATION = Place(path=(("d", "101"),))


def test_the_list_adds_up_to_the_figure_it_came_from(reader: Reader, cube: Cube) -> None:
    page = list_vouchers(reader, cube, Filter(EDUCATION, NOW))
    figure = total(cube, EDUCATION, NOW)
    assert (page.count, page.total) == (figure.vouchers, figure.spent)


def test_pages_cut_by_key_give_every_voucher_once(reader: Reader, cube: Cube) -> None:
    for sort in ("-date", "date", "-amt", "amt"):
        seen: list[str] = []
        after, firsts = None, []
        while True:
            page = list_vouchers(reader, cube, Filter(EDUCATION, NOW), sort, after, at_once=7)
            seen += page.rows["pay_cert_id"].to_list()
            firsts.append(page.first)
            after = page.after
            if after is None:
                break
        assert len(seen) == len(set(seen)) == 45, sort
        assert firsts == list(range(1, 46, 7)), sort


def test_filters_bound_the_amount_and_the_method(reader: Reader, cube: Cube) -> None:
    card = list_vouchers(reader, cube, Filter(EDUCATION, NOW, method="公务卡"))
    assert (card.count, card.total) == (1, 32_000 * YUAN)
    large = list_vouchers(reader, cube, Filter(EDUCATION, NOW, least=45 * WAN))
    assert large.count == 22


def test_payees_add_up_and_persons_are_masked(reader: Reader, cube: Cube) -> None:
    found = payees(reader, cube, Filter(EDUCATION, NOW))
    assert found["spent"].sum() == total(cube, EDUCATION, NOW).spent
    assert found["payee_acct_name"].to_list() == ["示范建设有限公司", "张**"]
    chosen = EDUCATION.step("y", payee_id("示范建设有限公司", "6222000011112222"))
    assert list_vouchers(reader, cube, Filter(chosen, NOW)).total == 11 * 135 * WAN


def test_applications_of_an_indicator_show_what_was_paid_on_each(reader, cube: Cube) -> None:
    place = Place(path=(("d", "101"), ("u", "101001"), ("p", "P1010011"), ("i", "I20261010011")))
    found = applications(reader, cube, Filter(place, NOW))
    assert found.height == 11
    assert found.select(pl.col("pay_app_amt", "spent").sum()).row(0) == (495 * WAN, 495 * WAN)


def test_a_source_of_funds_cuts_the_list_as_it_cuts_the_cube(reader: Reader, cube: Cube) -> None:
    place = EDUCATION.step("o", "年初预算")
    assert list_vouchers(reader, cube, Filter(place, NOW)).total == total(cube, place, NOW).spent


def test_a_voucher_brings_its_whole_chain(reader: Reader) -> None:
    found = get_voucher(reader, 2026, "V2026021010011")
    assert found is not None
    assert found.application is not None and found.indicator is not None and found.plan is not None
    assert (found.application["pay_app_id"], found.indicator["bgt_id"]) == (
        "S2026021010011",
        "I20261010011",
    )
    assert (found.plan["plan_month"], found.plan["plan_amt"]) == (2, 50 * WAN)
    assert (found.paid, found.changes) == (90 * WAN, 0)
    assert found.details["pay_amt"].to_list() == [45 * WAN]


def test_a_broken_chain_says_which_link_is_missing(reader: Reader) -> None:
    found = get_voucher(reader, 2026, "Vloose")
    assert found is not None
    assert (found.application, found.indicator, found.plan) == (None, None, None)
    assert found.row["payee_acct_name"] == "张**"


def test_an_unknown_voucher_is_not_there(reader: Reader) -> None:
    assert get_voucher(reader, 2026, "nothing") is None
