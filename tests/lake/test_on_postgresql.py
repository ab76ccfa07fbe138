"""The state database on a PostgreSQL server: what the lake promises, it promises there too.

The tests of lease, writer, snapshot and findings are run once more, on homes whose settings name a
database of the server.
"""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import pytest
import sqlalchemy as sa

from budget_watch.casework.checking import check
from budget_watch.casework.runs import latest_run
from budget_watch.lake import Home, LeaseError, Reader, Snapshot, Writer, records
from budget_watch.lake.state import engine, newest_revision, upgrade
from tests.casework.test_recording import *  # noqa: F403
from tests.lake.made import SYSTEM, batch, content, rows, voucher
from tests.lake.test_lease import *  # noqa: F403
from tests.lake.test_snapshot import *  # noqa: F403
from tests.lake.test_status import *  # noqa: F403
from tests.lake.test_writer import *  # noqa: F403

pytestmark = pytest.mark.slow
# They have homes of their own, or take long and ask the state database nothing new.
del test_a_home_without_anything_has_no_snapshot_and_is_not_made  # noqa: F821
del test_neither_the_order_nor_the_cut_of_deliveries_changes_the_lake  # noqa: F821
del test_daily_deliveries_of_a_small_table_are_joined  # noqa: F821
DAY = date(2026, 9, 30)
HOUSE = Path(__file__).parents[2]


def home_on(root: Path, url: str) -> Home:
    root.mkdir(parents=True, exist_ok=True)
    (root / "budget_watch.toml").write_text(f'[state]\nurl = "{url}"\n')
    return Home(root)


@pytest.fixture(scope="session")
def migrated(postgres):
    """A database with the schema, to copy from."""
    name = postgres.new_database()
    made = sa.create_engine(postgres.state_url(name), poolclass=sa.pool.NullPool)
    upgrade(made)
    made.dispose()
    return name


@pytest.fixture
def home(tmp_path, postgres, migrated):
    url = postgres.state_url(postgres.new_database(f"TEMPLATE {migrated}"))
    made = home_on(tmp_path / "home", url)
    yield made
    engine(made).dispose()


def test_the_migrations_make_the_tables_that_the_code_uses(home):
    with engine(home).connect() as connection:
        assert connection.dialect.name == "postgresql"
        seen = sa.inspect(connection)
        for table in records.metadata.sorted_tables:
            found = {c["name"]: (c["nullable"],) for c in seen.get_columns(table.name)}
            assert found == {c.name: (c.nullable,) for c in table.columns}
        found = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalars()
        assert found.all() == [newest_revision()]
    assert not home.state.exists()


def test_machines_that_start_at_once_upgrade_a_new_database_once(postgres):
    url = postgres.state_url(postgres.new_database())

    code = "import sys, sqlalchemy\nfrom budget_watch.lake.state import upgrade\n"
    code += "upgrade(sqlalchemy.create_engine(sys.argv[1]))"
    command = [sys.executable, "-c", code, url]
    machines = [subprocess.Popen(command, cwd=HOUSE, stderr=subprocess.PIPE) for _ in range(3)]
    told = [one.communicate()[1].decode() for one in machines]
    assert told == [""] * 3


def test_what_is_published_is_read_and_judged(home):
    with Writer.open(home, "test") as writer:
        frame = rows("payment_voucher", voucher(1, DAY, 100))
        writer.replace("payment_voucher", frame, batch("payment_voucher", "1"))
        writer.publish(DAY)
    found = check(home.root, rules=["PZ14"])
    assert found.summary["error"] == 0
    assert latest_run(home) is not None
    assert Reader(home, SYSTEM).scan("payment_voucher").collect().height == 1


def test_a_home_elsewhere_with_the_same_state_waits_for_the_writer(home, tmp_path):
    """Two machines: each its own files' lock, one row in the database."""
    other = home_on(tmp_path / "other", home.state_url)
    code = (
        "import socket, sys\n"
        "socket.gethostname = lambda: 'another-machine'\n"
        "from budget_watch.lake import Home, LeaseError, Writer\n"
        "try:\n    Writer.open(Home(sys.argv[1]), 'load')\n"
        "except LeaseError as error:\n    print(error)\n"
        "else:\n    print('taken')\n"
    )

    def asked() -> str:
        command = [sys.executable, "-c", code, str(other.root)]
        done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=HOUSE)
        return done.stdout

    with Writer.open(home, "夜间入库"):
        assert "另一个写入正在进行：夜间入库" in asked()
    assert asked() == "taken\n"


def test_two_machines_that_take_the_first_lease_at_once_do_not_both_get_it(
    home, tmp_path, monkeypatch
):
    hosts = iter(f"machine-{n}" for n in range(100))
    homes = [home_on(tmp_path / f"m{n}", home.state_url) for n in range(4)]
    engine(home)
    monkeypatch.setattr("socket.gethostname", lambda: next(hosts))

    def take(one: Home) -> object:
        try:
            return Writer.open(one, "load")
        except LeaseError as error:
            return str(error)

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(take, homes))
    writers = [one for one in found if isinstance(one, Writer)]
    assert len(writers) == 1, found
    assert all("另一个写入正在进行" in one for one in found if isinstance(one, str))
    writers[0].close()


def test_a_writer_taken_over_while_publishing_leaves_nothing(home):
    with Writer.open(home, "old") as writer:
        frame = rows("payment_voucher", voucher(1, DAY))
        writer.replace("payment_voucher", frame, batch("payment_voucher", "a"))
        with engine(home).begin() as connection:
            table = records.lease
            connection.execute(sa.update(table).values(epoch=table.c.epoch + 1, owner="new"))
        with pytest.raises(LeaseError, match="写入权已被接管"):
            writer.publish(DAY)
    assert Snapshot.latest(home) is None
    assert content(home) == {}


def test_a_server_that_is_away_is_told_in_one_sentence(tmp_path):
    home = home_on(tmp_path / "home", "postgresql+psycopg://u:secret@127.0.0.1:1/x")
    command = [sys.executable, "-m", "budget_watch.cli.main", "--home", str(home.root), "status"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=HOUSE)
    assert done.returncode == 3
    assert "状态数据库" in done.stderr and "Traceback" not in done.stderr
    assert "secret" not in done.stderr


def test_what_is_only_ever_added_is_guarded_on_a_server_as_in_a_file(home, tmp_path):
    """And against TRUNCATE, which a file does not know."""
    file = sa.create_engine(f"sqlite:///{tmp_path / 'file.sqlite'}", poolclass=sa.pool.NullPool)
    upgrade(file)
    with file.connect() as connection:
        found = connection.exec_driver_sql(
            "SELECT tbl_name, sql FROM sqlite_master WHERE type = 'trigger'"
        ).all()
    wanted = {
        (table, event)
        for table, written in found
        for event in ("INSERT", "UPDATE", "DELETE")
        if f"BEFORE {event}" in written
    }
    wanted |= {(table, "TRUNCATE") for table, event in wanted if event == "DELETE"}
    events = {2: "INSERT", 3: "DELETE", 4: "UPDATE", 5: "TRUNCATE"}  # bits of pg_trigger.tgtype
    with engine(home).connect() as connection:
        rows_ = connection.exec_driver_sql(
            "SELECT tgrelid::regclass::text, tgtype FROM pg_trigger"
            " WHERE NOT tgisinternal AND tgenabled = 'O'"
        ).all()
    guarded = {
        (table, name) for table, kind in rows_ for bit, name in events.items() if kind >> bit & 1
    }
    assert guarded == wanted
    assert len(wanted) > 60


def test_a_server_that_was_started_anew_is_used_again_without_a_word(home, postgres):
    """Every connection that the pool keeps is dead then; the first to ask gets another."""
    with engine(home).connect() as connection:
        name = connection.exec_driver_sql("SELECT current_database()").scalar()
    with postgres.connect() as connection:
        ended = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
        assert connection.execute(ended, (name,)).fetchall() == [(True,)]
    with engine(home).connect() as connection:
        assert connection.exec_driver_sql("SELECT 1").scalar() == 1
