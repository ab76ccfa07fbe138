"""Random people take random steps on opinions: there is no state that is not allowed."""

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
from budget_watch.casework.cases import today_of
from budget_watch.casework.errors import ActError, CaseworkError
from budget_watch.lake import Home
from budget_watch.lake.state import engine
from budget_watch.opinions import acting
from budget_watch.opinions.errors import UnknownOpinionError
from budget_watch.opinions.opinion import Opinion, get
from budget_watch.opinions.seeing import answer_of, next_steps, sees
from tests.opinions.made_opinions import (
    ADMIN,
    DAI,
    DESK,
    EVERYBODY,
    EXPERT,
    FLOW,
    MEMBER,
    NOW,
    QIAN,
    given_for,
    new,
)

PEOPLE = (*EVERYBODY, EXPERT, ADMIN)
STEPS = [each.id for each in FLOW.transitions]
COUNT = 3
WHICH = st.integers(0, COUNT - 1)
WHAT = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(list(FLOW.kind)),
        "word": st.sampled_from(FLOW.satisfaction.words),
        "addressee": st.sampled_from(["财政", "101", "101001"]),
        "remark": st.sampled_from(["", "没有回答所问"]),
    }
)


class Opinions(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="bw-opinions-"))
        self.home = Home(self.folder)
        self.now = NOW
        self.numbers: list[str] = []

    @initialize(
        kind=st.sampled_from([each.id for each in FLOW.kinds if "财经委委员" in each.starts]),
        signers=st.sampled_from([[], ["甲某", "乙某", "丙某", "丁某"]]),
    )
    def written(self, kind: str, signers: list[str]) -> None:
        self.numbers = [
            new(self.home, DAI),
            new(self.home, QIAN, open_=True, submit=True),
            new(self.home, MEMBER, kind=kind, signers=signers),
        ]

    @rule(days=st.integers(0, 40))
    def time_passes(self, days: int) -> None:
        self.now += timedelta(days=days)

    @rule(at=WHICH, actor=st.sampled_from(PEOPLE), step=st.sampled_from(STEPS), what=WHAT)
    def anybody_tries_anything(self, at: int, actor, step: str, what: dict) -> None:
        self._try(self.numbers[at], actor, step, what)

    @rule(at=WHICH, actor=st.sampled_from(EVERYBODY), which=st.integers(0, 99), what=WHAT)
    def somebody_does_what_the_page_offers(self, at: int, actor, which: int, what: dict) -> None:
        one = self._get(self.numbers[at])
        offered = next_steps(DESK, actor, one, today_of(self.now))
        if offered:
            assert sees(DESK, actor, one)
            refused = self._try(one.id, actor, offered[which % len(offered)].id, what)
            # what the page offers fails only for what was filled in
            allowed = ("没有在计", "不能登记为这一类", "本来就是", "联名", "要写明")
            assert refused is None or any(each in refused for each in allowed), refused

    @rule(at=WHICH, actor=st.sampled_from(PEOPLE))
    def somebody_follows(self, at: int, actor) -> None:
        one = self._get(self.numbers[at])
        try:
            acting.follow(self.home, actor, one.id)
        except UnknownOpinionError:
            assert not sees(DESK, actor, one)

    def _get(self, number: str) -> Opinion:
        with engine(self.home).connect() as connection:
            found = get(connection, DESK, number)
        assert found is not None
        return found

    def _try(self, number: str, actor, step: str, what: dict) -> str | None:
        before = self._get(number)
        transition = FLOW.step[step]
        given = given_for(step, before.kind)
        given |= {name: value for name, value in what.items() if name in given}
        if step == "rate" and what["remark"]:
            given["remark"] = what["remark"]
        try:
            done = acting.act(self.home, actor, number, step, given, now=self.now)
        except (ActError, UnknownOpinionError) as error:
            assert self._get(number) == before
            return str(error)
        except CaseworkError as error:  # pragma: no cover
            raise AssertionError(error) from error
        after = self._get(number)
        self_ = "本人" in transition.who and before.author == actor.user
        assert before.state in transition.sources and transition.concerns(before.kind)
        assert self_ or actor.role in transition.who
        assert done.state == after.state == (transition.to or before.state)
        assert after.version == before.version + 1
        if after.kind != before.kind:
            assert step == "confirm" and actor.user == before.author
        return None

    @invariant()
    def what_is_stored_agrees(self) -> None:
        for number in self.numbers:
            one = self._get(number)
            state, kind = FLOW.state[one.state], FLOW.kind[one.kind]
            assert one.author_role in kind.authors
            assert (one.proposed is not None) is (one.state == "待本人确认")
            running = [each.clock for each in one.clocks if each.open]
            assert len(running) == len(set(running))
            if state.final or one.state == FLOW.start.id:
                assert running == [], (one.state, running)
            else:
                assert running, one.state  # whatever is under way has a period
            assert [act.version for act in one.acts] == list(range(1, one.version + 1))
            assert (answer_of(DESK, one) is not None) is state.answered
            if state.registered:
                assert len(one.signers) + 1 >= kind.least_signers(one.author_role)
            if one.state == "办结":
                assert not kind.publish.to or one.published
            if one.state == "已交办":
                assert one.addressee

    def teardown(self) -> None:
        if self.home.state.exists():
            with engine(self.home).connect() as connection:
                if key_of(self.home.root).path.exists():
                    assert verify(connection, key_of(self.home.root)).damages == []
                logged = [e for e in read(connection, act="opinion.") if e.act != "opinion.follow"]
                written = connection.exec_driver_sql("SELECT count(*) FROM opinion_act").scalar()
                assert len(logged) == written
            engine(self.home).dispose()
        shutil.rmtree(self.folder, ignore_errors=True)


TestOpinions = Opinions.TestCase
TestOpinions.settings = settings(
    max_examples=5,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
TestOpinions = pytest.mark.slow(TestOpinions)
