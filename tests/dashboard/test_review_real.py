"""The review pages of a published workbook alone: every class is the workbook's, gaps are named."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest

from budget_watch.access import Grant
from budget_watch.casework.checking import check
from budget_watch.lake import Home, Reader
from budget_watch.views import Desk, home_place
from budget_watch.views.draft_budget import sheets
from ingest.load import load_paths
from tests.dashboard.reading import words
from tests.dashboard.test_pages import main

SHARED = Path(__file__).parents[3] / "shared" / "data"
WORKBOOK = SHARED / "workbooks" / "lijiang_2025_budget_attachment.xlsx"
BLANK = SHARED / "forms" / "department_budget_template.xlsx"
WAN = 1_000_000
COLUMNS = {"22-1": "收入", "22-2": "支出"}  # 2025年预算数, 执行数, 2026年预算数 of 本级

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(not WORKBOOK.exists(), reason="the published workbook is not beside us"),
]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    made = Home(tmp_path_factory.mktemp("real_review"))
    assert all(line.quarantined == 0 for line in load_paths(made, [WORKBOOK]))
    list(load_paths(made, [BLANK]))
    check(made.root)
    return made


def stated(sheet: str) -> dict[str, tuple[int, int, int]]:
    """Class → the three amounts as the sheet has them, in fen; blank ones as 0."""
    rows = openpyxl.load_workbook(WORKBOOK, read_only=True, data_only=True)[sheet].values
    found = {}
    for row in rows:
        cells = [cell for cell in row if cell is not None]
        code = str(cells[0]) if cells else ""
        if len(code) == 3 and code.isdigit() and code not in ("105", "110", "230", "231"):
            at = row.index(cells[0])
            amounts = tuple(round(cell or 0) * WAN for cell in row[at + 2 : at + 5])
            if any(amounts):
                found[code] = amounts
    return found


def test_every_class_of_the_draft_is_the_workbooks(home: Home) -> None:
    desk = Desk(Reader(home, Grant.operator("test")))
    place = home_place(desk)
    assert place is not None
    made = {each.side: each for each in sheets(desk, place, 2026, "一般公共预算")}
    for sheet, side in COLUMNS.items():
        shown = {
            row.code: (row.before or 0, row.done or 0, row.now or 0) for row in made[side].below()
        }
        wanted = stated(sheet)
        assert shown == wanted
        assert made[side].total.now == sum(amounts[2] for amounts in wanted.values())
        assert made[side].total.before == sum(amounts[0] for amounts in wanted.values())


def test_the_pages_name_what_the_workbook_lacks(home: Home) -> None:
    draft = words(main(home, "/draft"))
    assert "2026年丽江市本级一般公共预算支出草案53.49亿元，比上年预算减少3.76亿元（6.6%）" in draft
    assert "上年预算为快报所列，上年执行为快报1—12月" in draft
    assert "缺 FIN-09 部门预算批复表（2026年）" in draft
    assert "部门预算没有送达初步方案、草案，不能比较" in draft
    assert "数据未送达：部门预算批复表。" in draft
    final = words(main(home, "/final"))
    assert "决算没有送达，决算数一栏为快报的累计数" in final
    assert (
        "缺 FIN-23 部门决算公开报表包(01–09)（2025年），由财政局送达；空白表样不算送达。" in final
    )
    assert "缺 FIN-29 程序节点与公开登记表" in final
    performance = words(main(home, "/performance"))
    assert "缺 FIN-10 项目库与绩效目标表" in performance
    assert "重点项目表没有项目代码" in performance
