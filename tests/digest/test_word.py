"""The Word file is read back: every number against another engine, every word against its sign."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import docx
import duckdb
import pytest

from budget_watch.access import Grant
from budget_watch.digest import build
from budget_watch.digest.repack import repack
from budget_watch.lake import Home, Reader
from tests.digest import reading
from tests.views import small_city

TABLES = ("execution_month", "debt_position", "bond", "payment", "budget_line")


@pytest.fixture(scope="module")
def oracle(city: Home) -> Iterator[duckdb.DuckDBPyConnection]:
    reader = Reader(city, Grant.system("test"))
    with duckdb.connect() as connection:
        for table in TABLES:
            connection.execute(
                f"CREATE VIEW {table} AS SELECT * FROM read_parquet({reader.files(table)})"
            )
        yield connection


def recomputed(entry: dict[str, Any], oracle: duckdb.DuckDBPyConnection) -> Fraction | None:
    """The figure from its printed queries: sums for money, the formula's arithmetic for rates."""
    got = [Fraction((oracle.execute(sql).fetchone() or (0,))[0] or 0) for sql in entry["queries"]]
    match entry["unit"], len(got):
        case "fen", 1:
            return got[0]
        case "fen", 2:
            return got[0] - got[1]
        case "share", 2:
            return got[0] / got[1]
        case "change", 2:
            return (got[0] - got[1]) / got[1]
        case "points", 2:
            return got[0] / got[1] - Fraction(3, 4)
    return None


def printed(text: str, unit: str) -> Fraction:
    """The number a text says, signed by its words."""
    found = re.search(r"-?[\d,]+(?:\.\d+)?", text)
    if found is None:
        return Fraction(0)
    value = Fraction(Decimal(found.group().replace(",", "")))
    if any(word in text for word in ("下降", "慢于", "减少", "下拉")):
        value = -value
    if unit in ("share", "change", "points"):
        return value / 100
    scale = {"亿元": 10**10, "万元": 10**6, "元": 100}
    return value * next(n for name, n in scale.items() if name in text)


def test_every_number_in_the_text_is_what_an_independent_query_gives(
    quarterly: dict[str, Path], oracle: duckdb.DuckDBPyConnection
) -> None:
    path = quarterly[".docx"]
    figures = reading.ledger(path)["figures"]
    checked = 0
    for key, said, lock in reading.controls(path):
        assert lock == "sdtContentLocked"
        entry = figures[key]
        if any("finding" in sql for sql in entry["queries"]):
            continue
        expected = recomputed(entry, oracle)
        if expected is None:
            continue
        assert Fraction(entry["value"], entry["over"]) == expected, key
        # A table cell's unit stands in the head.
        bare = {"fen": "万元"}.get(entry["unit"], "") if not re.search("[元%点平]", said) else ""
        near = Fraction(1, 2) * {"fen": 10_000}.get(entry["unit"], Fraction(1, 1000))
        assert abs(printed(said + bare, entry["unit"]) - expected) <= near, (key, said)
        checked += 1
    assert checked > 100


@pytest.mark.parametrize(("up", "down"), [("增长", "下降"), ("快于", "慢于"), ("拉动", "下拉")])
def test_direction_words_agree_with_signs(quarterly: dict[str, Path], up: str, down: str) -> None:
    figures = reading.ledger(quarterly[".docx"])["figures"]
    for key, said, _ in reading.controls(quarterly[".docx"]):
        if up in said:
            assert figures[key]["value"] > 0, (key, said)
        if down in said:
            assert figures[key]["value"] < 0, (key, said)
        if "持平" in said and "基本" not in said:
            assert figures[key]["value"] == 0, (key, said)


def test_every_control_leads_to_the_ledger_and_the_appendix(quarterly: dict[str, Path]) -> None:
    path = quarterly[".docx"]
    figures = set(reading.ledger(path)["figures"])
    assert {key for key, _, _ in reading.controls(path)} <= figures
    appendix = docx.Document(str(path)).tables[-1]
    shown = " ".join(row.cells[1].text for row in appendix.rows)
    assert all(f"（{key}）" in shown for key in figures)


def test_every_figure_leads_to_its_own_line_of_the_appendix(quarterly: dict[str, Path]) -> None:
    root = reading.body(quarterly[".docx"])
    lines = {}
    for row in root.iter(reading.W + "tr"):
        mark = row.find(f".//{reading.W}bookmarkStart")
        if mark is not None:
            cells = [reading.text(cell) for cell in row.iter(reading.W + "tc")]
            lines[mark.get(reading.W + "name")] = cells[1]
    numbers = [m.get(reading.W + "id") for m in root.iter(reading.W + "bookmarkStart")]
    assert len(numbers) == len(set(numbers))
    figures = reading.ledger(quarterly[".docx"])["figures"]
    assert len(lines) == len(figures)
    for control in reading.figures_in(root):
        key = control.find(f"{reading.W}sdtPr/{reading.W}tag").get(reading.W + "val")
        (link,) = control.iter(reading.W + "hyperlink")
        anchor = link.get(reading.W + "anchor")
        assert lines[anchor] == f"{figures[key]['label']}（{key}）"


def test_figures_are_locked_and_everything_else_is_free_to_edit(
    quarterly: dict[str, Path],
) -> None:
    path = quarterly[".docx"]
    with ZipFile(path) as package:
        assert b"documentProtection" not in package.read("word/settings.xml")
        main = package.read("word/document.xml")
    assert b"permStart" not in main
    assert {lock for _, _, lock in reading.controls(path)} == {"sdtContentLocked"}
    edited = docx.Document(str(path))
    paragraph = next(p for p in edited.paragraphs if p.text.startswith("从国库集中支付凭证看"))
    paragraph.add_run("请说明原因。")
    out = BytesIO()
    edited.save(out)
    again = docx.Document(BytesIO(out.getvalue()))
    assert any(p.text.endswith("请说明原因。") for p in again.paragraphs)


def test_gaps_stand_on_page_one_before_anything_else(quarterly: dict[str, Path]) -> None:
    found = reading.paragraphs(quarterly[".docx"])
    texts = [text for _, text in found]
    first = next(at for at, text in enumerate(texts) if text.startswith("数据缺口"))
    assert first < texts.index("要点")
    joined = "\n".join(texts[first : texts.index("要点")])
    assert "缺FIN-05 国有资本经营预算收支执行表（2026年1—9月收入）：全市、市本级" in joined
    assert "缺FIN-24 政府债务限额与余额表（2026年9月末综合财力）：市本级" in joined


def test_no_sentence_stands_where_the_data_are_missing(quarterly: dict[str, Path]) -> None:
    texts = [text for _, text in reading.paragraphs(quarterly[".docx"])]
    at = texts.index("四、国有资本经营预算")
    assert texts[at + 1].startswith(
        "数据不足，无法判断：缺FIN-05 国有资本经营预算收支执行表（2026年1—9月收入）"
    )
    assert texts[at + 2] == "五、社会保险基金预算"


def test_the_text_says_what_the_figures_say(quarterly: dict[str, Path]) -> None:
    texts = [text for _, text in reading.paragraphs(quarterly[".docx"])]
    assert (
        "1—9月，全市一般公共预算收入1,050.00万元，同比下降0.9%，完成年初预算的75.0%，"
        "与序时进度持平；一般公共预算支出1,230.00万元，同比下降2.4%，完成年初预算的61.5%，"
        "慢于序时进度13.5个百分点。"
    ) in texts
    assert (
        "其中：市本级收入750.00万元，同比增长2.7%，完成年初预算的75.0%，与序时进度持平。"
        "三季度当期收入250.00万元，与上年同期持平。"
    ) in texts
    assert "从结构看，市本级收入中非税收入增长15.4%（拉动2.7个百分点）。" in texts
    assert (
        "从结构看，市本级支出中教育支出下降4.8%（下拉3.1个百分点）、"
        "社会保障和就业支出下降9.1%（下拉3.1个百分点）。"
    ) in texts
    assert "支出超过变动预算的部门有1个，待核实。" in texts


def test_headings_contents_captions_and_page_numbers_are_native(quarterly: dict[str, Path]) -> None:
    path = quarterly[".docx"]
    styles = [style for style, _ in reading.paragraphs(path)]
    assert styles.count("Heading1") > 8
    assert styles.count("Heading2") > 5
    codes = [i.text for i in reading.body(path).iter(reading.W + "instrText")]
    assert any(code.strip().startswith('TOC \\o "1-2"') for code in codes)
    assert sum("SEQ 表" in code for code in codes) == 9
    assert sum("SEQ 图" in code for code in codes) == 5
    with ZipFile(path) as package:
        footers = [n for n in package.namelist() if n.startswith("word/footer")]
        assert len(footers) == 2
        assert all(b" PAGE " in package.read(name) for name in footers)
        styled = package.read("word/styles.xml").decode()
        charts = [n for n in package.namelist() if n.endswith(".emf")]
    assert len(charts) == 5
    for face in ("仿宋_GB2312", "黑体", "楷体_GB2312", "方正小标宋简体", "宋体"):
        assert f'w:eastAsia="{face}"' in styled
    section = docx.Document(str(path)).sections[0]
    margins = [
        section.top_margin,
        section.bottom_margin,
        section.left_margin,
        section.right_margin,
        section.page_width,
        section.page_height,
    ]
    assert [round(length.mm) for length in margins if length is not None] == [
        37,
        35,
        28,
        26,
        210,
        297,
    ]


def test_equal_lakes_give_equal_bytes(quarterly: dict[str, Path], tmp_path: Path) -> None:
    again = small_city.make(tmp_path / "again")
    for path in build(again, Grant.operator("test"), "2026Q3", out=tmp_path / "out"):
        assert path.read_bytes() == quarterly[path.suffix].read_bytes()


def test_repacking_forgets_order_and_time() -> None:
    packages = []
    for names in (("b", "a", "[Content_Types].xml"), ("[Content_Types].xml", "a", "b")):
        raw = BytesIO()
        with ZipFile(raw, "w") as package:
            for name in names:
                package.writestr(name, name)
        packages.append(repack(raw.getvalue()))
    assert packages[0] == packages[1]
    assert ZipFile(BytesIO(packages[0])).namelist()[0] == "[Content_Types].xml"
