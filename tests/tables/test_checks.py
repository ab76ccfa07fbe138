"""The checks of contracts, run on rows."""

from datetime import date

import polars as pl
import pytest

from budget_watch.tables import contract, empty_frame
from budget_watch.tables.checks import gaps, row_violation

MONTH = {"fiscal_year": 2025, "mof_div_code": "990100000", "stage": "月报"}


def _check(table: str, name: str):
    return next(check for check in contract(table).checks if check.id == name)


def _rows(table: str, *rows: dict[str, object]) -> pl.DataFrame:
    schema = empty_frame(contract(table)).schema
    given = [{"round_fen": 1, **row} for row in rows]
    return pl.DataFrame([{name: row.get(name) for name in schema} for row in given], schema=schema)


def _found(table: str, name: str, rows: pl.DataFrame) -> list[tuple[object, ...]]:
    found = gaps(contract(table), _check(table, name), rows)
    return found.select("column", "left", "right", "tolerance").sort("column", "left").rows()


def test_a_balance_is_exact_in_fen_and_lenient_by_half_a_unit_an_addend_when_rounded():
    rows = _rows(
        "debt_limit",
        {"limit_general": 10, "limit_special": 20, "limit_total": 30},
        {"limit_general": 10, "limit_special": 20, "limit_total": 31},
        {"limit_general": 10, "limit_special": 20, "limit_total": 31, "round_fen": 2},
        {"limit_general": 10, "limit_special": None, "limit_total": 31},
    )
    violated = rows.select(row_violation(_check("debt_limit", "limit_parts")))
    assert violated.to_series().to_list() == [False, True, False, None]


def test_a_condition_on_a_row_is_open_where_a_value_is_blank():
    rows = _rows(
        "bond",
        {"issue_date": date(2025, 1, 2), "due_date": date(2025, 1, 1)},
        {"issue_date": date(2025, 1, 2), "due_date": date(2035, 1, 2)},
        {"issue_date": date(2025, 1, 2), "due_date": None},
    )
    violated = rows.select(row_violation(_check("bond", "due_after_issue")))
    assert violated.to_series().to_list() == [True, False, None]


def test_a_code_must_equal_the_sum_of_its_children():
    base = {**MONTH, "month": 9, "scope_kind": "本级", "level_flag": "本级支出"}
    rows = _rows(
        "general_expenditure",
        {**base, "exp_func_code": "205", "ytd_amt": 100, "ly_ytd": 7},
        {**base, "exp_func_code": "20502", "ytd_amt": 99, "ly_ytd": None},
        {**base, "exp_func_code": "2050202", "ytd_amt": 60, "ly_ytd": 4},
        {**base, "exp_func_code": "2050203", "ytd_amt": 39, "ly_ytd": 3},
    )
    assert _found("general_expenditure", "parents", rows) == [("ytd_amt", 100, 99, 0)]


def test_rows_of_a_form_must_add_up_to_its_total_row():
    base = {**MONTH, "month": 12, "scope_kind": "全市", "fund_kind": "工伤"}
    rows = _rows(
        "social_insurance_budget",
        {**base, "row_code": "R01", "exec_amt": 10},
        {**base, "row_code": "R02", "exec_amt": 5},
        {**base, "row_code": "R00", "exec_amt": 16},
        {**base, "row_code": "E00", "exec_amt": 9},
        {**base, "row_code": "B01", "exec_amt": 7},
    )
    assert _found("social_insurance_budget", "income_total", rows) == [("exec_amt", 15, 16, 0)]
    assert _found("social_insurance_budget", "year_result", rows) == []


def test_both_sides_of_a_transfer_between_indicators_cancel_out():
    base = {"adj_type": "调剂"}
    rows = _rows(
        "indicator_adjustment",
        {**base, "bat_num": "a", "amt": 5},
        {**base, "bat_num": "a", "amt": -5},
        {**base, "bat_num": "b", "amt": 5},
        {**base, "bat_num": "b", "amt": -4},
        {"adj_type": "追加", "bat_num": "c", "amt": 9},
    )
    assert _found("indicator_adjustment", "moves_balance", rows) == [("amt", 1, 0, 0)]


def test_a_chain_compares_neighbouring_months_only():
    base = {**MONTH, "scope_kind": "本级", "rev_code": "10101"}
    rows = _rows(
        "general_revenue",
        {**base, "month": 1, "mtd_amt": 10, "ytd_amt": 10},
        {**base, "month": 2, "mtd_amt": 5, "ytd_amt": 16},
        {**base, "month": 4, "mtd_amt": 1, "ytd_amt": 40},
    )
    assert _found("general_revenue", "mtd_in_ytd", rows) == [("ytd_amt", 11, 10, 0)]


def test_the_closing_balance_of_a_day_opens_the_next_delivered_day():
    base = {"mof_div_code": "990100000"}
    rows = _rows(
        "treasury_cash_day",
        {**base, "book_date": date(2025, 1, 6), "open_bal": 21, "close_bal": 30},
        {**base, "book_date": date(2025, 1, 3), "open_bal": 10, "close_bal": 20},
    )
    assert _found("treasury_cash_day", "next_day", rows) == [("close_bal", 21, 20, 0)]


def test_the_whole_city_is_its_parts_less_what_flows_between_them():
    base = {**MONTH, "month": 9, "rev_code": "101"}
    parts = {"本级": 50, "县区": 40, "开发区": 12, "抵销": 2}
    rows = [{**base, "scope_kind": kind, "ytd_amt": amount} for kind, amount in parts.items()]
    right = _rows("general_revenue", *rows, {**base, "scope_kind": "全市", "ytd_amt": 100})
    wrong = _rows("general_revenue", *rows, {**base, "scope_kind": "全市", "ytd_amt": 101})
    own_only = _rows("general_revenue", rows[0], {**base, "scope_kind": "全市", "ytd_amt": 101})
    assert _found("general_revenue", "scopes", right) == []
    assert _found("general_revenue", "scopes", wrong) == [("ytd_amt", 101, 100, 0)]
    assert _found("general_revenue", "scopes", own_only) == []


def test_a_check_between_tables_is_not_judged_here():
    with pytest.raises(ValueError, match="flow"):
        gaps(contract("indicator"), _check("indicator", "flow"), empty_frame(contract("indicator")))
    with pytest.raises(ValueError, match="gaps"):
        row_violation(_check("general_revenue", "parents"))
