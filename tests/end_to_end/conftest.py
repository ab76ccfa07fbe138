"""One demo of the tiny city for all tests that only read it, whichever process they run in."""

from __future__ import annotations

import fcntl
import os
import shutil
from pathlib import Path

import pytest

from tests.end_to_end.command import budget_watch


@pytest.fixture(scope="session")
def city(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home of a finished `demo --scale tiny`: this process's own copy of it."""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent  # of all the processes of this run
    made = shared / "demo-of-the-tiny-city"
    with (shared / "demo.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            half = shared / "demo-under-way"
            budget_watch(half, "demo", "--scale", "tiny", "--no-serve", "--json").check()
            half.rename(made)
    home = tmp_path_factory.mktemp("city") / "home"
    shutil.copytree(made, home)
    return home
