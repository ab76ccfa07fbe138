"""A city small enough to reckon by hand, written to a lake through the Writer.

Two departments and a county's one, two years, vouchers of round sums. The numbers that
tests state are made here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from budget_watch.lake import Batch, Coverage, Home, Snapshot, Writer
from budget_watch.tables import contracts

AS_OF = date(2026, 11, 20)
CITY, COUNTY = "990100000", "990121000"
YUAN, WAN = 100, 1_000_000
UNITS = {
    "101": ("教育局", CITY, ("101001", "101002")),
    "102": ("水利局", CITY, ("102001",)),
    "B1101": ("清河县教育局", COUNTY, ("B1101001",)),
}
NAMES = {
    "101001": "教育局本级",
    "101002": "第一中学",
    "102001": "水利局本级",
    "B1101001": "清河县教育局本级",
}
# unit → (budget a project a year, payment a month), both in fen
PLAN = {
    "101001": (1_200 * WAN, 90 * WAN),
    "101002": (600 * WAN, 45 * WAN),
    "102001": (2_400 * WAN, 60 * WAN),
    "B1101001": (360 * WAN, 30 * WAN),
}
FUNCTION = {"101": "2050201", "102": "2130305", "B1101": "2050201"}


def frames() -> dict[str, pl.DataFrame]:
    """All tables of the small city, contract columns only."""
    rows: dict[str, list[dict[str, Any]]] = {name: [] for name in contracts()}
    for dept, (title, region, agencies) in UNITS.items():
        rows["unit"].append(_unit(dept, title, dept, title, region))
        for agency in agencies:
            rows["unit"].append(_unit(agency, NAMES[agency], dept, title, region))
            for year in (2025, 2026):
                for kind in (1, 2):
                    _project(rows, year, region, dept, agency, kind)
    _loose_voucher(rows)
    _debt(rows)
    _books(rows)
    return {
        name: pl.DataFrame(found, schema={c: t for c, t in _schema(name).items()}, strict=False)
        for name, found in rows.items()
        if found
    }


def _schema(name: str) -> dict[str, Any]:
    from budget_watch.tables import polars_schema

    return dict(polars_schema(contracts()[name], technical=False))


def _unit(code: str, name: str, dept: str, title: str, region: str) -> dict[str, Any]:
    return {
        "agency_code": code,
        "valid_from": date(2020, 1, 1),
        "agency_name": name,
        "dept_code": dept,
        "dept_name": title,
        "mof_div_code": region,
        "agency_kind": "行政",
    }


def _project(
    rows: dict[str, list[dict[str, Any]]], year: int, region: str, dept: str, agency: str, kind: int
) -> None:
    """Project 1 is half of the unit's budget and payments, project 2 the other half."""
    budget, monthly = (amount // 2 for amount in PLAN[agency])
    code, bgt = f"P{agency}{kind}", f"I{year}{agency}{kind}"
    shared = {
        "fiscal_year": year,
        "mof_div_code": region,
        "dept_code": dept,
        "agency_code": agency,
        "pro_code": code,
        "fund_type_code": "11",
        "exp_func_code": FUNCTION[dept],
        "dep_bgt_eco_code": "30201" if kind == 1 else "31001",
    }
    if year == 2026:
        rows["project"].append(
            {**shared, "pro_name": f"{NAMES[agency]}项目{kind}", "pro_cat_code": "特定目标类"}
        )
    rows["indicator"].append(
        {
            **shared,
            "bgt_id": bgt,
            "cor_bgt_doc_no": f"示财指〔{year}〕{agency[-3:]}{kind}号",
            "bgt_doc_title": "关于下达部门预算的通知",
            "doc_date": date(year, 1, 15),
            "amount": budget,
            "cur_amt": budget,
            "found_type_code": "年初预算",
            "is_deleted": False,
        }
    )
    if agency == "101001" and kind == 1:
        rows["indicator_adjustment"].append(
            {
                **shared,
                "adj_sub_id": f"A{bgt}",
                "bgt_id": bgt,
                "adj_date": date(year, 6, 10),
                "adj_type": "追加",
                "cause": "上级转移支付",
                "amt": 120 * WAN,
                "doc_no": "示财指追1号",
                "approve_body": "市财政局",
            }
        )
    for month in range(1, 12 if year == 2026 else 13):
        day = date(year, month, 10) if month != 11 else date(year, 11, 20)
        _payment(rows, shared, bgt, f"{year}{month:02}{agency}{kind}", day, monthly)
        rows["payment_plan"].append(
            {
                **shared,
                "plan_id": f"L{bgt}{month}",
                "plan_month": month,
                "bgt_id": bgt,
                "plan_date": date(year, month, 1),
                "plan_amt": monthly + 5 * WAN,
            }
        )
    if year == 2025:  # after 20 November: no part of a comparison with 20 November 2026
        _payment(rows, shared, bgt, f"late{agency}{kind}", date(2025, 11, 25), 7 * WAN)


def _payment(
    rows: dict[str, list[dict[str, Any]]],
    shared: dict[str, Any],
    bgt: str,
    key: str,
    day: date,
    amount: int,
) -> None:
    payee = {"payee_acct_name": "示范建设有限公司", "payee_acct_no": "6222000011112222"}
    rows["payment_application"].append(
        {
            **shared,
            **payee,
            "pay_app_id": f"S{key}",
            "pay_app_no": f"S-{key}",
            "bgt_id": bgt,
            "create_date": day - timedelta(days=2),
            "pay_app_amt": amount,
            "use_des": "工程进度款",
        }
    )
    rows["payment_voucher"].append(
        {
            **shared,
            **payee,
            "pay_cert_id": f"V{key}",
            "pay_cert_no": f"99-{key}",
            "pay_app_id": f"S{key}",
            "pay_date": day,
            "act_lqd_date": day,
            "pay_amt": amount,
            "set_mode_code": "转账",
            "use_des": "工程进度款",
            "payee_is_person": False,
            "payer_acct_name": "财政零余额",
            "payer_acct_no": "1",
            "payer_acct_kind": "零余额",
        }
    )
    rows["payment_detail"].append(
        {
            **{k: shared[k] for k in ("fiscal_year", "mof_div_code", "agency_code")},
            **payee,
            "pay_detail_id": f"D{key}",
            "pay_cert_id": f"V{key}",
            "pay_date": day,
            "pay_amt": amount,
            "use_des": "工程进度款",
        }
    )


def _loose_voucher(rows: dict[str, list[dict[str, Any]]]) -> None:
    """One voucher to a person without application: it belongs to no indicator."""
    rows["payment_voucher"].append(
        {
            "pay_cert_id": "Vloose",
            "pay_cert_no": "99-loose",
            "fiscal_year": 2026,
            "pay_date": date(2026, 10, 9),
            "mof_div_code": CITY,
            "dept_code": "101",
            "agency_code": "101001",
            "pro_code": "P1010011",
            "fund_type_code": "11",
            "exp_func_code": "2050201",
            "dep_bgt_eco_code": "30201",
            "pay_amt": 32_000 * YUAN,
            "payee_acct_name": "张三丰",
            "payee_acct_no": "6222123412341234",
            "payee_is_person": True,
            "set_mode_code": "公务卡",
            "use_des": "差旅费",
        }
    )


def _debt(rows: dict[str, list[dict[str, Any]]]) -> None:
    yi = 10_000 * WAN
    for region, kind, limit, balance in (
        (CITY, "本级", 300, 289),
        (COUNTY, "县区", 40, 38),
        (CITY, "全市", 340, 327),
    ):
        rows["debt_limit"].append(
            {
                "fiscal_year": 2026,
                "month": 10,
                "mof_div_code": region,
                "scope_kind": kind,
                "stage": "月报",
                "limit_total": limit * yi,
                "limit_general": limit * yi // 2,
                "limit_special": limit * yi // 2,
                "balance_total": balance * yi,
                "balance_general": balance * yi // 2,
                "balance_special": balance * yi // 2,
                "comprehensive_fiscal": balance * yi if kind != "县区" else None,
                "region_name": "清河县" if region == COUNTY else "示范市",
            }
        )
    shared = {
        "bond_code": "B2601",
        "name": "2026年示范市一般债券（一期）",
        "mof_div_code": CITY,
        "kind": "一般",
        "category": "新增",
        "issue_date": date(2026, 3, 1),
        "amt": 10 * yi,
    }
    rows["bond"].append({**shared, "seq": 0})
    rows["bond"].append(
        {
            **shared,
            "seq": 1,
            "due_date": date(2027, 3, 1),
            "principal_due": 2 * yi,
            "interest_due": 3_000 * WAN,
        }
    )


def _books(rows: dict[str, list[dict[str, Any]]]) -> None:
    for month in range(1, 11):
        rows["general_expenditure"].append(
            {
                "fiscal_year": 2026,
                "month": month,
                "mof_div_code": CITY,
                "scope_kind": "本级",
                "stage": "月报",
                "exp_func_code": "205",
                "level_flag": "本级支出",
                "item_name": "教育支出",
                "budget_amt": 1_800 * WAN,
                "adj_amt": 1_800 * WAN,
                "mtd_amt": 135 * WAN,
                "ytd_amt": 135 * WAN * month,
                "ly_ytd": 135 * WAN * month,
            }
        )


def make_home(folder: Path, *only: str) -> tuple[Home, Snapshot]:
    """Write the city (or only some of its tables) into a new home and publish it."""
    home = Home(folder)
    with Writer.open(home, owner="test") as writer:
        for table, frame in frames().items():
            if only and table not in only:
                continue
            writer.replace(
                table,
                frame,
                Batch(
                    f"{table}/all",
                    table,
                    f"{table}.parquet",
                    f"hash-{table}",
                    AS_OF,
                    tuple(_covered(frame)),
                ),
            )
        snapshot = writer.publish(AS_OF)
    return home, snapshot


def _covered(frame: pl.DataFrame) -> Iterable[Coverage]:
    if "fiscal_year" not in frame.columns:
        return []
    years = frame["fiscal_year"].drop_nulls().unique().sort().to_list()
    return [
        Coverage(int(year), month, region)
        for year in years
        for month in range(1, 12)
        for region in (CITY, COUNTY)
    ]
