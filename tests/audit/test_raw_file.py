"""Bytes changed in the database file itself, below everything that the database promises."""

import sqlite3

import pytest
import sqlalchemy as sa

from budget_watch.audit import read, verify
from budget_watch.lake.state import engine
from tests.audit.made import fill
from tests.servers.file_only import of_the_file


def test_no_changed_byte_of_the_pages_of_the_table_changes_the_log_unnoticed(home, tmp_path):
    key = fill(home, 2)
    with engine(home).connect() as connection:
        before = list(read(connection))
    engine(home).dispose()
    with sqlite3.connect(home.state) as file:
        file.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        file.execute("PRAGMA journal_mode=DELETE")
        (page,) = file.execute(
            "SELECT rootpage FROM sqlite_master WHERE name='audit_entry'"
        ).fetchone()
        (size,) = file.execute("PRAGMA page_size").fetchone()
    file.close()
    whole = home.state.read_bytes()
    start = (page - 1) * size
    used = [at for at in range(start, start + size) if whole[at]]
    assert len(used) > 450, "the entries do not lie on the first page"
    path = tmp_path / "changed.sqlite"
    found = 0
    for at in used:
        path.write_bytes(whole[:at] + bytes([whole[at] ^ (1 << at % 8)]) + whole[at + 1 :])
        opened = sa.create_engine(f"sqlite:///{path}", poolclass=sa.pool.NullPool)
        with opened.connect() as connection:
            verdict = verify(connection, key)
            if verdict.sound:
                assert verdict.entries == len(before), at
                assert list(read(connection)) == before, at
            found += not verdict.sound
    assert found > 450


pytestmark = [pytest.mark.slow, of_the_file]
