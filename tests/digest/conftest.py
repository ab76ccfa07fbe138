from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from budget_watch.access import Grant
from budget_watch.digest import build
from budget_watch.lake import Home
from budget_watch.lake.state import engine
from tests.views import small_city


@pytest.fixture(scope="session")
def city(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return small_city.make(tmp_path_factory.mktemp("digest_city"))


@pytest.fixture(scope="session")
def quarterly(city: Home, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    out = tmp_path_factory.mktemp("out")
    return {p.suffix: p for p in build(city, Grant.operator("test"), "2026Q3", out=out)}


@pytest.fixture
def own(city: Home, tmp_path: Path) -> Home:
    """A copy of the city that a test may change."""
    engine(city).dispose()
    shutil.copytree(city.root, tmp_path / "own")
    return Home(tmp_path / "own")
