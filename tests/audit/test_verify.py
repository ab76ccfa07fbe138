import shutil
from dataclasses import replace
from itertools import combinations

import pytest
import sqlalchemy as sa

from budget_watch.access import Grant
from budget_watch.audit import entry_table, key_of, read, verify
from budget_watch.audit.entry import code
from budget_watch.audit.log import stored
from budget_watch.casework.auditing import anchor_log, anchors_folder, verify_log
from budget_watch.lake import Home
from budget_watch.lake.state import engine
from tests.audit.made import checked, fill, unguarded

COUNT = 4
TEXTS = [column.name for column in entry_table.columns if column.name != "seq"]


def flipped(value: bytes, dialect: str) -> list[bytes]:
    """The value with one byte changed, for each byte."""
    made = []
    for at in range(len(value)):
        for bit in range(8) if dialect == "postgresql" else (at % 8,):
            other = value[:at] + bytes([value[at] ^ (1 << bit)]) + value[at + 1 :]
            if dialect == "postgresql":
                try:
                    if "\0" in other.decode("utf-8"):
                        continue
                except UnicodeDecodeError:
                    continue  # the server would not take it
            made.append(other)
            break
    return made


def test_each_changed_byte_of_the_table_is_found_in_its_entry(home):
    key = fill(home, COUNT)
    tried = 0
    with unguarded(home) as connection:
        dialect = connection.dialect.name
        rows = connection.execute(sa.select(entry_table).order_by("seq")).mappings().all()
        for row in rows:
            for name in TEXTS:
                values = flipped(row[name].encode(), dialect)
                if dialect == "sqlite":
                    assert len(values) == len(row[name].encode())
                for value in values:
                    with connection.begin_nested() as point:
                        given = f'UPDATE audit_entry SET "{name}" = {{}} WHERE seq = {row["seq"]}'
                        if dialect == "sqlite":
                            given = given.format(f"CAST(x'{value.hex()}' AS TEXT)")
                            connection.exec_driver_sql(given)
                        else:
                            connection.exec_driver_sql(given.format("%s"), (value.decode(),))
                        found = verify(connection, key).damages
                        point.rollback()
                    told = [(one.kind, one.first) for one in found if one.kind != "unguarded"]
                    assert told == [("altered", row["seq"])], (name, value)
                    tried += 1
    assert tried > 900
    assert checked(home) == []


def test_each_changed_bit_of_a_number_is_found(home):
    fill(home, COUNT)
    for seq in range(1, COUNT + 1):
        for bit in range(63):
            other = seq ^ (1 << bit)
            if 1 <= other <= COUNT:
                continue  # taken; two that change places are tried below
            with unguarded(home) as connection:
                connection.execute(
                    sa.update(entry_table).where(entry_table.c.seq == seq).values(seq=other)
                )
            assert ("moved", other, other) in checked(home), (seq, other)
            with unguarded(home) as connection:
                connection.execute(
                    sa.update(entry_table).where(entry_table.c.seq == other).values(seq=seq)
                )
    assert checked(home) == []


@pytest.mark.parametrize("seq", range(1, COUNT))
def test_a_removed_entry_is_found(home, seq):
    fill(home, COUNT)
    remove(home, seq)
    assert checked(home) == [("removed", seq, seq)]


def test_removed_and_the_rest_numbered_anew_is_found(home):
    fill(home, COUNT)
    remove(home, 2)
    with unguarded(home) as connection:
        for seq in (3, 4):
            connection.execute(
                sa.update(entry_table).where(entry_table.c.seq == seq).values(seq=seq - 1)
            )
    assert checked(home) == [("moved", 2, 2), ("removed", 2, 2), ("moved", 3, 3)]


@pytest.mark.parametrize(("one", "other"), combinations(range(1, COUNT + 1), 2))
def test_entries_that_changed_places_are_found(home, one, other):
    fill(home, COUNT)
    table = entry_table
    with unguarded(home) as connection:
        for before, after in ((one, 99), (other, one), (99, other)):
            connection.execute(sa.update(table).where(table.c.seq == before).values(seq=after))
    assert checked(home) == [("moved", one, one), ("moved", other, other)]


def test_a_cut_off_end_is_found_by_an_anchor_and_only_by_one(home):
    fill(home, COUNT)
    anchor_log(home)
    whole = verify_log(home, Grant.operator("test"))
    assert (whole.sound, whole.entries, whole.complete_to) == (True, COUNT, COUNT)
    remove(home, 3, 4, 5)  # 5 is the entry of the check above
    assert checked(home) == [("truncated", 3, 4)]
    for path in anchors_folder(home.root).iterdir():
        path.unlink()
    alone = verify_log(home, Grant.operator("test"))
    assert (alone.sound, alone.complete_to) == (True, 0)


def test_work_that_went_on_after_a_cut_does_not_hide_it(home):
    fill(home, 2)
    anchor_log(home)
    fill(home, 2)
    anchor_log(home)
    remove(home, 4)
    fill(home, 3)
    assert checked(home) == [("rewritten", 3, 4)]


def test_who_holds_the_key_too_is_found_by_the_anchor_kept_elsewhere(home, tmp_path):
    fill(home, COUNT)
    path = anchor_log(home)
    kept = tmp_path / "kept.json"
    shutil.copy(path, kept)
    path.unlink()
    secret = key_of(home.root).read()
    table = entry_table
    with unguarded(home) as connection:
        rows = connection.execute(sa.select(table).order_by("seq")).mappings().all()
        before = "0" * 64
        for row in rows:
            entry = replace(stored(row), prev=before, user="nobody")
            before = code(entry, secret)
            made = {"prev": entry.prev, "user": "nobody", "mac": before}
            connection.execute(sa.update(table).where(table.c.seq == entry.seq).values(made))
    assert checked(home) == []
    found = verify_log(home, Grant.operator("test"), [kept])
    assert [(one.kind, one.first, one.last) for one in found.damages] == [("rewritten", 1, COUNT)]


def test_a_forged_entry_at_the_end_is_found(home):
    fill(home, 2)
    with engine(home).begin() as connection:
        last = list(read(connection))[-1]
        forged = replace(last, seq=3, user="other", prev=last.mac)
        connection.execute(sa.insert(entry_table).values(**forged.__dict__))
    assert checked(home) == [("altered", 3, 3)]


def test_a_changed_anchor_is_found(home):
    fill(home, 1)
    path = anchor_log(home)
    path.write_text(path.read_text().replace('"seq": 1', '"seq": 2'))
    assert checked(home) == [("anchor", 0, 0)]
    path.write_text("{")
    assert checked(home) == [("anchor", 0, 0)]


def test_a_log_of_another_key_is_told_as_one_thing(home, tmp_path):
    fill(home, COUNT)
    other = key_of(tmp_path / "other")
    other.make()
    assert checked(home, other) == [("other_key", 1, COUNT)]


def test_guards_that_were_taken_away_are_missed(home):
    fill(home, 1)
    with engine(home).begin() as connection:
        on = " ON audit_entry" if connection.dialect.name == "postgresql" else ""
        connection.exec_driver_sql(f"DROP TRIGGER audit_entry_delete{on}")
    assert checked(home) == [("unguarded", 0, 0)]


def test_one_anchor_a_day_is_made_of_itself(home):
    assert anchor_log(home, once_a_day=True) is None
    fill(home, 1)
    assert anchor_log(home, once_a_day=True) is not None
    fill(home, 1)
    assert anchor_log(home, once_a_day=True) is None
    assert len(list(anchors_folder(home.root).glob("*.json"))) == 1


def remove(home: Home, *seqs: int) -> None:
    with unguarded(home) as connection:
        connection.execute(sa.delete(entry_table).where(entry_table.c.seq.in_(seqs)))
