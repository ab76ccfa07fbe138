"""预算草案初步审查报告, 决算审查报告: what they say is what was judged and delivered."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from budget_watch.access import Grant
from budget_watch.casework import tables
from budget_watch.casework.cases import Actor
from budget_watch.casework.runs import latest_run
from budget_watch.digest import pdf
from budget_watch.digest.build import compose
from budget_watch.digest.document import Document, Paragraph, Table
from budget_watch.digest.period import parse
from budget_watch.digest.template import template_of
from budget_watch.lake import Home, Reader
from budget_watch.lake.state import writing
from budget_watch.meetings.demands import list_demands
from budget_watch.views import Desk, home_place
from budget_watch.views.draft_budget import sheets
from tests.meetings.made_demands import RESOLVED, new
from tests.views import review_city

GRANT = Grant.operator("test")
HELD = "已转交"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return review_city.make(tmp_path_factory.mktemp("reviews"))


def made(home: Home, report: str, period: str) -> Document:
    return compose(home, GRANT, parse(period), template_of(home, report))


def paragraphs(document: Document, title: str) -> list[str]:
    return [
        block.text
        for section in document.sections
        if section.title.endswith(title)
        for block in section.blocks
        if isinstance(block, Paragraph)
    ]


def test_a_draft_is_reviewed_before_its_year_is_over(home: Home) -> None:
    snapshot = Reader(home, GRANT).snapshot
    assert snapshot is not None and snapshot.biz_date.year == 2026
    document = made(home, "draft", "2026")
    assert document.masthead.title == "示范市2026年预算草案初步审查报告"
    assert [section.title for section in document.sections if section.level == 1] == [
        "一、草案概况",
        "二、逐条审查",
        "三、上一年决议事项的落实情况",
        "四、审查情况（请逐句核对、修改）",
        "五、结论和建议（草稿，由审查人员定稿）",
    ]


def test_amounts_are_those_of_the_page(home: Home) -> None:
    desk = Desk(Reader(home, GRANT))
    place = home_place(desk)
    assert place is not None
    out = sheets(desk, place, 2026, "一般公共预算")[1]
    figures = made(home, "draft", "2026").figures
    key = "draft.general.expenditure"
    assert [figures[f"{key}.{each}"].value for each in ("now", "before")] == [
        out.total.now,
        out.total.before,
    ]
    for figure in figures.values():
        if (
            figure.queries
            and figure.queries[0].table == "execution_month"
            and len(figure.queries) < 2
        ):
            assert desk.ask(figure.queries[0]).value == figure.value, figure.id


def test_findings_are_counted_until_somebody_has_upheld_them(home: Home, tmp_path: Path) -> None:
    document = made(home, "draft", "2026")
    assert paragraphs(document, "初核成立的事项") == []
    waiting = paragraphs(document, "尚待核实的事项")
    assert waiting and all("尚未完成初核，核实后再写" in each for each in waiting)
    own = review_city.make(tmp_path)
    with writing(own) as connection:
        t = tables.finding
        some = connection.execute(sa.select(t.c.id).where(t.c.rule == "BZ01")).scalars().first()
        change = sa.update(t).where(t.c.id == some).values(work_state=HELD)
        assert connection.execute(change).rowcount == 1
    held = paragraphs(made(own, "draft", "2026"), "初核成立的事项")
    assert len(held) == 1
    assert "疑似" in held[0] and "不符合" not in held[0]


def test_a_draft_lists_what_was_demanded_before_and_is_still_open(
    home: Home, tmp_path: Path
) -> None:
    title = "三、上一年决议事项的落实情况"

    def shown(document: Document) -> list[object]:
        (section,) = (each for each in document.sections if each.title == title)
        return [
            list(block.rows) if isinstance(block, Table) else getattr(block, "text", "")
            for block in section.blocks
        ]

    none = "决议事项台账里没有登记上年及以前年度须在本次审查中看的事项。"
    assert shown(made(home, "draft", "2026")) == [none]
    own = review_city.make(tmp_path)
    last = replace(RESOLVED, title="关于2025年预算的决议", decided="2025-01-25")
    said = "严格控制一般性支出，违规的严肃处理"  # the committee's own words are not the machine's
    number = new(own, text=said, document=last)
    new(own, text="今年的要求")  # of the draft's own year: not yet carried
    (one,) = list_demands(own, Actor(GRANT, "经办"), year=2025)
    row = (number, one.title, said, "2026-12-31", "已登记", "没有评价")
    assert shown(made(own, "draft", "2026")) == [
        [row],
        "对照《预算法》第四十八条第一项；落实情况的评价由审查人员写。",
    ]


def test_every_rule_of_the_questions_stands_in_the_table_once(home: Home) -> None:
    document = made(home, "draft", "2026")
    (table,) = [
        block
        for section in document.sections
        for block in section.blocks
        if isinstance(block, Table) and "逐条审查结果" in block.caption
    ]
    rules = [str(row[1]).split()[0] for row in table.rows if row[2] != "—"]
    assert len(rules) == len(set(rules)) == document.figures["draft.rules"].value
    assert latest_run(home) is not None


@pytest.mark.parametrize(("report", "period"), [("draft", "2026"), ("final", "2025")])
def test_they_are_set_as_pdf(home: Home, report: str, period: str) -> None:
    assert pdf.write(made(home, report, period)).startswith(b"%PDF")
