"""A scheduler in a process of its own, whose days write a line each. Run as a script.

Arguments: home, a file to append to, seconds a day takes, seconds to live, the name of a machine to
play. A day's work is no real one, so that many days pass quickly; lease, records and order are.
"""

from __future__ import annotations

import os
import socket
import sys
import threading
import time
from datetime import timedelta
from pathlib import Path

from budget_watch.lake import Home, LeaseError, lease
from ingest.schedule import service
from ingest.schedule.clock import wall
from ingest.schedule.plan import read_settings
from ingest.schedule.recorded import Ended, run_recorded

ROOT, OUT, TAKES, LIVES = Path(sys.argv[1]), Path(sys.argv[2]), *map(float, sys.argv[3:5])


def write(text: str) -> None:
    with OUT.open("a", encoding="utf-8") as file:
        file.write(f"{text} {os.getpid()}\n")


def work(home, day, tell):
    write(f"begin {day}")
    for phase in ("取数", "疑点"):
        tell.phase(phase)
        time.sleep(TAKES / 2)
        tell.go_on()
    write(f"end {day}")
    return Ended("好了。")


def run_day(home, day, reason, show, halt):
    def still_due():
        turn = service.due_turn(home, wall(), read_settings(home))
        return turn is not None and turn.day == day

    try:
        run = run_recorded(
            home, day, work, reason=reason, show=show, halt=halt, still_due=still_due
        )
    except LeaseError:
        return service.BUSY
    return service.NOT_DUE if run is None else service.DONE


if __name__ == "__main__":
    if len(sys.argv) > 5:  # a machine of its own: only the row in the database is between them
        socket.gethostname = lambda: sys.argv[5]
        lease.LASTS, lease.RENEW_SECONDS = timedelta(seconds=3), 0.5
    service.LOOK_EVERY = 0.05
    made = service.Service(Home(ROOT), run_day=run_day)
    threading.Timer(LIVES, made.end).start()
    made.run_for_ever()
