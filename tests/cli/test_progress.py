"""A running day as its reader sees it: lines in a log, bars on a terminal, JSON for programs."""

import io
import json

from rich.console import Console

from budget_watch.cli.progress import Shown

EVENTS = (
    {"event": "run", "run": "2026-11-20/1", "biz_date": "2026-11-20", "reason": "定时"},
    {"event": "phase", "run": "2026-11-20/1", "phase": "取数"},
    {"event": "source", "source": "财政", "outcome": "done", "message": "", "parcels": 3},
    {"event": "source", "source": "国库", "outcome": "failed", "message": "连不上。", "parcels": 0},
    {"event": "phase", "run": "2026-11-20/1", "phase": "校验入库"},
    {"event": "step", "run": "2026-11-20/1", "done": 1, "total": 2, "what": "FIN-15 2026-11-20"},
    {"event": "step", "run": "2026-11-20/1", "done": 2, "total": 2, "what": "FIN-16 2026-11-20"},
    {
        "event": "end",
        "biz_date": "2026-11-20",
        "outcome": "look",
        "seconds": 12.5,
        "message": "入库 3 行。",
    },
    {"event": "wait", "message": "业务日 2026-11-21 将于 2026-11-22 02:00 运行。"},
)


def shown(terminal: bool) -> str:
    out = io.StringIO()
    console = Console(file=out, force_terminal=terminal, width=100, color_system=None)
    with Shown(False, console) as show:
        for event in EVENTS:
            show(event)
    return out.getvalue()


def test_a_log_gets_lines_with_the_time_and_a_step_only_now_and_then():
    lines = [line.split(" ", 2)[2] for line in shown(terminal=False).splitlines()]
    assert lines == [
        "业务日 2026-11-20（定时）开始，运行 2026-11-20/1。",
        "  取数 …",
        "  数据源 财政：送达 3 件。",
        "  数据源 国库：连不上。",
        "  校验入库 …",
        "    1/2 FIN-15 2026-11-20",
        "业务日 2026-11-20：完成，有待查看，用时 12.5 秒。入库 3 行。",
        "业务日 2026-11-21 将于 2026-11-22 02:00 运行。",
    ]


def test_a_terminal_gets_bars():
    seen = shown(terminal=True)
    assert "━" in seen
    assert "校验入库" in seen
    assert "业务日 2026-11-20：完成，有待查看" in seen


def test_a_program_gets_every_event_as_a_line(capsys):
    with Shown(True) as show:
        for event in EVENTS:
            show(event)
    printed = capsys.readouterr()
    assert [json.loads(line) for line in printed.out.splitlines()] == list(EVENTS)
    assert printed.err == ""
