"""docs/add-a-form.md followed as a newcomer does, and what is said of mistakes on the way.

The sheet, the form and the commands are taken from the page itself: if it is wrong, this fails.
"""

import json
import re
from pathlib import Path

import openpyxl
import polars as pl
import pytest

from budget_watch.cli.main import main
from ingest.bind.form_files import form_book
from tests.ingest.department_forms import blank_budget, fill_budget
from tests.ingest.parcels import parcel, take
from tests.ingest.workbooks import book, spending

GUIDE = (Path(__file__).parents[2] / "docs/add-a-form.md").read_text(encoding="utf-8")
FORM = re.search(r"```yaml\n(.*?)```", GUIDE, re.S)[1]
NAME = "青年路街道2026年预算.xlsx"


def number(text):
    return float(text) if re.fullmatch(r"-?\d+(\.\d+)?", text) and len(text) != 5 else text


@pytest.fixture
def sheet(tmp_path):
    """The page's table as a workbook, with the merged cells that its header has."""
    lines = GUIDE.split("|---|---|---|---|---|---|\n")[1].split("\n\n")[0].splitlines()
    workbook = openpyxl.Workbook()
    target = workbook.active
    target.title = "表1"
    for line in lines:
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        target.append([number(cell) if cell else None for cell in cells])
    for area in ("A1:F1", "A3:A4", "B3:B4", "C3:E3", "F3:F4", "A8:B8"):
        target.merge_cells(area)
    workbook.save(tmp_path / NAME)
    return tmp_path / NAME


@pytest.fixture
def write(home):
    """Put a form file into the home."""

    def put(text, name="jiedao.yaml"):
        folder = home.root / "forms"
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / name
        path.write_text(text, encoding="utf-8")
        return path

    return put


def run(capsys, home, *arguments):
    with pytest.raises(SystemExit) as ended:
        main(["--home", str(home.root), *map(str, arguments), "--json"])
    out = capsys.readouterr()
    return int(ended.value.code or 0), [json.loads(line) for line in out.out.splitlines()], out.err


def test_before_there_is_a_form_the_command_shows_header_paths_and_what_is_missing(
    sheet, home, capsys
):
    status, (tried, summary), _ = run(capsys, home, "forms", "try", sheet)
    assert (status, summary["taken"]) == (1, 0)
    assert [column["path"] for column in tried["columns"]] == [
        "科目编码", "科目名称", "预算数/合计", "预算数/人员经费", "预算数/项目经费", "比上年增减%",
    ]  # fmt: skip
    assert tried["form"] is None
    assert tried["reason"]
    assert not home.exists


def test_the_guide_leads_to_a_loaded_workbook(sheet, home, write, load, read, capsys):
    write(FORM)
    status, told, _ = run(capsys, home, "forms", "list")
    (own,) = [line for line in told if line.get("own") is True]
    assert (status, own["form"], own["table"], own["shape"]) == (
        0, "street_spending", "REF-04", "matrix",
    )  # fmt: skip

    status, (tried, summary), _ = run(
        capsys, home, "forms", "try", sheet, "--form", "street_spending"
    )
    assert (status, summary) == (
        0,
        {"summary": True, "tables": 1, "taken": 1, "rows": 12, "wrong": 0, "mistakes": []},
    )
    assert [(column["path"], column["bound"], column["why"]) for column in tried["columns"]] == [
        ("科目编码", "编码", None),
        ("科目名称", "项目（行的名称）", None),
        ("预算数/合计", "栏次 1", None),
        ("预算数/人员经费", "栏次 2", None),
        ("预算数/项目经费", "栏次 3", None),
        ("比上年增减%", None, "比率或增减，不载入"),
    ]
    assert tried["about"] == {
        "fiscal_year": 2026, "place": "990102000 东城区", "scope_kind": "县区",
        "owner": "青年路街道办事处", "agency_code": "~青年路街道办事处",
    }  # fmt: skip
    assert tried["left_out"] == [
        {"row": 9, "text": "注：本表反映街道本年财政拨款。", "why": "注释"}
    ]
    assert [(one["check"], one["groups"], one["failed"]) for one in tried["checks"]] == [
        ("parents", 3, 0), ("totals", 3, 0), ("columns", 4, 0),
    ]  # fmt: skip
    assert tried["first"][0]["amt"] == 120_500_000
    assert not home.exists  # nothing was loaded

    (line,) = load(sheet)
    assert (line["form"], line["table"], line["rows"], line["stored"]) == (
        "street_spending", "REF-04", 12, 12,
    )  # fmt: skip
    stored = read("budget_form").sort("row_code", "col_code")
    assert stored.select("row_code", "col_code", "amt").rows() == [
        ("201", "1", 120_500_000), ("201", "2", 100_500_000), ("201", "3", 20_000_000),
        ("20103", "1", 120_500_000), ("20103", "2", 100_500_000), ("20103", "3", 20_000_000),
        ("212", "1", 80_000_000), ("212", "2", None), ("212", "3", 80_000_000),
        ("T", "1", 200_500_000), ("T", "2", 100_500_000), ("T", "3", 100_000_000),
    ]  # fmt: skip
    assert stored["mof_div_code"].unique().to_list() == ["990102000"]


def test_a_form_tried_alone_says_which_condition_does_not_hold(sheet, home, write, capsys):
    write(FORM.replace("'项目经费']", "'专项经费']").replace("'街道.*财政支出预算'", "'乡镇预算'"))
    _, (tried, _), _ = run(capsys, home, "forms", "try", sheet, "--form", "street_spending")
    assert tried["reason"] == (
        "表样 street_spending：标题和工作表名“2026年示范市东城区青年路街道财政支出预算表/表1”里"
        "找不到 title: '乡镇预算'，没有一条表头路径符合 headers: '专项经费'"
    )


def test_a_form_that_there_is_not_is_wrong_usage(sheet, home, capsys):
    status, told, err = run(capsys, home, "forms", "try", sheet, "--form", "street")
    assert (status, told) == (2, [])
    assert "没有表样 street；用 budget-watch forms list 可列出全部" in err


MISTAKES = {
    "an unknown shape": (
        ("shape: matrix", "shape: matrx"),
        ":4: 表样 street_spending的 shape：应为 items、funds、pivot、regional、listing、matrix、"
        "none 之一",
    ),
    "a mistyped key": (
        ("  title: '街道", "  titel: '街道"),
        ":7: 表样 street_spending的 match.titel：没有这个键；是否指 title",
    ),
    "a key of nowhere": (("system: functional", "sistem: functional"), "没有这个键；是否指 system"),
    "no table": (("table: REF-04\n", ""), "表样要写 table（载入哪张报表）"),
    "an unknown table": (
        ("table: REF-04", "table: REF-40"),
        ":3: 表样 street_spending的 table：没有名为 REF-40 的报表；是否指 ",
    ),
    "an unknown column": (
        ("{template_id: 街道预算公开,", "{template: 街道预算公开,"),
        ":9: 表样 street_spending的 constants.template：报表 REF-04 没有列 template；"
        "是否指 template_id",
    ),
    "no regular expression": (
        ("'人员经费', '项目经费'", "'(人员经费', '项目经费'"),
        ":8: 表样 street_spending的 match.headers.1：“(人员经费”不是正则表达式（",
    ),
    "a number for a text": (
        ("{path: '合计$', code: \"1\"}", "{path: '合计$', code: 1}"),
        ":14: 表样 street_spending的 fields.0.code：应为文字；像数字的文字要加引号",
    ),
    "a tab": (("  title: '街道", "\ttitle: '街道"), "jiedao.yaml:7: YAML 语法有误"),
    "a key twice": (("shape: matrix\n", "shape: matrix\nshape: items\n"), "键 shape 写了两次"),
    "nothing to pick": ((FORM[FORM.index("fields:") :], ""), "shape: matrix 的表样要写 fields"),
    "the product's id": (("id: street_spending", "id: budget_03"), "已由本系统使用；请另取一个 id"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_told_with_file_line_and_what_to_write(mistake, sheet, home, write, capsys):
    (before, after), said = MISTAKES[mistake]
    assert before in FORM
    path = write(FORM.replace(before, after, 1))
    status, told, _ = run(capsys, home, "forms", "list")
    (found,) = told[-1]["mistakes"]
    assert status == 1
    assert found.startswith(f"{path}:")
    assert said in found
    _, (_, summary), _ = run(capsys, home, "forms", "try", sheet)
    assert summary["mistakes"] == [found]


def test_a_wrong_form_holds_nothing_else_up(tmp_path, sheet, home, write, load, read):
    write("id: [", "a.yaml")
    write(FORM)
    lines = load(sheet, book(tmp_path / "执行.xlsx", {"表2": spending()}))
    assert [(line["form"], line["stored"]) for line in lines] == [
        ("street_spending", 12), ("general_expenditure", 9),
    ]  # fmt: skip


def test_a_sheet_that_no_form_knows_is_told_together_with_the_mistake(sheet, home, write, load):
    path = write(FORM.replace("shape: matrix", "shape: matrx"))
    (line,) = load(sheet)
    assert line["refused"] is True
    assert f"数据目录里有写错的表样：{path}:4: 表样 street_spending的 shape" in line["reason"]


def test_several_mistakes_are_all_told_at_once(home, write):
    bad = FORM.replace("shape: matrix", "shape: x")
    indented = "".join(f"    {line}\n" for line in bad.splitlines())
    twice = f"forms:\n  -\n{indented}  -\n{indented.replace('street_spending', 'other')}"
    write(twice)
    write("forms: 1", "b.yaml")
    assert len(form_book(home.root / "forms").mistakes) == 3


def test_a_homes_form_goes_before_the_products(tmp_path, home, write, load):
    write(
        "id: own\ntitle: 本地的一般公共预算支出\nshape: none\npriority: 90\n"
        "match: {title: '一般公共预算支出'}\nreason: 本地另行报送，未载入\n"
    )
    (line,) = load(book(tmp_path / "执行.xlsx", {"表2": spending()}))
    assert (line["form"], line["rows"]) == ("own", 0)


def test_what_is_tried_is_what_is_loaded(tmp_path, home, load, read, capsys):
    path = book(tmp_path / "执行.xlsx", {"表2": spending()})
    _, (tried, _), _ = run(capsys, home, "forms", "try", path)
    assert (tried["form"], tried["rows"]) == ("general_expenditure", 9)
    assert tried["left_out"] == [
        {"row": 14, "text": "支出合计", "why": "合计行，用于核对，不作为一行"},
        {"row": 15, "text": "注：本表为快报数。", "why": "注释"},
    ]
    load(path)
    stored = read("general_expenditure").sort("exp_func_code")
    for row, shown in zip(stored.iter_rows(named=True), tried["first"], strict=False):
        assert {name: row[name] for name in shown} == shown
    assert stored.select(pl.len()).item() == tried["rows"]


def test_workbooks_that_a_source_delivers_go_through_the_same_forms(
    tmp_path, sheet, home, write, read
):
    write(FORM)
    files = [sheet]
    for owner in ("示范市教育局", "示范市财政局"):
        folder = tmp_path / owner
        folder.mkdir()
        blank = blank_budget(folder / "空表.xlsx")
        files.append(fill_budget(blank, folder / "部门预算公开.xlsx", owner=owner))
    taken = take(
        home,
        *(
            parcel(
                home,
                path.read_bytes(),
                ".xlsx",
                table="",
                period="2026",
                name=f"来文/{path.name}",
                revision=number,
            )
            for number, path in enumerate(files)
        ),
    )
    assert [(one.outcome, one.stored) for one in taken] == [
        ("stored", 12), ("stored", 154), ("stored", 154),
    ]  # fmt: skip
    rows = read("budget_form").group_by("owner_name").len().sort("owner_name").rows()
    assert rows == [("示范市教育局", 154), ("示范市财政局", 154), ("青年路街道办事处", 12)]
