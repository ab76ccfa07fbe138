"""What was collected beside what was booked: names of fees and funds brought together."""

from __future__ import annotations

import polars as pl

from budget_watch.lake.marts import social_receipt
from budget_watch.tables import contracts, polars_schema

CITY, COUNTY = "990100000", "990102000"


def _made(
    fees: list[tuple[str, str, int | None]], funds: list[tuple[str, str, int | None]], **more: str
) -> list[tuple[object, ...]]:
    """(region, insurance, collected, received), for fees and funds of (region, name, amount)."""
    when = {"fiscal_year": 2026, "month": 9, "round_fen": 1, "data_status": "正式"}
    rows: dict[str, list[dict[str, object]]] = {
        "social_fee": [
            when | {"mof_div_code": at, "fee_kind": name, "paid": paid} for at, name, paid in fees
        ],
        "social_fund_month": [],
        "medical_fund_month": [],
    }
    for at, name, premium in funds:
        table = "medical_fund_month" if "医" in name or name == "生育" else "social_fund_month"
        row = when | {"mof_div_code": at, "fund_kind": name, "premium": premium}
        rows[table].append(row | more)
    frames = {}
    for name, given in rows.items():
        schema = polars_schema(contracts()[name], technical=True)
        frames[name] = pl.DataFrame(given, schema=schema, orient="row").lazy()
    made = social_receipt.build(frames).collect()
    assert made.columns == list(social_receipt.CONTRACT.names)
    return made.select(
        "mof_div_code", "insurance", "collected_amt", "received_amt", "data_status"
    ).rows()


def test_names_of_fees_and_funds_come_together() -> None:
    pairs = (
        ("企业职工基本养老保险费", "企业职工基本养老", "企业职工养老"),
        ("机关事业单位基本养老保险费", "机关事业单位养老", "机关事业单位养老"),
        ("城乡居民基本养老保险费", "城乡居民基本养老", "城乡居民养老"),
        ("城乡居民基本医疗保险费", "城乡居民医保", "城乡居民医保"),
        ("失业保险费", "失业", "失业"),
        ("工伤保险费", "工伤", "工伤"),
        ("生育保险费", "生育", "生育"),
    )
    for fee, fund, insurance in pairs:
        assert _made([(CITY, fee, 5)], [(CITY, fund, 4)]) == [(CITY, insurance, 5, 4, "正式")]


def test_one_medical_fee_fills_both_funds_and_maternity_without_a_fee_of_its_own() -> None:
    funds: list[tuple[str, str, int | None]] = [
        (CITY, "职工医保统筹基金", 10), (CITY, "职工医保个人账户", 20), (CITY, "生育", 3),
        (CITY, "大病保险", 7),
    ]  # fmt: skip
    fee = (CITY, "职工基本医疗保险费", 33)
    assert _made([fee], funds) == [(CITY, "职工医保", 33, 33, "正式")]
    assert _made([fee, (CITY, "生育保险费", 3)], funds) == [
        (CITY, "生育", 3, 3, "正式"),
        (CITY, "职工医保", 33, 30, "正式"),
    ]


def test_a_county_collects_for_the_fund_of_its_city() -> None:
    fees: list[tuple[str, str, int | None]] = [(CITY, "失业保险费", 5), (COUNTY, "失业保险费", 2)]
    assert _made(fees, [(CITY, "失业", 7)]) == [(CITY, "失业", 7, 7, "正式")]
    assert _made(fees, [(CITY, "失业", 5), (COUNTY, "失业", 2)]) == [
        (CITY, "失业", 5, 5, "正式"),
        (COUNTY, "失业", 2, 2, "正式"),
    ]


def test_what_only_one_side_tells_keeps_its_row_and_other_fees_none() -> None:
    assert _made([(CITY, "残疾人就业保障金", 9)], []) == []
    assert _made([(CITY, "失业保险费", 5)], []) == [(CITY, "失业", 5, None, "正式")]
    assert _made([], [(CITY, "失业", 5)]) == [(CITY, "失业", None, 5, "正式")]


def test_a_blank_part_makes_the_sum_blank() -> None:
    funds: list[tuple[str, str, int | None]] = [
        (CITY, "职工医保统筹基金", 10), (CITY, "职工医保个人账户", None)
    ]  # fmt: skip
    assert _made([(CITY, "职工基本医疗保险费", 33)], funds) == [
        (CITY, "职工医保", 33, None, "正式")
    ]


def test_a_fast_report_on_either_side_marks_the_row() -> None:
    made = _made([(CITY, "失业保险费", 5)], [(CITY, "失业", 5)], data_status="快报")
    assert made == [(CITY, "失业", 5, 5, "快报")]
