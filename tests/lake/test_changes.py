"""What a delivery rewrote, dropped or repeated is written down with it, once, however it came."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from budget_watch.access import Grant
from budget_watch.lake import Home, Reader, Writer, changes
from tests.lake.made import batch, rows

DAY, LATER, LAST = date(2026, 9, 12), date(2026, 9, 20), date(2026, 10, 8)
Row = dict[str, object]


def _revenue(code: str, amt: int | None, **more: object) -> Row:
    return {"rev_code": code, "ytd_amt": amt, **more}


def _deliver(
    home: Home, slot: str, day: date, *given: Row, repeated: int = 0, content: str = ""
) -> None:  # fmt: skip
    with Writer.open(home, "test") as writer:
        _replace(writer, slot, day, *given, repeated=repeated, content=content)
        writer.publish(day)


def _replace(
    writer: Writer, slot: str, day: date, *given: Row, repeated: int = 0, content: str = ""
) -> None:
    frame = rows("general_revenue", *given) if given else rows("general_revenue", {}).clear()
    delivery = batch("general_revenue", slot, content=content or f"{slot}{day}", day=day)
    key = ["fiscal_year", "month", "mof_div_code", "scope_kind", "stage", "rev_code"]
    writer.replace("general_revenue", frame, delivery, by=key, repeated=repeated)


def _found(home: Home) -> list[tuple[object, ...]]:
    reader = Reader(home, Grant.system("test"))
    shown = reader.scan("row_change").collect().sort("kind", "row_key", "change_id")
    return shown.select(
        "kind", "corrected", "changed_on", "column_title", "old_amt", "new_amt", "rows"
    ).rows()


@pytest.fixture
def home(tmp_path):
    return Home(tmp_path)


def test_a_first_delivery_and_the_same_again_change_nothing(home: Home) -> None:
    _deliver(home, "m9", DAY, _revenue("10101", 100), _revenue("10104", 50))
    assert _found(home) == []
    _deliver(home, "m9", LATER, _revenue("10104", 50), _revenue("10101", 100))
    assert _found(home) == []


def test_rewritten_and_missing_rows_of_a_slot_are_written_down(home: Home) -> None:
    _deliver(home, "m9", DAY, _revenue("10101", 100), _revenue("10104", 50), _revenue("10106", 7))
    _deliver(home, "m9", LATER, _revenue("10101", 130), _revenue("10104", 50))
    assert _found(home) == [
        ("改写", False, LATER, "累计数", 100, 130, 1),
        ("消失", False, LATER, None, None, None, 1),
    ]


def test_another_slot_may_rewrite_a_row_but_not_miss_one(home: Home) -> None:
    _deliver(home, "m9", DAY, _revenue("10101", 100), _revenue("10104", 50))
    _deliver(home, "patch", LATER, _revenue("10101", None))
    assert _found(home) == [("改写", False, LATER, "累计数", 100, None, 1)]


def test_what_is_marked_as_a_correction_is_kept_as_corrected_and_settles_the_slot(
    home: Home,
) -> None:
    _deliver(home, "m9", DAY, _revenue("10101", 100), _revenue("10104", 50))
    _deliver(home, "m9", LATER, _revenue("10101", 130))
    assert [(kind, corrected) for kind, corrected, *_ in _found(home)] == [
        ("改写", False), ("消失", False),
    ]  # fmt: skip
    _deliver(home, "m9", LAST, _revenue("10101", 131, data_status="更正"))
    assert _found(home) == [("改写", True, LAST, "累计数", 130, 131, 1)]


def test_a_repeated_key_stands_until_the_slot_comes_again(home: Home) -> None:
    _deliver(home, "m9", DAY, _revenue("10101", 100), repeated=2)
    assert _found(home) == [("重复", False, DAY, None, None, None, 2)]
    _deliver(home, "m9", LATER, _revenue("10101", 100))
    assert _found(home) == []


def test_an_empty_delivery_leaves_its_rows_missing(home: Home) -> None:
    _deliver(home, "m9", DAY, _revenue("10101", 100))
    _deliver(home, "m9", LATER)
    assert _found(home) == [("消失", False, LATER, None, None, None, 1)]


def test_publishing_together_or_apart_makes_no_difference(tmp_path) -> None:
    first = (_revenue("10101", 100), _revenue("10104", 50))
    second = (_revenue("10101", 130),)
    apart, together = Home(tmp_path / "apart"), Home(tmp_path / "together")
    _deliver(apart, "m9", DAY, *first)
    _deliver(apart, "m9", LATER, *second)
    with Writer.open(together, "test") as writer:
        _replace(writer, "m9", DAY, *first)
        _replace(writer, "m9", LATER, *second)
        writer.publish(LATER)
    assert _found(apart) == _found(together) != []


def test_what_was_not_published_was_not_written_down(home: Home) -> None:
    _deliver(home, "m9", DAY, _revenue("10101", 100))
    with Writer.open(home, "test") as writer:
        _replace(writer, "m9", LATER, _revenue("10101", 130))
    assert _found(home) == []
    _deliver(home, "m9", LATER, _revenue("10101", 130))
    assert len(_found(home)) == 1


def test_of_very_many_changes_the_first_are_listed_with_the_whole_number(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changes, "SHOWN", 3)
    codes = [f"101{number:02}" for number in range(1, 8)]
    _deliver(home, "m9", DAY, *(_revenue(code, 1) for code in codes))
    _deliver(home, "m9", LATER, *(_revenue(code, 2) for code in codes))
    found = _found(home)
    assert len(found) == 3
    assert {row[-1] for row in found} == {7}


def test_a_change_shows_key_and_values_but_no_person(home: Home) -> None:
    one = {"pay_cert_id": "a", "payee_acct_name": "张三", "pay_amt": -1_234_505}
    for day, name, amount in ((DAY, "张三", -1_234_505), (LATER, "李四", -1_234_505)):
        with Writer.open(home, "test") as writer:
            frame = rows("payment_voucher", one | {"payee_acct_name": name, "pay_amt": amount})
            delivery = batch("payment_voucher", "d", content=name, day=day)
            writer.replace("payment_voucher", frame, delivery, by=["pay_cert_id"])
            writer.publish(day)
    reader = Reader(home, Grant.system("test"))
    row = reader.scan("row_change").collect().row(0, named=True)
    assert (row["kind"], row["column_title"]) == ("改写", "收款人户名")
    assert (row["old_value"], row["new_value"], row["old_amt"]) == (None, None, None)
    assert (row["slot"], row["row_key"]) == ("payment_voucher/d", "a")


def test_money_is_shown_in_yuan() -> None:
    fen = pl.DataFrame({"fen": [1_234_505, -5, None, 0]})
    assert fen.select(changes._yuan(pl.col("fen"))).to_series().to_list() == [
        "12345.05元", "-0.05元", None, "0.00元",
    ]  # fmt: skip
