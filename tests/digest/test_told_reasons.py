"""主要原因: what a department or finance answered, word for word, with its source."""

from __future__ import annotations

import re
from pathlib import Path

import docx

from budget_watch.access import Grant
from budget_watch.casework.cases import Actor
from budget_watch.casework.checking import check
from budget_watch.casework.findings import Finding, list_findings
from budget_watch.digest import build
from budget_watch.digest.verifying import verify
from budget_watch.lake import Home
from tests.casework.made_cases import CHIEF, CLERK, HEAD, bring, do
from tests.views_drill.small_city import make_home

GRANT = Grant.operator("test")
SAID = "项目前期手续未办结，招标推迟两个月。"
CAPTION = "主要原因（承办单位或财政部门的答复，照录）"


def one_of(home: Home) -> Finding:
    """A finding of the period about department 101 that one person alone may uphold."""
    return next(
        f
        for f in list_findings(home, GRANT, rule="PZ14", dept="101")
        if f.level == "yellow" and str(f.observation["period_end"]).startswith("2026-05")
    )


def printed(path: Path) -> list[list[str]]:
    """The rows of the table of reasons, without its head; nothing where it is not printed."""
    for table in docx.Document(str(path)).tables:
        rows = [[cell.text.strip() for cell in row.cells] for row in table.rows]
        if rows and rows[0] == ["疑点", "主要原因", "来源", "办理状态"]:
            return rows[1:]
    return []


def test_a_reason_is_printed_once_its_answer_was_issued(tmp_path: Path) -> None:
    own, _ = make_home(tmp_path)
    check(own.root)
    f = one_of(own)
    bring(own, f.finding, "研究处理中")
    do(own, CLERK, f.finding, "draft_answer", text=SAID)
    (before,) = build(own, GRANT, "2026Q3", out=tmp_path / "before", formats=("docx",))
    assert printed(before) == []
    assert SAID not in "".join(p.text for p in docx.Document(str(before)).paragraphs)
    do(own, CHIEF, f.finding, "check_answer")
    do(own, HEAD, f.finding, "issue_answer")
    word, html = build(own, GRANT, "2026Q3", out=tmp_path / "after", formats=("docx", "html"))
    (row,) = printed(word)
    assert row == [f.title, SAID, "教育局，2026年11月20日答复，办理 2026-0001", "已反馈"]
    shown = re.sub(r"<[^>]+>", "", html.read_text(encoding="utf-8"))
    assert CAPTION in shown and SAID in shown
    checked = verify(own, Actor(GRANT, "经办"), word.name, word.read_bytes())
    assert [each.kind for each in checked.told] == ["unregistered"]  # built here, on no issue
    assert checked.agree == checked.figures > 100
