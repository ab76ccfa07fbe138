"""The tests' servers start, ask for a password, and hold Chinese."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pymysql
import pytest

from tests.servers.mariadb import MariaDb
from tests.servers.postgres import Postgres

HOUSE = Path(__file__).parents[2]


def test_postgres_answers_and_asks_for_a_password(postgres: Postgres) -> None:
    with postgres.connect(postgres.new_database()) as connection:
        assert connection.execute("SELECT '财政'").fetchone() == ("财政",)
    with pytest.raises(psycopg.OperationalError, match="password"):
        postgres.connect(password="wrong")


@pytest.mark.slow
def test_mariadb_answers_and_asks_for_a_password(mariadb: MariaDb) -> None:
    with mariadb.connect(mariadb.new_database()) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT '财政'")
        assert cursor.fetchone() == ("财政",)
    with pytest.raises(pymysql.err.OperationalError, match="1045"):
        mariadb.connect(password="wrong")


@pytest.mark.slow
def test_a_server_goes_with_the_tests_that_were_killed() -> None:
    code = "from tests.servers.postgres import Postgres as P; s = P(); print(s.port, flush=True)"
    command = [sys.executable, "-c", f"{code}; import time; time.sleep(60)"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=HOUSE) as tests:
        assert tests.stdout is not None
        port = int(tests.stdout.readline())
        socket.create_connection(("127.0.0.1", port)).close()
        tests.kill()
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            return
        time.sleep(0.1)
    pytest.fail("the server is still there")
