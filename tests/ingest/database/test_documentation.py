"""The guide is followed, word for word, on a server of its own."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from ingest.sources.database.dialects import DIALECTS
from ingest.sources.database.settings import DatabaseSettings, TableSettings
from tests.ingest.database.made import COLUMNS, insert, row

HOUSE = Path(__file__).parents[3]
GUIDE = (HOUSE / "docs" / "sources" / "database.md").read_text(encoding="utf-8")


def block(kind: str, number: int = 0) -> str:
    return re.findall(rf"^```{kind}\n(.*?)^```$", GUIDE, re.M | re.S)[number]


def run(home: Path, *command: str) -> subprocess.CompletedProcess[str]:
    told = {"BUDGET_WATCH_HOME": str(home), "CZ_PASSWORD": "另行告知", "PYTHONPATH": str(HOUSE)}
    return subprocess.run(
        [sys.executable, "-m", *command],
        env={**os.environ, **told},
        cwd=HOUSE,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.slow
def test_the_first_chapter_works_as_it_is_written(tmp_path, postgres) -> None:
    with postgres.connect() as connection:
        connection.execute("CREATE DATABASE czyth")
    with postgres.connect("czyth") as connection:
        connection.execute("CREATE SCHEMA pay")
        connection.execute(f"CREATE TABLE pay.pay_voucher_bill ({COLUMNS})")
        rows = [row(n) for n in (1, 2)] + [row(3, update_time="2026-11-18 16:20:00")]
        connection.cursor().executemany(*insert(rows, table="pay.pay_voucher_bill"))
        connection.execute(block("sql"))
    home = tmp_path / "home"
    assert run(home, "budget_watch.cli.main", "init").returncode == 0
    with (home / "budget_watch.toml").open("a", encoding="utf-8") as file:
        file.write(block("toml").replace("127.0.0.1:5432", f"127.0.0.1:{postgres.port}"))
    looked = run(home, "ingest.sources.database", "财政一体化")
    assert looked.stdout.replace(f":{postgres.port}", ":5432") == block("text"), looked.stderr
    done = run(home, "budget_watch.cli.main", "ingest", "--date", "2026-11-18", "--json")
    summary = json.loads(done.stdout.splitlines()[-1])
    assert (summary["rows"], summary["stored"]) == (3, 3), done.stderr
    with (
        psycopg.connect(postgres.address("czyth", "jd_reader"), password="另行告知") as reader,
        pytest.raises(psycopg.errors.ReadOnlySqlTransaction),
    ):
        reader.execute("DELETE FROM pay.pay_voucher_bill")


@pytest.mark.slow
def test_the_account_for_mariadb_reads_one_table(mariadb, postgres) -> None:
    name = mariadb.new_database()
    lines = [line for line in block("sql", 1).splitlines() if "'jd_reader'" in line]
    with mariadb.connect(name) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE pay_voucher_bill (a int)")
        for line in lines:
            sql = line.replace("10.1.%", "127.0.0.1").replace("czyth", name).replace("'…'", "'x'")
            cursor.execute(sql.rstrip(";"))
    with mariadb.connect(name, user="jd_reader", password="x") as reader, reader.cursor() as cursor:
        cursor.execute("SELECT * FROM pay_voucher_bill")
        with pytest.raises(Exception, match="denied"):
            cursor.execute("DELETE FROM pay_voucher_bill")


def test_every_setting_and_every_database_is_documented() -> None:
    keys = [
        field.alias or name
        for model in (DatabaseSettings, TableSettings)
        for name, field in model.model_fields.items()
    ]
    told = set(keys) - {"password", "enabled"}
    assert [key for key in sorted(told) if key not in GUIDE] == []
    assert [f"{name}://" for name in DIALECTS if f"{name}://" not in GUIDE] == []


def test_the_command_that_looks_says_what_is_wrong(tmp_path) -> None:
    assert "没有数据源“无”" in run(tmp_path, "ingest.sources.database", "无").stderr
    url = f"sqlite:///{tmp_path}/none.db"
    told = f'[[source]]\nname = "库"\nkind = "database"\nurl = "{url}"\n'
    told += '[[source.tables]]\ntable = "FIN-15"\nfrom = "x"\n'
    (tmp_path / "budget_watch.toml").write_text(told, encoding="utf-8")
    looked = run(tmp_path, "ingest.sources.database", "库")
    assert (looked.returncode, looked.stdout) == (1, "")
    assert "没有这个库" in looked.stderr
