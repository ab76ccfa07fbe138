"""Commands of the T+1 schedule: schedule, and runs list|show|cancel|resume|checks."""

from __future__ import annotations

import getpass
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from budget_watch.cli.context import Context, JsonOption
from budget_watch.cli.output import DONE, FAILED, LOOK, Printer
from budget_watch.cli.progress import Shown

if TYPE_CHECKING:
    from budget_watch.lake.day_runs import DayRun, SourceResult
    from ingest.schedule.recorded import Work

runs_app = typer.Typer(no_args_is_help=True)

RunArgument = Annotated[
    str | None, typer.Argument(help="运行编号（2026-11-20/1）或业务日；缺省为正在进行或最近的一次")
]


def add_to(app: typer.Typer) -> None:
    """Register this module's commands."""
    app.command()(schedule)


def schedule(
    context: typer.Context,
    once: Annotated[bool, typer.Option("--once", help="补齐到期的业务日后结束，不等待")] = False,
    as_json: JsonOption = False,
) -> int:
    """每天 02:00 运行前一业务日（T+1），停机后按日补跑；前台运行，Ctrl+C 停止。"""
    from ingest.schedule.service import Service

    here: Context = context.obj
    if not here.root.is_dir():
        here.existing()
    with Shown(as_json) as shown:
        service = Service(here.home, shown)
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, lambda *_: service.end())
        if once:
            ran = service.look()
            service.reporter.look()
            service.sender.look()
            left = service.left()
            Printer(as_json, {}).close(
                {
                    "ran": [day.isoformat() for day in ran],
                    "left": left.isoformat() if left else None,
                },
                f"运行了 {len(ran)} 个业务日。" + (f"业务日 {left} 还没有完成。" if left else ""),
            )
            return LOOK if left else DONE
        service.run_for_ever()
    Printer(as_json, {}).close({"stopped": True}, "定时运行已停止；已完成的部分都在。")
    return DONE


@contextmanager
def beside(here: Context) -> Iterator[None]:
    """A scheduler that runs beside what the block does, and ends with it."""
    from ingest.schedule.service import Service

    service = Service(here.home, Shown(as_json=False))
    thread = threading.Thread(target=service.run_for_ever, name="schedule")
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # a stopped service ends like Ctrl+C
    thread.start()
    try:
        yield
    finally:
        service.end()
        thread.join()


@runs_app.command("list")
def runs_list(
    context: typer.Context,
    number: Annotated[int, typer.Option("--last", help="最近几次")] = 30,
    as_json: JsonOption = False,
) -> int:
    """业务日的运行记录，最近的在前。"""
    from budget_watch.lake import day_runs

    here: Context = context.obj
    found = day_runs.day_runs(here.existing(), limit=number)
    columns = {
        "run": "运行",
        "reason": "起因",
        "outcome": "结果",
        "phase": "阶段",
        "started_at": "开始",
        "seconds": "秒",
        "message": "说明",
    }
    printer = Printer(as_json, columns)
    for run in found:
        printer.record(run.record() if as_json else _for_people(run))
    open_ = [run.id for run in found if run.outcome == day_runs.RUNNING]
    words = f"共 {len(found)} 次。" + (f"正在进行：{open_[0]}。" if open_ else "")
    printer.close({"runs": len(found), "running": open_[0] if open_ else None}, words)
    return DONE


@runs_app.command("show")
def runs_show(context: typer.Context, run: RunArgument = None, as_json: JsonOption = False) -> int:
    """一次运行：各阶段、各数据源、结果。"""
    from budget_watch.lake import day_runs

    here: Context = context.obj
    found = _one(here, run)
    printer = Printer(as_json, {"source": "数据源", "outcome": "结果", "message": "说明"})
    if as_json:
        printer.record(found.record())
    else:
        words = {"done": "取到", "failed": "没有取到", "stopped": "没有取完"}
        printer.records(
            {"source": name, "outcome": words[one.outcome], "message": _said(one)}
            for name, one in found.sources.items()
        )
        for phase in found.phases:
            printer.note(f"{_time(phase['started_at'])} {phase['phase']}")
        if found.cancel_at is not None:
            printer.note(f"{_time(found.cancel_at.isoformat())} {found.cancel_by}要求取消")
    printer.close(
        {"run": found.id, "outcome": found.outcome},
        f"{found.id} {day_runs.OUTCOMES[found.outcome]}（{found.reason}）。{found.message}",
    )
    return DONE


@runs_app.command("cancel")
def runs_cancel(
    context: typer.Context,
    run: RunArgument = None,
    by: Annotated[str | None, typer.Option(help="谁取消，缺省为系统用户名")] = None,
    as_json: JsonOption = False,
) -> int:
    """让正在进行的运行在下一个安全点停下；已完成的部分都在。"""
    from budget_watch.lake import day_runs
    from ingest.schedule.clock import wall

    here: Context = context.obj
    asked = day_runs.ask_to_cancel(here.existing(), run, by or getpass.getuser(), wall())
    Printer(as_json, {}).close(
        {"run": asked.id, "cancel_by": asked.cancel_by},
        f"已要求 {asked.id} 停下（{asked.cancel_by}）；用 budget-watch runs resume 继续。",
    )
    return DONE


@runs_app.command("resume")
def runs_resume(
    context: typer.Context, run: RunArgument = None, as_json: JsonOption = False
) -> int:
    """从停下的地方继续一个没有完成的业务日，在前台运行。"""
    from budget_watch.lake.day_runs import WHOLE

    here: Context = context.obj
    found = _one(here, run)
    if found.outcome in WHOLE:
        Printer(as_json, {}).close(
            {"run": found.id, "outcome": found.outcome}, f"{found.id} 已经完成，没有可继续的。"
        )
        return DONE
    from ingest.schedule.plan import RESUME

    return run_day_here(here, found.biz_date, RESUME, as_json)


@runs_app.command("checks")
def runs_checks(context: typer.Context, as_json: JsonOption = False) -> int:
    """规则判断的记录，包括回测。"""
    from budget_watch.cli.judging import runs

    return runs(context, as_json)


def _said(one: SourceResult) -> str:
    """A source's fault, and what was odd but survived."""
    return "；".join(text.rstrip("。") for text in (one.message, *one.notes) if text) or "—"


def run_day_here(
    here: Context, day: Any, reason: str, as_json: bool, work: Work | None = None
) -> int:
    """Run a business day in this process, recorded and shown; return the exit status."""
    from ingest.schedule import work as days
    from ingest.schedule.recorded import Halt, run_recorded

    halt = Halt()
    before = signal.signal(signal.SIGTERM, lambda *_: halt.ask("收到停止信号"))
    try:
        with Shown(as_json) as shown:
            run = run_recorded(
                here.home, day, work or days.work, reason=reason, show=shown, halt=halt
            )
    finally:
        signal.signal(signal.SIGTERM, before)
    if run is None:  # only with a condition, and none was given
        return DONE
    Printer(as_json, {}).close(
        {"run": run.id, "biz_date": run.biz_date, "outcome": run.outcome, **run.counts},
        f"已记为运行 {run.id}；各数据源和阶段见 budget-watch runs show。",
    )
    return {"done": DONE, "look": LOOK, "cancelled": LOOK}.get(run.outcome, FAILED)


def _one(here: Context, run: str | None) -> DayRun:
    from budget_watch.lake import day_runs

    home = here.existing()
    if run is not None:
        return day_runs.get(home, run)
    latest = day_runs.day_runs(home, limit=1)
    if not latest:
        raise day_runs.NoSuchRun("还没有运行过业务日。请先运行 budget-watch ingest 或 schedule。")
    return latest[0]


def _for_people(run: DayRun) -> dict[str, Any]:
    from budget_watch.lake.day_runs import OUTCOMES

    told = run.record()
    return {**told, "outcome": OUTCOMES[run.outcome], "started_at": _time(told["started_at"])}


def _time(text: str) -> str:
    from datetime import datetime

    from budget_watch.lake.snapshot import CHINA

    return f"{datetime.fromisoformat(text).astimezone(CHINA):%Y-%m-%d %H:%M:%S}"
