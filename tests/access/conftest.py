"""A store on SQLite and on a real PostgreSQL, a clock that is set by hand, the small city."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from budget_watch.access.store import Store
from budget_watch.audit import Who
from budget_watch.casework.accounts import store_of
from budget_watch.lake import Home
from budget_watch.lake import state as lake_state
from tests.casework.made_cases import bring
from tests.servers.postgres import Postgres
from tests.views_drill.small_city import make_home

ADMIN = Who("operator", "", "", "test")


class Clock:
    """Tells the time it was set to."""

    def __init__(self) -> None:
        self.at = datetime(2026, 11, 20, 1, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at

    def on(self, **span: float) -> None:
        """Move on."""
        self.at += timedelta(**span)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def migrated(postgres: Postgres) -> str:
    name = postgres.new_database()
    made = sa.create_engine(postgres.state_url(name), poolclass=sa.pool.NullPool)
    lake_state.upgrade(made)
    made.dispose()
    return str(name)


@pytest.fixture(params=["sqlite", "postgresql"])
def store(
    request: pytest.FixtureRequest, tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Store]:
    if request.param == "postgresql":
        postgres, migrated = (
            request.getfixturevalue("postgres"),
            request.getfixturevalue("migrated"),
        )
        url = postgres.state_url(postgres.new_database(f"TEMPLATE {migrated}"))
        monkeypatch.setenv("BUDGET_WATCH_STATE", url)
    yield store_of(Home(tmp_path), clock)


@pytest.fixture
def quick(tmp_path: Path, clock: Clock) -> Store:
    """A store on SQLite only, for what does not ask the database anything new."""
    return store_of(Home(tmp_path), clock)


@pytest.fixture(scope="session")
def city(tmp_path_factory: pytest.TempPathFactory) -> Home:
    made, _ = make_home(tmp_path_factory.mktemp("city"))
    return made


def acts(store: Store) -> list[tuple[str, str, str]]:
    """Every entry of the audit log: who, act, whom."""
    from budget_watch.audit import read

    with store.reading() as connection:
        return [(e.user, e.act, e.subject) for e in read(connection)]


@pytest.fixture(scope="session")
def checked(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """The small city, judged; of four findings one is transferred and one answered."""
    from budget_watch.casework import tables
    from budget_watch.casework.checking import check

    made, _ = make_home(tmp_path_factory.mktemp("checked"))
    check(made.root)
    with lake_state.engine(made).connect() as connection:
        found = sa.select(tables.finding.c.id).order_by(tables.finding.c.id)
        ids = list(connection.execute(found).scalars())
    for at, state in ((0, "已转交"), (2, "已反馈")):
        for target in ids[at::4]:
            bring(made, target, state)
    return made
