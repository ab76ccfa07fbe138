"""One demo of the tiny city for all tests that only read it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.end_to_end.command import budget_watch


@pytest.fixture(scope="session")
def city(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home of a finished `demo --scale tiny`."""
    home = tmp_path_factory.mktemp("city") / "home"
    budget_watch(home, "demo", "--scale", "tiny", "--no-serve", "--json").check()
    return home
