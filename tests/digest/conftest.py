from __future__ import annotations

from pathlib import Path

import pytest

from budget_watch.access import Grant
from budget_watch.digest import build
from budget_watch.lake import Home
from tests.views import small_city


@pytest.fixture(scope="session")
def city(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return small_city.make(tmp_path_factory.mktemp("digest_city"))


@pytest.fixture(scope="session")
def quarterly(city: Home, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    out = tmp_path_factory.mktemp("out")
    return {p.suffix: p for p in build(city, Grant.operator("test"), "2026Q3", out=out)}
