"""Review reports of 丽江 from its published workbook alone: every statement is true of its cells.

Cells are read with openpyxl, not with our reader. What the workbook lacks stands on page one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from fractions import Fraction

import pytest

from budget_watch.access import Grant
from budget_watch.casework.checking import check
from budget_watch.digest.build import compose
from budget_watch.digest.document import Block, Chart, Document, Note, Number, Paragraph, Table
from budget_watch.digest.period import parse
from budget_watch.digest.template import template_of
from budget_watch.lake import Home, Reader
from ingest.load import load_paths
from tests.digest import lijiang
from tests.digest.saying import said

GRANT = Grant.operator("test")
COUNTIES = {
    "530702000": "古城区",
    "530721000": "玉龙县",
    "530722000": "永胜县",
    "530723000": "华坪县",
    "530724000": "宁蒗县",
}
pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(not lijiang.WORKBOOK.exists(), reason="the workbook is not beside us"),
]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    made = Home(tmp_path_factory.mktemp("lijiang"))
    assert all(line.quarantined == 0 for line in load_paths(made, [lijiang.WORKBOOK]))
    check(made.root)
    return made


@pytest.fixture(scope="module")
def draft(home: Home) -> Document:
    return compose(home, GRANT, parse("2026"), template_of(home, "draft"))


@pytest.fixture(scope="module")
def final(home: Home) -> Document:
    return compose(home, GRANT, parse("2025"), template_of(home, "final"))


@pytest.fixture(scope="module")
def debt(home: Home) -> Document:
    return compose(home, GRANT, parse("2025"), template_of(home, "debt"))


def over(part: Fraction | None, whole: Fraction | None) -> Fraction | None:
    return None if part is None or not whole else part / whole


def less(first: Fraction | None, second: Fraction | None) -> Fraction | None:
    return None if first is None or second is None else first - second


def of_draft(key: str) -> Fraction | None:
    """draft.general.expenditure.205.now by the cells."""
    _, book, side, *code, what = key.split(".")
    where = (book, side)
    cells = lijiang.execution(where, *code)
    before, done = cells.get("initial"), cells.get("done")
    now = lijiang.planned(where, *code)
    told = {"before": before, "done": done, "now": now, "step": less(now, before)}
    return told[what] if what in told else over(less(now, before), before)


def of_final(key: str) -> Fraction | None:
    """final.general.expenditure.205.step by the cells."""
    _, book, side, *code, what = key.split(".")
    cells = lijiang.execution((book, side), *code)
    initial, done = cells.get("initial"), cells.get("done")
    told = {
        "initial": initial,
        "adjusted": cells.get("adjusted"),
        "final": done,
        "step": less(done, initial),
        "rate": over(less(done, initial), initial),
        "done": over(done, initial),
    }
    return told[what]


def of_debt(key: str) -> Fraction | None:
    """all.debt.special.used, 530702000.县区.debt.total.limit by the cells."""
    whose, kind, what = re.fullmatch(r"(.*)\.debt\.(\w+)\.(\w+)", key).groups()  # type: ignore[union-attr]
    if whose.partition(".")[0] in COUNTIES:
        assert (kind, what) == ("total", "limit")
        return lijiang.county_limit(COUNTIES[whose.partition(".")[0]])
    word = {"total": "", "general": "一般", "special": "专项"}[kind]
    limit, balance = lijiang.debt(word, own=whose != "all")
    told = {"limit": limit, "balance": balance, "room": limit - balance, "used": balance / limit}
    return told[what]


def counted(key: str) -> bool:
    """Figures that count rules and findings, not money of the workbook."""
    return re.fullmatch(r"(draft|final)\.(rule\..*|[a-z]+)|findings\..*", key) is not None


def blocks(document: Document) -> Iterator[tuple[str, Block]]:
    for block in document.summary:
        yield "要点", block
    for section in document.sections:
        for block in section.blocks:
            yield section.title, block


def printed(document: Document) -> Iterator[tuple[str, Number, str]]:
    """Every machine figure with the place and the unit of its table."""
    for place, block in blocks(document):
        if isinstance(block, Table):
            unit = block.unit.removeprefix("单位：")
            for row in block.rows:
                yield from ((place, cell, unit) for cell in row if isinstance(cell, Number))
        elif isinstance(block, Paragraph | Note):
            yield from ((place, run, "") for run in block.runs if isinstance(run, Number))


def texts(document: Document, place: str = "") -> list[str]:
    return [
        block.text
        for title, block in blocks(document)
        if isinstance(block, Paragraph) and title.endswith(place)
    ]


def table(document: Document, caption: str) -> list[tuple[str, ...]]:
    (found,) = (
        block
        for _, block in blocks(document)
        if isinstance(block, Table) and caption in block.caption
    )
    return [tuple(c if isinstance(c, str) else c.text for c in row) for row in found.rows]


def untrue(document: Document, told: Callable[[str], Fraction | None]) -> dict[str, str]:
    """Every printed or charted figure of money against its cells: what is wrong."""
    wrong: dict[str, str] = {}
    money = {key: figure for key, figure in document.figures.items() if not counted(key)}
    for key, figure in money.items():
        cell = told(key)
        if cell is None or figure.exact != cell:
            wrong[key] = f"{figure.exact} for {cell}"
    for place, number, unit in printed(document):
        if number.key in money and number.key not in wrong:
            exact = money[number.key].exact
            assert exact is not None
            fault = said(number.text, money[number.key].unit.value, exact, unit)
            if fault:
                wrong[f"{place} {number.key}"] = f"{number.text}: {fault}"
    return wrong


def test_every_amount_of_the_draft_is_the_workbooks_and_every_word_its_sign(
    draft: Document,
) -> None:
    assert untrue(draft, of_draft) == {}
    assert len([key for key in draft.figures if not counted(key)]) > 180
    classes = [
        row
        for row in lijiang.sheet("22-2")
        if re.fullmatch(r"\d{3}", str(row[0])) and str(row[0]) not in ("230", "231")
    ]
    assert {name for name, *_ in table(draft, "一般公共预算支出草案（市本级")} == {
        str(row[1]).partition("、")[2] for row in classes if any(row[2:5])
    }


def test_what_the_draft_says_first_is_the_workbooks(draft: Document) -> None:
    assert texts(draft, "要点") == [
        "2026年，市本级一般公共预算收入草案安排24.89亿元，比上年预算下降12.3%；"
        "支出草案安排53.49亿元，比上年预算下降6.6%。",
        "政府性基金收入安排8.55亿元，支出安排5.23亿元；"
        "国有资本经营预算收入安排3,058.00万元，支出安排448.00万元；"
        "社会保险基金收入安排29.72亿元，支出安排25.92亿元。",
        "按《预算法》第四十四条、第四十八条逐条对照，20条规则中，有疑点的0条，未触发的3条，"
        "不适用的0条，数据不足的9条，未判断的8条。",
    ]


def test_what_the_workbook_lacks_stands_on_page_one(
    home: Home, draft: Document, final: Document, debt: Document
) -> None:
    told = {gap.text for gap in draft.gaps}
    assert {
        "缺2025年政府性基金支出（文化旅游体育与传媒支出）的上年预算：市本级",
        "缺2026年部门预算草案和部门预算公开表，各部门的安排没有列出",
        "缺FIN-09 部门预算批复表（BZ06、BZ07、BZ08、BZ15未判断）",
        "缺FIN-12 预算指标表（BZ09未判断）",
        "缺FIN-25 地方政府债券发行与还本付息明细表（ZW09未判断）",
        "缺FIN-29 程序节点与公开登记表（JS03未判断）",
        "数据不足（BZ13）：没有上年同一阶段的收入预算数",
        "数据不足（BZ14）：财政部门没有提供“三保”测算需求",
        "数据不足（ZW05）：没有可偿债财力",
    } <= told
    # the cell of that budget is blank in 表九
    assert lijiang.execution(("fund", "expenditure"), "207")["initial"] is None
    assert {
        "缺2025年国有资本经营收入的调整预算：市本级",
        "缺2025年国有资本经营支出的调整预算：市本级",
        "缺2025年决算和决算草案：“决算数”为快报1—12月的累计数",
    } <= {gap.text for gap in final.gaps}
    counties = "、".join(COUNTIES.values())
    assert {
        "缺FIN-25 地方政府债券发行与还本付息明细表",
        f"缺FIN-24 政府债务限额与余额表（2025年末债务余额）：{counties}",
    } <= {gap.text for gap in debt.gaps}
    came = set(Reader(home, GRANT).coverage()["table"].to_list())
    assert came & {"department_budget", "indicator", "bond", "procedure_node"} == set()


@pytest.mark.parametrize("report", ["draft", "final"])
def test_every_rule_is_said_once_with_its_result_and_counts_are_of_the_table(
    report: str, request: pytest.FixtureRequest
) -> None:
    document: Document = request.getfixturevalue(report)
    rows = [row for row in table(document, "逐条审查结果") if row[2] != "—"]
    results = {rule.split()[0]: (article, result) for article, rule, result, *_ in rows}
    titles = {row[1].split()[0]: row[1].split(maxsplit=1)[1].rpartition("（")[0] for row in rows}
    figures = document.figures
    words = {"hit": "有疑点", "clear": "未触发", "aside": "不适用", "lacking": "数据不足",
             "unjudged": "未判断"}  # fmt: skip
    for key, word in words.items():
        number = sum(result == word for _, result in results.values())
        assert figures[f"{report}.{key}"].value == number, word
    assert figures[f"{report}.rules"].value == len(results)
    places = {
        "有疑点": "尚待核实的事项",
        "未触发": "未触发的事项",
        "数据不足": "不能判断的事项",
        "未判断": "不适用、没有判断的事项",
    }
    phrases = {
        "有疑点": r"触发\d+条，尚未完成初核，核实后再写。",
        "未触发": r"判断\d+个对象.*，未触发。",
        "数据不足": r"\d+个对象数据不足，无法判断（.+）。",
        "未判断": r"(送达的数据中没有可判断的对象，未作判断。|未作判断（数据未送达：.+）。)",
    }
    for result, place in places.items():
        expected = {
            f"{article}：“{titles[rule].replace('“', '‘').replace('”', '’')}”"
            for rule, (article, each) in results.items()
            if each == result
        }
        found = dict(text.split("”：", 1) for text in texts(document, place))
        assert {f"{start}”" for start in found} == expected, place
        assert all(re.fullmatch(phrases[result], rest) for rest in found.values()), place
    # nothing is called right or wrong, but in the titles of rules and in what the words mean
    said_freely = [re.sub(r"“[^”]*”", "", text) for text in texts(document)]
    assert not [text for text in said_freely if "符合" in text or "不符" in text]


def test_what_did_not_trigger_is_so_by_the_cells(draft: Document) -> None:
    clear = {row[1].split()[0] for row in table(draft, "逐条审查结果") if row[2] == "未触发"}
    assert clear == {"BZ01", "BZ04", "ZW01"}
    spending = lijiang.planned(("general", "expenditure"))
    reserve = lijiang.planned(("general", "expenditure"), "227")
    assert spending is not None and reserve is not None
    assert Fraction(1, 100) <= reserve / spending <= Fraction(3, 100)
    income = lijiang.planned(("capital", "revenue"))
    outgo = lijiang.planned(("capital", "expenditure"))
    assert income is not None and outgo is not None and outgo <= income
    for own in (True, False):
        for kind in ("", "一般", "专项"):
            limit, balance = lijiang.debt(kind, own, 2026)
            assert balance <= limit


def test_conclusions_say_what_was_counted_and_why_a_rule_was_not_judged(
    draft: Document, final: Document
) -> None:
    place = "结论和建议（草稿，由审查人员定稿）"
    assert texts(draft, place) == [
        "按送达的数据，预算草案涉及的20条规则中，3条未触发、0条有疑点，疑点共0条，其中初核成立0条。",
        "数据不足的规则9条，建议请财政部门补送所缺报表，或在会上说明；不能判断不等于没有问题。",
        "所需报表没有送达、因而没有判断的规则7条，建议请财政和有关部门补送。",
        "送达的数据中没有可判断对象的规则1条，建议确认有关事项今年是否发生。",
    ]
    unjudged = [row for row in table(draft, "逐条审查结果") if row[2] == "未判断"]
    assert sorted(row[3] for row in unjudged) == ["0", *["—"] * 7]
    waiting = texts(final, "不适用、没有判断的事项")
    absent = sum("数据未送达" in text for text in waiting)
    assert texts(final, place)[3:] == [
        f"所需报表没有送达、因而没有判断的规则{absent}条，建议请财政和有关部门补送。",
        f"送达的数据中没有可判断对象的规则{len(waiting) - absent}条，"
        "建议确认有关事项今年是否发生。",
    ]


def test_every_amount_of_the_final_accounts_is_the_workbooks(final: Document) -> None:
    assert untrue(final, of_final) == {}
    assert texts(final, "要点")[:2] == [
        "2025年，市本级一般公共预算收入23.71亿元，完成年初预算的83.5%；"
        "支出49.99亿元，完成年初预算的87.3%。",
        "政府性基金收入4.04亿元，支出3.65亿元；国有资本经营预算收入3,042.00万元，支出326.00万元。",
    ]


def test_findings_of_the_final_accounts_are_of_the_workbook_and_counted_only(
    final: Document,
) -> None:
    hit = {row[1].split()[0]: row[4] for row in table(final, "逐条审查结果") if row[2] == "有疑点"}
    assert hit == {"ZX08": "1", "ZX17": "6"}
    cells = lijiang.execution(("general", "revenue"))
    assert cells["done"] is not None and cells["initial"] is not None
    assert cells["done"] < cells["initial"]  # 短收
    uses = [row for row in lijiang.sheet("05") if str(row[0]).isdigit()]
    assert len(uses) == 6
    assert not [t for t in texts(final) if "短收" in t and "尚未完成初核" not in t]


def test_every_amount_of_the_debt_is_the_workbooks(debt: Document) -> None:
    assert untrue(debt, of_debt) == {}
    assert texts(debt)[:2] == [
        "2025年末，全市政府债务限额486.66亿元，余额478.08亿元，占限额的98.2%，余量8.58亿元。",
        "2025年末，市本级政府债务限额133.03亿元，余额131.06亿元，占限额的98.5%。",
    ]
    assert [row[3:] for row in table(debt, "各区划") if row[0] != "市本级"] == [("缺",) * 5] * 5


@pytest.mark.parametrize("report", ["draft", "final", "debt"])
def test_what_a_chart_says_in_words_is_not_called_year_on_year(
    report: str, request: pytest.FixtureRequest
) -> None:
    document: Document = request.getfixturevalue(report)
    charts = [block for _, block in blocks(document) if isinstance(block, Chart)]
    assert charts and not [chart.alt for chart in charts if "同比" in chart.alt]
