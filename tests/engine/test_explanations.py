"""Explaining, wording, storing: article, parameter, evidence to the fen, one commit a run."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from budget_watch.engine import run_check
from budget_watch.engine.explain import explain
from budget_watch.engine.laws import chinese, load_dir, number_of, read_articles, read_dir
from budget_watch.engine.lint import lint
from budget_watch.engine.model import Citation, Law
from budget_watch.engine.names import Names
from budget_watch.engine.observations import append, read_run, read_tallies
from budget_watch.engine.oracle import Oracle, seen
from budget_watch.engine.render import worded
from budget_watch.engine.wording import render
from budget_watch.lake import Home
from tests.engine.books import DAY, book_of, line, payment, reader_of
from tests.engine.test_run import EACH, PACE, WINDOW, paid

TEXT = """# 预算法

第一条 为了规范政府收支行为，制定本法。

## 第二章 支出

第十三条 经人民代表大会批准的预算，非经法定程序，不得调整。

各级政府的支出必须以经批准的预算为依据。

第十三条之一 增加的一条。
"""
PAGES = Path(__file__).parents[2] / "../shared/data/laws"


def test_a_finding_is_explained_down_to_its_rows(tmp_path: Path) -> None:
    book = book_of(tmp_path, {"ZX91": PACE})
    reader = reader_of(
        {
            "payment": [
                payment("a", "3元", month=2),
                payment("b", "5元", month=6),
                payment("c", "9元"),
            ],
            "budget_line": [line("100元")],
        }
    )
    result = run_check(reader, book, DAY)
    june = next(row for row in result.observations.to_dicts() if '"month":6' in row["grain"])
    found = explain(reader, book, june, {"budget-law": read_articles(TEXT)})
    assert found.laws[0].text == (
        "经人民代表大会批准的预算，非经法定程序，不得调整。\n各级政府的支出必须以经批准的预算为依据。"
    )
    assert [(each.id, each.value, each.since.isoformat()) for each in found.parameters] == [
        ("lag.serious", "15%", "2026-06-01")
    ]
    assert [(each.name, each.value) for each in found.measures] == [
        ("spent", 800),
        ("budget", 10000),
    ]
    assert found.measures[0].sql == (
        'SELECT sum("pay_amt") FROM "payment" WHERE "fiscal_year" = 2026 AND "mof_div_code" = '
        "'990100000' AND \"dept_code\" = '101' AND \"month\" <= 6"
    )
    assert found.evidence is not None
    assert found.evidence.rows["pay_cert_id"].to_list() == ["a", "b"]
    assert (found.evidence.total, found.evidence.value, found.evidence.difference) == (800, 800, 0)
    assert found.message == (
        "提示：101截至6月进度8.0%，时间进度50.0%（经验标准，法律未规定限额），需核实。"
    )
    json.dumps(found.record(), ensure_ascii=False)


def test_rows_that_the_reader_may_not_see_are_a_difference(tmp_path: Path) -> None:
    book = book_of(tmp_path, {"ZX91": PACE})
    tables = {"budget_line": [line("100元")], "payment": [payment("a", "3元"), payment("b", "5元")]}
    row = run_check(reader_of(tables), book, DAY).observations.to_dicts()[-1]
    narrow = reader_of({**tables, "payment": tables["payment"][:1]})
    found = explain(narrow, book, row).evidence
    assert found is not None
    assert (found.total, found.value, found.difference) == (300, 800, 500)


def test_a_window_is_explained_by_its_rows(tmp_path: Path) -> None:
    book = book_of(tmp_path, {"PZ91": WINDOW})
    reader = reader_of({"payment": [paid("a", 1), paid("b", 2), paid("c", 3), paid("d", 30)]})
    row = run_check(reader, book, DAY).observations.to_dicts()[0]
    found = explain(reader, book, row).evidence
    assert found is not None
    assert found.rows["pay_cert_id"].to_list() == ["a", "b", "c"]
    assert found.difference == 0


def test_a_window_finds_its_rows_where_the_finding_hides_the_account(tmp_path: Path) -> None:
    book = book_of(tmp_path, {"PZ91": WINDOW})
    rows = [paid(key, 1, account="62220001") for key in "abd"]
    reader = reader_of({"payment": [*rows, paid("c", 2, account="62220002")]})
    row = run_check(reader, book, DAY).observations.to_dicts()[0]
    hidden = {**row, "values": row["values"].replace("62220001", "****0001")}
    found = explain(reader, book, hidden).evidence
    assert found is not None
    assert (found.rows["pay_cert_id"].to_list(), found.difference) == (["a", "b", "d"], 0)


def test_a_row_adds_up_to_its_own_amount_and_the_limit_is_that_of_the_level(tmp_path: Path) -> None:
    rule = EACH + 'value: pay_amt\nlimit: "case when pay_amt > 5元 then 5元 else 0元 end"\n'
    book = book_of(tmp_path, {"ZX91": rule})
    reader = reader_of({"payment": [payment("a", "900万元")]})
    row = run_check(reader, book, DAY).observations.to_dicts()[0]
    found = explain(reader, book, row)
    assert (found.value, found.limit) == ("900.00万元", "5.00元")
    assert found.evidence is not None
    assert (found.evidence.measure, found.evidence.difference) == ("pay_amt", 0)
    assert found.klass == book.rules["ZX91"].levels[int(row["level_at"])].klass


@pytest.mark.parametrize(
    ("klass", "confidence", "state", "said"),
    [
        ("法", "H", "新触发", "数据显示支付100.00万元，涉及《预算法》第十三条，待核实。"),
        ("法", "H", "初核", "数据显示支付100.00万元，涉及《预算法》第十三条，待核实。"),
        ("法", "H", "初核成立", "支付100.00万元，疑似与《预算法》第十三条要求不符。"),
        ("法", "H", "复核认定", "支付100.00万元，不符合《预算法》第十三条的规定。"),
        ("法", "M", "复核认定", "数据显示支付100.00万元，据《预算法》（待核对原文），待核实。"),
        ("规", "H", "新触发", "支付100.00万元，超出《预算法》规定标准，需核实。"),
        ("规", "M", "新触发", "支付100.00万元，据《预算法》（待核对原文），需核实。"),
        ("理", "M", "新触发", "提示：支付100.00万元（经验标准，法律未规定限额），需核实。"),
        ("险", "M", "新触发", "疑点：支付100.00万元，是否属实需核实。"),
        ("数", "M", "新触发", "数据问题：支付100.00万元，暂不作判断。"),
    ],
)  # fmt: skip
def test_wording_follows_class_and_work_state(
    tmp_path: Path, klass: str, confidence: str, state: str, said: str
) -> None:
    book = book_of(tmp_path, {"ZX91": EACH}, klass=klass, confidence=confidence)
    row = run_check(
        reader_of({"payment": [payment("a", "100万元")]}), book, DAY
    ).observations.to_dicts()[0]
    assert render(book, row, None, state) == said  # type: ignore[arg-type]


def test_third_party_vouchers_and_budgets_never_give_red(tmp_path: Path) -> None:
    red = PACE.replace("level: orange", "level: red")
    book = book_of(tmp_path, {"ZX91": red}, klass="法", confidence="H")
    for doubted in ("spent", "budget", None):
        reader = reader_of(
            {
                "payment": [
                    payment("a", "1元", data_status="第三方" if doubted == "spent" else "正式")
                ],
                "budget_line": [
                    line("100万元", data_status="初步" if doubted == "budget" else "正式")
                ],
            }
        )
        result = run_check(reader, book, DAY)
        assert seen(result.observations) == Oracle(reader, book, DAY).run()
        last = result.observations.filter(result.observations["outcome"] == "hit").to_dicts()[-1]
        capped = doubted is not None
        assert (last["level"], last["provisional"]) == ("orange" if capped else "red", capped)


def test_only_titles_of_published_texts_stand_in_book_marks() -> None:
    def law(short: str, authority: str) -> Law:
        return Law.model_validate(
            {"id": short, "title": short, "short": short, "version": "1",
             "valid_from": date(2018, 1, 1), "authority": authority}
        )  # fmt: skip

    known = [
        law("预算法", "law"),
        law("财预〔2015〕225号", "ministry"),
        law("通行方法", "practice"),
    ]
    laws = {each.id: each for each in known}
    basis = [Citation(law=each) for each in laws]
    assert worded("支付1元", "规", basis, laws, "M") == (
        "支付1元，据《预算法》、财预〔2015〕225号、通行方法（待核对原文），需核实。"
    )


def test_tables_that_hold_codes_under_plain_names_are_named_too() -> None:
    names = Names(reader_of({}), DAY)
    assert names["kind"]["30231"] == "公务用车运行维护费"
    assert names["func_class"]["205"] == "教育支出"


def test_a_run_is_stored_once_however_often_it_is_made(tmp_path: Path) -> None:
    book = book_of(tmp_path / "book", {"ZX91": EACH})
    reader = reader_of({"payment": [payment("a", "100万元"), payment("b", "1元")]})
    home = Home(tmp_path / "home")
    result = run_check(reader, book, DAY)
    assert [append(home, result), append(home, run_check(reader, book, DAY))] == [True, False]
    assert read_run(home, result.run).equals(result.observations)
    assert [each["judged"] for each in read_tallies(home, result.run)] == [2]


def test_a_run_cut_off_after_its_rows_is_completed_not_doubled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from budget_watch.engine import observations

    book = book_of(tmp_path / "book", {"ZX91": EACH})
    result = run_check(reader_of({"payment": [payment("a", "100万元")]}), book, DAY)
    home = Home(tmp_path / "home")
    write = observations._write

    def dies(folder: Path, frame: object) -> None:
        if folder.name == observations.RUNS:
            raise OSError("disk full")
        write(folder, frame)  # type: ignore[arg-type]

    monkeypatch.setattr(observations, "_write", dies)
    with pytest.raises(OSError, match="disk full"):
        append(home, result)
    monkeypatch.setattr(observations, "_write", write)
    assert append(home, result) is True
    assert read_run(home, result.run).height == 1


def test_articles_are_read_one_a_paragraph() -> None:
    found = read_articles(TEXT)
    assert (list(found), found["13-1"]) == (["1", "13", "13-1"], "增加的一条。")


def test_chinese_numerals_go_both_ways() -> None:
    assert [number_of(chinese(each)) for each in range(1, 1200)] == list(range(1, 1200))
    assert [chinese(each) for each in (10, 13, 101, 110, 22)] == [
        "十",
        "十三",
        "一百零一",
        "一百一十",
        "二十二",
    ]


def test_a_law_file_of_another_version_is_not_taken(tmp_path: Path) -> None:
    book = book_of(tmp_path / "book", {"ZX91": EACH})
    (tmp_path / "预算法(2018-12-29).md").write_text(TEXT, encoding="utf-8")
    (tmp_path / "预算法(2014-08-31).md").write_text(TEXT, encoding="utf-8")
    assert list(load_dir(tmp_path, book.laws)) == ["budget-law"]
    assert [(each.law, each.articles) for each in read_dir(tmp_path, book.laws)] == [
        (None, 3),
        ("budget-law", 3),
    ]


def test_lint_names_what_would_mislead(tmp_path: Path) -> None:
    rule = """
    each: payment
    basis: [{law: old-law, article: "1"}, {law: budget-law, article: "999"}, {law: nowhere}]
    levels:
      - {level: yellow, when: "pay_amt > 1元"}
      - {level: red, when: "pay_amt > 2元"}
    message: "本单位严重异常"
    """
    from tests.engine.books import write_book

    write_book(tmp_path, {"ZX91": EACH})
    path = tmp_path / "execution" / "ZX91.yaml"
    head = (
        path.read_text(encoding="utf-8")
        .split("each:")[0]
        .replace('basis: [{law: budget-law, article: "13"}]\n', "")
    )
    from textwrap import dedent

    from budget_watch.engine import load_book

    path.write_text(head + dedent(rule), encoding="utf-8")
    flaws = lint(load_book(tmp_path), {"budget-law": read_articles(TEXT)})
    assert sorted({each.code for each in flaws}) == [
        "citation", "citation-date", "level-cap", "level-order", "level-unreachable",
        "message-value", "message-word", "no-handling", "no-load", "no-method", "no-tests",
        "unused-param",
    ]  # fmt: skip
    assert sorted(each.message for each in flaws if each.code.startswith("citation")) == [
        "ZX91：rules/laws.yaml 没有登记 nowhere",
        "ZX91：《旧法》已于 2015-01-01 失效；请改引新文本，或给规则写 valid.to",
        "ZX91：《预算法》的已载入文本中没有第九百九十九条（载入了 3 条；文本不全就补全后重新载入）",
    ]


@pytest.mark.real
def test_the_published_law_texts_are_read_whole(tmp_path: Path) -> None:
    if not PAGES.is_dir():
        pytest.skip("没有 ../shared/data/laws")
    book = book_of(tmp_path, {"ZX91": EACH})
    found = load_dir(PAGES, book.laws)["budget-law"]
    assert list(found) == [str(each) for each in range(1, 102)]
