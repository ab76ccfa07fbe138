"""The linter: every code has a page, whose bad example raises it and whose good one is clean."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from budget_watch.engine.laws import load_dir
from budget_watch.engine.lint import CODES, Flaw, lint_folders
from budget_watch.engine.lint.reasoning import Reasoner
from budget_watch.engine.load import registered
from tests.engine.books import book_of

ROOT = Path(__file__).parents[2]
PAGES = ROOT / "docs" / "lint"
TODAY = date(2026, 11, 27)
BLOCK = re.compile(r"```(?:yaml|text)\n(.*?)```", re.S)
HEAD = re.compile(r"# (?P<file>[\w./]+\.yaml)(?:（(?P<mode>\w+)）)?\n")


def blocks(text: str) -> Iterator[tuple[str, str, str]]:
    """File, mode and text of the examples in a page."""
    for block in BLOCK.findall(text):
        head = HEAD.match(block)
        if head:
            yield head["file"], head["mode"] or "", block[head.end() :]


def small_book(folder: Path) -> Path:
    """The book that the front page shows, written to a folder."""
    page = (PAGES / "README.md").read_text(encoding="utf-8")
    for file, _, text in blocks(page):
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_text(text, encoding="utf-8")
    law = re.search(r"```text\n(.*?)```", page, re.S)
    assert law is not None
    (folder / "texts").mkdir()
    (folder / "texts" / "预算法.md").write_text(law[1], encoding="utf-8")
    return folder


def changed(folder: Path, example: str) -> list[Flaw]:
    """The flaws of the small book with an example's files in it."""
    yaml: Any = YAML(typ="safe", pure=True)
    for file, mode, text in blocks(example):
        path = (folder.parent if file.startswith("home/") else folder) / file
        path.parent.mkdir(parents=True, exist_ok=True)
        if mode == "无":
            path.unlink()
        elif mode == "全文":
            path.write_text(text, encoding="utf-8")
        else:
            both = {**yaml.load(path.read_text(encoding="utf-8")), **yaml.load(text)}
            out = io.StringIO()
            yaml.dump({key: value for key, value in both.items() if value is not None}, out)
            path.write_text(out.getvalue(), encoding="utf-8")
    texts = load_dir(folder / "texts", registered([folder]))
    return lint_folders([folder, folder.parent / "home"], texts, TODAY)


def sides(code: str) -> tuple[str, str]:
    page = (PAGES / f"{code}.md").read_text(encoding="utf-8")
    bad, good = page.split("## 不好")[1].split("## 好")
    return bad, good


def test_every_code_has_a_page_and_every_page_a_code() -> None:
    kept = {path.stem for path in PAGES.glob("*.md")} - {"README"}
    assert kept == set(CODES)
    front = (PAGES / "README.md").read_text(encoding="utf-8")
    assert [code for code in CODES if f"[{code}]({code}.md)" not in front] == []


def test_the_small_book_has_no_flaw(tmp_path: Path) -> None:
    assert changed(small_book(tmp_path / "book"), "") == []


@pytest.mark.parametrize("code", CODES)
def test_the_bad_example_raises_exactly_its_code_and_the_good_one_nothing(
    tmp_path: Path, code: str
) -> None:
    bad, good = sides(code)
    found = changed(small_book(tmp_path / "bad" / "book"), bad)
    assert {each.code for each in found} == {code}, found
    assert all(each.page == f"docs/lint/{code}.md" for each in found)
    assert changed(small_book(tmp_path / "good" / "book"), good) == []


def test_a_flaw_names_the_line_of_what_is_wrong(tmp_path: Path) -> None:
    folder = small_book(tmp_path / "book")
    path = folder / "execution" / "ZX99.yaml"
    text = path.read_text(encoding="utf-8").replace("why: 看大额支付", "why: 看异常支付")
    path.write_text(text, encoding="utf-8")
    found = [each.record() for each in changed(folder, "")]
    line = 1 + text.splitlines().index("why: 看异常支付。")
    assert found == [
        {
            "code": "message-word",
            "file": str(path),
            "line": line,
            "message": "ZX99：why 中不能用“异常”",
            "page": "docs/lint/message-word.md",
        }
    ]


def test_the_book_has_no_flaw_on_the_day_it_was_last_checked() -> None:
    assert lint_folders([ROOT / "rules"]) == []


RULE = """
each: payment
levels: [{level: yellow, when: "pay_amt > 1元"}]
message: "支付{pay_amt:money}"
"""


@pytest.mark.parametrize(
    ("conditions", "possible"),
    [
        (["pay_amt > 3元 and pay_amt < 2元"], False),
        (["pay_amt >= 2元 and pay_amt <= 2元"], True),
        (["pay_amt >= 2元 and pay_amt <= 2元 and pay_amt <> 2元"], False),
        (["pay_amt > 2元 and pay_amt <= 2元"], False),
        (["not (pay_amt > 2元)", "pay_amt > 3元"], False),
        (["not (pay_amt > 2元 or month = 1)", "pay_amt > 3元"], False),
        (["not (pay_amt > 2元 and month = 1)", "pay_amt > 3元"], True),
        (["month = 13"], False),
        (["month > 11 and month < 12"], True),
        (["pay_amt * 2 > 10元 and pay_amt < 5元"], False),
        (["2元 - pay_amt > 0元 and pay_amt > 2元"], False),
        (["pay_amt > param('limit.amount')", "pay_amt < param('limit.amount')"], False),
        (["pay_amt > param('limit.amount') * 2", "pay_amt < param('limit.amount')"], False),
        (["month / 12 > param('lag.serious') and month / 12 < 10%"], False),
        (["month / 12 > param('lag.serious') and month / 12 < 11%"], True),
        (["is_sal and not is_sal"], False),
        (["agency_code = 'a'", "not agency_code = 'a'"], False),
        (["agency_code is null", "agency_code is not null"], False),
        (["abs(pay_amt) < 0元"], False),
        (["1 > 2"], False),
    ],
)
def test_what_interval_reasoning_finds_out(
    tmp_path: Path, conditions: list[str], possible: bool
) -> None:
    from budget_watch.engine.parse import Scope, parse_condition

    book = book_of(tmp_path, {"ZX99": RULE})
    rule = book.rules["ZX99"]
    scope = Scope(rule.columns, lists=book.lists)
    trees = [(parse_condition(each, scope), True) for each in conditions]
    assert Reasoner(rule, book.params).possible(trees) is possible


@pytest.mark.parametrize(
    ("cited", "code", "said"),
    [
        ('{law: budget-law, article: "13", quote: 未列入预算的不得支出}', None, ""),
        (
            '{law: budget-law, article: "13", quote: 可以先支出}',
            "quote",
            "“可以先支出”与该条原文不符",
        ),
        ('{law: budget-law, article: "913"}', "citation", "没有第九百一十三条"),
    ],
)
def test_what_an_exemption_cites_and_quotes_stands_in_the_loaded_text(
    tmp_path: Path, cited: str, code: str | None, said: str
) -> None:
    folder = small_book(tmp_path / "book")
    (folder / "exemptions").mkdir()
    (folder / "exemptions" / "all.yaml").write_text(
        "- {id: LW-0, rule: ZX99, scope: {agency_code: '9'}, document: 甲, from: 2026-01-01,\n"
        "   to: 2026-12-31, registered_by: 甲, approved_by: 乙, reason: 试验}\n"
        "- id: LW-1\n  rule: ZX99\n  scope: {agency_code: '1'}\n  from: 2026-01-01\n"
        "  to: 2026-12-31\n  registered_by: 甲\n  approved_by: 乙\n  reason: 试验\n"
        f"  basis: [{cited}]\n",
        encoding="utf-8",
    )
    texts = load_dir(folder / "texts", registered([folder]))
    found = lint_folders([folder], texts, TODAY)
    flaws = [each for each in found if each.owner == "LW-1"]
    assert [each.code for each in flaws] == ([] if code is None else [code])
    for each in flaws:
        assert said in each.message
        assert each.file.endswith("exemptions/all.yaml")
        assert each.line == 3
