"""A process is killed amid acts on opinions: nothing acknowledged is lost, nothing half is seen."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
import sqlalchemy as sa

from budget_watch.audit import key_of, read, verify
from budget_watch.casework.telling import tables as notices
from budget_watch.lake import Home
from budget_watch.lake.state import engine
from budget_watch.opinions import tables as t
from budget_watch.opinions.opinion import PREFIX, OpinionDesk, select
from tests.audit.test_on_postgresql import migrated  # noqa: F401
from tests.casework.month import have_accounts
from tests.casework.test_month import acknowledged
from tests.lake.test_on_postgresql import home_on

pytestmark = pytest.mark.slow
HOUSE = Path(__file__).parents[2]
MONTH = [sys.executable, "-m", "tests.opinions.month"]
EVERYBODY = (
    "代表:1,代表:2,代表:3,经办:1,审核:1,审核:2,签发:1,主管部门:1@101,单位经办:1@101,单位负责人:1@101,"
    "单位经办:2@102,单位负责人:2@102"
)
COUNT = 4


def start(
    home: Home, people: list[str], count: int, dies_after: int | None = None, seed: int = 0
) -> list[subprocess.Popen[str]]:
    """One process an office; the first is killed after so many steps, if that is said."""
    dies = [] if dies_after is None else [str(dies_after)]
    return [
        subprocess.Popen(
            [*MONTH, str(home.root), str(seed + at), names, str(count), *(dies if at == 0 else [])],
            cwd=HOUSE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for at, names in enumerate(people)
    ]


def written(home: Home) -> list[tuple[str, int, str, str]]:
    with engine(home).connect() as connection:
        c = t.opinion_act.c
        query = sa.select(c.opinion, c.version, c.step, c.user)
        return [tuple(row) for row in connection.execute(query)]


def sound(home: Home) -> int:
    """Every opinion's history is a way through the file, whole in all its tables; how many."""
    desk = OpinionDesk.of(home)
    with engine(home).connect() as connection:
        found = select(connection, desk)
        assert verify(connection, key_of(home.root)).damages == []
        entries = [e for e in read(connection, act="opinion.") if e.kind == "opinion"]
        n, s = notices.notice.c, notices.notice_subject.c
        ours = sa.select(n.cause).join(notices.notice_subject, s.notice == n.seq)
        told = connection.execute(ours.where(s.ref.startswith(PREFIX))).scalars().all()
        rated = connection.execute(sa.select(t.opinion_rating.c.audit_seq)).scalars().all()
    for one in found:
        assert [act.version for act in one.acts] == list(range(1, one.version + 1))
        state = desk.flow.start.id
        for act in one.acts[1:]:
            step = desk.flow.step[act.step]
            assert act.from_state == state and state in step.sources
            assert act.role in step.who or (desk.flow.self_ in step.who and act.user == one.author)
            state = act.to_state
        assert state == one.state
        open_ = [each.clock for each in one.clocks if each.open]
        assert bool(open_) is (one.state != "草稿" and not desk.state(one).final), (one.id, open_)
    acts = [(one.id, act.version, act.audit_seq) for one in found for act in one.acts]
    assert Counter(
        (e.subject, e.record()["details"]["version"], e.seq) for e in entries
    ) == Counter(acts)
    rates = [act.audit_seq for one in found for act in one.acts if act.step == "rate"]
    assert sorted(rated) == sorted(rates)
    causes = {int(cause.split(":")[1]) for cause in told if cause.startswith("act:")}
    assert causes <= {seq for _, _, seq in acts}
    return len(found)


@pytest.fixture(params=["sqlite", "postgresql"])
def home(request, tmp_path):
    made = Home(tmp_path / "home")
    if request.param == "postgresql":
        postgres, migrated = map(request.getfixturevalue, ("postgres", "migrated"))
        url = postgres.state_url(postgres.new_database(f"TEMPLATE {migrated}"))
        made = home_on(tmp_path / "home", url)
    have_accounts(made, EVERYBODY.split(","))
    yield made
    engine(made).dispose()


def test_a_killed_process_loses_no_acknowledged_act_and_leaves_no_half_of_one(home):
    victim, other = start(home, [EVERYBODY, EVERYBODY], COUNT, dies_after=6)
    lines = victim.communicate(timeout=280)[0].splitlines(keepends=True)
    told, errors = other.communicate(timeout=280)
    assert (victim.returncode, errors) == (-signal.SIGKILL, "")
    whole = "".join(line for line in lines if line.endswith("\n"))
    said = Counter(step for out in (whole, told) for step in acknowledged(out))
    found = Counter(written(home))
    assert not said - found
    # what was done and not acknowledged is at most the act under way when it was killed
    assert sum((found - said).values()) <= 1
    assert sound(home) >= COUNT
    with engine(home).connect() as connection:
        submitted = connection.execute(
            sa.select(t.opinion_act.c.audit_seq).where(t.opinion_act.c.step == "submit")
        ).scalars()
        causes = set(connection.execute(sa.select(notices.notice.c.cause)).scalars())
        assert {f"act:{seq}:turn" for seq in submitted} <= causes
