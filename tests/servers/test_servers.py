"""The tests' servers start, ask for a password, and hold Chinese."""

from __future__ import annotations

import psycopg
import pymysql
import pytest

from tests.servers.mariadb import MariaDb
from tests.servers.postgres import Postgres


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
