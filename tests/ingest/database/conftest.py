from __future__ import annotations

import pytest

from tests.ingest.database.made import CREATE
from tests.servers import postgres as server


@pytest.fixture(autouse=True)
def password(monkeypatch):
    monkeypatch.setenv("BW_TEST_PASSWORD", server.PASSWORD)


@pytest.fixture
def finance(postgres):
    """A fresh PostgreSQL database with an empty voucher table."""
    name = postgres.new_database()
    with postgres.connect(name) as connection:
        connection.execute(CREATE)
    return name
