import ast
import shutil
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from budget_watch.lake import LakeError, records
from budget_watch.lake.ledger import entries
from budget_watch.lake.state import MIGRATIONS, engine, newest_revision, upgrade, writing
from tests.servers import every_home
from tests.servers.every_home import bare
from tests.servers.file_only import of_the_file

SAME = {"FLOAT(25)": "DOUBLE PRECISION"} if every_home.wished else {}  # one type in PostgreSQL


def test_the_migrations_make_the_tables_that_the_code_uses(home):
    with engine(home).connect() as connection:
        seen = sa.inspect(connection)
        for table in records.metadata.sorted_tables:
            assert [
                (c["name"], str(c["type"].compile(connection.dialect)), c["nullable"])
                for c in seen.get_columns(table.name)
            ] == [
                (
                    c.name,
                    SAME.get(kind := str(c.type.compile(connection.dialect)), kind),
                    c.nullable,
                )
                for c in table.columns
            ]


@of_the_file
def test_the_state_database_survives_a_power_cut(home):
    with engine(home).connect() as connection:
        pragmas = [
            connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        ]
    assert pragmas == ["wal", 2, 1]


def test_the_schema_is_upgraded_once(home):
    made = engine(home)
    upgrade(made)
    with made.connect() as connection:
        found = (
            connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalars().all()
        )
    assert found == [newest_revision()]
    assert engine(home) is made


def test_a_database_of_a_newer_program_is_left_alone(home):
    made = engine(home)
    with made.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(LakeError, match=r"由更新版本的程序写成.*请升级"):
        upgrade(made)


def test_the_tables_compile_for_postgresql():
    from sqlalchemy.dialects import postgresql
    from sqlalchemy.schema import CreateTable

    for table in records.metadata.sorted_tables:
        assert "CREATE TABLE" in str(CreateTable(table).compile(dialect=postgresql.dialect()))


CHOOSING = ("get_context", "set_start_method")  # of a way in which processes are started


def test_nothing_forks():
    """Children forked after polars or Delta were used hang; only fresh processes are allowed."""
    root = Path(__file__).parents[2]
    for folder in ("budget_watch", "ingest", "dashboard", "fixtures"):
        for path in (root / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Attribute):
                    assert node.attr not in ("fork", "forkpty"), path
                if isinstance(node, ast.Import):
                    names = [alias.name.split(".")[0] for alias in node.names]
                    assert "multiprocessing" not in names, path
                if isinstance(node, ast.ImportFrom) and node.module == "multiprocessing":
                    assert {alias.name for alias in node.names} <= set(CHOOSING), path
                if isinstance(node, ast.Call) and getattr(node.func, "id", "") in CHOOSING:
                    assert [ast.literal_eval(each) for each in node.args] == ["spawn"], path


def test_a_home_made_anew_at_the_same_place_is_another_database(home):
    with writing(home) as connection:
        connection.execute(sa.insert(records.head).values(name="x", version=1))
    shutil.rmtree(home.root)
    engine(home)
    with engine(home).connect() as connection:
        assert connection.execute(sa.select(records.head)).all() == []


def test_a_ledger_of_before_sources_is_read_as_it_was_meant(home):
    old = sa.create_engine(bare(home.root))
    with old.begin() as connection:
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        config.attributes["connection"] = connection
        command.upgrade(config, "0006")
        connection.exec_driver_sql(
            "INSERT INTO lake_snapshot (id, seq, biz_date, published_at, epoch, hashes) "
            "VALUES ('S', 1, '2026-11-20', '2026-11-21 02:00:00', 1, '{}')"
        )
        for slot, stored, refused, reason in (("a", 3, 0, None), ("b", 0, 2, "缺列")):
            told = {"id": slot, "delivered": stored + refused, "stored": stored}
            connection.execute(
                sa.text(
                    "INSERT INTO lake_batch (id, table_name, source, source_hash, biz_date,"
                    " loaded_at, delivered, stored, quarantined, refused, reason, snapshot) VALUES"
                    " (:id, 'unit', 'f', 'h', '2026-11-20', '2026-11-21 02:00:00', :delivered,"
                    " :stored, 0, :refused, :reason, 'S')"
                ),
                {**told, "refused": refused, "reason": reason},
            )
    old.dispose()
    told = [(e.batch.id, e.outcome, e.batch.origin, e.batch.revision) for e in entries(home)]
    assert told == [("a", "stored", None, 0), ("b", "refused", None, 0)]
