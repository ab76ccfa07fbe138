"""Servers that tests of several rooms use: one a session, started when first asked for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from budget_watch.lake import state
from tests.servers import every_home
from tests.servers.mariadb import MariaDb
from tests.servers.postgres import Postgres


@pytest.fixture(scope="module", autouse=True)
def _closed_homes() -> Iterator[None]:
    """A process may hold a thousand files: the homes of one module are closed before the next."""
    yield
    for made, _ in list(state._engines.values()):
        made.dispose()  # a home that is still in use opens again
    state._engines.clear()
    if every_home.wished:
        every_home.swept()


@pytest.fixture(scope="session", autouse=True)
def _every_home(request: pytest.FixtureRequest) -> None:
    if every_home.wished:
        every_home.start(request.getfixturevalue("postgres"))


@pytest.fixture(autouse=True)
def _databases_of_the_test(request: pytest.FixtureRequest) -> Iterator[None]:
    """What a test made on the server goes with it."""
    yield
    made = getattr(request.node, "funcargs", {}).get("tmp_path")
    if every_home.wished and made is not None:
        every_home.swept(made)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    server = Postgres()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def mariadb() -> Iterator[MariaDb]:
    server = MariaDb()
    yield server
    server.stop()


# The files that take longest: first, so that no process ends alone.
LONGEST = (
    "end_to_end/test_demo.py",
    "schedule/test_killed_day.py",
    "end_to_end/test_year.py",
    "fixtures/test_load.py",
    "end_to_end/test_same_findings.py",
    "backup/",
    "dashboard/",
    "casework/",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest files."""
    tests = Path(__file__).parent

    def rank(item: pytest.Item) -> int:
        place = item.path.relative_to(tests).as_posix()
        return next((at for at, name in enumerate(LONGEST) if place.startswith(name)), len(LONGEST))

    items.sort(key=rank)
