"""What the forms of 民生实事 ask for: a vote's outcome, a quarter's progress."""

from __future__ import annotations

from budget_watch.casework.livelihood import QUARTERS, Livelihoods
from budget_watch.casework.livelihood_given import CHOSEN, VOTES
from dashboard import elements as html
from dashboard.markup import Input
from dashboard.pages.forms import labelled, select
from dashboard.parts import Node

CODES = "项目编码（用顿号分开，须在项目库里）"
OTHERS = "有别的单位的项目时，写明理由"


def report_fields(rules: Livelihoods) -> list[Node]:
    """What is asked of a quarter."""
    quarters = {str(number): name for number, name in QUARTERS.items()}
    percent = Input(name="percent", type="number", min="0", max="100", required=True)
    due = f"每季度终了后{rules.report.workdays}个工作日内报（本地做法）。"
    return [
        labelled("季度", select("quarter", quarters)),
        labelled("完成进度（%）", percent),
        labelled("进展", select("word", {each: each for each in rules.progress})),
        labelled("说明", html.Textarea(name="text", rows=4, required=True, maxLength=5000)),
        html.P(due, className="note"),
    ]


def vote_fields() -> list[Node]:
    """What is asked of a vote."""
    counts = [
        labelled(f"{word}票数", Input(name=name, type="number", min="0", required=True))
        for name, word in VOTES.items()
    ]
    held = Input(name="held", type="text", required=True)
    return [
        labelled("在哪次会议上票决", held),
        *counts,
        labelled("结果", select("outcome", {each: each for each in CHOSEN})),
        html.P("按票数是否选上依本地办法，由您登记，系统不推算。", className="note"),
    ]
