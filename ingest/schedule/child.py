"""The process that runs one business day for the scheduler: `python -m ingest.schedule.child`.

Tells what happens as JSON lines on stdout; its status says how the day ended (see `service`).
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Mapping
from datetime import date
from typing import Any

from budget_watch.lake import Home, LeaseError
from budget_watch.lake.day_runs import DONE as WENT_WELL
from budget_watch.lake.day_runs import LOOK as LOOK_AT_IT
from ingest.schedule.clock import wall
from ingest.schedule.plan import read_settings
from ingest.schedule.recorded import Halt, run_recorded
from ingest.schedule.service import BUSY, DONE, FAILED, LOOK, NOT_DUE, due_turn


def main(root: str, day: str, reason: str) -> int:
    """Run a day if it is still due once the lease is in hand; return the status."""
    from ingest.schedule.work import work

    home, wanted, halt = Home(root), date.fromisoformat(day), Halt()
    signal.signal(signal.SIGTERM, lambda *_: halt.ask("服务停止"))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is for the scheduler, which tells us

    def still_due() -> bool:
        turn = due_turn(home, wall(), read_settings(home))
        return turn is not None and turn.day == wanted and not turn.held

    try:
        run = run_recorded(
            home, wanted, work, reason=reason, owner="schedule", show=_show, halt=halt,
            still_due=still_due,
        )  # fmt: skip
    except LeaseError as busy:
        _show({"event": "wait", "message": str(busy)})
        return BUSY
    if run is None:
        return NOT_DUE
    return {WENT_WELL: DONE, LOOK_AT_IT: LOOK}.get(run.outcome, FAILED)


def _show(told: Mapping[str, Any]) -> None:
    line = json.dumps(told, ensure_ascii=False, default=str)
    try:
        print(line, flush=True)
    except OSError:  # the scheduler died; the day goes on, the record tells what became of it
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
