"""Our own templates, filled in, load cleanly; and what there is to load when there is nothing."""

import datetime as dt

import openpyxl
import polars as pl
import pytest

from budget_watch.codes import names
from budget_watch.lake import Home
from budget_watch.tables import contract
from budget_watch.tables.template import FIRST_ROW, write
from ingest.load import load_paths

FIGURES = {"money": 1234.25, "ratio": 0.155, "number": 12.5, "bool": "是", "int": 7}
STORED = {"ratio": 155_000, "number": 1250, "bool": True, "int": 7}


def filled(code, path, count=10):
    """Fill a template as a person would: codes from the lists, figures as Excel numbers."""
    table = contract(code)
    write(table, path)
    book = openpyxl.load_workbook(path)
    for row in range(count):
        for place, column in enumerate(table.columns, start=1):
            value = FIGURES.get(column.type, f"T{row}")
            if column.type == "date":
                value = dt.date(2026, 9, row + 1)
            if column.values:
                value = column.values[0]
            elif "region" in column.codes:
                value = "990100000"
            elif column.codes and column.codes[0] != "uscc":
                listed = list(names(column.codes[0], 2026))
                value = listed[row % len(listed)]
            value = {"fiscal_year": 2026, "month": row + 1}.get(column.name, value)
            book["填报"].cell(FIRST_ROW + 1 + row, place, value)
    book.save(path)
    return path


@pytest.mark.parametrize(
    "code",
    ["FIN-15", "FIN-16", "FIN-02", "FIN-05", "FIN-25", "FIN-26", "FIN-28", "HRSS-02", "STAT-01"],
)
def test_a_filled_template_is_stored_whole_and_its_other_sheets_are_no_complaint(
    code, tmp_path, home, read
):
    path = filled(code, tmp_path / "填报.xlsx")
    first, *others = load_paths(home, [path])
    assert (first.table, first.rows, first.stored, first.reason) == (code, 10, 10, None)
    assert {line.reason for line in others} == {"说明页，不含数据"}
    assert not any(line.must_look for line in (first, *others))
    table = contract(code)
    row = read(table.name).sort("src_row").row(0, named=True)
    assert row["src_row"] == 5
    for column in table.columns:
        if column.type == "money":
            factor = {"元": 100, "万元": 1_000_000}[column.unit]
            assert row[column.name] == 1234.25 * factor, column.name
        elif column.type in STORED and column.name not in ("fiscal_year", "month"):
            assert row[column.name] == (column.values[0] if column.values else STORED[column.type])
        elif column.type == "date":
            assert row[column.name] == dt.date(2026, 9, 1)


def test_a_template_saved_as_csv_loads_too(tmp_path, load):
    book = openpyxl.load_workbook(filled("FIN-02", tmp_path / "t.xlsx"))
    rows = [["" if cell is None else str(cell) for cell in row] for row in book["填报"].values]
    text = "\n".join(",".join(row) for row in rows)
    (tmp_path / "收支.csv").write_text(text, encoding="utf-8-sig")
    (line,) = load(tmp_path / "收支.csv")
    assert (line["table"], line["stored"], line["quarantined"]) == ("FIN-02", 10, 0)


def test_a_template_names_the_table_also_by_hand_and_when_large(tmp_path, load, monkeypatch):
    path = filled("FIN-05", tmp_path / "t.xlsx")
    monkeypatch.setattr("ingest.sources.workbook._LAYOUT_BYTES", 0)
    lines = load(path, table="FIN-05")
    assert [(line["stored"], line["refused"]) for line in lines] == [
        (10, False),
        (0, False),
        (0, False),
    ]


def test_an_empty_template_says_so(tmp_path, load):
    write(contract("FIN-15"), tmp_path / "t.xlsx")
    first, *others = load(tmp_path / "t.xlsx")
    assert first["reason"] == "空白表样（国库集中支付凭证表），没有数据行，未载入"
    assert not any(line["refused"] for line in others)


def test_an_unbalanced_sum_names_the_column_by_its_title():
    from ingest.gate.relations import relations

    rows = pl.DataFrame(
        {
            "fiscal_year": 2026,
            "month": 9,
            "mof_div_code": "990100000",
            "scope_kind": "本级",
            "stage": "月报",
            "level_flag": "本级支出",
            "exp_func_code": ["201", "20101"],
            "item_name": ["一般公共服务支出", "人大事务"],
            "ly_ytd": [500_00, 400_00],
            "round_fen": 1,
            "src_row": [5, 6],
        }
    )
    (found,) = relations(contract("FIN-02"), rows)
    assert found.example == "201 一般公共服务支出 上年同期累计数：本行 500.00元，下级合计 400.00元"


def test_a_mistyped_path_makes_no_home(tmp_path):
    home = Home(tmp_path / "home")
    (line,) = load_paths(home, [tmp_path / "九月.xslx"])
    assert (line.refused, line.reason) == (True, "找不到“九月.xslx”；请核对路径后重新执行。")
    assert not home.root.exists()


def test_a_folder_with_nothing_to_load_says_so_and_makes_no_home(tmp_path):
    folder = tmp_path / "来文"
    folder.mkdir()
    home = Home(tmp_path / "home")
    (line,) = load_paths(home, [folder])
    assert line.reason == "文件夹“来文”里没有文件；可载入 CSV、Excel、Parquet 和 zip 文件。"
    (folder / "函.pdf").write_bytes(b"%PDF-1.7")
    (folder / "说明.md").write_text("x", encoding="utf-8")
    (line,) = load_paths(home, [folder])
    assert line.reason == (
        "文件夹“来文”里的 2 个文件都不是可载入的格式（函.pdf、说明.md）；"
        "可载入 CSV、Excel、Parquet 和 zip 文件。"
    )
    assert line.must_look
    assert not home.root.exists()


def test_a_department_form_that_no_table_takes_says_so(tmp_path, load):
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "项目支出表"
    for row in (
        ["2026年部门项目支出预算表"],
        ["编制部门：示范市教育局", None, "单位：元"],
        ["项目名称", "合计", "财政拨款"],
        ["校舍维修", 100, 100],
    ):
        sheet.append(row)
    book.save(tmp_path / "部门预算.xlsx")
    (line,) = load(tmp_path / "部门预算.xlsx")
    assert (line["form"], line["rows"], line["refused"]) == ("department_disclosure", 0, True)
    assert line["reason"].startswith("已识别为部门（单位）预算公开表，但不是九张表样之一")
