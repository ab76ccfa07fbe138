"""Every role at every state with every step: done exactly where the workflow file says so.

The whole matrix is asked of `possible`, which decides; what it allows is then done by `act`, and
for every role and step one refusal goes through `act` as well.
"""

from __future__ import annotations

import shutil

import pytest

from budget_watch.casework.acting import act
from budget_watch.casework.cases import Desk, get_case, next_steps, possible
from budget_watch.casework.errors import ActError, UnknownCaseError
from budget_watch.lake import Home
from budget_watch.lake.state import engine
from tests.casework.made_cases import GIVEN, LI, NOW, TO, bring, fill, id_of, person

ONE = id_of(1)
DESK = Desk.of(Home("/nonexistent"))
FLOW = DESK.flow
OTHERS = ("财经委委员", "代表", "专家", "系统管理员", "安全管理员", "审计管理员", "")
ROLES = (*FLOW.party, *OTHERS)
CLOCKS = {"已转交": "receive", "待改派": "reassign", "异议": "explain", "持续跟踪": "progress"}
CLOCKS |= {"已反馈": "examine", "复核": "examine"}


def fresh(role: str, department: str = "101"):
    """Somebody new in a role, who did no step before."""
    own = frozenset({department}) if FLOW.party.get(role) == "department" else None
    return person(f"new-{role}", role, own)


def given(step, state: str):
    filled = {name: GIVEN[name] for name in step.needs}
    return {**filled, **({"clock": CLOCKS.get(state, "answer")} if "clock" in filled else {})}


def allowed(role: str, state: str, step) -> bool:
    """As the file says; proposals and low ratings have tests of their own."""
    special = step.answers_proposal or step.dissatisfied
    unseen = FLOW.party.get(role) == "department" and not FLOW.state[state].shown_to_departments
    return state in step.sources and role in step.who and not special and not unseen


@pytest.mark.slow
@pytest.mark.parametrize("state", [each.id for each in FLOW.states])
def test_each_role_does_at_each_state_what_the_file_allows_and_nothing_else(tmp_path, state):
    made, tried = Home(tmp_path / "made"), Home(tmp_path / "tried")
    fill(made, 1)
    bring(made, ONE, state)
    case = get_case(made, LI, ONE)
    assert case.state == state
    engine(made).dispose()
    for role in ROLES:
        actor = fresh(role)
        offered = {each.id for each in next_steps(DESK, actor, case)}
        assert offered == {each.id for each in FLOW.transitions if allowed(role, state, each)}
        for step in FLOW.transitions:
            assert (possible(DESK, actor, case, step) is None) is allowed(role, state, step)
            if not allowed(role, state, step):
                continue
            shutil.rmtree(tried.root, ignore_errors=True)
            shutil.copytree(made.root, tried.root)
            done = act(tried, actor, ONE, step.id, given(step, state), now=NOW)
            assert done.state == (step.to or state)
            engine(tried).dispose()


@pytest.mark.slow
def test_each_role_is_refused_each_step_out_of_place(tmp_path):
    for state in ("新触发", "研究处理中"):
        home = Home(tmp_path / state)
        fill(home, 1)
        bring(home, ONE, state)
        before = get_case(home, LI, ONE)
        refused = 0
        for role in ROLES:
            unseen = FLOW.party.get(role) == "department" and state == "新触发"
            for step in FLOW.transitions:
                if allowed(role, state, step):
                    continue
                with pytest.raises(UnknownCaseError if unseen else ActError):
                    act(home, fresh(role), ONE, step.id, given(step, state), now=NOW)
                refused += 1
        assert refused > len(ROLES) * len(FLOW.transitions) - 40
        assert get_case(home, LI, ONE) == before


def test_every_state_is_tried():
    assert set(TO) == set(FLOW.state)


def test_a_department_of_another_place_does_nothing_anywhere(tmp_path):
    home = Home(tmp_path / "home")
    fill(home, 1)
    bring(home, ONE, "研究处理中")
    for role, party in FLOW.party.items():
        if party == "department" and role != "财政归口":
            for step in FLOW.transitions:
                with pytest.raises(UnknownCaseError):
                    act(home, fresh(role, "102"), ONE, step.id, given(step, "研究处理中"), now=NOW)
