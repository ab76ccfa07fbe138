"""Builds what is due in a home, in a process of its own; says so first. Run as a script."""

from __future__ import annotations

import sys
from pathlib import Path

from budget_watch.digest.scheduled import build_due
from budget_watch.lake import Home

if __name__ == "__main__":
    home = Home(Path(sys.argv[1]))
    print("ready", flush=True)
    sys.stdin.readline()
    print(len(build_due(home, lambda text: print(text, flush=True))), flush=True)
