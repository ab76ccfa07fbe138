"""What is taken away of a page, read back from the file: numbers as numbers, texts as texts."""

from __future__ import annotations

import csv
from datetime import UTC, date, datetime
from io import BytesIO, StringIO

import pytest
from openpyxl import load_workbook

from budget_watch.digest.errors import DigestError
from budget_watch.digest.page_book import (
    Cell,
    KeyFigure,
    Measured,
    PageBook,
    Plot,
    Row,
    Series,
    Sheet,
    Title,
    measured,
)
from budget_watch.digest.page_chart import steps
from budget_watch.digest.page_csv import write_csv
from budget_watch.digest.page_sheets import sheet_names, write_book
from budget_watch.digest.reason import reason_of

AT = datetime(2026, 11, 28, 4, 0, tzinfo=UTC)
MARK = "王某（wang） 2026-11-28 12:00 导出，用途：年度检查"
EVIL = '=HYPERLINK("http://x","点我")'
SHEET = Sheet(
    "按部门：支出/进度",
    (Title("部门"), Title("支出", True), Title("进度", True), Title("笔数", True), Title("日期")),
    (
        Row((Cell("合计"), Cell("1.23", 1_230_001, "wan"), Cell("81.2%"), Cell("1,204"),
             Cell("2026-11-20")), "total"),
        Row((Cell(EVIL), Cell("-0.50", -500_000, "wan"), Cell("+3.2%"), Cell("0"), Cell("—"))),
        Row((Cell("+86电话"), Cell("缺"), Cell("—"), Cell("7天"), Cell("101001")), "", 1),
    ),
    "截至2026年11月20日，2项",
    "单位：万元",
    "来源 FIN-15 · 快照 S1",
    (("支出进度", "支出 ÷ 变动预算"),),
)  # fmt: skip
BOOK = PageBook(
    "市本级预算执行",
    "市本级支出1.23万元。",
    "/exec?snap=S1",
    date(2026, 11, 20),
    "S1",
    "wan",
    (
        KeyFigure("核心指标", "年初预算", "12.30亿元", "人代会批准", (("公式", "Σ指标"),)),
        KeyFigure("核心指标", "支出进度", "81.2%", "", ()),
        KeyFigure("核心指标", "债务率", "缺", "缺 FIN-24", ()),
    ),
    (SHEET,),
    (("债务", "数据不足：缺 FIN-24。"),),
    "当前页3行",
)


def test_the_workbook_holds_amounts_exactly_rates_as_rates_and_texts_as_texts() -> None:
    book = load_workbook(BytesIO(write_book(BOOK, MARK, AT)))
    assert book.sheetnames == ["说明", "按部门：支出 进度"]
    sheet = book["按部门：支出 进度"]
    assert [[cell.value for cell in row] for row in sheet.iter_rows()] == [
        ["按部门：支出/进度", None, None, None, None],
        ["截至2026年11月20日，2项 · 单位：万元 · 数据截至 2026-11-20", None, None, None, None],
        ["来源 FIN-15 · 快照 S1", None, None, None, None],
        [MARK, None, None, None, None],
        [None, None, None, None, None],
        ["部门", "支出", "进度", "笔数", "日期"],
        ["合计", 1.230001, 0.812, 1204, datetime(2026, 11, 20)],
        [EVIL, -0.5, 0.032, 0, "—"],
        ["　+86电话", "缺", "—", 7, "101001"],
        [None, None, None, None, None],
        ["支出进度：支出 ÷ 变动预算", None, None, None, None],
    ]
    assert [[cell.number_format for cell in row[1:5]] for row in sheet.iter_rows(7, 9)] == [
        ["#,##0.00", "0.0%", "#,##0", "yyyy-mm-dd"],
        ["#,##0.00", "+0.0%;-0.0%;0.0%", "#,##0", "General"],
        ["General", "General", '#,##0"天"', "General"],
    ]
    assert {cell.data_type for row in sheet.iter_rows() for cell in row} == {"s", "n", "d"}
    assert sheet.oddFooter.left.text == MARK and sheet.page_setup.orientation == "landscape"
    assert sheet.print_title_rows == "$6:$6"


def test_its_first_sheet_says_what_from_when_by_whom_and_what_is_lacking() -> None:
    book = load_workbook(BytesIO(write_book(BOOK, MARK, AT)))
    told = [[cell for cell in row if cell is not None] for row in book["说明"].values]
    assert told == [
        ["市本级预算执行"],
        ["市本级支出1.23万元。"],
        [],
        ["导出", MARK],
        ["数据截至", "2026-11-20"],
        ["快照", "S1"],
        ["金额单位", "万元（凭证和另有注明的表除外）"],
        ["范围", "当前页3行"],
        ["地址", "/exec?snap=S1"],
        ["工作表", "按部门：支出 进度", 3],
        [],
        ["区块", "指标", "数值", "单位", "说明", "口径"],
        ["核心指标", "年初预算", 12.3, "亿元", "人代会批准", "公式 Σ指标"],
        ["核心指标", "支出进度", 0.812],
        ["核心指标", "债务率", "缺", "缺 FIN-24"],
        ["债务", "数据不足：缺 FIN-24。"],
    ]


def test_the_same_page_at_the_same_moment_is_the_same_bytes() -> None:
    assert write_book(BOOK, MARK, AT) == write_book(BOOK, MARK, AT)


def test_csv_is_yuan_to_the_fen_and_no_text_begins_a_formula() -> None:
    content = write_csv(BOOK, SHEET, MARK)
    assert content.startswith(b"\xef\xbb\xbf")
    lines = list(csv.reader(StringIO(content.decode("utf-8-sig"), newline="")))
    assert lines == [
        ["部门", "支出（元）", "进度", "笔数", "日期"],
        ["合计", "12300.01", "81.2%", "1204", "2026-11-20"],
        [f"'{EVIL}", "-5000.00", "3.2%", "0", "—"],
        ["'+86电话", "缺", "—", "7天", "101001"],
        [],
        ["市本级预算执行：按部门：支出/进度"],
        ["截至2026年11月20日，2项"],
        ["数据截至 2026-11-20"],
        ["来源 FIN-15 · 快照 S1"],
        ["范围 当前页3行"],
        ["金额单位：元（两位小数）"],
        [MARK],
    ]


@pytest.mark.parametrize(
    ("text", "number", "read"),
    [
        ("1.25倍", True, Measured(1.25, '#,##0.00"倍"')),
        ("-7.7个百分点", True, Measured(-7.7, '#,##0.0"个百分点"')),
        ("100.003%", False, Measured(1.00003, "0.000%")),
        ("2026-02-30", False, None),
        ("0012", False, None),
        ("1,23", True, None),
        ("12.00万元", True, None),
        ("", True, None),
    ],
)
def test_a_text_is_read_as_a_number_only_where_it_is_one(
    text: str, number: bool, read: Measured | None
) -> None:
    assert measured(Cell(text), number) == read


def test_names_of_sheets_are_such_as_excel_takes_each_once() -> None:
    long = "很长的名字" * 8
    sheets = [Sheet(title, (), ()) for title in ("说明", "a/b", "a:b", long, long, "'[]*?")]
    assert sheet_names(sheets) == [
        "说明（2）",
        "a b",
        "a b（2）",
        long[:31],
        long[:28] + "（2）",
        "表",
    ]


def test_a_waterfall_stands_on_an_unseen_base() -> None:
    bars = Series("金额", (10.0, 4.0, -6.0, 8.0), ("absolute", "relative", "relative", "total"))
    plot = Plot("", "", "waterfall", ("年初", "追加", "追减", "变动"), (bars,))
    assert {each.name: each.values for each in steps(plot)} == {
        "起点": (None, 10.0, 8.0, None),
        "数额": (10.0, None, None, 8.0),
        "增加": (None, 4.0, None, None),
        "减少": (None, None, 6.0, None),
    }


def test_charts_are_excels_own_and_read_the_cells_beside_the_table() -> None:
    lines = (
        Series("2026年", (1.0, None), dash="solid"),
        Series("时间进度", (2.0, 3.0), dash="dot"),
    )
    drawn = Sheet(
        "月度", (Title("月"),), (Row((Cell("1月"),)), Row((Cell("2月"),))),
        plot=Plot("累计支出1.00亿元", "亿元", "line", ("1月", "2月"), lines),
    )  # fmt: skip
    content = write_book(PageBook(**{**BOOK.__dict__, "sheets": (drawn,)}), MARK, AT)
    sheet = load_workbook(BytesIO(content))["月度"]
    assert [[cell.value for cell in row[2:5]] for row in sheet.iter_rows(5, 8)] == [
        ["绘图数据：亿元", None, None],
        ["分类", "2026年", "时间进度"],
        ["1月", 1, 2],
        ["2月", None, 3],
    ]
    (chart,) = sheet._charts
    assert type(chart).__name__ == "LineChart"
    assert [(s.tx.strRef.f, s.cat.strRef.f, s.val.numRef.f) for s in chart.series] == [
        ("月度!$D$6", "月度!$C$7:$C$8", "月度!$D$7:$D$8"),
        ("月度!$E$6", "月度!$C$7:$C$8", "月度!$E$7:$E$8"),
    ]


def test_a_reason_of_fewer_than_four_characters_is_none() -> None:
    assert reason_of("  年度 检查\n ") == "年度 检查"
    with pytest.raises(DigestError, match="至少4个字"):
        reason_of(" 看 看 ")
