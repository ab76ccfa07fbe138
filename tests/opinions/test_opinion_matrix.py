"""Every role at every state with every step: done exactly where the file says so.

The whole matrix is asked of `possible`, which decides; what it allows is then done by `act`, and
what it does not goes through `act` as well and changes nothing.
"""

from __future__ import annotations

import shutil
from datetime import timedelta

import pytest

from budget_watch.access import Grant, Scope
from budget_watch.casework.cases import Actor, today_of
from budget_watch.casework.errors import ActError
from budget_watch.lake import Home
from budget_watch.lake.state import engine
from budget_watch.opinions.acting import act
from budget_watch.opinions.errors import UnknownOpinionError
from budget_watch.opinions.opinion import get
from budget_watch.opinions.seeing import next_steps, possible
from tests.opinions.made_opinions import DESK, FLOW, NOW, bring, given_for

OTHERS = ("专家", "系统管理员", "安全管理员", "审计管理员", "")
ROLES = (*FLOW.party, *OTHERS)
LATER = NOW + timedelta(days=400)  # every period is over


def fresh(role: str, unit: str = "101001") -> Actor:
    """Somebody new in a role, who did no step before; `author` is the one who wrote it."""
    own = FLOW.party.get(role) == "department" and role != "财政归口"
    scope = Scope(units=frozenset({unit})) if own else Scope()
    business = role not in OTHERS[1:]
    return Actor(Grant(f"new-{role}", "办理", scope, business=business, role="x"), role, "s")


def allowed(one, role: str, step, *, author: bool) -> bool:
    """As the file says."""
    party, state = FLOW.party.get(role), FLOW.state[one.state]
    if one.state not in step.sources or not step.concerns(one.kind):
        return False
    if step.dissatisfied or (step.published and FLOW.kind[one.kind].publish.to):
        return False  # nobody rated low here; nothing was published
    if author and "本人" in step.who and role == one.author_role:
        return True
    if role not in step.who:
        return False
    if party == "department":
        own = role == "财政归口" or one.addressee == "101001"
        return state.shown_to_departments and one.addressee is not None and own
    seen = one.state != "草稿" if party == "office" else state.registered
    return party in ("office", "members") and seen


@pytest.mark.slow
@pytest.mark.parametrize("state", [each.id for each in FLOW.states])
def test_each_role_does_at_each_state_what_the_file_allows_and_nothing_else(tmp_path, state):
    made, tried = Home(tmp_path / "made"), Home(tmp_path / "tried")
    number = bring(made, state)
    with engine(made).connect() as connection:
        one = get(connection, DESK, number)
    assert one.state == state
    engine(made).dispose()
    author = Actor(
        Grant(one.author, "履职", role="x"), one.author_role, "s"
    )  # the same person, whatever state
    done = 0
    for actor, own in [(fresh(role), False) for role in ROLES] + [(author, True)]:
        today = today_of(LATER)
        offered = {each.id for each in next_steps(DESK, actor, one, today)}
        expected = {
            each.id for each in FLOW.transitions if allowed(one, actor.role, each, author=own)
        }
        clocked = {e.id for e in FLOW.transitions if e.after and not running(one, e.after)}
        assert offered == expected - clocked, actor.role
        for step in FLOW.transitions:
            why = possible(DESK, actor, one, step, today)
            assert (why is None) is (step.id in offered)
        for name in sorted(offered):
            shutil.rmtree(tried.root, ignore_errors=True)
            shutil.copytree(made.root, tried.root)
            given = given_for(name, one.kind)
            if "clock" in given:
                given["clock"] = next(each.clock for each in one.clocks if each.open)
            after = act(tried, actor, number, name, given, now=LATER)
            step = FLOW.step[name]
            assert (after.state, after.version) == (step.to or state, one.version + 1)
            engine(tried).dispose()
            done += 1
    assert done or FLOW.state[state].final


def running(one, clock: str) -> bool:
    return any(each.open and each.clock == clock for each in one.clocks)


@pytest.mark.slow
def test_each_role_is_refused_each_step_out_of_place_and_nothing_changes(tmp_path):
    home = Home(tmp_path / "home")
    numbers = [bring(home, state) for state in ("办理中",)]
    refused = 0
    for number in numbers:
        with engine(home).connect() as connection:
            before = get(connection, DESK, number)
        for role in ROLES:
            department = FLOW.party.get(role) == "department"
            for actor in (fresh(role), *([fresh(role, "102001")] if department else [])):
                for step in FLOW.transitions:
                    if possible(DESK, actor, before, step, NOW.date()) is None:
                        continue
                    given = given_for(step.id, before.kind)
                    with pytest.raises((ActError, UnknownOpinionError)):
                        act(home, actor, number, step.id, given, now=NOW)
                    refused += 1
        with engine(home).connect() as connection:
            assert get(connection, DESK, number) == before
    assert refused > len(numbers) * len(ROLES) * (len(FLOW.transitions) - 6)
