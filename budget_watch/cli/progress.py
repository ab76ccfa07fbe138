"""What a running day shows: bars on a terminal, plain lines otherwise, JSON lines with `--json`."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import datetime
from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from budget_watch.cli.output import line, say
from budget_watch.lake.day_runs import OUTCOMES
from budget_watch.lake.snapshot import CHINA

SAY_SECONDS = 10.0  # a plain log gets a step's line at most so often


class Shown:
    """Takes a day's events (run, phase, source, step, end, wait) and shows them.

    Args:
        as_json: every event is a JSON line on stdout; for people nothing is printed.
        console: where words and bars go; stderr by default.
    """

    def __init__(self, as_json: bool, console: Console = say) -> None:
        self._as_json = as_json
        self._console = console
        self._bars: Progress | None = None
        self._task: Any = None
        self._title = ""
        self._last = 0.0

    def __enter__(self) -> Self:
        if not self._as_json and self._console.is_terminal:
            self._bars = Progress(
                SpinnerColumn(),
                TextColumn("{task.description}"),
                BarColumn(bar_width=24),
                TimeElapsedColumn(),
                console=self._console,
            )
            self._bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bars is not None:
            self._bars.stop()

    def __call__(self, told: Mapping[str, Any]) -> None:
        """Show one event."""
        if self._as_json:
            line(told)
            return
        event = told["event"]
        if event == "run":
            self._words(f"业务日 {told['biz_date']}（{told['reason']}）开始，运行 {told['run']}。")
        elif event == "phase":
            self._phase(str(told["phase"]))
        elif event == "step":
            self._step(int(told["done"]), int(told["total"]), str(told["what"]))
        elif event == "source":
            self._words(f"  数据源 {told['source']}：{_brought(told)}")
        elif event == "end":
            self._end(told)
        else:
            self._words(str(told.get("message", "")))

    def _phase(self, phase: str) -> None:
        self._title = phase
        if self._bars is None:
            self._words(f"  {phase} …")
            return
        self._close()
        self._task = self._bars.add_task(phase, total=None)

    def _step(self, done: int, total: int, what: str) -> None:
        if self._bars is not None and self._task is not None:
            words = f"{self._title}：{what}"
            self._bars.update(self._task, total=total or None, completed=done, description=words)
        elif (what or total) and time.monotonic() - self._last >= SAY_SECONDS:
            self._last = time.monotonic()
            self._words(f"    {done:,}/{total:,} {what}" if total else f"    {what}")

    def _close(self) -> None:
        if self._bars is not None and self._task is not None:
            self._bars.update(self._task, description=self._title, total=1, completed=1)
            self._task = None

    def _end(self, told: Mapping[str, Any]) -> None:
        self._close()
        word = OUTCOMES[str(told["outcome"])]
        self._words(
            f"业务日 {told['biz_date']}：{word}，用时 {told['seconds']} 秒。{told['message']}"
        )

    def _words(self, text: str) -> None:
        if self._bars is None:
            stamp = datetime.now(CHINA).strftime("%m-%d %H:%M:%S")
            self._console.print(f"{stamp} {text}", markup=False, soft_wrap=True)
        else:
            self._console.print(text, markup=False, soft_wrap=True)


def _brought(told: Mapping[str, Any]) -> str:
    if told["outcome"] == "done":
        notes = "；".join(str(one).rstrip("。") for one in told.get("notes") or ())
        return f"送达 {told['parcels']} 件。" + (f"{notes}。" if notes else "")
    return str(told["message"])
