"""Filters of document numbers and copies by payee: rows are the same with them and without."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from budget_watch.access import Depth, Grant, Mask, Scope
from budget_watch.lake import Home, Reader, Snapshot, Writer, bloom, by_payee
from budget_watch.lake import layout as layouts
from tests.lake.made import CITY, COUNTY, batch, rows, voucher

DAY = date(2026, 9, 30)
ACCOUNTS = ("8800111122", "8800111123", "6222000012345678")
NAMES = ("示范商贸有限公司", "平川建材厂", "王小明")
GRANTS = {
    "whole": Grant.system("test"),
    "city": Grant("u", "test", Scope(regions=frozenset({CITY}))),
    "one department": Grant("u", "test", Scope(departments=frozenset({"102"}))),
    "persons hidden": Grant("u", "test", mask=Mask.PERSONS),
    "sums by project": Grant("u", "test", depth=Depth.PROJECT),
}


@pytest.fixture
def home(home: Home, monkeypatch: pytest.MonkeyPatch) -> Home:
    """Eighty payments of two months, in row groups of seven rows and three."""
    monkeypatch.setattr(layouts, "CLUSTERED_TABLE_ROWS", 7)
    monkeypatch.setattr(layouts, "CLUSTERED_MART_ROWS", 3)
    with Writer.open(home, "test") as writer:
        made = [_voucher(number) for number in range(80)]
        writer.replace("payment_voucher", rows("payment_voucher", *made), _batch("a"))
        units = [
            {"agency_code": f"{d}001", "dept_code": d, "valid_from": date(2020, 1, 1)}
            for d in ("101", "102")
        ]
        writer.replace("unit", rows("unit", *units), batch("unit", "a"))
        writer.publish(DAY)
    return home


def _voucher(number: int) -> dict[str, Any]:
    who, dept = number % 3, ("101", "102")[number % 2]
    return voucher(
        number,
        date(2026, 8 + number % 2, 1 + number % 28),
        100 + number,
        dept_code=dept,
        agency_code=f"{dept}001",
        mof_div_code=COUNTY if number % 5 == 0 else CITY,
        payee_acct_no=ACCOUNTS[who],
        payee_acct_name=NAMES[who],
        bgt_id=None if number % 7 == 0 else f"ZB{number // 9}",
    )


def _batch(name: str) -> Any:
    return batch("payment_voucher", name)


def _built(home: Home) -> Snapshot:
    snapshot = Snapshot.latest(home)
    assert snapshot is not None
    bloom.build(home, snapshot)
    by_payee.build(home, snapshot)
    return snapshot


def _found(reader: Reader, table: str, column: str, value: str, near: bool) -> pl.DataFrame:
    key = (column, value) if near else None
    found = reader.scan(table, 2026, key).filter(pl.col(column) == value).collect()
    return found.sort(found.columns)


@pytest.mark.parametrize("grant", GRANTS.values(), ids=GRANTS)
@pytest.mark.parametrize(
    ("table", "column", "values"),
    [
        ("payment_voucher", "pay_cert_id", [f"V{n:04}" for n in range(82)]),
        ("payment", "pay_cert_id", [f"V{n:04}" for n in range(82)]),
        ("payment", "bgt_id", [f"ZB{n}" for n in range(11)]),
    ],
)
def test_the_same_rows_are_found_with_filters_and_without(
    home: Home, table: str, column: str, values: list[str], grant: Grant
) -> None:
    _built(home)
    reader = Reader(home, grant)
    for value in values:
        near = _found(reader, table, column, value, near=True)
        assert_frame_equal(near, _found(reader, table, column, value, near=False))


def test_row_groups_without_the_number_are_left_out(home: Home) -> None:
    snapshot = _built(home)
    paths = snapshot.files("payment")
    groups = sum(bloom._filter(path, "pay_cert_id").shape[0] for path in paths)
    read = [
        piece
        for number in range(80)
        for piece in bloom.pieces(home, "payment", paths, "pay_cert_id", f"V{number:04}")
    ]
    assert groups == 2 * 14
    assert 80 <= len(read) < 80 * 2  # the one that holds it, and hardly another
    assert bloom.pieces(home, "payment", paths, "bgt_id", "ZB99") == []


def test_a_blank_is_no_number(home: Home) -> None:
    _built(home)
    rows = Reader(home, GRANTS["whole"]).scan("payment", 2026, ("bgt_id", ""))
    assert rows.filter(pl.col("bgt_id") == "").collect().height == 0


@pytest.mark.parametrize("content", [b"", b"no array"])
def test_a_filter_that_cannot_be_read_costs_time_and_nothing_else(
    home: Home, content: bytes
) -> None:
    _built(home)
    whole = Reader(home, GRANTS["whole"])
    expected = _found(whole, "payment", "bgt_id", "ZB3", near=False)
    for place in (home.cache / "bloom" / "payment").iterdir():
        place.write_bytes(content)
    bloom._opened.cache_clear()
    assert expected.height == 7
    assert_frame_equal(_found(whole, "payment", "bgt_id", "ZB3", near=True), expected)


@pytest.mark.parametrize("built", [True, False], ids=["copies", "no copies"])
@pytest.mark.parametrize("grant", GRANTS.values(), ids=GRANTS)
def test_payments_to_an_account_are_the_same_from_copies(
    home: Home, grant: Grant, built: bool
) -> None:
    if built:
        _built(home)
    reader = Reader(home, grant)
    order = ["pay_cert_id", "pay_date"]
    for account in (*ACCOUNTS, "none"):
        expected = reader.scan("payment").filter(pl.col("payee_acct_no") == account)
        found = reader.paid_to(account, [2026, 2025]).filter(pl.col("payee_acct_no") == account)
        assert_frame_equal(
            found.collect().sort(order), expected.select(by_payee.COLUMNS).collect().sort(order)
        )


@pytest.mark.parametrize("name", ["persons hidden", "sums by project"])
def test_who_is_not_shown_an_account_is_shown_no_payment_to_it(home: Home, name: str) -> None:
    _built(home)
    account = ACCOUNTS[2]  # a person's
    assert Reader(home, GRANTS["whole"]).paid_to(account, [2026]).collect().height == 26
    assert Reader(home, GRANTS[name]).paid_to(account, [2026]).collect().height == 0


def test_a_number_that_is_not_shown_narrows_nothing(home: Home) -> None:
    _built(home)
    sums = Reader(home, GRANTS["sums by project"])
    near = sums.scan("payment", 2026, ("pay_cert_id", "V0007")).collect()
    assert_frame_equal(near, sums.scan("payment", 2026).collect(), check_row_order=False)


def test_copies_of_other_columns_are_not_read(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    snapshot = _built(home)
    paths = snapshot.files("payment")
    assert [Path(each).parent.name for each in by_payee.copies(home, paths)] == ["by_payee"] * 2
    monkeypatch.setattr(by_payee, "_FORM", "another")
    assert by_payee.copies(home, paths) == paths
    by_payee.build(home, snapshot)
    assert len(list((home.cache / "by_payee").iterdir())) == 2, "those of before are gone"


def test_a_new_snapshot_brings_its_own_and_lets_the_old_go(home: Home) -> None:
    _built(home)
    old = _beside(home)
    with Writer.open(home, "test") as writer:
        made = [_voucher(number) for number in range(40)]
        again = replace(_batch("a"), source_hash="again")
        writer.replace("payment_voucher", rows("payment_voucher", *made), again)
        writer.publish(DAY)
    whole = Reader(home, GRANTS["whole"])
    expected = _found(whole, "payment", "bgt_id", "ZB4", near=False)
    assert expected.height == 4
    assert_frame_equal(_found(whole, "payment", "bgt_id", "ZB4", near=True), expected)
    snapshot = _built(home)
    assert_frame_equal(_found(whole, "payment", "bgt_id", "ZB4", near=True), expected)
    now = {Path(path).stem for name in snapshot.tables for path in snapshot.files(name)}
    assert old.isdisjoint(_beside(home))
    assert {name.partition(".")[0] for name in _beside(home)} <= now


def _beside(home: Home) -> set[str]:
    return {
        place.name
        for folder in ("bloom/payment", "bloom/payment_voucher", "by_payee")
        for place in (home.cache / folder).iterdir()
    }
