"""Loading the book: strict files, overlays that never override silently, a hash over all of it."""

from __future__ import annotations

import re
from datetime import date
from fractions import Fraction
from pathlib import Path

import pytest

from budget_watch.engine import load_book
from budget_watch.engine.errors import BookError
from tests.engine.books import HEAD, PARAMS, book_of, write_book

RULE = """
each: payment
levels: [{level: yellow, when: "pay_amt > param('limit.amount')"}]
message: "支付{pay_amt:money}"
"""


def refused(folder: Path, rule: str, **options: str) -> str:
    """What is said when a book with this rule is loaded."""
    with pytest.raises(BookError) as caught:
        book_of(folder, {"ZX99": rule}, **options)
    return str(caught.value)


def test_a_key_written_twice_is_refused_with_file_and_line(tmp_path: Path) -> None:
    said = refused(tmp_path, RULE + "each: indicator\n")
    assert re.search(r"ZX99\.yaml:15: 同一个键写了两次", said)


def test_an_unknown_key_is_refused_with_the_keys_there_are(tmp_path: Path) -> None:
    said = refused(tmp_path, RULE + "colour: red\n")
    assert "ZX99.yaml:15: 没有键 colour；可用的键：id、title、area、class、" in said


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("each: payments", "没有名为 payments 的报表或主题表；是否指 payment"),
        ("each: payment\nwhen: pay_sum > 1元", "是否指 pay_amt"),
        ("each: payment\nwhen: pay_amt > 1", "金额不能与数比较"),
        ("each: payment\nlet: {pay_amt: 1元}", "已是列名"),
        ("each: payment\nidentity: [nobody]", "没有列 nobody"),
        ("each: payment\nmeasures: {a: {from: payment, value: sum(pay_amt)}}", "要写 by"),
        ("each: payment\njoin: {u: {from: unit, on: {agency_code: agency_code}}}", "请写 last_by"),
        ("each: payment\nvalue: pay_amt\nlimit: month", "value 是金额，limit 是数"),
        ("each: payment\nlevels: [{level: red, when: 'true'}]", "同一个键写了两次"),
        ("each: payment\nquery: select 1", "只能写一个"),
        ("grain: [month]\nuniverse: {from: payment}", "没有 measures"),
        ("each: payment\nwhen: has_words(use_des, 'x')", "没有词表 x"),
        ("each: payment\nwhen: pay_amt > param('limit.amuont')", "是否指 limit.amount"),
    ],
)
def test_a_wrong_rule_is_refused_with_what_to_write(tmp_path: Path, change: str, said: str) -> None:
    assert said in refused(tmp_path, RULE.replace("each: payment", change))


def test_a_file_must_be_named_after_its_rule(tmp_path: Path) -> None:
    write_book(tmp_path, {"ZX99": RULE})
    (tmp_path / "execution" / "ZX99.yaml").rename(tmp_path / "execution" / "ZX98.yaml")
    with pytest.raises(BookError, match=r"请改名为 ZX99\.yaml"):
        load_book(tmp_path)


def test_a_wrong_message_format_is_refused(tmp_path: Path) -> None:
    assert "不能用格式 %" in refused(tmp_path, RULE.replace(":money", ":%"))
    assert "没有格式 wan" in refused(tmp_path, RULE.replace(":money", ":wan"))


def test_a_home_may_add_rules_but_not_override_one(tmp_path: Path) -> None:
    base = write_book(tmp_path / "base", {"ZX99": RULE})
    home = tmp_path / "home"
    (home / "execution").mkdir(parents=True)
    text = HEAD.format(id="ZX97", area="execution", klass="理", confidence="M") + RULE
    (home / "execution" / "ZX97.yaml").write_text(text, encoding="utf-8")
    alone, both = load_book([base]), load_book([base, home])
    assert list(both.rules) == ["ZX97", "ZX99"]
    assert alone.hash != both.hash
    (home / "execution" / "ZX97.yaml").rename(home / "execution" / "ZX99.yaml")
    path = home / "execution" / "ZX99.yaml"
    path.write_text(text.replace("ZX97", "ZX99"), encoding="utf-8")
    with pytest.raises(BookError, match="不能悄悄覆盖"):
        load_book([base, home])


STATUTORY = """
- id: approval.days
  title: 批复期限
  unit: day
  statutory: true
  tighter: lower
  values: [{from: 2015-01-01, value: 20日, authority: law, basis: [{law: budget-law, article: "52"}]}]
"""  # noqa: E501


def overlay(folder: Path, value: str, jurisdiction: str = '"990100"') -> list[Path]:
    base = write_book(folder / "base", {"ZX99": RULE}, params=PARAMS + STATUTORY)
    (folder / "home" / "params").mkdir(parents=True)
    (folder / "home" / "params" / "local.yaml").write_text(
        "- id: approval.days\n  title: 本市批复期限\n  unit: day\n  statutory: true\n"
        "  tighter: lower\n  values: [{from: 2026-01-01, value: " + value + ", authority: local, "
        "jurisdiction: " + jurisdiction + "}]\n",
        encoding="utf-8",
    )
    return [base, folder / "home"]


def test_a_local_value_may_tighten_a_number_of_the_law(tmp_path: Path) -> None:
    book = load_book(overlay(tmp_path, "15日"))
    days = book.params["approval.days"]
    found = [
        days.at(date(2026, 5, 1), "990102000"),
        days.at(date(2026, 5, 1), "990100000"),
        days.at(date(2025, 5, 1), "990100000"),
        days.at(date(2014, 5, 1), "990100000"),
    ]
    assert [each and each.value for each in found] == [20, 15, 20, None]


def test_a_local_value_may_not_loosen_a_number_of_the_law(tmp_path: Path) -> None:
    with pytest.raises(BookError, match="只能更严"):
        load_book(overlay(tmp_path, "25日"))


def test_a_local_value_needs_its_jurisdiction(tmp_path: Path) -> None:
    with pytest.raises(BookError, match="要写 jurisdiction"):
        load_book(overlay(tmp_path, "15日", '""'))


def test_a_parameter_is_found_by_day_and_by_the_longest_region(tmp_path: Path) -> None:
    book = book_of(tmp_path, {"ZX99": RULE})
    lag = book.params["lag.serious"]
    days = [date(2025, 12, 31), date(2026, 3, 1), date(2026, 6, 1)]
    assert [
        [lag.at(day, region).value for day in days] for region in ("990100000", "990102000")
    ] == [
        [Fraction(1, 5), Fraction(1, 5), Fraction(3, 20)],
        [Fraction(1, 5), Fraction(1, 10), Fraction(1, 10)],
    ]


def test_a_ratio_parameter_needs_its_percent_sign(tmp_path: Path) -> None:
    assert "请写 20%" in refused(tmp_path, RULE, params=PARAMS.replace("value: 20%", "value: 20"))


def test_the_hash_changes_with_any_byte_but_not_with_tests(tmp_path: Path) -> None:
    book = book_of(tmp_path, {"ZX99": RULE})
    (tmp_path / "execution" / "ZX99.test.yaml").write_text("cases: []", encoding="utf-8")
    same = load_book(tmp_path).hash
    with (tmp_path / "laws.yaml").open("a", encoding="utf-8") as file:
        file.write("# note\n")
    assert [same == book.hash, load_book(tmp_path).hash == book.hash] == [True, False]


def test_importing_the_engine_imports_neither_duckdb_nor_great_expectations() -> None:
    import subprocess
    import sys

    code = (
        "import sys, budget_watch.engine as e; e.load_book, e.run_check, e.Explanation; "
        "import budget_watch.engine.testing, budget_watch.engine.lint; "
        "print([m for m in ('duckdb', 'great_expectations', 'pandas') if m in sys.modules])"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"


def test_the_published_schemas_are_those_of_the_models() -> None:
    import json

    from budget_watch.engine.schemas import FOLDER, KINDS, schema

    for kind in KINDS:
        assert json.loads((FOLDER / f"{kind}.json").read_text(encoding="utf-8")) == schema(kind)
