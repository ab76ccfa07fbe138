"""The marts of payees: accounts and names, money that comes back, subsidies."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import polars as pl

from budget_watch.lake import Reader, Writer
from budget_watch.lake.marts.payee_account import build as build_accounts
from budget_watch.lake.marts.payment import CONTRACT as PAYMENT
from budget_watch.lake.marts.slip_return import build as build_slips
from budget_watch.lake.marts.subsidy import build as build_subsidies
from budget_watch.lake.marts.unit_circle import build as build_circles
from tests.lake.made import CITY, COUNTY, SYSTEM, batch, rows, voucher

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
    return made.sort("mof_div_code", "dept_code", "payee_acct_no", "payee_key").to_dicts()


def test_an_account_stands_once_for_each_department_and_name_with_what_it_got() -> None:
    found = accounts(
        {"pay_amt": 500},
        {"pay_amt": 300, "pay_date": date(2026, 6, 1)},
        {"pay_amt": -300, "pay_date": date(2026, 6, 4)},
        {"payee_key": "乙", "payee_acct_name": "乙", "payee_person_shaped": True},
        {"dept_code": "102", "agency_code": "102001"},
        {"agency_code": "101002", "pay_amt": 7},
    )
    assert [
        (row["dept_code"], row["payee_key"], row["paid_amt"], row["paid_count"], row["is_person"])
        for row in found
    ] == [
        ("101", "乙", 100, 1, True),
        ("101", "甲", 507, 3, False),
        ("102", "甲", 100, 1, False),
    ]
    assert (found[1]["first_date"], found[1]["last_date"]) == (DAY, date(2026, 6, 4))


def test_many_payments_are_added_up_in_parts_with_the_same_result(monkeypatch) -> None:
    paid = [{"payee_acct_no": f"A{n % 7}", "pay_amt": n + 1} for n in range(40)]
    whole = accounts(*paid)
    monkeypatch.setattr("budget_watch.lake.marts.payee_account._ROWS_A_PART", 6)
    assert accounts(*paid) == whole


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
    assert (row["differs_count"], row["differs_amt"]) == (1, 700)


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
        {"dept_code": "102", "pay_date": date(2026, 6, 2)},
    )
    assert [
        (row["payee_acct_no"], row["account_first_date"], row["account_first_amt"]) for row in found
    ] == [("A0", date(2024, 1, 2), None), ("A1", DAY, 400), ("A1", DAY, 400)]
    assert {row["region_first_date"] for row in found} == {date(2024, 1, 2)}


def pairs(slips: list[dict[str, Any]], *paid: dict[str, Any]) -> list[dict[str, Any]]:
    plain = {"pay_date": date(2026, 5, 29), "exec_agency": "101001", "paid_amt": 100}
    full = [{"non_tax_pay_code": f"s{n}", **plain, **slip} for n, slip in enumerate(slips)]
    unit = {"agency_code": "101001", "dept_code": "101", "mof_div_code": CITY}
    made = build_slips(
        {
            "nontax_payment": rows("nontax_payment", *full).lazy(),
            "payment": payments(*paid),
            "unit": rows("unit", unit).lazy(),
        }
    )
    return made.collect().sort("non_tax_pay_code", "pay_cert_id").to_dicts()


def test_a_slip_meets_the_payments_to_its_payer_by_account_or_by_name() -> None:
    found = pairs(
        [
            {"payer_acct_no": "A 1", "payer_name": "别名"},
            {"payer_name": "甲（有限责任公司）"},
            {"payer_name": "王伟"},  # persons share names
            {"payer_acct_no": "A1", "refund_flag": True},
            {"payer_acct_no": "A1", "paid_amt": -100},
            {"payer_acct_no": "A1", "mof_div_code": COUNTY},
        ],
        {},
        {"payee_acct_no": "A7", "payee_key": "王伟", "payee_person_shaped": True},
        {"payee_acct_no": "A1", "is_sal": True},
        {"payee_acct_no": "A1", "set_mode_code": "批量代发"},
        {"payee_acct_no": "A1", "pay_amt": -100},
    )
    assert [(row["non_tax_pay_code"], row["pay_cert_id"]) for row in found] == [
        ("s0", "p0"),
        ("s1", "p0"),
    ]
    assert (found[0]["days_after"], found[0]["days_apart"], found[0]["dept_code"]) == (
        17,
        17,
        "101",
    )


def test_a_slip_and_a_payment_may_be_62_days_and_a_fiftieth_apart_either_way() -> None:
    slip = {"payer_acct_no": "A1", "paid_amt": 2_000}
    day = slip_day = date(2026, 5, 29)
    found = pairs(
        [slip],
        {"pay_amt": 2_000, "pay_date": day - timedelta(62)},
        {"pay_amt": 2_000, "pay_date": day - timedelta(63)},
        {"pay_amt": 2_000, "pay_date": day + timedelta(62)},
        {"pay_amt": 2_000, "pay_date": day + timedelta(63)},
        {"pay_amt": 2_040, "pay_date": slip_day},
        {"pay_amt": 2_041, "pay_date": slip_day},
        {"pay_amt": 1_961, "pay_date": slip_day},
        {"pay_amt": 1_960, "pay_date": slip_day},
    )
    assert [(row["pay_cert_id"], row["nearest"]) for row in found] == [
        ("p0", False),
        ("p2", False),
        ("p4", False),
        ("p6", True),  # of the same month the closest amount
    ]


def circles(*paid: dict[str, Any], **more: list[dict[str, Any]]) -> list[tuple[str, str, int]]:
    unit = {"valid_from": date(2020, 1, 1), "mof_div_code": CITY}
    units = [
        {"agency_code": "101001", "agency_name": "教育局", "dept_code": "101"},
        {"agency_code": "102001", "agency_name": "卫生局", "dept_code": "102"},
        {"agency_code": "102", "agency_name": "卫生局", "dept_code": "102"},
    ]
    known = [
        {"acct_no": f"{lead}{code}", "agency_code": code}
        for code in ("101001", "102001")
        for lead in ("61", "62")
    ]
    frames = {
        "payment": payments(
            *({"payer_acct_no": f"61{row.get('agency_code', '101001')}", **row} for row in paid)
        ),
        "unit": rows("unit", *({**unit, **each} for each in units)).lazy(),
        "unit_account": rows("unit_account", *known).lazy(),
        "allocation_voucher": rows("allocation_voucher", *more.get("allocated", [])).lazy(),
        "unit_fund_voucher": rows("unit_fund_voucher", *more.get("own", [])).lazy(),
    }
    made = build_circles(frames).collect().sort("earlier_cert_id", "pay_cert_id")
    return [(row["earlier_cert_id"], row["pay_cert_id"], row["days"]) for row in made.to_dicts()]


OUT = {"payee_acct_no": "62102001", "payee_key": "某户"}
BACK = {"agency_code": "102001", "payee_acct_no": "X", "payee_key": "教育局"}
LATER = date(2026, 5, 22)


def test_money_that_goes_to_a_unit_and_comes_back_is_a_circle() -> None:
    assert circles(OUT, {**BACK, "pay_date": LATER}) == [("p0", "p1", 10)]


def test_a_circle_is_known_by_accounts_alone() -> None:
    out = {"payer_acct_no": "A", "payee_acct_no": "B", "payee_key": "某户"}
    back = {"payer_acct_no": "B", "payee_acct_no": "A", "payee_key": "另户", "pay_date": LATER}
    assert circles(out, {**back, "agency_code": "103001"}) == [("p0", "p1", 10)]


def test_a_circle_may_close_through_the_units_own_funds_and_allocations() -> None:
    own = {"inc_cert_id": "d1", "agency_code": "102001", "dept_code": "102", "pay_date": LATER}
    own |= {"payee_acct_name": "教育局", "pay_amt": 100}
    out = {"pay_alloc_cert_no": "b1", "payer_acct_no": "62101001", "vou_date": DAY, "amt": 100}
    out |= {"payee_acct_no": "62102001"}
    assert circles(OUT, own=[own]) == [("p0", "d1", 10)]
    assert circles(own=[own], allocated=[out]) == [("b1", "d1", 10)]


def test_what_is_no_circle() -> None:
    late = {**BACK, "pay_date": LATER}
    assert circles(OUT, {**BACK, "pay_date": date(2026, 5, 11)}) == [
        ("p1", "p0", 1)
    ]  # round the other
    assert circles(OUT, {**BACK, "pay_date": DAY + timedelta(93)}) == []
    assert circles(OUT, {**late, "pay_amt": 94}) == []
    assert circles(OUT, {**late, "pay_amt": -100}) == []
    assert circles(OUT, {**late, "is_sal": True}) == []
    assert circles({**OUT, "set_mode_code": "批量代发"}, late) == []
    assert circles(OUT, {**late, "agency_code": "103001"}) == []  # another pays it back
    assert circles({**OUT, "payee_acct_no": "62101001"}, late) == []  # to itself
    assert circles({**OUT, "payee_acct_no": "62101001"}) == []


def test_of_a_circle_within_a_day_the_voucher_with_the_smaller_key_is_the_first() -> None:
    assert circles(OUT, BACK) == [("p0", "p1", 0)]


def subsidies(details: list[dict[str, Any]], *paid: dict[str, Any]) -> list[dict[str, Any]]:
    plain = {"pay_cert_id": "p0", "pay_date": DAY, "iden_hash": "h", "pay_amt": 100}
    plain |= {"agency_code": "101001", "pay_month": None, "is_to_peop_enterp": None}
    full = [{"pay_detail_id": f"d{n}", **plain, **detail} for n, detail in enumerate(details)]
    made = build_subsidies(rows("payment_detail", *full).lazy(), payments(*paid))
    return made.collect().sort("pay_detail_id").to_dicts()


def test_a_detail_of_a_person_carries_its_vouchers_project() -> None:
    voucher = {"pro_code": "P1", "dep_bgt_eco_code": "30305", "use_des": "补助"}
    found = subsidies(
        [
            {"payee_acct_no": "6217 1"},
            {"pay_cert_id": "gone"},
            {"iden_hash": None},
            {"iden_hash": None, "is_to_peop_enterp": True, "payee_acct_no": "A"},
            {"iden_hash": None, "is_to_peop_enterp": True},
            {
                "iden_hash": None,
                "is_to_peop_enterp": True,
                "payee_acct_no": "A",
                "unifsoc_cred_code": "91",
            },
            {"pay_cert_id": "p1"},
        ],
        voucher,
        {"is_sal": True},
    )
    assert [
        (row["pay_detail_id"], row["voucher_found"], row["pro_code"], row["voucher_use"])
        for row in found
    ] == [("d0", True, "P1", "补助"), ("d1", False, None, None), ("d3", True, "P1", "补助")]
    assert found[0]["payee_acct_no"] == "62171"


def test_the_month_of_a_subsidy_is_the_one_it_is_for() -> None:
    january = date(2026, 1, 9)
    found = subsidies(
        [
            {"pay_month": None},
            {"pay_month": 4},
            {"pay_month": 12, "pay_date": january},
            {"pay_month": 7, "pay_date": january},
            {"pay_month": 8, "pay_date": january},
            {"pay_month": 1, "pay_date": date(2026, 11, 9)},
        ],
        {},
    )
    assert [(row["for_year"], row["for_month"]) for row in found] == [
        (2026, 5),
        (2026, 4),
        (2025, 12),
        (2026, 7),
        (2025, 8),
        (2026, 1),
    ]


def test_a_detail_whose_voucher_comes_later_gets_its_project_then(home) -> None:
    with Writer.open(home, "test") as writer:
        detail = {
            "pay_detail_id": "d", "pay_cert_id": "V0001", "iden_hash": "h", "pay_date": DAY,
            "fiscal_year": 2026,
        }  # fmt: skip
        details = rows("payment_detail", detail)
        writer.replace("payment_detail", details, batch("payment_detail", "a"))
        writer.publish(DAY)
    before = Reader(home, SYSTEM).scan("subsidy").collect()
    assert before.select("pro_code", "voucher_found").rows() == [(None, False)]
    with Writer.open(home, "test") as writer:
        vouchers = rows("payment_voucher", voucher(1, DAY, pro_code="P1"))
        writer.replace("payment_voucher", vouchers, batch("payment_voucher", "a"))
        writer.publish(LATER)
    after = Reader(home, SYSTEM).scan("subsidy").collect()
    assert after.select("pro_code", "voucher_found").rows() == [("P1", True)]
