"""Back-tests asked for from a page: one at a time, told how far they are, ended at once."""

from __future__ import annotations

import json
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from budget_watch.access import Grant, Scope
from budget_watch.casework import backtest_child, backtest_jobs
from budget_watch.casework.backtest_jobs import Job, Question, cancel, current, jobs, lock, start
from budget_watch.casework.cases import Actor
from budget_watch.casework.errors import CaseworkError
from budget_watch.casework.experiments import kept, read
from budget_watch.lake import Home
from tests.casework.test_experiments import home  # noqa: F401  (the fixture)

CLERK = Actor(Grant.operator("test"), "经办")
ASKED = Question(
    date(2026, 8, 1), date(2026, 9, 30), "month", ("voucher.trial.low=1元",), ("PZ97",)
)


@pytest.fixture
def idle(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """No process is started; the ids of those that would have been."""
    begun: list[str] = []
    monkeypatch.setattr(backtest_jobs, "_spawn", lambda root, job: begun.append(job))
    return begun


def ended(made: Home, seconds: int = 60) -> Job:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        (job, *_) = jobs(made)
        if job.state != "running":
            return job
        time.sleep(0.1)
    raise AssertionError("the process did not end")


def test_a_job_runs_in_a_process_of_its_own_and_keeps_what_the_command_keeps(
    home: Home,  # noqa: F811
) -> None:
    begun = start(home, CLERK, ASKED)
    with pytest.raises(CaseworkError, match="有一个回测正在计算"):
        start(home, CLERK, ASKED)
    job = ended(home)
    assert (job.id, job.state, job.told, job.question) == (begun.id, "done", "", ASKED)
    (head,) = kept(home.root)
    assert head["id"] == job.result
    (total,) = read(home.root, job.result)["totals"]
    assert total["sets"] == [
        {"set": "voucher.trial.low=1元", "added": 1, "removed": 0, "changed": 0}
    ]
    with lock(backtest_jobs.jobs_folder(home.root), exclusive=True) as free:
        assert free


def test_only_the_committee_that_sees_everything_may_ask(home: Home) -> None:  # noqa: F811
    part = Grant("u", "test", scope=Scope(departments=frozenset({"101"})))
    for actor in (Actor(Grant.operator("test"), "代表"), Actor(part, "经办"), Actor(part, "")):
        with pytest.raises(CaseworkError, match="由预算工委的人员在全部范围内进行"):
            start(home, actor, ASKED)
    assert jobs(home) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"said": ("voucher.trial.low=abc",)}, "^参数 voucher.trial.low：“abc”不是金额"),
        ({"said": ("no.such=1",)}, "要写 参数=值"),
        ({"rules": ("XX99",)}, "规则库里没有 XX99"),
        ({"rules": ()}, "规则库里没有 要回测的规则"),
        ({"since": date(2027, 1, 1), "until": date(2027, 12, 31)}, "没有已结束的期间"),
        ({"since": date(2020, 1, 1)}, "一次最多回测36个时点，这里有81个"),
    ],
)
def test_what_cannot_be_answered_is_refused_before_it_begins(
    home: Home,  # noqa: F811
    idle: list[str],
    change: dict[str, object],
    said: str,
) -> None:
    with pytest.raises(CaseworkError, match=said):
        start(home, CLERK, Question(**{**vars(ASKED), **change}))  # type: ignore[arg-type]
    assert (idle, jobs(home)) == ([], [])


def test_a_job_is_told_as_the_process_says_and_as_dead_where_none_lives(
    home: Home,  # noqa: F811
    idle: list[str],
) -> None:
    job = start(home, CLERK, ASKED).id
    folder = backtest_jobs.jobs_folder(home.root)
    assert [each.state for each in jobs(home)] == ["running"]  # its process is about to speak
    backtest_jobs.put(folder / f"{job}.state", {"state": "running", "done": 1, "of": 2})
    with lock(folder, exclusive=True) as mine:
        assert mine
        running = current(home)
        assert running is not None and (running.done, running.of) == (1, 2)
    assert (jobs(home)[0].state, jobs(home)[0].told) == (
        "failed", "计算的进程意外结束，没有结果。",
    )  # fmt: skip
    with pytest.raises(CaseworkError, match="已经不在计算"):
        cancel(home, CLERK, job)


def test_a_process_that_never_speaks_is_dead_after_a_minute(
    home: Home,  # noqa: F811
    idle: list[str],
) -> None:
    job = start(home, CLERK, ASKED).id
    path = backtest_jobs.jobs_folder(home.root) / f"{job}.json"
    asked = json.loads(path.read_text(encoding="utf-8"))
    asked["started"] = (datetime.now(UTC) - timedelta(seconds=61)).isoformat()
    path.write_text(json.dumps(asked), encoding="utf-8")
    assert jobs(home)[0].state == "failed"
    assert start(home, CLERK, ASKED).state == "running"
    assert len(idle) == 2


def test_a_cancelled_process_ends_at_once_and_leaves_no_result(home: Home) -> None:  # noqa: F811
    job = start(home, CLERK, ASKED).id
    cancel(home, CLERK, job)
    assert ended(home).state == "cancelled"
    until = time.monotonic() + 60  # the process may still be on its way; it keeps nothing
    folder = backtest_jobs.jobs_folder(home.root)
    while time.monotonic() < until and not (folder / f"{job}.state").exists():
        time.sleep(0.2)
    assert json.loads((folder / f"{job}.state").read_text(encoding="utf-8")) == {
        "state": "cancelled"
    }
    assert kept(home.root) == []


def test_a_second_process_does_not_compute_beside_the_first(
    home: Home,  # noqa: F811
    idle: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(backtest_child, "_PATIENCE", 1)
    job = start(home, CLERK, ASKED).id
    with lock(backtest_jobs.jobs_folder(home.root), exclusive=True):
        assert backtest_child.main(home.root, job) == 1
    assert (jobs(home)[0].state, jobs(home)[0].told) == ("failed", "另一个回测正在计算。")


def test_only_the_last_jobs_keep_their_files(home: Home, idle: list[str]) -> None:  # noqa: F811
    folder: Path = backtest_jobs.jobs_folder(home.root)
    for _ in range(backtest_jobs.KEPT + 3):
        job = start(home, CLERK, ASKED).id
        backtest_jobs.put(folder / f"{job}.state", {"state": "failed", "told": "试"})
    assert len(list(folder.glob("*.json"))) == backtest_jobs.KEPT
    assert len(list(folder.glob("*.state"))) == backtest_jobs.KEPT
