from __future__ import annotations

import pytest

from tests.ingest.database.made import CREATE
from tests.servers import postgres as server


@pytest.fixture(autouse=True)
def password(monkeypatch):
    monkeypatch.setenv("BW_TEST_PASSWORD", server.PASSWORD)


@pytest.fixture(scope="session")
def finance_base(postgres):
    return postgres.new_database()


@pytest.fixture
def finance(postgres, finance_base):
    """A PostgreSQL database that holds an empty voucher table and nothing else."""
    with postgres.connect(finance_base) as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")
        connection.execute("GRANT USAGE ON SCHEMA public TO PUBLIC")
        connection.execute(CREATE)
    return finance_base
