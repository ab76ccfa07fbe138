"""The marts of payees: accounts and names, money that comes back, subsidies."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl

from budget_watch.lake.marts.payee_account import build as build_accounts
from budget_watch.lake.marts.payment import CONTRACT as PAYMENT
from tests.lake.made import CITY, COUNTY

DAY = date(2026, 5, 12)
TYPES = {
    "str": pl.String,
    "money": pl.Int64,
    "int": pl.Int64,
    "date": pl.Date,
    "bool": pl.Boolean,
}


def payments(*records: dict[str, Any]) -> pl.LazyFrame:
    """Rows of the mart payment; what is not said is an ordinary transfer to 甲 on A1."""
    plain = {
        "fiscal_year": 2026,
        "mof_div_code": CITY,
        "dept_code": "101",
        "agency_code": "101001",
        "pay_date": DAY,
        "pay_amt": 100,
        "payee_acct_no": "A1",
        "payee_key": "甲",
        "payee_acct_name": "甲有限公司",
        "payee_is_person": False,
        "payee_person_shaped": False,
        "payee_differs": False,
        "set_mode_code": "转账",
        "is_sal": False,
    }
    schema = {column.name: TYPES[column.type] for column in PAYMENT.columns}
    full = [
        {**dict.fromkeys(schema), "pay_cert_id": f"p{n}", **plain, **record}
        for n, record in enumerate(records)
    ]
    return pl.LazyFrame(full, schema=schema, orient="row")


def accounts(*records: dict[str, Any]) -> list[dict[str, Any]]:
    made = build_accounts({"payment": payments(*records)}).collect()
    return made.sort("mof_div_code", "agency_code", "payee_acct_no", "payee_key").to_dicts()


def test_an_account_stands_once_for_each_unit_and_name_with_what_it_got() -> None:
    found = accounts(
        {"pay_amt": 500},
        {"pay_amt": 300, "pay_date": date(2026, 6, 1)},
        {"pay_amt": -300, "pay_date": date(2026, 6, 4)},
        {"payee_key": "乙", "payee_acct_name": "乙", "payee_person_shaped": True},
        {"agency_code": "101002"},
    )
    assert [
        (row["agency_code"], row["payee_key"], row["paid_amt"], row["paid_count"], row["is_person"])
        for row in found
    ] == [
        ("101001", "乙", 100, 1, True),
        ("101001", "甲", 500, 2, False),
        ("101002", "甲", 100, 1, False),
    ]
    assert (found[1]["first_date"], found[1]["last_date"]) == (DAY, date(2026, 6, 4))


def test_wages_batches_cards_and_the_nameless_stay_out() -> None:
    assert (
        accounts(
            {"is_sal": True},
            {"set_mode_code": "批量代发"},
            {"set_mode_code": "公务卡"},
            {"payee_key": None},
            {"payee_acct_no": None},
        )
        == []
    )
    assert len(accounts({"is_sal": None, "set_mode_code": None})) == 1


def test_another_actual_payee_is_counted_but_not_when_the_money_comes_back() -> None:
    (row,) = accounts(
        {"payee_differs": True, "xpayee_acct_name": "丙", "pay_amt": 700},
        {"payee_differs": True, "xpayee_acct_name": "丙", "pay_amt": -700},
        {"pay_amt": 1},
    )
    assert (row["differs_count"], row["differs_amt"], row["differs_name"]) == (1, 700, "丙")


def test_accounts_of_a_name_are_counted_in_a_region_and_the_first_is_marked() -> None:
    found = accounts(
        {"payee_acct_no": "A2", "pay_date": date(2026, 1, 5)},
        {"payee_acct_no": "A1"},
        {"payee_acct_no": "A3", "pay_amt": 50},
        {"payee_acct_no": "A3", "pay_amt": -50},
        {"payee_acct_no": "A1", "mof_div_code": COUNTY},
    )
    assert [
        (row["mof_div_code"], row["payee_acct_no"], row["accounts_of_name"], row["first_of_name"])
        for row in found
    ] == [
        (CITY, "A1", 2, False),
        (CITY, "A2", 2, True),
        (CITY, "A3", 2, False),
        (COUNTY, "A1", 1, True),
    ]


def test_the_first_day_of_an_account_and_its_largest_payment_without_a_contract() -> None:
    found = accounts(
        {"payee_acct_no": "A0", "pay_date": date(2024, 1, 2), "contract_no": "H"},
        {"pay_amt": 300},
        {"pay_amt": 900, "contract_no": "H1"},
        {"pay_amt": 400, "contract_no": ""},
        {"pay_amt": 8_000, "pay_date": date(2026, 6, 1)},
        {"agency_code": "101002", "pay_date": date(2026, 6, 2)},
    )
    assert [
        (row["payee_acct_no"], row["account_first_date"], row["account_first_amt"]) for row in found
    ] == [("A0", date(2024, 1, 2), None), ("A1", DAY, 400), ("A1", DAY, 400)]
    assert {row["region_first_date"] for row in found} == {date(2024, 1, 2)}
