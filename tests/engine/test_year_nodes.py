"""Nodes of the supervision year: the product's are sound; a home's mistakes are told by line."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from budget_watch.casework.book import book_folders, rule_book
from budget_watch.engine import Book
from budget_watch.engine.laws import load_dir
from budget_watch.engine.year_nodes import load_nodes

TEXTS = os.environ.get("BUDGET_WATCH_LAWS", "")
GOOD = """- id: BD01
  title: 预算工委调研
  certainty: 惯例
  says: 本市预算工委年度计划
  window: {from: "05-01", to: "05-31"}
  around: 5
  who: 预算工委
"""


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Book:
    return rule_book(tmp_path_factory.mktemp("home"))


def loaded(root: Path, book: Book, text: str):
    folder = root / "rules" / "calendar"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "own.yaml").write_text(text, encoding="utf-8")
    return load_nodes(book_folders(root), book)


def test_the_product_s_nodes_are_sound(book: Book, tmp_path: Path) -> None:
    found = load_nodes(book_folders(tmp_path), book, strict=True)
    assert (found.mistakes, found.off) == ((), {})
    national = [node for node in found.nodes if node.id.startswith("GJ")]
    assert [node.id for node in found.of("990100000")] == [node.id for node in national]
    assert {node.id for node in found.of("411100000")} == {node.id for node in found.nodes}
    assert {node.jurisdiction for node in found.nodes} == {"", "41"}
    for node in found.nodes:  # what has no article is never called law
        law = node.certainty in ("法定", "地方法规")
        assert law == bool(node.basis) == (node.says is None)
        assert all(cite.quote for cite in node.basis)


@pytest.mark.skipif(not TEXTS, reason="BUDGET_WATCH_LAWS names no folder of law texts")
def test_every_quotation_is_the_law_s_own(book: Book, tmp_path: Path) -> None:
    texts = load_dir(Path(TEXTS), book.laws)
    assert load_nodes(book_folders(tmp_path), book, texts=texts).mistakes == ()


def test_quotations_are_held_against_the_text(book: Book, tmp_path: Path) -> None:
    texts = {"budget-law": {"52": "本级政府财政部门应当在三十日内向本级各部门批复预算。"}}
    found = load_nodes(book_folders(tmp_path), book, texts=texts)
    said = {m.where.rsplit("（", 1)[1].rstrip("）"): m.message for m in found.mistakes}
    assert said["GJ04"].startswith("引文“本级政府财政部门应当在二十日内") and "不符" in said["GJ04"]
    assert "没有第十四条" in said["GJ08"]
    assert "GJ11" not in said  # of a law whose text is not there


def test_a_home_adds_nodes_and_puts_practice_off(book: Book, tmp_path: Path) -> None:
    text = GOOD + "- {id: GJ02, off: true, note: 主任会议2026年第2次}\n"
    found = loaded(tmp_path, book, text)
    assert found.mistakes == ()
    assert found.off == {"GJ02": "主任会议2026年第2次"}
    names = [node.id for node in found.of("990100000")]
    assert "BD01" in names and "GJ02" not in names
    assert found.places["BD01"] == f"{tmp_path}/rules/calendar/own.yaml:1"


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ("title: 预算工委调研\n", "titel: 预算工委调研\n", 2, "titel"),
        ("around: 5", "around: 13", 6, "应不大于 12"),
        ("id: BD01", "id: 调研", 1, "写法不对"),
        ("id: BD01", "id: GJ04", 1, "节点 GJ04 已在"),
        ("惯例", "习惯", 3, "应为 法定、地方法规、惯例、待核对 之一，这里是“习惯”"),
        ("惯例", "法定", 1, "法定的节点要有 basis，写到条（article）"),
        ("  says: 本市预算工委年度计划\n", "", 1, "惯例的节点要用 says 写明来由"),
        (
            "  says: 本市预算工委年度计划\n",
            '  says: 某\n  basis: [{law: budget-law, article: "52"}]\n',
            1,
            "惯例的节点不能引到条；只引文件名，或改为法定",
        ),
        ('"05-31"', '"02-30"', 1, "没有 02-30 这一天；请写 03-31 这样的月日"),
        ('"05-31"', "procedure.x", 1, "没有参数 procedure.x"),
        ('"05-31"', "procedure.near_due", 1, "单位是 day，这里要 monthday"),
        (
            'window: {from: "05-01", to: "05-31"}',
            "after: {days: 3}",
            1,
            "写了 after 或 before 就要写 anchor",
        ),
        (
            'window: {from: "05-01", to: "05-31"}',
            "after: {days: 3, months: 1}\n  anchor: {item: 备案}",
            5,
            "days、workdays、months 只写一项",
        ),
        (
            'window: {from: "05-01", to: "05-31"}',
            "after: {days: -3}\n  anchor: {item: 备案}",
            5,
            "长度不能是负数；在前用 before，在后用 after",
        ),
        (
            'window: {from: "05-01", to: "05-31"}',
            "after: {days: 3}\n  anchor: {item: 开会}",
            1,
            "FIN-29 没有事项“开会”；可写",
        ),
        (
            'window: {from: "05-01", to: "05-31"}',
            "every: half\n  after: {days: 3}",
            1,
            "after、before、window、every 只写一项",
        ),
        ("who: 预算工委", "who: 预算工委\n  rules: [ZX99]", 1, "规则库中没有 ZX99"),
        ("who: 预算工委", "who: 预算工委\n  documents: [FIN-99]", 1, "没有报表 FIN-99"),
        ("who: 预算工委", "who: 预算工委\n  pages: [http://x]", 8, "pages 写本系统的页面"),
        ("- id: BD01", "- id: BD01\n  id: BD02", 2, "同一个键写了两次"),
    ],
)
def test_a_mistake_is_told_with_its_line_and_leaves_the_rest(
    book: Book, tmp_path: Path, old: str, new: str, line: int, said: str
) -> None:
    assert old in GOOD
    found = loaded(tmp_path, book, GOOD.replace(old, new, 1))
    (mistake,) = found.mistakes
    assert said in mistake.message, mistake.message
    assert mistake.where.startswith(f"{tmp_path}/rules/calendar/own.yaml:{line}"), mistake.where
    assert len(found.nodes) == 33


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("{id: GJ04, off: true, note: 某次会议}", "GJ04 是法定的节点，不能停用"),
        ("{id: HN01, off: true, note: 某次会议}", "HN01 是地方法规的节点，不能停用"),
        ("{id: GJ99, off: true, note: 某次会议}", "没有节点 GJ99；请核对编号"),
        ("{id: GJ02, off: true}", "缺少键 note"),
    ],
)
def test_what_is_law_cannot_be_put_off(book: Book, tmp_path: Path, entry: str, said: str) -> None:
    found = loaded(tmp_path, book, f"- {entry}\n")
    (mistake,) = found.mistakes
    assert said in mistake.message
    assert (found.off, len(found.nodes)) == ({}, 33)


def test_a_number_that_is_not_the_law_s_makes_no_law(book: Book, tmp_path: Path) -> None:
    text = """- id: BD01
  title: 备案
  certainty: 法定
  basis: [{law: budget-law, article: "50"}]
  anchor: {item: 备案}
  after: {days: procedure.budget_filing}
  around: 2
  who: 政府
"""
    (mistake,) = loaded(tmp_path, book, text).mistakes
    assert mistake.message == "参数 procedure.budget_filing 不是法定的数，节点不能写“法定”"
    (mistake,) = loaded(
        tmp_path, book, text.replace("budget-law", "henan-budget-supervision")
    ).mistakes
    assert mistake.message == "《河南省预算审查监督条例》不是法定的依据；请改 certainty"
