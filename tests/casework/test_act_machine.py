"""Random people take random steps: there is no state that is not allowed."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from contextlib import suppress
from datetime import timedelta
from functools import cache
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
    TO,
    WANG,
    bring,
    fill,
    id_of,
    number_for,
    person,
)

PEOPLE = (*EVERYBODY, STRANGER, person("li", "审核"), person("wang", "签发"))
FLOW = Desk.of(Home("/nonexistent")).flow
STEPS = [each.id for each in FLOW.transitions]
STATES = list(TO)
MERGEABLE = [each for each in STATES if FLOW.state[each].mergeable]
TARGETS = st.integers(0, 2)
# what is offered fails only for what was filled in
FILLED_IN = ("没有在计", "另编一个", "只能提高级别", "第一人拟的结论", "应在今天以后")


def at(state: str) -> str:
    """The finding that the template has brought to this state; its neighbour is another's."""
    return id_of(2 * STATES.index(state) + 1)


@cache
def template(level: str) -> Path:
    """A home with a case in every state, all of department 101, and as many untouched of 102."""
    folder = Path(tempfile.mkdtemp(prefix="bw-cases-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    home = Home(folder)
    fill(home, 2 * len(STATES), level=level)
    for state in STATES:
        bring(home, at(state), state)
    engine(home).dispose()
    return folder


class Casework(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="bw-cases-"))
        self.home = Home(self.folder)
        self.desk = Desk.of(self.home)
        self.now = NOW
        self.acts = 0
        self.ids: list[str] = []

    @initialize(
        level=st.sampled_from(["red", "orange"]),
        one=st.sampled_from(STATES),
        two=st.sampled_from(STATES),
        three=st.sampled_from(MERGEABLE),
    )
    def found(self, level: str, one: str, two: str, three: str) -> None:
        shutil.copytree(template(level), self.folder, dirs_exist_ok=True)
        self.ids = [at(one), at(two), at(three)]

    @rule(days=st.integers(0, 40))
    def time_passes(self, days: int) -> None:
        self.now += timedelta(days=days)

    @rule(which=TARGETS, actor=st.sampled_from(PEOPLE), step=st.sampled_from(STEPS))
    def anybody_tries_anything(self, which: int, actor, step: str) -> None:
        self._try(self.ids[which], actor, step, 0)

    @rule(which=TARGETS, picks=st.lists(st.integers(0, 99), min_size=1, max_size=6))
    def a_case_goes_on_as_the_page_offers(self, which: int, picks: list[int]) -> None:
        for pick in picks:
            self._go_on(which, pick)

    def _go_on(self, which: int, at: int) -> None:
        offered = [(actor, step) for actor in EVERYBODY for step in self._offered(which, actor)]
        ways = [each for each in offered if each[1] not in ("note", "remind", "escalate")]
        for_all = ways or offered
        if for_all:
            actor, step = for_all[at % len(for_all)]
            refused = self._try(self.ids[which], actor, step, at)
            assert refused is None or any(each in refused for each in FILLED_IN), refused

    @rule(which=TARGETS, step=st.sampled_from(["extend", "object", "explain", "reopen", "second"]))
    def a_period_is_lengthened_stopped_or_goes_on_or_all_begins_anew(
        self, which: int, step: str
    ) -> None:
        able = [actor for actor in EVERYBODY if step in self._offered(which, actor)]
        if able:
            self._try(self.ids[which], able[0], step, self.acts)

    @rule(one=TARGETS, other=TARGETS)
    def two_are_merged(self, one: int, other: int) -> None:
        self._merge(self.ids[one], self.ids[other])

    @rule(which=TARGETS, other=st.sampled_from(MERGEABLE))
    def one_more_is_brought_in(self, which: int, other: str) -> None:
        self._merge(self.ids[which], at(other))

    @rule(which=TARGETS, word=st.sampled_from(["满意", "不满意"]), who=st.integers(1, 2))
    def somebody_rates(self, which: int, word: str, who: int) -> None:
        with suppress(CaseworkError):
            who_rates, target = person(f"d{who}", "代表"), self.ids[which]
            acting.rate(self.home, who_rates, target, word, "没有说清", now=self.now)

    def _offered(self, which: int, actor) -> list[str]:
        try:
            case = get_case(self.home, actor, self.ids[which])
        except UnknownCaseError:
            return []
        return [step.id for step in next_steps(self.desk, actor, case)]

    def _merge(self, one: str, other: str) -> None:
        before = [get_case(self.home, LI, each) for each in (one, other)]
        try:
            done = acting.merge(self.home, LI, one, [other], "同一事项", now=self.now)
        except CaseworkError:
            assert [get_case(self.home, LI, each) for each in (one, other)] == before
            return
        assert all(self.desk.state(each).mergeable for each in before)
        main, away = before
        for each in (one, other, done.case, *([away.id] if away.id else [])):
            whole = get_case(self.home, LI, each)
            assert whole.id == done.case and whole.state == main.state
            assert set(whole.findings) == {*main.findings, *away.findings}
        assert whole.acts[-1].transition == "merge" and whole.version == main.version + 1

    def _try(self, target: str, actor, step: str, at: int) -> str | None:
        transition = self.desk.flow.transition[step]
        before = get_case(self.home, LI, target)
        given = {name: GIVEN[name] for name in transition.needs}
        given |= {"number": number_for(target)} if "number" in given else {}
        running = [one.clock for one in before.clocks if one.open]
        if "clock" in given and running:
            given |= {"clock": running[at % len(running)], "days": 1 + at % 9}
        try:
            done = acting.act(self.home, actor, target, step, given, now=self.now)
        except (ActError, UnknownCaseError) as error:
            assert get_case(self.home, LI, target) == before
            return str(error)
        self.acts += 1
        assert before.state in transition.sources
        assert actor.role in transition.who
        after = get_case(self.home, LI, target)
        assert after.version == before.version + 1
        assert after.acts[:-1] == before.acts and after.findings == before.findings
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
        self._periods(before, after, transition, given, done.proposed)
        return None

    def _periods(self, before, after, step, given, proposed: bool) -> None:
        """What a step does to periods, said in working days and not as `acting` reckons it."""
        today, flow, reckoning = today_of(self.now), self.desk.flow, self.desk.reckoning
        if proposed:
            assert after.clocks == before.clocks
            return
        for one, now in zip(before.clocks, after.clocks, strict=False):
            clock = flow.clock[one.clock]

            def days(since, until, quiet=clock.quiet):
                return reckoning.between(since, until, quiet)

            if not one.open:
                assert now == one
            elif one.clock in step.stops:
                assert (now.stopped, now.due) == (today, one.due)
            elif one.clock in step.pauses:
                assert (now.paused, now.due) == (one.paused or today, one.due)
            elif step.extends and one.clock == given["clock"]:
                longer = (now.due - one.due).days if clock.months else days(one.due, now.due)
                assert longer == given["days"] == now.extended - one.extended
            elif one.clock in step.resumes and one.paused is not None:
                assert now.paused is None
                assert days(today, now.due) == days(one.paused, one.due)  # what was left is left
            else:
                assert now == one
        for fresh in after.clocks[len(before.clocks) :]:
            clock = flow.clock[fresh.clock]
            assert fresh.clock in (*step.starts, *step.resumes) and fresh.started == today
            if clock.workdays:
                assert reckoning.between(today, fresh.due, clock.quiet) == clock.workdays

    @invariant()
    def cases_findings_periods_and_log_agree(self) -> None:
        for each in self.ids:
            case = get_case(self.home, LI, each)
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
    max_examples=int(os.environ.get("BUDGET_WATCH_FUZZ", "12")),
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
TestCasework = pytest.mark.slow(TestCasework)
