"""Running the console command as a user does, and comparing what it left."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from budget_watch.access import Grant
from budget_watch.casework.findings import list_findings
from budget_watch.lake import Home, Reader
from budget_watch.tables import contracts

MARTS = ("payment", "budget_line", "execution_month", "debt_position")
OUTSIDE_BUSINESS = {"batch_id", "load_time"}
COMMAND = [sys.executable, "-m", "budget_watch.cli.main"]


@dataclass(frozen=True)
class Outcome:
    """What a command printed and how it ended."""

    status: int
    lines: list[dict[str, Any]]
    errors: str

    @property
    def summary(self) -> dict[str, Any]:
        """The last line, which every command must end with."""
        assert self.lines, f"nothing on stdout; stderr: {self.errors[-2000:]}"
        assert self.lines[-1]["summary"] is True
        return self.lines[-1]

    def check(self) -> Outcome:
        """This outcome, if the command ran; fails the test otherwise."""
        assert self.status in (0, 1), f"exit {self.status}: {self.errors[-2000:]}"
        return self


def environment() -> dict[str, str]:
    """The environment of a command: this one, with narrow threads."""
    return {**os.environ, "POLARS_MAX_THREADS": "2", "NO_COLOR": "1"}


def budget_watch(home: Path, *arguments: str) -> Outcome:
    """Run one command with ``--json`` among its arguments and read its lines."""
    done = subprocess.run(
        [*COMMAND, "--home", str(home), *arguments],
        capture_output=True,
        text=True,
        timeout=600,
        env=environment(),
        check=False,
    )
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    return Outcome(done.returncode, lines, done.stderr)


def business_rows(root: Path, name: str) -> pl.DataFrame:
    """A table or mart of the latest snapshot: business columns, sorted."""
    frame = Reader(Home(root), Grant.system("test")).scan(name).collect()
    frame = frame.drop(OUTSIDE_BUSINESS & set(frame.columns))
    return frame.sort(frame.columns, nulls_last=True)


def everything(root: Path) -> dict[str, Any]:
    """All that must be the same after a kill and a second run: lake and findings."""
    tables = {name: business_rows(root, name) for name in (*contracts(), *MARTS)}
    findings = [f.record() for f in list_findings(Home(root), Grant.system("test"), outcome=None)]
    return {"tables": tables, "findings": findings}


def assert_same(left: dict[str, Any], right: dict[str, Any]) -> None:
    """Equal lakes and findings; names the first table that differs."""
    for name, frame in left["tables"].items():
        assert frame.equals(right["tables"][name]), f"{name} differs"
    assert left["findings"] == right["findings"]
