"""What came back, and what made good for it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from budget_watch.lake.marts import returned_payment
from tests.lake.made import rows, voucher

DAY = date(2026, 5, 11)
Paid = tuple[int, int, dict[str, Any]]


def returns(*payments: Paid) -> list[tuple[str, str | None, str | None]]:
    """(return, what came back, what made good) of payments by day, fen and more."""
    given = [
        voucher(n, DAY + timedelta(on), fen, **more) for n, (on, fen, more) in enumerate(payments)
    ]
    frame = rows("payment_voucher", *given).lazy()
    made = returned_payment.build({"payment": frame}).collect().sort("pay_cert_id")
    columns = ("pay_cert_id", "origin_cert_id", "again_cert_id")
    return [tuple(row[name] for name in columns) for row in made.to_dicts()]


def paid(on: int, fen: int = 100, **more: Any) -> Paid:
    return on, fen, {"pro_code": "P1"} | more


def test_a_later_payment_of_the_amount_makes_good() -> None:
    back = paid(2, -100, pay_app_id="A0000")
    assert returns(paid(0), back, paid(5, payee_acct_no="other")) == [("V0001", "V0000", "V0002")]
    assert returns(paid(0), back) == [("V0001", "V0000", None)]
    assert returns(paid(0), back, paid(5, pay_app_id="A0000")) == [("V0001", "V0000", "V0002")]


def test_what_was_paid_before_makes_good_for_nothing() -> None:
    back = paid(3, -100, pay_app_id=None)
    assert returns(paid(0), paid(1), paid(2), back) == [("V0003", None, None)]
    assert returns(paid(0), paid(1), back, paid(4)) == [("V0002", None, "V0003")]


def test_on_one_day_the_payment_that_came_back_is_told_by_its_application() -> None:
    back = paid(0, -100, pay_app_id="A0000")
    assert returns(paid(0), back) == [("V0001", "V0000", None)]
    assert returns(paid(0), back, paid(0)) == [("V0001", "V0000", "V0002")]


def test_one_payment_makes_good_for_one_return_the_earliest() -> None:
    back = [paid(on, -100, pay_app_id=None) for on in (1, 2)]
    assert returns(*back, paid(3)) == [("V0000", None, "V0002"), ("V0001", None, None)]
    assert returns(back[0], paid(3), paid(4, -100, pay_app_id=None), paid(9)) == [
        ("V0000", None, "V0001"),
        ("V0002", None, "V0003"),
    ]
    assert returns(*[paid(on, -100, pay_app_id=None) for on in (1, 2)], paid(3), paid(4)) == [
        ("V0000", None, "V0002"),
        ("V0001", None, "V0003"),
    ]


def test_other_units_projects_amounts_and_ways_do_not_count() -> None:
    back = paid(1, -100, pay_app_id=None)
    others = [
        paid(2, 101),
        paid(2, pro_code="P2"),
        paid(2, agency_code="101002"),
        paid(2, mof_div_code="990102000"),
        paid(2, is_sal=True),
        paid(2, set_mode_code="批量代发"),
        paid(2, set_mode_code="公务卡"),
    ]
    assert returns(back, *others) == [("V0000", None, None)]


def test_returns_of_wages_and_cards_and_nothing_are_left_out() -> None:
    ways = [{"set_mode_code": way} for way in ("批量代发", "公务卡", "现金", "提现")]
    assert returns(*[paid(1, -100, **way) for way in [*ways, {"is_sal": True}]], paid(1, 0)) == []
