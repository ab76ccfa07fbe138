"""A home's own sets of the product's parameters, word lists and groups: one form for all three."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from budget_watch.engine import load_book, run_check
from budget_watch.engine.lint import lint
from budget_watch.engine.load import Book
from budget_watch.engine.oracle import Oracle, seen
from tests.engine.books import payment, reader_of, write_book

WORDS = """
- id: cards
  title: 卡券
  sets:
    - {from: 2018-01-01, include: [卡], exclude: [公交卡]}
    - {from: 2028-01-01, include: [卡, 券], exclude: [公交卡, 入场券]}
- {id: plain, title: 平常, include: [茶], exclude: [茶几], from: 2020-01-01}
"""
GROUPS = """
- {id: codes, title: 科目, sets: [{from: 2018-01-01, codes: ["101", "102"]}]}
- {id: two, title: 两期, sets: [{from: 2018-01-01, codes: ["101"]}, {from: 2026-01-01, codes: ["102"]}]}
"""  # noqa: E501
RULE = """
each: payment
when: "{when}"
levels: [{{level: yellow, when: "pay_amt > 0元"}}]
message: "{{use_des}}{{pay_amt:money}}"
"""
YEARS = (2017, 2024, 2026, 2027, 2028)


def book_with(folder: Path, when: str, **local: str) -> Book:
    """A product with the lists above, and a home's word on them."""
    base = write_book(folder / "base", {"ZX91": RULE.format(when=when)}, words=WORDS, groups=GROUPS)
    for name, text in local.items():
        (folder / "home" / name).mkdir(parents=True)
        (folder / "home" / name / "local.yaml").write_text(text, encoding="utf-8")
    return load_book([base, folder / "home"], strict=False)


def found(book: Book, column: str, values: tuple[str, ...]) -> dict[int, set[str]]:
    """Year → which of the values hit; engine and oracle must agree."""
    rows = [
        payment(f"{year}-{value}", "5元", pay_date=date(year, 3, 2), fiscal_year=year, month=3)
        | {column: value}
        for year in YEARS
        for value in values
    ]
    reader, day = reader_of({"payment": rows}), date(2028, 11, 20)
    hits = seen(run_check(reader, book, day).observations)
    assert Oracle(reader, book, day).run() == hits
    return {
        year: {value for value in values if any(f'"{year}-{value}"' in h.grain for h in hits)}
        for year in YEARS
    }


USES = ("购卡", "公交卡", "提货码", "入场券", "购券", "工会卡")


def test_words_are_added_to_and_dropped_from_the_products_list_of_the_year(tmp_path: Path) -> None:
    book = book_with(
        tmp_path,
        "has_words(use_des, 'cards')",
        words="- id: cards\n  note: 会议纪要\n  sets:\n"
        "    - {from: 2026-01-01, add: {include: [提货码], exclude: [工会卡]},"
        " drop: {exclude: [公交卡]}}\n"
        "    - {from: 2027-01-01, include: [码], exclude: [号码]}\n"
        "    - {from: 2028-01-01, add: {include: [提货码]}, drop: {include: [券]}}\n",
    )
    assert book.mistakes == ()
    before = {"购卡", "工会卡"}
    assert found(book, "use_des", USES) == {
        2017: before,
        2024: before,
        2026: {"购卡", "公交卡", "提货码"},
        2027: {"提货码"},
        2028: {"购卡", "提货码", "工会卡"},
    }
    assert [each.sentence for each in book.local] == [
        "词表 cards 卡券：自 2026 年起增“提货码”，增排除词“工会卡”，减排除词“公交卡”；"
        "自 2027 年起整张换掉（增“码”，减“卡”，增排除词“号码”，减排除词“公交卡”）；"
        "自 2028 年起增“提货码”，减“券”（会议纪要）"
    ]


def test_a_change_holds_on_in_a_later_set_of_the_product(tmp_path: Path) -> None:
    book = book_with(
        tmp_path,
        "has_words(use_des, 'cards')",
        words="- {id: cards, note: 纪要, sets: [{from: 2026-01-01, add: {include: [提货码]}}]}\n",
    )
    cards = {"购卡", "工会卡"}
    assert found(book, "use_des", USES) == {
        2017: cards,
        2024: cards,
        2026: cards | {"提货码"},
        2027: cards | {"提货码"},
        2028: cards | {"提货码", "购券"},
    }


def test_a_list_of_one_set_holds_as_before_until_the_homes_year(tmp_path: Path) -> None:
    book = book_with(
        tmp_path,
        "has_words(use_des, 'plain')",
        words="- {id: plain, note: 纪要, sets: [{from: 2018-01-01, add: {include: [咖啡]}}]}\n",
    )
    drinks = ("红茶", "咖啡", "茶几")
    after = {"红茶", "咖啡"}
    wanted = {2017: {"红茶"}, 2024: after, 2026: after, 2027: after, 2028: after}
    assert found(book, "use_des", drinks) == wanted


@pytest.mark.parametrize(
    ("name", "sets", "by_year"),
    [
        (
            "codes",
            '{from: 2026-01-01, add: ["103"], drop: ["101"]}, {from: 2028-01-01, codes: ["9"]}',
            [{"101", "102"}, {"101", "102"}, {"102", "103"}, {"102", "103"}, {"9"}],
        ),
        (
            "two",
            '{from: 2027-01-01, add: ["103"]}',
            [set(), {"101"}, {"102"}, {"102", "103"}, {"102", "103"}],
        ),
    ],
)
def test_codes_are_added_dropped_and_replaced_by_year(
    tmp_path: Path, name: str, sets: str, by_year: list[set[str]]
) -> None:
    book = book_with(
        tmp_path,
        f"in_group(dep_bgt_eco_code, '{name}')",
        groups=f"- {{id: {name}, note: 纪要, sets: [{sets}]}}\n",
    )
    assert book.mistakes == ()
    wanted = dict(zip(YEARS, by_year, strict=True))
    assert found(book, "dep_bgt_eco_code", ("101", "102", "103", "9")) == wanted


REFUSED = {
    "没有的词": (
        "words",
        "- {id: cards, sets: [{from: 2026-01-01, drop: {include: [购物卡]}}]}\n",
        "词表 cards 里没有“购物卡”，不能 drop；请核对用字",
    ),
    "已有的词": (
        "words",
        "- {id: cards, sets: [{from: 2026-01-01, add: {include: [卡]}}]}\n",
        "词表 cards 里已有“卡”，不必 add；请删去",
    ),
    "一个也不剩": (
        "words",
        "- {id: plain, sets: [{from: 2026-01-01, drop: {include: [茶]}}]}\n",
        "词表 plain：减去之后一个词也不剩",
    ),
    "两种写法": (
        "words",
        "- {id: cards, sets: [{from: 2026-01-01, include: [券], add: {include: [码]}}]}\n",
        "sets 第 1 项 写 add、drop（在产品的词表上增减），或写 include（整张换掉），只能写一种",
    ),
    "平写": (
        "words",
        "- {id: cards, include: [券]}\n",
        "缺少键 sets；第 1 行的 include 不是可用的键，是否应为 sets",
    ),
    "同一年两项": (
        "groups",
        '- {id: codes, sets: [{from: 2026-01-01, add: ["3"]}, {from: 2026-05-01, add: ["4"]}]}\n',
        "代码组 codes 的本地 sets 中有两项自同一年起；一年只能有一项",
    ),
    "没有辖区": (
        "params",
        "- {id: lag.serious, values: [{from: 2026-01-01, value: 9%, authority: local}]}\n",
        "参数 lag.serious 的本地值要写 jurisdiction（本辖区代码）",
    ),
    "改单位": (
        "params",
        "- {id: lag.serious, unit: fen, values: [{from: 2026-01-01, value: 9%, authority: local,"
        " jurisdiction: '99'}]}\n",
        "参数 lag.serious 的 unit 是 ratio，本地不能改；请删去这一行",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_a_home_may_not_say_is_refused_and_the_products_own_holds(
    tmp_path: Path, name: str
) -> None:
    kind, text, words = REFUSED[name]
    book = book_with(tmp_path, "has_words(use_des, 'cards')", **{kind: text})
    (mistake,) = book.mistakes
    path = tmp_path / "home" / kind / "local.yaml"
    assert (mistake.where, mistake.message) == (f"{path}:1", words)
    assert book.local == ()
    alone = load_book(tmp_path / "base")
    assert (book.named, book.params) == (alone.named, alone.params)


def test_a_homes_value_needs_only_the_id_and_what_is_otherwise(tmp_path: Path) -> None:
    book = book_with(
        tmp_path,
        "has_words(use_des, 'cards')",
        params="- id: lag.serious\n  values:\n"
        "    - {from: 2026-01-01, value: 9%, authority: local, jurisdiction: '990122'}\n",
    )
    lag, alone = book.params["lag.serious"], load_book(tmp_path / "base").params["lag.serious"]
    assert book.mistakes == ()
    assert lag.param.model_copy(update={"values": alone.param.values}) == alone.param
    assert [str(each.value) for each in lag.values if each.jurisdiction == "990122"] == ["9/100"]
    assert [each.sentence for each in book.local] == [
        "参数 lag.serious 明显滞后：990122 自 2026-01-01 起用 9%"
    ]


def test_the_hash_of_the_book_follows_a_homes_list(tmp_path: Path) -> None:
    text = "- {id: cards, note: 纪要, sets: [{from: 2026-01-01, add: {include: [提货码]}}]}\n"
    hashes = [load_book(book_with(tmp_path / "a", "true", words=text).folders).hash]
    hashes.append(book_with(tmp_path / "b", "true", words=text).hash)
    hashes.append(book_with(tmp_path / "c", "true", words=text.replace("提货码", "购物码")).hash)
    hashes.append(book_with(tmp_path / "d", "true").hash)
    assert [hashes[0] == each for each in hashes] == [True, True, False, False]


@pytest.mark.parametrize(
    ("entry", "code", "said"),
    [
        (
            "note: 纪要\n  sets: [{from: 2026-01-01, include: [码]}]",
            "words-exclude",
            "词表 cards 没有 exclude（排除词）",
        ),
        (
            "sets: [{from: 2026-01-01, add: {include: [码]}}]",
            "local-note",
            "词表 cards 卡券：自 2026 年起增“码”；没有写 note（谁在何时决定）",
        ),
    ],
)
def test_what_the_linter_finds_in_a_homes_list_stands_in_the_homes_file(
    tmp_path: Path, entry: str, code: str, said: str
) -> None:
    text = f"# ours\n- id: cards\n  {entry}\n"
    book = book_with(tmp_path, "has_words(use_des, 'cards')", words=text)
    path = str(tmp_path / "home" / "words" / "local.yaml")
    found = [(each.code, each.line, each.message) for each in lint(book) if each.file == path]
    assert found == [(code, 2, said)]
