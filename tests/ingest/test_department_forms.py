"""Disclosed department budgets and final accounts: every cell, to the fen, under its owner."""

import openpyxl
import polars as pl
import pytest

from tests.ingest.department_forms import blank_budget, fill_budget, final_book
from tests.ingest.workbooks import book

CELL = ["table_no", "row_code", "col_code", "amt"]
BUDGET_ROWS = {"01": 9, "02": 40, "03": 24, "04": 20, "05": 24, "06": 18, "07": 7, "08": 12}
FINAL_ROWS = {
    "01": 11, "02": 49, "03": 42, "04": 22, "05": 12, "06": 9, "07": 12, "08": 1, "09": 1,
}  # fmt: skip


@pytest.fixture
def filled(tmp_path):
    blank = blank_budget(tmp_path / "空表.xlsx")
    return fill_budget(blank, tmp_path / "示范市教育局2026年部门预算公开.xlsx")


def rows_of(frame, **where):
    for column, value in where.items():
        frame = frame.filter(pl.col(column) == value)
    return frame


def units(home, *rows):
    """Publish a unit table: (code, name, department code)."""
    from ingest.load import load_paths

    path = home.root / "预算单位表REF-01.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    head = "agency_code,valid_from,agency_name,dept_code,dept_name,mof_div_code\n"
    lines = "".join(
        f"{code},2020-01-01,{name},{dept},{name if code == dept else ''},990100000\n"
        for code, name, dept in rows
    )
    path.write_text(head + lines, encoding="utf-8")
    assert [line.stored for line in load_paths(home, [path])] == [len(rows)]


def test_a_departments_budget_is_loaded_cell_by_cell(filled, load, read):
    lines = load(filled)
    assert {line["form"][-2:]: line["rows"] for line in lines if line["rows"]} == BUDGET_ROWS
    assert all(line["rows"] == line["stored"] for line in lines)
    assert {line["table"] for line in lines if line["rows"]} == {"REF-04"}
    assert all(check["failed"] == 0 for line in lines for check in line["checks"])
    assert {check["check"] for line in lines for check in line["checks"]} == {
        "parents", "totals", "columns", "both_sides", "three_public", "vehicles", "basic",
    }  # fmt: skip
    not_loaded = {line["sheet"].strip(): line["reason"] for line in lines if not line["rows"]}
    assert not_loaded == {
        "封面": "封面，不是数据表",
        "部门国有资本经营预算拨款表": (
            "空白表样（2026年部门国有资本经营预算支出功能分类预算表），没有填写数字，未载入"
        ),
    }
    stored = read("budget_form")
    assert stored.select("fiscal_year", "stage", "mof_div_code", "dept_code").unique().rows() == [
        (2026, "批准", "990100000", "~示范市教育局")
    ]
    assert rows_of(stored, table_no="05", row_code="T").sort("col_code")["amt"].to_list() == [
        1_100_000_075, 900_000_025, 200_000_050,
    ]  # fmt: skip
    assert rows_of(stored, table_no="05", col_code="1").sort("row_code").select(
        "row_code", "row_name", "amt"
    ).rows() == [
        ("205", "教育支出", 1_000_000_075),
        ("20502", "普通教育", 1_000_000_075),
        ("2050201", "学前教育", 350_000_050),
        ("2050202", "小学教育", 650_000_025),
        ("208", "社会保障和就业支出", 100_000_000),
        ("20805", "行政事业单位养老支出", 100_000_000),
        ("2080505", "机关事业单位基本养老保险缴费支出", 100_000_000),
        ("T", "合计", 1_100_000_075),
    ]
    assert rows_of(stored, table_no="01").sort("row_code").select("row_code", "amt").rows() == [
        ("205", 1_000_000_075), ("208", 100_000_000), ("229", 50_000_000), ("I1", 1_130_000_075),
        ("I11", 1_100_000_075), ("I12", 30_000_000), ("I4", 20_000_000), ("T", 1_150_000_075),
        ("T2", 1_150_000_075),
    ]  # fmt: skip
    assert rows_of(stored, table_no="07").sort("row_code").select("row_code", "amt").rows() == [
        ("30212", 0),
        ("30217", 30_000_000),
        ("30231", 12_500_000),
        ("31013", 0),
        ("J", 150_000_000),
        ("T", 42_500_000),
        ("V", 12_500_000),
    ]  # fmt: skip  (this form is in 万元, the others in 元)


def test_an_owner_that_the_unit_table_knows_gets_its_code(filled, load, read, home):
    units(home, ("101", "示范市教育局", "101"), ("101001", "示范市教育局", "101"))
    load(filled)
    assert read("budget_form").select("dept_code", "agency_code", "owner_name").unique().rows() == [
        ("101", "101", "示范市教育局")
    ]


def test_a_form_loaded_before_the_unit_table_takes_the_code_when_it_comes_again(
    filled, load, read, home
):
    load(filled)
    units(home, ("101", "示范市教育局", "101"))
    lines = load(filled)
    assert sum(line["stored"] for line in lines) == sum(BUDGET_ROWS.values())
    assert read("budget_form")["dept_code"].unique().to_list() == ["101"]


def test_two_departments_files_of_one_name_do_not_take_each_others_place(tmp_path, load, read):
    for name in ("示范市教育局", "示范市财政局"):
        folder = tmp_path / name
        folder.mkdir()
        blank = blank_budget(folder / "空表.xlsx")
        load(fill_budget(blank, folder / "部门预算公开.xlsx", owner=name))
    assert read("budget_form").group_by("owner_name").len().sort("owner_name").rows() == [
        ("示范市教育局", 154), ("示范市财政局", 154),
    ]  # fmt: skip


def test_a_form_whose_department_is_not_named_is_refused(tmp_path, load):
    path = fill_budget(blank_budget(tmp_path / "空表.xlsx"), tmp_path / "预算.xlsx", owner="")
    lines = [line for line in load(path) if line["form"] == "budget_05"]
    assert [(line["refused"], line["reason"]) for line in lines] == [
        (
            True,
            "已识别为部门（单位）一般公共预算支出功能分类预算表，但没有写编制部门（单位）；"
            "请在标题中写明后重新送达",
        )
    ]


def test_a_total_that_is_not_the_sum_is_stored_and_said(filled, load, read):
    workbook = openpyxl.load_workbook(filled)
    sheet = workbook["部门一般公共预算拨款表"]
    sheet["E21"] = 11000000.76  # one fen more
    workbook.save(filled)
    line = next(line for line in load(filled) if line["form"] == "budget_05")
    assert line["stored"] == 24
    assert {check["check"]: (check["groups"], check["failed"]) for check in line["checks"]} == {
        "parents": (12, 0), "totals": (3, 1), "columns": (8, 1),
    }  # fmt: skip


def test_a_draft_says_so(tmp_path, load, read):
    blank = blank_budget(tmp_path / "空表.xlsx")
    workbook = openpyxl.load_workbook(blank)
    for sheet in workbook:
        for row in sheet.iter_rows(max_row=3):
            for cell in row:
                if isinstance(cell.value, str) and "预算" in cell.value and "2026" in cell.value:
                    cell.value += "（草案）"
    workbook.save(blank)
    load(fill_budget(blank, tmp_path / "草案.xlsx"))
    assert read("budget_form")["stage"].unique().to_list() == ["草案"]


def test_final_accounts_fill_the_nine_forms(tmp_path, load, read):
    lines = load(final_book(tmp_path / "决算.xlsx"))
    assert {line["form"][-2:]: line["rows"] for line in lines if line["rows"]} == FINAL_ROWS
    assert all(line["stored"] == line["rows"] for line in lines)
    assert all(check["failed"] == 0 for line in lines for check in line["checks"])
    assert [line["reason"] for line in lines if line["sheet"] == "HIDE"] == [
        "隐藏的工作表，未载入；要载入请先取消隐藏"
    ]
    stored = read("final_account_form")
    assert stored.select("fiscal_year", "template_id", "agency_code").unique().rows() == [
        (2025, "公开01-09", "~示范市教育局")
    ]
    wan = 1_000_000
    assert rows_of(stored, table_no="07").sort("col_code", "row_code").select(
        "col_code", "row_code", "amt"
    ).rows() == [
        ("1", "30212", 0), ("1", "30217", 4.5 * wan), ("1", "30231", 13.75 * wan),
        ("1", "31013", 0), ("1", "T", 18.25 * wan), ("1", "V", 13.75 * wan),
        ("2", "30212", 0), ("2", "30217", 5 * wan), ("2", "30231", 15 * wan),
        ("2", "31013", 0), ("2", "T", 20 * wan), ("2", "V", 15 * wan),
    ]  # fmt: skip
    assert rows_of(stored, table_no="06").sort("row_code").select("row_code", "amt").rows() == [
        ("301", 700.5 * wan), ("30101", 700.5 * wan), ("302", 100 * wan), ("30201", 95.5 * wan),
        ("30217", 4.5 * wan), ("310", None), ("31002", None), ("P", 700.5 * wan), ("Q", 100 * wan),
    ]  # fmt: skip
    empty = stored.filter(pl.col("table_no").is_in(["08", "09"])).sort("table_no")
    assert empty.select("row_code", "amt", "note").rows() == [
        ("T", None, "说明：本部门没有政府性基金预算财政拨款收入支出，故本表为空。"),
        ("T", None, "说明：本部门没有国有资本经营预算财政拨款支出，故本表为空。"),
    ]


def checks(read):
    found = read("final_form_check")
    return {
        row["check_id"]: row["difference_amt"] if row["is_empty"] is None else row["is_noted"]
        for row in found.iter_rows(named=True)
    }


def test_the_identities_between_loaded_forms_are_judged(tmp_path, load, read):
    load(final_book(tmp_path / "决算.xlsx"))
    zero = (
        "01",
        "02",
        "03",
        "03a",
        "04",
        "05",
        "06p",
        "06a",
        "06b",
        "06c",
        "06d",
        "07a",
        "07b",
        "07c",
        "07d",
    )
    assert checks(read) == {**dict.fromkeys(zero, 0), "08": True, "09": True}


def test_a_fen_between_two_forms_is_found(tmp_path, load, read):
    load(final_book(tmp_path / "决算.xlsx", swap=("Z06", "C9", 700.500001)))
    assert checks(read)["06p"] == 1


def test_budget_and_final_accounts_of_one_department_stay_apart(tmp_path, filled, load, read):
    load(final_book(tmp_path / "决算.xlsx", year=2026), filled)
    assert read("final_account_form").height == sum(FINAL_ROWS.values())
    assert read("budget_form").height == sum(BUDGET_ROWS.values())


def test_a_citys_own_tables_are_not_taken_for_a_departments(tmp_path, load):
    rows = [
        ["2025年示范市市本级一般公共预算支出预算表"],
        [None, None, None, "单位：万元"],
        ["项目", "合计", "基本支出", "项目支出"],
        ["一、教育支出", 30, 10, 20],
        ["支出合计", 30, 10, 20],
    ]
    (line,) = load(book(tmp_path / "市.xlsx", {"表": rows}))
    assert line["table"] == "FIN-02"
