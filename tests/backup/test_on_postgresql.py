"""A state on a PostgreSQL server is backed up row by row, and restored to a server or to a file."""

import sqlite3

import pytest
import sqlalchemy as sa

from budget_watch.lake import Home
from budget_watch.lake.backup import state_rows
from budget_watch.lake.errors import BackupError
from budget_watch.lake.state import engine
from tests.backup.conftest import SECOND
from tests.backup.test_backup import keys_of, made, restored
from tests.schedule.test_killed_day import everything
from tests.servers.file_only import of_the_file

pytestmark = [pytest.mark.slow, of_the_file]


@pytest.fixture
def databases(postgres):
    made = []

    def new():
        made.append(postgres.state_url(postgres.new_database()))
        return made[-1]

    yield new


def lines(url):
    with sa.create_engine(url, poolclass=sa.pool.NullPool).connect() as connection:
        return list(state_rows.rows(connection))


def test_from_file_to_server_to_server_to_file_nothing_changes(city, tmp_path, databases):
    lived = city.copy("base", tmp_path / "lived")
    key = keys_of(lived)
    before = lines(lived.state_url)
    made(lived, tmp_path / "b1")

    first = databases()
    on_server = restored(tmp_path / "b1", tmp_path / "one", key, state_url=first)
    assert on_server.state_url == first and not on_server.state.exists()
    assert lines(first) == before
    made(on_server, tmp_path / "b2")
    with pytest.raises(BackupError, match="备份时状态在数据库服务器上"):
        restored(tmp_path / "b2", tmp_path / "two", key)
    with engine(on_server).begin() as connection:  # the server now holds something else
        connection.exec_driver_sql("UPDATE run SET recorded_at = 'later'")
    with pytest.raises(BackupError, match="不是空的，没有恢复"):
        restored(tmp_path / "b2", tmp_path / "two", key, state_url=first)
    assert not (tmp_path / "two").exists()

    second = databases()
    two = restored(tmp_path / "b2", tmp_path / "two", key, state_url=second)
    assert lines(second) == before
    # numbers that the server gives go on: the next day is recorded as in the original
    city.day(two.root, SECOND)
    assert everything(two) == city.holds("lived")
    made(two, tmp_path / "b3")
    three = restored(tmp_path / "b3", tmp_path / "three", key, state_url="sqlite")
    assert three.state.exists() and three.state_url.startswith("sqlite")
    assert lines(three.state_url) == lines(second)
    assert everything(three) == city.holds("lived")
    for home in (on_server, two, three):
        engine(home).dispose()


def test_a_restore_killed_after_the_server_was_filled_is_made_whole(city, tmp_path, databases):
    made(Home(city.folder / "lived"), tmp_path / "b")
    url = databases()
    target = sa.create_engine(url, poolclass=sa.pool.NullPool)
    with sqlite3.connect(":memory:"):
        state_rows.put(target, lines(f"sqlite:///{city.folder / 'lived' / 'state.sqlite'}"), "x")
    again = restored(tmp_path / "b", tmp_path / "new", state_url=url)
    assert everything(again) == city.holds("lived")
    engine(again).dispose()
