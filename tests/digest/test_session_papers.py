"""Papers of a session as Word, read back: every opinion, topic, count and answer, nothing else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import docx
import pytest
from typer.testing import CliRunner

from budget_watch.access import Grant
from budget_watch.casework.cases import Actor
from budget_watch.cli.main import app
from budget_watch.digest import DigestRefusedError
from budget_watch.digest.build import compose
from budget_watch.digest.document import Note, Paragraph
from budget_watch.digest.issuing import build_now
from budget_watch.digest.period import parse
from budget_watch.digest.template import template_of
from budget_watch.digest.verifying import verify
from budget_watch.lake import Home
from tests.congress.made_congress import CLINIC, CLINIC2, EAST, NOW, ROAD, SCHOOL, give, played
from tests.meetings.made_demands import RESOLVED, new
from tests.views import review_city

OFFICE = Actor(Grant.operator("test"), "")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    made = review_city.make(tmp_path_factory.mktemp("session"))
    assert played(made) == "RD2026-01"
    last = replace(RESOLVED, title="关于2025年预算的决议", decided="2025-01-25")
    new(made, document=last)
    return made


def read(home: Home, out: Path, report: str) -> tuple[list[str], list[list[list[str]]]]:
    """Paragraphs and tables of the Word file."""
    _, (path,) = build_now(home, OFFICE, "2026", ("docx",), out, f"{report}:RD2026-01")
    found = docx.Document(str(path))
    paragraphs = [
        "".join(t.text or "" for t in p._p.iter() if t.tag.endswith("}t")) for p in found.paragraphs
    ]
    tables = [
        [
            [
                "".join(t.text or "" for t in cell._tc.iter() if t.tag.endswith("}t"))
                for cell in row.cells
            ]
            for row in table.rows
        ]
        for table in found.tables
    ]
    return paragraphs, tables


def test_the_summary_of_opinions_holds_every_opinion_by_delegation_and_topic(
    home: Home, tmp_path: Path
) -> None:
    paragraphs, tables = read(home, tmp_path, "opinions")
    assert tables[0] == [
        ["代表团", "意见（件）", "提出的代表（人）"],
        ["东城代表团", "2", "2"],
        ["西城代表团", "2", "1"],
    ]
    topics = [[row[1], row[2], row[3], row[4].split("，")[0]] for row in tables[1]]
    assert topics == [
        ["议题", "意见（件）", "代表团", "解答"],
        ["乡镇卫生院经费", "2", "东城代表团1件、西城代表团1件", "已解答"],
        ["农村公路养护", "1", "东城代表团1件", "已转"],
    ]
    assert [(row[0], row[3], row[4]) for row in tables[2][1:]] == [
        ("东城代表团", CLINIC, "乡镇卫生院经费"),
        ("东城代表团", ROAD, "农村公路养护"),
        ("西城代表团", CLINIC2, "乡镇卫生院经费"),
        ("西城代表团", SCHOOL, "未并入议题"),
    ]
    said = "\n".join(paragraphs)
    assert (
        "2个代表团3位代表中，3位提出意见4件，其中3件归并为2个议题，1件未归并。" in said
        and "议题中财政解答组已解答1个，未解答1个。" in said
        and "解答：已安排设备更新经费。（2026-11-20 10:00）" in said
        and "14:00前解答）。意见：1．" in said
    )


def test_the_draft_result_report_follows_article_49_and_leaves_conclusions_to_people(
    home: Home, tmp_path: Path
) -> None:
    paragraphs, tables = read(home, tmp_path, "result")
    heads = [p for p in paragraphs if p[:2] in ("一、", "二、", "三、", "四、")]
    assert [head for head in heads if "\t" not in head][-4:] == [
        "一、上一年预算执行和落实预算决议的情况",
        "二、预算草案是否符合预算法、是否可行",
        "三、对批准预算草案和预算报告的建议",
        "四、代表的意见和对执行预算、改进管理、提高绩效、加强监督的建议",
    ]
    said = "\n".join(paragraphs)
    for sentence in (
        "会议期间，3位代表提出意见4件，归并为2个议题，已解答1个。",
        "“乡镇卫生院经费”（2件，东城代表团1件、西城代表团1件）。财政部门解答：已安排设备更新经费。",
        "程序不起草这一结论",
        "2026年，市本级一般公共预算支出草案安排1,710.00万元，比上年预算增长5.6%。",
    ):
        assert sentence in said, sentence
    assert [row[1:] for row in tables[0]] == [
        ["事项", "要求", "状态", "评价"],
        ["关于2025年预算的决议", "严格控制一般性支出", "已登记", "没有评价"],
    ]
    assert [row[0] for row in tables[1][1:] if "1,710" in "".join(row)] == ["一般公共预算支出"]


@pytest.mark.parametrize("report", ["opinions", "result"])
def test_own_sentences_use_no_forbidden_word(home: Home, report: str) -> None:
    words = template_of(home, "draft").forbidden
    document = compose(
        home, Grant.operator("t"), parse("2026"), template_of(home, f"{report}:RD2026-01")
    )
    blocks = [*document.summary, *(b for s in document.sections for b in s.blocks)]
    said = "".join(b.text for b in blocks if isinstance(b, Paragraph | Note))
    assert len(words) > 10 and [word for word in words if word in said] == []


def test_only_who_sees_the_session_whole_may_build_it(home: Home) -> None:
    template = template_of(home, "opinions:RD2026-01")
    with pytest.raises(DigestRefusedError):
        compose(home, replace(EAST.grant), parse("2026"), template)
    with pytest.raises(DigestRefusedError, match="RD2026-77"):
        compose(home, Grant.operator("t"), parse("2026"), template_of(home, "opinions:RD2026-77"))


def test_verify_tells_what_came_later_apart_from_what_was_changed(
    home: Home, tmp_path: Path
) -> None:
    ran = CliRunner().invoke(
        app,
        ["--home", str(home.root), "digest", "--period", "2026", "--report", "opinions",
         "--session", "RD2026-01", "--format", "docx", "--out", str(tmp_path)],
    )  # fmt: skip
    assert ran.exit_code == 0, ran.output
    (path,) = tmp_path.glob("*.docx")
    first = verify(home, OFFICE, path.name, path.read_bytes())
    assert first.sound and first.told == ()
    give(home, EAST, "RD2026-01", "又一件意见，关于养老服务。", now=NOW)
    later = verify(home, OFFICE, path.name, path.read_bytes())
    assert later.sound and {each.kind for each in later.told} == {"moved"}
