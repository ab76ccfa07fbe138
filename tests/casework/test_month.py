"""Many people in several processes work on the same cases: nothing is lost, nothing done twice."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from budget_watch.audit import key_of, read, verify
from budget_watch.casework.cases import Desk, get_case
from budget_watch.casework.findings import list_findings
from budget_watch.lake import Home
from budget_watch.lake.state import engine
from tests.casework.made_cases import LI, fill, id_of

pytestmark = pytest.mark.slow
HOUSE = Path(__file__).parents[2]
OFFICES = [
    "经办:1,经办:2,审核:1,签发:1,代表:1,单位经办:1@101",
    "经办:3,审核:2,签发:2,代表:2,财政归口:1,单位经办:2@102,单位财务负责人:2@102,单位负责人:2@102",
    "经办:4,审核:3,单位经办:3@101,单位财务负责人:1@101,单位负责人:1@101,主管部门:1@102",
]
MONTH = [sys.executable, "-m", "tests.casework.month"]
FINDINGS = 4


@pytest.fixture
def home(tmp_path) -> Home:
    return Home(tmp_path / "home")


def start(
    home: Home, people: list[str], findings: int, dies_after: int | None = None, seed: int = 0
) -> list[subprocess.Popen[str]]:
    """One process an office; the first is killed after so many steps, if that is said."""
    dies = [] if dies_after is None else [str(dies_after)]
    return [
        subprocess.Popen(
            [*MONTH, str(home.root), str(seed + at), names, str(findings)]
            + (dies if at == 0 else []),
            cwd=HOUSE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for at, names in enumerate(people)
    ]


def acknowledged(output: str) -> list[tuple[str, int, str, str]]:
    """Case, version, step and user of every step that somebody was told is done."""
    told = [json.loads(line) for line in output.splitlines()]
    assert [one for one in told if "refused" in one] == []
    return [(x["case"], x["version"], x["step"], x["user"]) for x in told if "case" in x]


def written(home: Home) -> list[tuple[str, int, str, str]]:
    with engine(home).connect() as connection:
        query = 'SELECT "case", version, transition, "user" FROM case_act'
        return [tuple(row) for row in connection.exec_driver_sql(query)]


def consistent(home: Home, findings: int) -> None:
    """Every state is one of the workflow, every act has its entry, versions have no gap."""
    flow = Desk.of(home).flow
    numbers = set()
    for number in range(1, findings + 1):
        case = get_case(home, LI, id_of(number))
        numbers.add(case.id)
        assert [act.version for act in case.acts] == list(range(1, case.version + 1))
        state = flow.start.id
        for act in case.acts:
            step = flow.transition[act.transition]
            assert act.from_state == state and state in step.sources and act.role in step.who
            state = act.to_state
        assert state == case.state
    assert len(numbers) == findings
    states = {each.finding: each.work_state for each in list_findings(home, LI.grant)}
    assert states == {
        id_of(n): flow.state[get_case(home, LI, id_of(n)).state].word
        for n in range(1, findings + 1)
    }
    with engine(home).connect() as connection:
        assert verify(connection, key_of(home.root)).damages == []
        entries = [e for e in read(connection, act="case.") if e.act != "case.rate"]
    assert Counter((e.subject, e.record()["details"]["version"]) for e in entries) == Counter(
        (case, version) for case, version, _, _ in written(home)
    )


def test_a_month_of_many_hands_loses_no_step_and_reaches_the_end(home):
    fill(home, FINDINGS, level="red")
    engine(home)
    running = start(home, OFFICES, FINDINGS)
    told = [one.communicate(timeout=280) for one in running]
    assert [err for _, err in told] == [""] * len(running)
    said = [step for out, _ in told for step in acknowledged(out)]
    assert Counter(said) == Counter(written(home))
    consistent(home, FINDINGS)
    for number in range(1, FINDINGS + 1):
        first, second = get_case(home, LI, id_of(number)).acts[-2:]
        assert (first.transition, second.transition) in (("dismiss",) * 2, ("close",) * 2)
        assert first.user != second.user  # all are red


def test_a_killed_process_loses_no_acknowledged_step(home):
    fill(home, FINDINGS)
    engine(home)
    # both offices have everybody, so that the one that is left can end every case
    everybody = ",".join(OFFICES)
    victim, other = start(home, [everybody, everybody], FINDINGS, dies_after=5)
    lines = victim.communicate(timeout=280)[0].splitlines(keepends=True)
    told = other.communicate(timeout=280)[0]
    assert victim.returncode == -signal.SIGKILL
    whole = "".join(line for line in lines if line.endswith("\n"))
    said = Counter(step for out in (whole, told) for step in acknowledged(out))
    found = Counter(written(home))
    assert not said - found
    # what was done and not acknowledged is at most the step under way when it was killed
    assert sum((found - said).values()) <= 1
    consistent(home, FINDINGS)
