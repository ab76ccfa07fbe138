"""Random people take random steps: there is no state that is not allowed."""

from __future__ import annotations

import shutil
import tempfile
from datetime import timedelta
from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from budget_watch.audit import key_of, read, verify
from budget_watch.casework import acting
from budget_watch.casework.cases import Desk, get_case, next_steps, today_of
from budget_watch.casework.errors import ActError, CaseworkError, UnknownCaseError
from budget_watch.casework.findings import get_finding
from budget_watch.lake import Home
from budget_watch.lake.state import engine
from tests.casework.made_cases import (
    EVERYBODY,
    GIVEN,
    LI,
    NOW,
    STRANGER,
    WANG,
    fill,
    id_of,
    number_for,
    person,
)

COUNT = 3
PEOPLE = (*EVERYBODY, STRANGER, person("li", "审核"), person("wang", "签发"))
STEPS = [each.id for each in Desk.of(Home("/nonexistent")).flow.transitions]
TARGETS = st.integers(1, COUNT).map(lambda n: id_of(2 * n - 1))


class Casework(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="bw-cases-"))
        self.home = Home(self.folder)
        self.desk = Desk.of(self.home)
        self.now = NOW
        self.acts = 0

    @initialize(level=st.sampled_from(["red", "orange"]))
    def found(self, level: str) -> None:
        fill(self.home, 2 * COUNT, level=level)

    @rule(days=st.integers(0, 40))
    def time_passes(self, days: int) -> None:
        self.now += timedelta(days=days)

    @rule(which=TARGETS, actor=st.sampled_from(PEOPLE), step=st.sampled_from(STEPS))
    def anybody_tries_anything(self, which: str, actor, step: str) -> None:
        self._try(which, actor, step)

    @rule(which=TARGETS, actor=st.sampled_from(EVERYBODY), at=st.integers(0, 99))
    def somebody_does_what_the_page_offers(self, which: str, actor, at: int) -> None:
        try:
            case = get_case(self.home, actor, which)
        except UnknownCaseError:
            return
        offered = next_steps(self.desk, actor, case)
        if offered:
            step = offered[at % len(offered)]
            refused = self._try(which, actor, step.id)
            # what the page offers fails only for what was filled in
            allowed = ("没有在计", "另编一个", "只能提高级别", "第一人拟的结论", "应在今天以后")
            assert refused is None or any(each in refused for each in allowed), refused

    @rule(one=TARGETS, other=TARGETS)
    def two_are_merged(self, one: str, other: str) -> None:
        before = self._versions()
        try:
            acting.merge(self.home, LI, one, [other], "同一事项", now=self.now)
        except CaseworkError:
            assert self._versions() == before

    @rule(which=TARGETS, word=st.sampled_from(["满意", "不满意"]), who=st.integers(1, 2))
    def somebody_rates(self, which: str, word: str, who: int) -> None:
        try:
            acting.rate(self.home, person(f"d{who}", "代表"), which, word, now=self.now)
        except CaseworkError:
            return

    def _try(self, target: str, actor, step: str) -> str | None:
        flow = self.desk.flow
        transition = flow.transition[step]
        before = get_case(self.home, LI, target)
        given = {name: GIVEN[name] for name in transition.needs}
        given |= {"number": number_for(target)} if "number" in given else {}
        try:
            done = acting.act(self.home, actor, target, step, given, now=self.now)
        except (ActError, UnknownCaseError) as error:
            assert get_case(self.home, LI, target) == before
            return str(error)
        assert before.state in transition.sources
        assert actor.role in transition.who
        after = get_case(self.home, LI, target)
        assert after.version == before.version + 1
        assert (
            done.state
            == after.state
            == (before.state if done.proposed else transition.to or before.state)
        )
        if transition.two_persons and before.red:
            assert done.proposed is (
                before.proposal is None or before.proposal["transition"] != step
            )
            if not done.proposed:
                assert before.proposal["user"] != actor.user
        return None

    def _versions(self) -> list[tuple[str, int]]:
        cases = (get_case(self.home, LI, id_of(2 * n - 1)) for n in range(1, COUNT + 1))
        return [(case.id, case.version) for case in cases]

    @invariant()
    def cases_findings_periods_and_log_agree(self) -> None:
        if not self.home.state.exists():
            return
        for n in range(1, COUNT + 1):
            case = get_case(self.home, LI, id_of(2 * n - 1))
            state = self.desk.flow.state[case.state]
            for finding in case.findings:
                assert get_finding(self.home, WANG.grant, finding).work_state == state.word
            running = [one.clock for one in case.clocks if one.open]
            assert len(running) == len(set(running))
            if state.final or state.mergeable:
                assert running == [], (case.state, running)
            assert [act.version for act in case.acts] == list(range(1, case.version + 1))
            assert all(one.started <= today_of(self.now) for one in case.clocks)
            if case.proposal is not None:
                assert case.red
        assert get_finding(self.home, LI.grant, id_of(2)).work_state == "新触发"

    def teardown(self) -> None:
        if self.home.state.exists():
            with engine(self.home).connect() as connection:
                if key_of(self.home.root).path.exists():
                    assert verify(connection, key_of(self.home.root)).damages == []
                logged = [e.subject for e in read(connection, act="case.") if e.act != "case.rate"]
                written = connection.exec_driver_sql("SELECT count(*) FROM case_act").scalar()
                assert len(logged) == written
            engine(self.home).dispose()
        shutil.rmtree(self.folder, ignore_errors=True)


TestCasework = Casework.TestCase
TestCasework.settings = settings(
    max_examples=12,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
TestCasework = pytest.mark.slow(TestCasework)
