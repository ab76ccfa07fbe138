"""A process that sends once, at a time that is given: `python -m tests.notices.sending_process`."""

from __future__ import annotations

import sys
from datetime import datetime

from budget_watch.lake import Home
from budget_watch.notices.sending import send

if __name__ == "__main__":
    at = datetime.fromisoformat(sys.argv[2])
    print("ready", flush=True)
    sys.stdin.readline()
    print(len(send(Home(sys.argv[1]), lambda: at).sent), flush=True)
