"""What a run writes down, and how it is stopped."""

import subprocess
import sys
import threading
import time
from datetime import date
from pathlib import Path

import pytest
import sqlalchemy as sa

from budget_watch.lake import LeaseError, day_runs, lease, records
from budget_watch.lake.day_runs import NoSuchRun, SourceResult
from budget_watch.lake.lease import RUNNER, Lease
from budget_watch.lake.state import engine
from ingest.schedule.recorded import Ended, Halt, run_recorded

DAY = date(2026, 11, 20)
HERE = Path(__file__).parents[2]


def whole(home, day, tell):
    tell.phase("取数")
    tell.source("财政", SourceResult("failed", "财政一体化连不上。", 0, ("FIN-15",)))
    tell.source("税务", SourceResult("done", "", 3))
    tell.phase("校验入库")
    tell.step(1, 2, "FIN-15")
    tell.phase("疑点")
    return Ended("入库 3 行。", {"rows": 3}, look=True)


def until_stopped(home, day, tell):
    tell.phase("取数")
    tell.phase("校验入库")
    while True:
        tell.go_on()
        time.sleep(0.01)


def test_a_run_is_written_down_phase_by_phase_and_source_by_source(home, clock):
    shown = []
    ended = run_recorded(
        home, DAY, whole, reason="手工", show=shown.append, clock=lambda: clock.now
    )
    found = day_runs.get(home, "2026-11-20")
    assert found == ended
    record = found.record()
    assert (record.pop("host"), record.pop("pid")) == (found.host, found.pid)
    assert record == {
        "run": "2026-11-20/1",
        "biz_date": "2026-11-20",
        "attempt": 1,
        "reason": "手工",
        "outcome": "look",
        "phase": "疑点",
        "started_at": "2026-11-20T18:00:00+00:00",
        "finished_at": "2026-11-20T18:00:00+00:00",
        "seconds": 0.0,
        "message": "入库 3 行。",
        "sources": {
            "财政": SourceResult("failed", "财政一体化连不上。", 0, ("FIN-15",)).record(),
            "税务": {
                "outcome": "done",
                "message": "",
                "parcels": 3,
                "tables": [],
                "notes": [],
                "kind": "",
            },
        },
        "counts": {"rows": 3},
        "phases": [
            {"phase": phase, "started_at": "2026-11-20T18:00:00.000+00:00"}
            for phase in ("取数", "校验入库", "疑点")
        ],
        "cancel_by": None,
        "cancel_at": None,
    }  # fmt: skip
    assert [each["event"] for each in shown] == [
        "run",
        "phase",
        "source",
        "source",
        "phase",
        "step",
        "phase",
        "end",
    ]
    assert list(found.failed_sources) == ["财政"]


def test_one_runs_at_a_time(home):
    taken = Lease(home, "schedule", RUNNER)
    with pytest.raises(LeaseError, match="另一处正在运行业务日：schedule（"):
        run_recorded(home, DAY, whole, reason="手工")
    taken.release()
    assert run_recorded(home, DAY, whole, reason="手工").attempt == 1
    assert run_recorded(home, DAY, whole, reason="手工").attempt == 2


def test_a_run_is_cancelled_from_another_process_and_resumed(home):
    ended = []
    thread = threading.Thread(
        target=lambda: ended.append(run_recorded(home, DAY, until_stopped, reason="定时"))
    )
    thread.start()
    while day_runs.running(home) is None:
        time.sleep(0.01)
    command = [sys.executable, "-m", "budget_watch.cli.main", "--home", str(home.root)]
    done = subprocess.run(
        [*command, "runs", "cancel", "--by", "王某", "--json"],
        cwd=HERE,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == '{"summary": true, "run": "2026-11-20/1", "cancel_by": "王某"}\n'
    thread.join(10)
    assert [(run.outcome, run.phase, run.cancel_by) for run in ended] == [
        ("cancelled", "校验入库", "王某")
    ]
    again = run_recorded(home, DAY, whole, reason="继续")
    assert (again.id, again.reason, again.outcome) == ("2026-11-20/2", "继续", "look")
    with pytest.raises(NoSuchRun, match="没有正在进行的运行"):
        day_runs.ask_to_cancel(home, None, "王某", again.started_at)


def test_a_service_that_ends_leaves_a_run_to_go_on_with(home):
    halt = Halt()
    threading.Timer(0.3, halt.ask, ["服务停止"]).start()
    run = run_recorded(home, DAY, until_stopped, reason="定时", halt=halt)
    assert (run.outcome, run.message) == ("broken", "服务停止；下次运行接着做。")


def test_a_run_whose_lease_was_taken_over_stops(home):
    def stolen(home, day, tell):
        with engine(home).begin() as connection:
            connection.execute(sa.update(records.lease).values(epoch=99))
        until_stopped(home, day, tell)

    before, lease.RENEW_SECONDS = lease.RENEW_SECONDS, 0.1
    try:
        run = run_recorded(home, DAY, stolen, reason="定时")
    finally:
        lease.RENEW_SECONDS = before
    assert (run.outcome, run.message) == ("broken", "运行权已被另一台机器接管；下次运行接着做。")


def test_a_failure_and_ctrl_c_are_written_down(home):
    def full(home, day, tell):
        raise OSError("磁盘已满")

    def interrupted(home, day, tell):
        raise KeyboardInterrupt

    assert run_recorded(home, DAY, full, reason="手工").message == "磁盘已满"
    with pytest.raises(KeyboardInterrupt):
        run_recorded(home, DAY, interrupted, reason="手工")
    assert [run.outcome for run in day_runs.day_runs(home)] == ["broken", "failed"]


def test_a_run_whose_process_died_reads_as_broken_and_the_next_one_closes_it(home, clock):
    code = (
        "import os, sys, datetime\n"
        "from budget_watch.lake import Home\nfrom ingest.schedule.recorded import run_recorded\n"
        "def work(home, day, tell):\n    tell.phase('发布')\n    os.kill(os.getpid(), 9)\n"
        "run_recorded(Home(sys.argv[1]), datetime.date(2026, 11, 20), work, reason='定时')\n"
    )
    subprocess.run([sys.executable, "-c", code, str(home.root)], cwd=HERE, check=False)
    dead = day_runs.get(home, "2026-11-20/1")
    assert (dead.outcome, dead.finished_at) == ("broken", None)
    assert dead.message == "进程在“发布”中断；已完成的部分都在，下次运行接着做。"
    run_recorded(home, DAY, whole, reason="重试", clock=lambda: clock.now)
    closed = day_runs.get(home, "2026-11-20/1")
    assert (closed.outcome, closed.message) == ("broken", dead.message)
    assert closed.finished_at == clock.now
