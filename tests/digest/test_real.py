"""The digest of a published workbook alone: every side against the workbook's own subtotals."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from budget_watch.access import Grant
from budget_watch.digest.build import compose
from budget_watch.digest.period import parse
from budget_watch.digest.template import read_template
from budget_watch.lake import Home, Reader
from budget_watch.views import Desk, home_place
from budget_watch.views.books import books
from budget_watch.views.span import Span
from ingest.load import load_paths

SHARED = Path(__file__).parents[3] / "shared" / "data" / "workbooks"
WORKBOOK = SHARED / "lijiang_2025_budget_attachment.xlsx"

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(not WORKBOOK.exists(), reason="the published workbook is not beside us"),
]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    made = Home(tmp_path_factory.mktemp("real"))
    assert all(line.quarantined == 0 for line in load_paths(made, [WORKBOOK]))
    return made


def test_every_side_is_the_workbooks_own_subtotal(home: Home) -> None:
    reader = Reader(home, Grant.operator("test"))
    stated = (
        reader.scan("balance")
        .filter(pl.col("code") == "S", pl.col("stage") == "快报", pl.col("fiscal_year") == 2025)
        .collect()
    )
    desk = Desk(reader)
    checked = 0
    for kind in ("全市", "本级"):
        place = home_place(desk, kind)
        assert place is not None
        for book in books(desk, place, Span(2025, 12))[:3]:
            for side in (book.revenue, book.expenditure):
                row = stated.filter(
                    pl.col("scope_kind") == kind,
                    pl.col("book") == book.name,
                    pl.col("side") == side.side,
                )
                if row.height:
                    assert side.ytd.value == row["amt"][0], (kind, book.name, side.side)
                    checked += 1
    assert checked >= 10


def test_what_the_workbook_lacks_is_named_and_nothing_is_said_of_it(home: Home) -> None:
    made = compose(home, Grant.operator("test"), parse("2025"), read_template("quarterly"))
    gaps = [gap.text for gap in made.gaps]
    assert "缺FIN-15 国库集中支付凭证表：2025年、2024年" in gaps
    assert "尚无规则运行记录" in gaps
    titles = {section.title.split("、")[-1].split("）")[-1]: section for section in made.sections}
    assert titles["三公经费"].blocks[0].text.startswith("数据不足，无法判断：缺FIN-15")
    assert "部门支出进度" not in titles
