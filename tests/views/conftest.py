from __future__ import annotations

from collections.abc import Iterator

import pytest

from budget_watch.access import Grant
from budget_watch.lake import Home, Reader
from budget_watch.views import Desk
from tests.views import small_city


@pytest.fixture(scope="session")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    yield small_city.make(tmp_path_factory.mktemp("small_city"))


@pytest.fixture(scope="session")
def desk(city: Home) -> Desk:
    return Desk(Reader(city, Grant.operator("test")))
