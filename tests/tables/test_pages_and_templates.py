"""Dictionary pages and Excel templates follow from the contracts."""

import re
from pathlib import Path

import fastexcel
import openpyxl
import pytest

from budget_watch.lake import mart_pages
from budget_watch.lake.marts import MARTS
from budget_watch.tables import contract, contracts
from budget_watch.tables.dictionary import pages_by_name, write_all
from budget_watch.tables.template import write

DOCS = Path(__file__).parents[2] / "docs/tables"


def test_the_dictionary_in_docs_is_current():
    held = {path.name: path.read_text(encoding="utf-8") for path in DOCS.glob("*.md")}
    assert held == pages_by_name(), "run: budget-watch tables doc"


def test_the_pages_of_the_marts_in_docs_are_current():
    held = {path.name: path.read_text(encoding="utf-8") for path in (DOCS / "marts").glob("*.md")}
    assert held == mart_pages.pages_by_name(), "run: budget-watch tables doc"
    assert set(held) == {"index.md", *(f"{name}.md" for name in MARTS)}


def test_a_marts_page_names_every_column_with_its_type_and_protection():
    text = mart_pages.pages_by_name()["payment.md"]
    for column in MARTS["payment"].contract.columns:
        assert f"| `{column.name}` | {column.title} | " in text
    assert "| `pay_amt` | 支付金额 | 金额（元） | 是 |  |  |  |" in text
    assert "| `payee_acct_no` | 收款人账号 | 文本 |  |  | 账号（显示时遮蔽） |  |" in text
    assert "| 由什么生成 | [FIN-15 国库集中支付凭证表](../FIN-15.md)、" in text


def test_every_link_of_the_marts_pages_leads_to_a_page():
    for name, text in mart_pages.pages_by_name().items():
        for target in re.findall(r"\]\(([^)#]+)", text):
            assert (DOCS / "marts" / target).is_file(), (name, target)


def test_writing_the_dictionary_removes_pages_of_tables_that_are_gone(tmp_path):
    (tmp_path / "OLD-01.md").write_text("gone", encoding="utf-8")
    written = write_all(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(path.name for path in written)
    assert len(written) == len(contracts()) + 1


@pytest.mark.parametrize("code", ["FIN-15", "FIN-16", "FIN-24", "REF-02"])
def test_a_template_has_title_unit_headers_and_names_in_the_order_of_the_contract(code, tmp_path):
    table = contract(code)
    path = tmp_path / "t.xlsx"
    write(table, path)
    rows = fastexcel.read_excel(path).load_sheet("填报", header_row=None).to_polars().rows()
    assert rows[0][0] == f"{table.title}（{table.code}）"
    assert f"送数部门：{table.delivering_dept}" in rows[1][0]
    assert list(rows[2]) == [column.title for column in table.columns]
    assert list(rows[3]) == [column.delivered_as or column.name for column in table.columns]
    assert len(rows) == 4


def test_a_template_states_its_unit_its_choices_and_the_codes_of_the_year(tmp_path):
    path = tmp_path / "t.xlsx"
    write(contract("general_expenditure"), path, 2025)
    book = openpyxl.load_workbook(path)
    assert book.sheetnames == ["填报", "说明", "代码"]
    entry = book["填报"]
    assert entry["A2"].value == "单位：万元　送数部门：财政　报送时限：次月12日"
    lists = {
        str(rule.sqref).split(":")[0]: rule.formula1
        for rule in entry.data_validations.dataValidation
        if rule.type == "list"
    }
    assert lists["D5"] == '"本级,全市,县区,开发区,抵销"'
    assert lists["G5"] == '"本级支出,对下转移"'
    assert "代码表：支出功能分类科目" in entry["F3"].comment.text
    assert book["代码"]["A1"].value == "支出功能分类科目（2025 年）"
    assert book["代码"]["A2"].value == "201"


def test_every_table_has_a_template(tmp_path):
    for table in contracts().values():
        write(table, tmp_path / f"{table.code}.xlsx")
    assert len(list(tmp_path.iterdir())) == len(contracts())
