"""One list a unit and month: out as Excel, filled in, back in, each row by itself and once only."""

from __future__ import annotations

from io import BytesIO

import pytest
from openpyxl import load_workbook

from budget_watch.casework.cases import get_case
from budget_watch.casework.errors import CaseworkError
from budget_watch.casework.inquiries import HEAD, HEAD_ROW, answered, listed
from budget_watch.digest.errors import DigestError
from budget_watch.digest.inquiry_sheet import inquiry_sheet
from budget_watch.lake import Home
from tests.casework.made_cases import CLERK, FINANCE, LI, NOW, STRANGER, bring, do, fill, id_of
from tests.views_drill.small_city import make_home

MONTH = "2026-11"
OWN = [id_of(n) for n in (1, 3, 5, 7)]  # findings of department 101


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    made, _ = make_home(tmp_path_factory.mktemp("city"))
    return made


@pytest.fixture
def home(city, tmp_path):
    import shutil

    from budget_watch.lake.state import engine

    engine(city).dispose()
    shutil.copytree(city.root, tmp_path / "home")
    home = Home(tmp_path / "home")
    fill(home, 8)
    for target in OWN:
        bring(home, target, "已转交")
    do(home, CLERK, OWN[1], "receive")
    return home


def edited(content: bytes, rows: dict[int, dict[str, object]]) -> bytes:
    """The workbook with cells filled in: line → column → value."""
    book = load_workbook(BytesIO(content))
    for line, cells in rows.items():
        for name, value in cells.items():
            book["问询清单"].cell(line, HEAD.index(name) + 1).value = value
    out = BytesIO()
    book.save(out)
    return out.getvalue()


def test_the_list_says_what_is_asked_and_no_level(home):
    content = inquiry_sheet(home, CLERK, "101", MONTH)
    lines = list(load_workbook(BytesIO(content))["问询清单"].iter_rows(values_only=True))
    assert lines[0][0] == "教育局 2026-11 问询清单"
    assert lines[HEAD_ROW - 1] == HEAD
    rows = [dict(zip(HEAD, line, strict=True)) for line in lines[HEAD_ROW:]]
    assert [(each["办理编号"], each["现在"], each["步数"]) for each in rows] == [
        ("2026-0001", "已转交", 6),
        ("2026-0002", "已签收", 7),
        ("2026-0003", "已转交", 6),
        ("2026-0004", "已转交", 6),
    ]
    assert {each["提请说明"] for each in rows} == {"请说明支出进度滞后的原因。"}
    assert {each["期限"] for each in rows} == {"2026-11-25", "2026-12-11"}
    assert not any("橙" in str(cell) for line in lines for cell in line)
    assert content == inquiry_sheet(home, CLERK, "101", MONTH)
    with pytest.raises(DigestError, match="没有转交给 101 的事项，或您没有查看权限"):
        inquiry_sheet(home, STRANGER, "101", MONTH)
    with pytest.raises(DigestError):
        inquiry_sheet(home, CLERK, "101", "2026-10")


def test_each_row_is_done_by_itself_and_the_same_file_only_once(home):
    content = edited(
        inquiry_sheet(home, CLERK, "101", MONTH),
        {
            5: {"答复": "款项已按进度拨付。"},
            6: {"答复": "统计口径不含结转。", "异议": "口径"},
            7: {"非本单位": "是"},
        },
    )
    told = answered(home, CLERK, "清单.xlsx", content)
    assert [(each.case, each.done, each.said) for each in told] == [
        ("2026-0001", True, "拟答复"),
        ("2026-0002", True, "提出异议"),
        ("2026-0003", True, "退回：非本单位事项"),
    ]
    states = [get_case(home, LI, each).state for each in OWN]
    assert states == ["答复拟稿", "异议", "待改派", "已转交"]
    before = [get_case(home, LI, each) for each in OWN]
    again = answered(home, CLERK, "清单.xlsx", content)
    assert [each.said for each in again] == [
        "拟答复（此前已办）",
        "提出异议（此前已办）",
        "退回：非本单位事项（此前已办）",
    ]
    assert [get_case(home, LI, each) for each in OWN] == before


def test_what_cannot_be_done_says_why_and_holds_nothing_else_up(home):
    sheet = inquiry_sheet(home, FINANCE, "101", MONTH)
    do(home, CLERK, OWN[0], "receive")
    content = edited(
        sheet,
        {
            5: {"答复": "款项已按进度拨付。"},
            6: {"答复": "口径说明。"},
            7: {"答复": "=1+1"},
            8: {"答复": "已经整改。", "步数": "6步"},
            9: {"办理编号": "2026-0002", "答复": "再写一行。", "步数": 7},
            10: {"办理编号": "2026-0099", "答复": "没有这件。", "步数": 1},
            11: {"办理编号": "2026-0098", "非本单位": "不是", "步数": 1},
        },
    )
    told = {
        each.line: (each.done, each.said) for each in answered(home, FINANCE, "x.xlsx", content)
    }
    assert told[5][0] is False and "clerk（单位经办）已经先办了“签收”" in told[5][1]
    assert told[6] == (True, "反馈研究处理结果")
    assert told[7] == (False, "填的是公式；请填文字。")
    assert told[8] == (False, "“步数”一栏被改过；请重新取清单。")
    assert told[9] == (False, "同一办理编号写了两行；只办了前一行。")
    assert told[10][1].startswith("没有找到办理 2026-0099")
    assert told[11] == (False, "“非本单位”一栏只填“是”，或空着。")


def test_the_unit_finds_its_earlier_answer_beside_the_same_question(home):
    for actor, step in ((CLERK, "receive"), (CLERK, "start")):
        do(home, actor, OWN[0], step)
    do(home, CLERK, OWN[0], "draft_answer", text="去年的资金今年才到。", now=NOW)
    rows = listed(home, CLERK, "101", MONTH)
    assert [each.earlier for each in rows] == ["", *["去年的资金今年才到。"] * 3]


def test_another_workbook_is_refused(home):
    import openpyxl

    other = BytesIO()
    openpyxl.Workbook().save(other)
    with pytest.raises(CaseworkError, match="没有“问询清单”这一页"):
        answered(home, CLERK, "x.xlsx", other.getvalue())
    content = edited(inquiry_sheet(home, CLERK, "101", MONTH), {HEAD_ROW: {"答复": "回复"}})
    with pytest.raises(CaseworkError, match="表头被改过"):
        answered(home, CLERK, "x.xlsx", content)
    with pytest.raises(CaseworkError, match="类型不收"):
        answered(home, CLERK, "x.xls", content)
