"""A city for the review pages, small enough to reckon by hand. Amounts in 万元, stored in fen.

2026 draft: expenditure 205 1100 (of it 20502 1100), 208 600, reserve 227 10: less than 1% of 1700.
2025: approved 1000, 600, 20; final 1500, 580, 0. Departments: 101 gets 620 after 500, 102 gets 430
after 400, of it 30 for a project that the library does not know.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from budget_watch.casework.checking import check
from budget_watch.lake import Batch, Coverage, Home, Writer
from tests.views import small_city
from tests.views.small_city import BUSINESS_DATE, CITY, WAN

NAMES = {"205": "教育支出", "20502": "普通教育", "208": "社会保障和就业支出", "227": "预备费"}
# year, stage, month, code, 年初预算, 调整预算, 累计
EXPENDITURE: tuple[tuple[int, str, int, str, int | None, int | None, int | None], ...] = (
    (2026, "草案", 12, "205", 1100, None, None),
    (2026, "草案", 12, "20502", 1100, None, None),
    (2026, "草案", 12, "208", 600, None, None),
    (2026, "草案", 12, "227", 10, None, None),
    (2025, "批准", 1, "205", 1000, None, None),
    (2025, "批准", 1, "208", 600, None, None),
    (2025, "批准", 1, "227", 20, None, None),
    (2025, "决算批准", 12, "205", 1000, 1050, 1500),
    (2025, "决算批准", 12, "208", 600, 600, 580),
    (2025, "决算批准", 12, "227", 20, 0, 0),
)
# year, version, department, project, amount
DEPARTMENTS = (
    (2026, "初步方案", "101", "PI1", 600),
    (2026, "初步方案", "102", "PI2", 400),
    (2026, "草案", "101", "PI1", 620),
    (2026, "草案", "102", "PI2", 400),
    (2026, "草案", "102", "P9", 30),
    (2025, "批复", "101", "PI1", 500),
    (2025, "批复", "102", "PI2", 400),
)
# project, department, goal, has numbers, self score, grade
LIBRARY = (
    ("PI1", "101", "新增学位500个", True, 95, ""),
    ("PI2", "102", "无", False, 92, "差"),
    ("PI3", "101", "保障接待", True, None, ""),
    ("PI4", "102", "保障公车", True, 80, "良"),
)


def expenditure() -> pl.DataFrame:
    """The rows of `EXPENDITURE`."""

    def fen(amount: int | None) -> int | None:
        return None if amount is None else amount * WAN

    return pl.DataFrame(
        [
            {
                "fiscal_year": year,
                "month": month,
                "mof_div_code": CITY,
                "scope_kind": "本级",
                "stage": stage,
                "exp_func_code": code,
                "level_flag": "本级支出",
                "item_name": NAMES[code],
                "budget_amt": fen(budget),
                "adj_amt": fen(adjusted),
                "ytd_amt": fen(done),
            }
            for year, stage, month, code, budget, adjusted, done in EXPENDITURE
        ],
        infer_schema_length=None,
    )


def department_budget() -> pl.DataFrame:
    """The rows of `DEPARTMENTS`."""
    return pl.DataFrame(
        [
            {
                "fiscal_year": year,
                "version": version,
                "mof_div_code": CITY,
                "dept_code": dept,
                "agency_code": dept + "001",
                "pro_code": project,
                "exp_func_code": "2050201",
                "dep_bgt_eco_code": "30201",
                "fund_type_code": "11",
                "is_basic": False,
                "reply_amt": amount * WAN,
                "reply_date": date(year, 1, 10),
            }
            for year, version, dept, project, amount in DEPARTMENTS
        ]
    )


def project() -> pl.DataFrame:
    """The rows of `LIBRARY`."""
    return pl.DataFrame(
        [
            {
                "pro_code": code,
                "pro_name": f"专项{code}",
                "mof_div_code": CITY,
                "dept_code": dept,
                "agency_code": dept + "001",
                "pro_cat_code": "特定目标类",
                "setup_year": 2024,
                "end_year": 2027,
                "total_amt": 2000 * WAN,
                "perf_goal": goal,
                "has_quant_goal": numbers,
                "policy_basis": "市政府文件" if code == "PI1" else None,
                "self_score": score,
                "eval_grade": grade or None,
                "eval_year": 2025 if grade else None,
                "eval_problem": "产出偏低" if grade == "差" else None,
                "eval_published": True if grade else None,
                "result_note": "已调减" if grade == "良" else None,
            }
            for code, dept, goal, numbers, score, grade in LIBRARY
        ],
        infer_schema_length=None,
    )


# department, form, row, its name, column, its name, amount, note
CELLS: tuple[tuple[str, str, str, str, str, str, int | None, str | None], ...] = (
    ("101", "01", "T", "收入总计", "1", "决算数", 100, None),
    ("101", "01", "T2", "支出总计", "1", "决算数", 99, None),
    ("101", "01", "I", "本年收入合计", "1", "决算数", 90, None),
    ("101", "02", "T", "合计", "1", "本年收入合计", 90, None),
    ("101", "08", "T", "合计", "1", "合计", None, "本部门没有政府性基金，本表为空表"),
    ("102", "01", "T", "收入总计", "1", "决算数", 50, None),
    ("102", "01", "T2", "支出总计", "1", "决算数", 50, None),
    ("102", "09", "T", "合计", "1", "合计", 5, "本部门没有国有资本经营支出"),
)


def final_account_form() -> pl.DataFrame:
    """The cells of `CELLS`."""
    return pl.DataFrame(
        [
            {
                "fiscal_year": 2025,
                "template_id": "公开01-09",
                "mof_div_code": CITY,
                "dept_code": dept,
                "agency_code": dept,
                "table_no": form,
                "row_code": row,
                "row_name": name,
                "col_code": column,
                "col_name": title,
                "amt": None if amount is None else amount * WAN,
                "note": note,
            }
            for dept, form, row, name, column, title, amount, note in CELLS
        ],
        infer_schema_length=None,
    )


def budget_form() -> pl.DataFrame:
    """Disclosed budgets: 101 of both years, 102 of 2026 only."""
    return pl.DataFrame(
        [
            {
                "fiscal_year": year,
                "stage": "批准",
                "template_id": "公开01-09",
                "mof_div_code": CITY,
                "dept_code": dept,
                "agency_code": dept,
                "table_no": "03",
                "row_code": "T",
                "row_name": "合计",
                "col_code": column,
                "col_name": title,
                "owner_name": "示范市某局",
                "amt": amount * WAN,
            }
            for year, dept, amount in ((2025, "101", 700), (2026, "101", 720), (2026, "102", 90))
            for column, title in (("1", "合计"), ("2", "基本支出"))
        ]
    )


def procedure_node() -> pl.DataFrame:
    """决算公开 of 2025: 101 after 14 days, 102 not yet."""
    return pl.DataFrame(
        [
            {
                "node_id": f"决算公开-2025-{dept}",
                "fiscal_year": 2025,
                "mof_div_code": CITY,
                "dept_code": dept,
                "item": "决算公开",
                "base_date": date(2026, 8, 1),
                "done_date": done,
                "empty_note": True,
            }
            for dept, done in (("101", date(2026, 8, 15)), ("102", None))
        ],
        infer_schema_length=None,
    )


TABLES: dict[str, Any] = {
    "general_expenditure": expenditure,
    "department_budget": department_budget,
    "project": project,
    "final_account_form": final_account_form,
    "budget_form": budget_form,
    "procedure_node": procedure_node,
    "unit": small_city.unit,
    "debt_limit": small_city.debt_limit,
    "indicator": small_city.indicator,
    "indicator_adjustment": small_city.indicator_adjustment,
    "payment_voucher": small_city.payment_voucher,
}


def make(folder: Path, without: tuple[str, ...] = (), *, judged: bool = True) -> Home:
    """A home with the tables published, but for those named, and the rule book run."""
    home = Home(folder)
    with Writer.open(home, owner="test") as writer:
        for name, table in TABLES.items():
            if name in without:
                continue
            covered = tuple(
                Coverage(year, month, CITY) for year in (2025, 2026) for month in range(13)
            )
            writer.replace(
                name, table(), Batch(name, name, f"{name}.csv", name, BUSINESS_DATE, covered)
            )
        writer.publish(BUSINESS_DATE)
    if judged:
        check(folder)
    return home
