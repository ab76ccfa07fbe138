"""Odd requests on opinions, topics, 民生实事 and their pages: a sentence, never a fault."""

from __future__ import annotations

import json
from typing import Any

import hypothesis.strategies as st
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings

from budget_watch.access import Grant
from budget_watch.audit import key_of, verify
from budget_watch.casework.cases import Actor, today_of
from budget_watch.casework.livelihood import STEPS as LIVELIHOOD_STEPS
from budget_watch.casework.livelihood import find_livelihood, refusal
from budget_watch.casework.livelihood_acting import register
from budget_watch.lake import Reader
from budget_watch.lake.state import engine
from budget_watch.opinions.opinion import OpinionDesk, get
from budget_watch.opinions.seeing import next_steps
from budget_watch.opinions.topic_acting import STEPS as TOPIC_STEPS
from budget_watch.opinions.topic_acting import make_topic
from budget_watch.opinions.topics import find_topic
from tests.casework.test_livelihood import GIVEN as LIVELIHOOD
from tests.casework.test_livelihood import RULES
from tests.dashboard.test_fuzzing import NASTY, sound
from tests.dashboard.test_opinions import OURS, SAID, made  # noqa: F401
from tests.dashboard.test_topics import GIVEN as TOPIC
from tests.opinions.made_opinions import FLOW, given_for

PEOPLE = ("dai", "qian", "li", "wang", "finance", "kuai", "ju", "other")
STEPS = [each.id for each in FLOW.transitions] + [*TOPIC_STEPS, *LIVELIHOOD_STEPS]
STEPS += ["write", "make", "register", "say", "cast", "follow", "unfollow", "rate", ""]
NAMES = [
    *("title", "text", "reason", "kind", "addressee", "form", "word", "published", "clock", "days"),
    *("about", "about_id", "as_of", "ask", "open", "signers", "submit", "remark", "signed_by"),
    *("opinions", "summary", "users", "question", "options", "named", "shows", "choice"),
    *("year", "goal", "lead", "projects", "planned", "quarter", "percent", "number", "copy_to"),
]
VALUES = [
    *("是", "否", "请说明原因。", "代表建议", "财政", "101001", "书面", "满意", "不满意", "赞成"),
    *("free", "figure", "finding", "report", "/exec/d101", "2026-11-20", "hand", "5", "3", "60"),
    *("2026", "dai、qian", "甲、乙", "按计划", "已完成", "结束后", "1200", "", 7),
]
GIVEN = st.dictionaries(
    st.sampled_from(NAMES), st.sampled_from([*VALUES, *NASTY]), min_size=0, max_size=7
)


def whole_for(step: str) -> dict[str, Any]:
    """What a page sends with a step, whichever of the three things it is for."""
    if step in FLOW.step:
        return given_for(step)
    return {**LIVELIHOOD, **TOPIC}.get(step, {})


def offered(made: Any, name: str, target: str) -> list[str]:  # noqa: F811
    """Steps that the page offers this person on an opinion or a project."""
    if "\0" in target:  # a server's text cannot hold it: there is none
        return []
    desk, actor = OpinionDesk.of(made.home), made.actor(name)
    with engine(made.home).connect() as connection:
        one = get(connection, desk, target)
        work = find_livelihood(connection, target)
    if one is not None:
        return [each.id for each in next_steps(desk, actor, one, today_of())]
    if work is not None:
        return [each for each in LIVELIHOOD_STEPS if not refusal(RULES, actor, work, each)]
    return [*TOPIC_STEPS, "say"] if target.startswith("YT2") else []


def stands(made: Any, target: str) -> int:  # noqa: F811
    """The version of an opinion, topic or project as it stands; 0 for what is not there."""
    if "\0" in target:
        return 0
    with engine(made.home).connect() as connection:
        one = get(connection, OpinionDesk.of(made.home), target)
        topic = find_topic(connection, OpinionDesk.of(made.home), target)
        work = find_livelihood(connection, target)
    return next((each.version for each in (one, topic, work) if each is not None), 0)


@pytest.mark.slow
def test_no_act_of_anybody_on_these_is_a_fault(made: Any) -> None:  # noqa: F811
    operator = Actor(Grant.operator("test"), "经办")
    projects = Reader(made.home, Grant.system("test")).scan("project").collect()
    mine = projects.filter(pl.col("agency_code") == "101001")
    code = str(mine["pro_code"].min())
    work = register(made.home, operator, 2026, "校舍改造", "改造两所", "101001", [code])
    topic = make_topic(made.home, operator, "并案", [made.numbers["open"]]).topic
    targets = [*made.numbers.values(), topic, work.livelihood, "opinion-new", "topic-new"]
    targets += ["livelihood-new", "YJ", "YT", "MS", "YJ2026-9999", "YT\0", "MS%00"]
    browsers = {name: made.signed(name) for name in PEOPLE}
    statuses: set[int] = set()

    @settings(
        max_examples=400,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(
        name=st.sampled_from(PEOPLE),
        target=st.sampled_from(targets),
        step=st.sampled_from(STEPS),
        version=st.sampled_from([*["now"] * 9, 0, 3, -1, 2**70, True, "1", None]),
        filled=GIVEN,
        request=st.sampled_from(["", "", "", "r1", "\ud800", 5]),
        whole=st.booleans(),
    )
    def one(
        name: str, target: str, step: str, version: Any, filled: Any, request: Any, whole: bool
    ) -> None:
        if whole:  # what the page would send, with some of it spoilt
            ways = offered(made, name, target) or [step]
            step = ways[len(str(filled)) % len(ways)]
            spoilt = {} if len(filled) % 2 else dict(list(filled.items())[:1])
            filled = {**whole_for(step), **spoilt}
        version = stands(made, target) if version == "now" else version
        body = {"target": target, "step": step, "version": version, "given": filled}
        sent = json.dumps({**body, "request": request, "role": "签发"}, default=str)
        headers = {**OURS, "Content-Type": "application/json"}
        answer = browsers[name].post("/act", data=sent, headers=headers)
        text = sound(answer, sent)
        statuses.add(answer.status_code)
        if name == "other":  # nothing here is theirs
            assert not any(said in text for said in SAID.values() if said not in sent)

    one()
    assert {200, 404, 422} <= statuses, statuses
    for name, browser in browsers.items():
        for path in ("/opinions", "/lists", "/livelihood", f"/topic/{topic}", "/todo"):
            assert "未能载入" not in browser.said(path), (name, path)
    with engine(made.home).connect() as connection:
        assert verify(connection, key_of(made.home.root)).damages == []
