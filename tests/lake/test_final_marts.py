"""Final accounts: the identities between public forms, and the gap to December's execution."""

from __future__ import annotations

from datetime import date

import polars as pl

from budget_watch.lake.marts import final_form_check, final_gap
from budget_watch.tables import contracts, polars_schema

WAN = 1_000_000


def _frames(names: tuple[str, ...], **rows: list[dict[str, object]]) -> dict[str, pl.LazyFrame]:
    frames = {}
    for name in names:
        schema = polars_schema(contracts()[name], technical=True)
        frames[name] = pl.DataFrame(rows.get(name, []), schema=schema, orient="row").lazy()
    return frames


def _cell(
    form: str,
    row: str,
    column: str,
    amt: int | None,
    code: str = "",
    col: str = "9",
    **more: object,
) -> dict[str, object]:
    owner = {
        "fiscal_year": 2025, "mof_div_code": "990100000", "template_id": "公开",
        "dept_code": "101", "agency_code": "101", "data_status": "正式", "round_fen": 1,
    }  # fmt: skip
    return {
        **owner, "table_no": form, "row_code": code, "col_code": col, "row_name": row,
        "col_name": column, "amt": amt, **more,
    }  # fmt: skip


FORMS = [
    _cell("01", "一、本年收入合计", "决算数", 100), _cell("01", "收入总计", "决算数", 120),
    _cell("01", "本年支出合计", "决算数", 90), _cell("01", "支出 总计", "决算数", 120),
    _cell("02", "合计", "本年收入合计", 100), _cell("02", "合计", "财政拨款收入", 80),
    _cell("03", "合计", "本年支出合计", 90), _cell("03", "合计", "基本支出", 50),
    _cell("03", "合计", "项目支出", 30), _cell("03", "合计", "经营支出", 10),
    _cell("04", "本年支出合计", "一般公共预算财政拨款", 70),
    _cell("05", "合计", "合计", 70), _cell("05", "合计", "基本支出", 45),
    _cell("05", "合计", "项目支出", 25), _cell("05", "教育支出", "合计", 70, "205"),
    _cell("06", "合计", "金额", 45), _cell("06", "公务接待费", "金额", 3, "30217", "1"),
    _cell("07", "合计", "决算数", 12), _cell("07", "公务用车购置及运行维护费小计", "决算数", 8),
    _cell("07", "公务用车运行维护费", "决算数", 8), _cell("07", "公务接待费", "决算数", 4),
    _cell("07", "合计", "预算数", 15), _cell("07", "公务用车购置及运行维护费小计", "预算数", 9),
    _cell("07", "公务用车购置费", "预算数", 2), _cell("07", "公务用车运行维护费", "预算数", 7),
    _cell("07", "公务接待费", "预算数", 5), _cell("07", "因公出国（境）费", "预算数", 1),
    _cell("08", "合计", "本年支出", 20),
    _cell("09", "合计", "合计", None, note="没有国有资本经营预算拨款"),
]  # fmt: skip


def _checked(cells: list[dict[str, object]]) -> dict[str, tuple[int | None, int]]:
    """check_id → how far apart, and the tolerance."""
    made = final_form_check.build(
        _frames(("final_account_form",), final_account_form=cells)
    ).collect()
    rows = made.select("check_id", "difference_amt", "tolerance_amt").iter_rows()
    return {check: (apart, tolerance) for check, apart, tolerance in rows}


def test_forms_that_meet_show_no_difference_in_any_identity() -> None:
    found = _checked(FORMS)
    assert found == {
        **dict.fromkeys(
            ("01", "02", "03", "03a", "04", "05", "06", "06a", "06b", "06c", "06d", "07a", "07b",
             "07c", "07d"), (0, 0),
        ),
        "08": (None, 0), "09": (None, 0),
    }  # fmt: skip


def _with(form: str, row: str, column: str, amt: int | None) -> list[dict[str, object]]:
    changed = [
        {**cell, "amt": amt}
        if (cell["table_no"], cell["row_name"], cell["col_name"]) == (form, row, column)
        else cell
        for cell in FORMS
    ]
    assert changed != FORMS
    return changed


def _apart(cells: list[dict[str, object]]) -> dict[str, int]:
    return {check: apart for check, (apart, _) in _checked(cells).items() if apart}


def test_each_identity_sees_its_own_figures() -> None:
    assert _apart(_with("01", "支出 总计", "决算数", 121)) == {"01": 1}
    assert _apart(_with("02", "合计", "本年收入合计", 98)) == {"02": 2}
    assert _apart(_with("03", "合计", "经营支出", 12)) == {"03a": 2}
    assert _apart(_with("03", "合计", "本年支出合计", 93)) == {"03": 3, "03a": 3}
    assert _apart(_with("04", "本年支出合计", "一般公共预算财政拨款", 75)) == {"04": 5}
    assert _apart(_with("05", "合计", "项目支出", 24)) == {"05": 1}
    assert _apart(_with("06", "合计", "金额", 40)) == {"06": 5}
    assert _apart(_with("06", "公务接待费", "金额", 9)) == {"06d": 5}
    assert _apart(_with("06", "公务接待费", "金额", 4)) == {}
    assert _apart(_with("07", "合计", "决算数", 10)) == {"07a": 2}
    assert _apart(_with("07", "因公出国（境）费", "预算数", 3)) == {"07b": 2}
    assert _apart(_with("07", "公务用车运行维护费", "决算数", 5)) == {"07c": 3}
    assert _apart(_with("07", "公务用车购置费", "预算数", 4)) == {"07d": 2}


def test_a_blank_total_is_unknown_and_a_total_not_on_the_form_has_no_row() -> None:
    blank = _checked(_with("02", "合计", "本年收入合计", None))
    assert blank["02"] == (None, 0)
    without = [cell for cell in FORMS if cell["row_name"] != "一、本年收入合计"]
    assert "02" not in _checked(without)
    assert _checked(_with("03", "合计", "经营支出", None))["03a"] == (10, 0)


def test_rounding_excuses_half_a_unit_a_figure() -> None:
    rounded = [{**cell, "round_fen": 1_000_000} for cell in FORMS]
    found = _checked(rounded)
    assert found["01"] == (0, 1_000_000)
    assert found["03a"] == (0, 3_000_000)


def test_the_items_of_form_07_are_known_by_their_columns_or_codes_too() -> None:
    one_row = [
        _cell("07", "合计", f"{side}{name}", amt)
        for side in ("预算数", "决算数")
        for name, amt in (
            ("合计", 12), ("因公出国（境）费", 1), ("公务用车购置及运行费小计", 8),
            ("公务用车购置及运行费公务用车购置费", 6), ("公务用车购置及运行费公务用车运行费", 2),
            ("公务接待费", 3),
        )
    ]  # fmt: skip
    found = _checked(one_row)
    assert [found[check] for check in ("07a", "07b", "07c", "07d")] == [(0, 0)] * 4
    coded = [
        _cell("07", "", "决算数", 12, "T"), _cell("07", "小计", "决算数", 8, "C"),
        _cell("07", "", "决算数", 8, "30231"), _cell("07", "", "决算数", 4, "30217"),
    ]  # fmt: skip
    assert _checked(coded)["07a"] == (0, 0)
    assert _checked(coded)["07c"] == (0, 0)


def _empty_forms(cells: list[dict[str, object]]) -> dict[str, tuple[bool, bool]]:
    made = final_form_check.build(
        _frames(("final_account_form",), final_account_form=cells)
    ).collect()
    rows = made.filter(pl.col("check_id").is_in(["08", "09"]))
    found = rows.select("check_id", "is_empty", "is_noted").iter_rows()
    return {check: (empty, noted) for check, empty, noted in found}


def test_an_empty_form_is_noted_or_not() -> None:
    assert _empty_forms(FORMS) == {"08": (False, False), "09": (True, True)}
    assert _empty_forms(_with("08", "合计", "本年支出", 0))["08"] == (True, False)
    assert _empty_forms([{**cell, "note": " "} for cell in FORMS])["09"] == (True, False)
    assert _empty_forms(FORMS[:5]) == {"08": (True, False), "09": (True, False)}


def _report(stage: str, code: str, amt: int | None, **more: object) -> dict[str, object]:
    key = "rev_code" if code.startswith("1") else "exp_func_code"
    row: dict[str, object] = {
        "fiscal_year": 2025, "month": 12, "mof_div_code": "990100000", "scope_kind": "本级",
        "stage": stage, key: code, "ytd_amt": amt, "round_fen": 1, "data_status": "正式",
    }  # fmt: skip
    if key == "exp_func_code":
        row["level_flag"] = "本级支出"
    return {**row, **more}


def test_final_accounts_stand_beside_december_with_what_was_booked_after_the_year() -> None:
    general = [
        _report("决算批准", "205", 110 * WAN), _report("决算草案", "205", 999 * WAN),
        _report("月报", "205", 100 * WAN), _report("月报", "205", 90 * WAN, month=11),
        _report("决算草案", "206", 50 * WAN), _report("快报", "206", 50 * WAN),
        _report("决算批准", "20502", 7 * WAN), _report("月报", "20502", 7 * WAN),
        _report("决算批准", "207", 5 * WAN, level_flag="对下转移"),
        _report("决算批准", "208", 5 * WAN, scope_kind="全市"),
    ]  # fmt: skip
    vouchers: list[dict[str, object]] = [
        {"pay_alloc_cert_no": name, "fiscal_year": 2025, "mof_div_code": "990100000",
         "vou_date": day, "exp_func_code": "2050101", "fund_type_code": fund, "amt": 4 * WAN,
         "acct_kind": kind}
        for name, day, fund, kind in (
            ("a", date(2026, 1, 8), "11", "国库"), ("b", date(2025, 12, 31), "11", "国库"),
            ("c", date(2026, 1, 8), "12", "国库"), ("d", date(2026, 1, 8), "11", "财政专户"),
            ("e", date(2026, 1, 9), None, None),
        )
    ]  # fmt: skip
    frames = _frames(
        final_gap.FINAL_GAP.inputs, general_expenditure=general, allocation_voucher=vouchers
    )
    made = final_gap.build(frames).collect().sort("code")
    assert made.select(
        "side", "code", "stage", "final_amt", "december_amt", "adjusted_amt", "difference_amt"
    ).rows() == [
        ("支出", "205", "决算批准", 110 * WAN, 100 * WAN, 8 * WAN, 2 * WAN),
        ("支出", "206", "决算草案", 50 * WAN, None, 0, None),
    ]


def test_revenue_is_held_against_the_treasury_of_the_regions_own_level() -> None:
    revenue = [
        _report("决算批准", "10101", 10 * WAN), _report("决算批准", "101", 10 * WAN),
        _report("决算批准", "10304", 6 * WAN, mof_div_code="990102000", scope_kind="县区"),
        _report("决算批准", "11002", 99 * WAN), _report("月报", "10101", 3 * WAN),
    ]  # fmt: skip
    days: list[dict[str, object]] = [
        {"book_date": date(2025, 12, day), "fiscal_year": 2025, "mof_div_code": region,
         "level": level, "rev_code": code, "day_amt": amt}
        for day, region, level, code, amt in (
            (1, "990100000", "3", "1010101", 6 * WAN), (2, "990100000", "3", "1010102", 3 * WAN),
            (1, "990100000", "1", "1010101", 50 * WAN), (1, "990102000", "4", "10304", 6 * WAN),
            (1, "990102000", "3", "10304", 60 * WAN),
        )
    ]  # fmt: skip
    frames = _frames(final_gap.FINAL_GAP.inputs, general_revenue=revenue, treasury_revenue_day=days)
    made = final_gap.build(frames).collect().sort("code")
    assert made.select("side", "mof_div_code", "code", "december_amt", "difference_amt").rows() == [
        ("收入", "990100000", "10101", 9 * WAN, WAN),
        ("收入", "990102000", "10304", 6 * WAN, 0),
    ]
