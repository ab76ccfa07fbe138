import json
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa

from budget_watch.audit import (
    AuditError,
    Note,
    ViewBuffer,
    Who,
    append,
    entry_table,
    key_of,
    read,
)
from budget_watch.lake.state import engine, writing
from tests.audit.made import START, checked, fill

HOUSE = Path(__file__).parents[2]


def everything(home):
    with engine(home).connect() as connection:
        return list(read(connection))


def test_an_entry_says_who_when_what_on_what_and_is_tied_to_the_one_before(home):
    fill(home, 2)
    first, second = everything(home)
    assert {k: v for k, v in second.record().items() if k not in ("key", "mac")} == {
        "seq": 2,
        "at": "2026-11-27T01:03:03.456789+00:00",
        "user": "u1",
        "role": "经办",
        "session": "s1",
        "purpose": "日常办理",
        "act": "case.verify",
        "kind": "case",
        "subject": "c1",
        "details": {"n": 1, "说明": "已核"},
        "prev": first.mac,
    }
    assert first.prev == "0" * 64
    assert len({first.mac, second.mac}) == 2


def test_an_act_that_fails_leaves_no_entry_and_an_entry_that_fails_leaves_no_act(home):
    key = fill(home, 1)
    table = entry_table
    with pytest.raises(ZeroDivisionError), writing(home) as connection:
        append(connection, key, Note(Who("u"), "case.close", "case", "x"))
        raise ZeroDivisionError
    key.path.rename(key.path.with_name("away"))
    with pytest.raises(AuditError, match=r"密钥 .* 不在"), writing(home) as connection:
        connection.exec_driver_sql("INSERT INTO lake_head (name, version) VALUES ('x', 1)")
        append(connection, key, Note(Who("u"), "case.close", "case", "x"))
    with engine(home).connect() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(table)).scalar() == 1
        assert connection.exec_driver_sql("SELECT count(*) FROM lake_head").scalar() == 0
    assert not key.path.exists()


def test_the_key_is_for_its_owner_alone_and_no_other_is_taken(home):
    key = fill(home, 1)
    assert key.path.stat().st_mode & 0o777 == 0o600
    key.path.chmod(0o640)
    with pytest.raises(AuditError, match="别人也能读写"):
        fill(home, 1)
    key.path.unlink()
    key.make()
    with pytest.raises(AuditError, match=r"另一把密钥.*没有写入任何内容"):
        fill(home, 1)
    assert len(everything(home)) == 1


def test_the_settings_may_keep_the_key_elsewhere(home, tmp_path):
    home.root.mkdir(exist_ok=True)
    path = home.root / "budget_watch.toml"
    before = path.read_text() if path.exists() else ""
    path.write_text(before + f'\n[audit]\nkey = "{tmp_path}/safe/log.key"\n')
    fill(home, 1)
    assert (tmp_path / "safe" / "log.key").exists()
    assert not (home.root / "audit" / "key").exists()
    assert checked(home) == []


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_entry SET details = '{}' WHERE seq = 1",
        "DELETE FROM audit_entry WHERE seq = 2",
        "DELETE FROM audit_entry",
        'INSERT INTO audit_entry SELECT 9, at, "user", role, session, purpose, act, kind,'
        " subject, details, key, prev, mac FROM audit_entry WHERE seq = 1",
        "INSERT INTO audit_entry SELECT * FROM audit_entry WHERE seq = 1"
        " ON CONFLICT (seq) DO UPDATE SET details = '{}'",
    ],
)
def test_the_table_takes_new_entries_at_its_end_and_nothing_else(home, statement):
    fill(home, 2)
    before = everything(home)
    refused = pytest.raises(sa.exc.DatabaseError, match="审计日志")
    with refused, engine(home).begin() as connection:
        connection.exec_driver_sql(statement)
    assert everything(home) == before


def test_the_table_cannot_be_emptied_or_overwritten_in_one_stroke(home):
    fill(home, 2)
    dialect = engine(home).dialect.name
    statement = {
        "sqlite": "INSERT OR REPLACE INTO audit_entry SELECT * FROM audit_entry WHERE seq = 1",
        "postgresql": "TRUNCATE audit_entry",
    }[dialect]
    refused = pytest.raises(sa.exc.DatabaseError, match="审计日志")
    with refused, engine(home).begin() as connection:
        connection.exec_driver_sql(statement)
    assert len(everything(home)) == 2


def test_processes_that_write_at_once_make_one_chain(home):
    engine(home)
    command = [sys.executable, "-m", "tests.audit.appending", str(home.root)]
    running = [
        subprocess.Popen([*command, name, "25"], cwd=HOUSE, stderr=subprocess.PIPE, text=True)
        for name in ("a", "b")
    ]
    assert [one.communicate()[1] for one in running] == ["", ""]
    entries = everything(home)
    assert [entry.seq for entry in entries] == list(range(1, 51))
    for name in ("a", "b"):
        own = [entry.subject for entry in entries if entry.user == name]
        assert own == [str(at) for at in range(25)]
    assert checked(home) == []


def test_what_is_strange_is_kept_as_it_is(home):
    key = fill(home, 0)
    odd = {"引号": '"\\', "行": "一\n二", "半": "\ud800", "表情": "🈶", "数": 12345678901234567890}
    with writing(home) as connection:
        append(connection, key, Note(Who("张三'--", "审核"), "case.note", "case", "甲", odd))
    (entry,) = everything(home)
    assert json.loads(entry.details) == {**odd, "半": "\ud800"}
    assert checked(home) == []
    with pytest.raises(AuditError, match="空字符"), writing(home) as connection:
        append(connection, key, Note(Who("a\0b"), "case.note", "case", "甲"))


def test_views_are_written_together_and_none_is_lost_while_the_database_is_away(home):
    key = fill(home, 1)
    away = [True]

    def opened():
        if away[0]:
            raise OSError("away")
        return writing(home)

    buffer = ViewBuffer(opened, key, seconds=3600)
    for at in range(3):
        buffer.saw(Note(Who("d1", "代表"), "voucher.view", "voucher", str(at), at=START))
    with pytest.raises(OSError, match="away"):
        buffer.flush()
    away[0] = False
    buffer.flush()
    buffer.flush()
    assert [entry.subject for entry in everything(home)] == ["c0", "0", "1", "2"]
    assert checked(home) == []


def test_entries_are_found_by_user_act_thing_and_time(home):
    fill(home, 5)
    with engine(home).connect() as connection:

        def seqs(**wanted):
            return [entry.seq for entry in read(connection, **wanted)]

        assert seqs(user="u3") == [4]
        assert seqs(act="case.") == [1, 2, 3, 4, 5]
        assert seqs(act="case") == []
        assert seqs(kind="case", subject="c2") == [3]
        assert seqs(since="2026-11-27T01:03", until="2026-11-27T01:05") == [2, 3]
        assert seqs(after=3) == [4, 5]
        assert seqs(limit=2, newest=True) == [5, 4]


def test_a_key_that_is_none_is_told(home):
    key = key_of(home.root)
    key.path.parent.mkdir(parents=True, exist_ok=True)
    key.path.write_text("abc")
    key.path.chmod(0o600)
    with pytest.raises(AuditError, match="64 位十六进制数"):
        fill(home, 1)
