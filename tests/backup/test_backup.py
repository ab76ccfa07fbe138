"""A backup holds everything, and what is restored from it goes on as if nothing had happened."""

import hashlib
import json
import shutil
import sqlite3
from contextlib import closing

import pytest
import sqlalchemy as sa

from budget_watch.access import Grant
from budget_watch.casework.checking import rule_book
from budget_watch.casework.explaining import explained
from budget_watch.casework.findings import list_findings
from budget_watch.lake import Home, quarantine, records
from budget_watch.lake.backup import keys
from budget_watch.lake.backup.make import back_up
from budget_watch.lake.backup.restore import restore
from budget_watch.lake.backup.store import ArchiveStore, FolderStore, open_store
from budget_watch.lake.backup.verify import damage
from budget_watch.lake.errors import BackupError
from budget_watch.lake.ledger import known_parcels
from budget_watch.lake.state import writing
from ingest.spool import spools
from ingest.spool_backup import join_survivor, spool_files
from tests.backup.conftest import SECOND
from tests.schedule.day_process import run as run_day
from tests.schedule.test_killed_day import everything
from tests.servers import every_home
from tests.servers.file_only import of_the_file

GRANT = Grant.system("test")


def files_of(root):
    return {p.relative_to(root).as_posix(): p for p in sorted(root.rglob("*")) if p.is_file()}


def keys_of(home):
    return {name: (home.root / name).read_bytes() for name in keys.of_home(home)}


def kept_rows(home):
    return {
        b.number: (b, quarantine.read(home, b).rows(), quarantine.acts(home, b.number))
        for b in quarantine.bundles(home)
    }


def explanations(home):
    book = rule_book(home.root)
    return [
        explained(home, GRANT, book, f.finding).record()
        for f in list_findings(home, GRANT, outcome=None)
    ]


@pytest.fixture
def lived(city, tmp_path):
    return city.copy("lived", tmp_path / "lived")


def made(home, place, **more):
    store = ArchiveStore(place) if place.suffix == ".tar" else FolderStore(place)
    return back_up(home, store, spool_files, **more)


def restored(place, root, found=None, at=-1, **more):
    store = open_store(place)
    manifest = store.manifest(store.numbers()[at])
    if every_home.wished:
        more = {"state_url": every_home.empty(), **more}
    restore(store, manifest, Home(root), found or {}, **more)
    return Home(root)


@pytest.mark.parametrize("place", ["backups", "one.tar"])
def test_a_restored_home_is_the_same_in_everything(city, lived, tmp_path, place):
    before = city.holds("lived")
    assert before["findings"] and kept_rows(lived)
    found = made(lived, tmp_path / place)
    assert found.manifest.missing == ()
    assert found.manifest.left_out == {"secrets/pw": "密码或密钥，另行保管"}
    home = restored(tmp_path / place, tmp_path / "new", keys_of(lived))
    assert everything(home) == before
    assert kept_rows(home) == kept_rows(lived)
    assert explanations(home) == explanations(lived)
    for name, path in files_of(lived.root).items():
        again = home.root / name
        if name.startswith(("state.sqlite", "cache/", "secrets/")) or name.endswith(".lock"):
            continue
        if every_home.wished and name == "budget_watch.toml":  # it says where the state is
            continue
        if "/taken/" in name:  # every parcel waits again
            again = home.root / name.replace("/taken/", "/slips/")
        assert again.read_bytes() == path.read_bytes(), name
        if "/slips/" not in str(again):
            assert again.stat().st_mode == path.stat().st_mode, name


def test_the_next_day_runs_in_the_restored_home_as_in_the_original(city, tmp_path):
    base = city.copy("base", tmp_path / "base")
    made(base, tmp_path / "b")
    home = restored(tmp_path / "b", tmp_path / "new", keys_of(base))
    city.day(home.root, SECOND)
    whole = city.holds("lived")
    found = everything(home)
    for what, value in whole.items():
        assert found[what] == value, what


def test_parcels_that_came_after_the_backup_are_taken_from_a_spool_that_survived(city, tmp_path):
    base = city.copy("base", tmp_path / "base")
    made(base, tmp_path / "b")
    waiting = []

    def settle(half):
        waiting.append(join_survivor(half, city.folder / "lived" / "spool"))

    home = restored(tmp_path / "b", tmp_path / "new", keys_of(base), settle=settle)
    away = [(city.folder / name, city.folder / f"{name}.away") for name in ("city.db", "inbox")]
    for here, there in away:  # the sources have nothing to give
        here.rename(there)
    try:
        run_day(home.root, SECOND, city.book)
    finally:
        for here, there in away:
            there.rename(here)
    lived = Home(city.folder / "lived")
    assert waiting == [sum(len(list(spool.parcels())) for spool in spools(lived))]
    assert everything(home)["content"] == city.holds("lived")["content"]


def test_a_second_backup_copies_only_what_is_new(city, lived, tmp_path):
    base = city.copy("base", tmp_path / "home")
    first = made(base, tmp_path / "b")
    shutil.rmtree(base.root)
    home = city.copy("lived", tmp_path / "home")
    second = made(home, tmp_path / "b")
    assert first.new_files == len({e.sha256 for e in first.manifest.files})
    assert 0 < second.new_files < len(second.manifest.files) / 2
    third = made(home, tmp_path / "b")
    assert third.new_files <= 1  # the state, where it is written anew
    for at, which in ((0, "base"), (2, "lived")):
        again = restored(tmp_path / "b", tmp_path / f"r{at}", at=at)
        assert everything(again) == city.holds(which)


def test_without_the_spool_nothing_that_waits_or_was_refused_is_lost(lived, tmp_path):
    parcels = {p.slip_id: p for spool in spools(lived) for p in spool.parcels()}
    known = known_parcels(lived, parcels)
    (refused,) = (parcels[slip] for slip, stored in known.items() if not stored)
    waiting = next(p for p in parcels.values() if p.source == "财政库")
    with writing(lived) as connection:  # a parcel that the ledger does not know
        t = records.batch
        query = sa.update(t).where(t.c.parcel == waiting.slip_id).values(parcel="x")
        connection.execute(query)
    laid = waiting.path.with_name("0" * 64 + ".parquet")  # a read that is just being put
    laid.write_bytes(b"")
    laid = laid.rename(laid.with_name(f"{hashlib.sha256(b'').hexdigest()}.parquet"))
    found = made(lived, tmp_path / "b", whole_spool=False)
    contents = {e.path for e in found.manifest.files if "/content/" in e.path}
    kept = (refused.path, waiting.path, laid)
    assert contents == {path.relative_to(lived.root).as_posix() for path in kept}
    again = restored(tmp_path / "b", tmp_path / "new")
    assert {p.slip_id for s in spools(again) for p in s.parcels()} == set(parcels)
    for name in contents:
        assert (again.root / name).read_bytes() == (lived.root / name).read_bytes()


def kinds(manifest):
    """One file of each kind that a home holds."""
    found = {}
    for entry in manifest.files:
        top, _, rest = entry.path.partition("/")
        kind = next(
            (word for word in ("_delta_log", "slips", "content", "memory") if word in rest), ""
        )
        found.setdefault((top, kind) if top in ("lake", "spool") else (top, ""), entry)
    return found


def flip(path, at=None):
    data = bytearray(path.read_bytes())
    data[len(data) // 2 if at is None else at] ^= 1
    path.write_bytes(data)


@of_the_file
def test_a_flipped_byte_in_any_kind_of_file_is_found_and_named(lived, tmp_path):
    store = FolderStore(tmp_path / "b")
    manifest = made(lived, tmp_path / "b").manifest
    assert list(damage(store, [manifest])) == []
    seen = kinds(manifest)
    assert {top for top, _ in seen} >= {
        "state.sqlite", "lake", "quarantine", "spool", "digest", "gate", "rules", "calendar.csv",
        "budget_watch.toml", "key_fingerprints.json",
    }  # fmt: skip
    for entry in seen.values():
        path = tmp_path / "b" / "objects" / entry.sha256[:2] / entry.sha256
        flip(path)
        ((named, why),) = damage(store, [manifest])
        assert (named.sha256, why) == (entry.sha256, "内容与清单的 SHA-256 不符")
        flip(path)
    flip(path)
    with pytest.raises(BackupError, match="已损坏"):
        restored(tmp_path / "b", tmp_path / "new")
    assert not (tmp_path / "new").exists()
    flip(path)
    flip(tmp_path / "b" / "backups" / "00001.manifest")
    with pytest.raises(BackupError, match=r"00001\.manifest 已损坏"):
        store.manifest(1)


def test_a_flipped_byte_in_an_archive_is_found_and_named(lived, tmp_path):
    place = tmp_path / "one.tar"
    manifest = made(lived, place).manifest
    whole = place.read_bytes()
    import tarfile

    with tarfile.open(place) as tar:
        offsets = {member.name: member.offset_data for member in tar.getmembers()}
    for entry in kinds(manifest).values():
        place.write_bytes(whole)
        flip(place, offsets[f"files/{entry.path}"] + entry.size // 2)
        store = open_store(place)
        assert [one.path for one, _ in damage(store, [store.manifest(1)])] == [entry.path]
    place.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(BackupError, match=r"不完整|读不出"):
        open_store(place).manifest(1)


def test_a_file_that_is_damaged_in_the_home_is_told_and_the_backup_goes_on(lived, tmp_path):
    made(lived, tmp_path / "b")
    victim = next((lived.root / "lake" / "payment").rglob("*.parquet"))
    content = next((lived.root / "spool").rglob("content/*"))
    victim.unlink()
    flip(content)
    found = made(lived, tmp_path / "c")
    assert set(found.manifest.missing) == {
        path.relative_to(lived.root).as_posix() for path in (victim, content)
    }


@of_the_file
@pytest.mark.parametrize(("about", "number"), [("case", "D1"), ("opinion", "YJ2026-0001")])
def test_attached_files_are_there_and_a_lost_one_is_told(lived, tmp_path, about, number):
    whole, lost = (hashlib.sha256(text).hexdigest() for text in (b"whole", b"lost"))
    path = lived.root / "attachments" / whole[:2] / whole
    path.parent.mkdir(parents=True)
    path.write_bytes(b"whole")
    with closing(sqlite3.connect(lived.state)) as connection, connection:
        columns = f'seq, "{about}", hash, name, media, size, user, role, at, audit_seq'
        for seq, digest in enumerate((whole, lost), 1):
            row = (seq, number, digest, "a.pdf", "application/pdf", 5, "u", "", "", seq)
            marks = ", ".join("?" * 10)
            connection.execute(f"INSERT INTO {about}_attachment ({columns}) VALUES ({marks})", row)
    found = made(lived, tmp_path / "b").manifest
    assert found.missing == (f"attachments/{lost[:2]}/{lost}",)
    again = restored(tmp_path / "b", tmp_path / "new")
    assert (again.root / path.relative_to(lived.root)).read_bytes() == b"whole"


def test_the_state_is_copied_as_of_one_moment_while_another_writes(
    city, lived, tmp_path, monkeypatch
):
    """A day that is run while a backup is going on is in it whole, or not at all."""
    from budget_watch.lake.backup import make

    before = city.holds("lived")
    real = make.wanted

    def meanwhile(home, *given):
        for number, one in enumerate(real(home, *given)):
            if number == 3:
                with writing(home) as connection:
                    connection.exec_driver_sql("DELETE FROM finding_event")
            yield one

    monkeypatch.setattr(make, "wanted", meanwhile)
    made(lived, tmp_path / "b")
    assert everything(restored(tmp_path / "b", tmp_path / "new")) == before


def test_places_that_cannot_be_are_refused(lived, tmp_path):
    with pytest.raises(BackupError, match="不能放在数据目录里"):
        made(lived, lived.root / "backup")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").write_text("x")
    with pytest.raises(BackupError, match="不是空的，也不是备份文件夹"):
        made(lived, tmp_path / "full")
    made(lived, tmp_path / "b")
    other = Home(tmp_path / "other")
    shutil.copytree(lived.root, other.root)
    with pytest.raises(BackupError, match="存放的是数据目录"):
        made(other, tmp_path / "b")
    with pytest.raises(BackupError, match="不是空的，没有恢复"):
        restored(tmp_path / "b", tmp_path / "full")
    assert [p.name for p in (tmp_path / "full").iterdir()] == ["x"]
    (tmp_path / "empty").mkdir()
    assert restored(tmp_path / "b", tmp_path / "empty").exists
    with pytest.raises(BackupError, match="不存在"):
        open_store(tmp_path / "none")


@of_the_file
def test_the_commands_say_where_the_key_is_and_ask_for_it(lived, tmp_path, command):
    place = tmp_path / "b"
    told = command(lived.root, "backup", "--to", place)
    assert told.status == 0
    assert "密钥不在备份里" in told.said
    assert "keys/person.key（指纹 " in told.said and "audit/key（指纹 " in told.said
    assert "没有备份 secrets/pw" in told.said
    told = command(lived.root, "backup", "--to", place, "--json")
    assert told.summary["backup"] == 2 and told.summary["biz_date"] == SECOND
    told = command(lived.root, "backup", "--to", place, "--verify", "--json")
    assert (told.status, told.summary["damaged"]) == (0, 0)
    told = command(tmp_path / "new", "restore", place)
    assert told.status == 2 and "请用 --keys 给出另行保管它的文件夹" in told.said
    shutil.copytree(lived.root / "audit", tmp_path / "k" / "audit")
    (tmp_path / "k" / "person.key").write_bytes(b"x" * 32)
    told = command(tmp_path / "new", "restore", place, "--keys", tmp_path / "k")
    assert told.status == 3 and "不是这份备份所用的" in told.said
    told = command(
        tmp_path,
        "restore",
        place,
        "--home",
        tmp_path / "new",
        "--keys",
        lived.root,
        "--json",
    )
    assert told.status == 0 and told.summary["home"] == str(tmp_path / "new")
    acts = command(tmp_path / "new", "audit", "list", "--json").lines
    told = [line["act"] for line in acts[:-1]]
    assert told == ["home.backup", "home.backup", "home.restore", "audit.read"]
    assert command(tmp_path / "new", "audit", "verify").status == 0
    findings = command(tmp_path / "new", "findings", "--json").lines
    assert findings == command(lived.root, "findings", "--json").lines
    told = command(tmp_path / "late", "restore", place, "--without-keys", "--at", "1")
    assert told.status == 1 and "没有放回密钥" in told.said


def test_a_home_whose_key_is_lost_or_changed_takes_no_identity_numbers(lived, tmp_path):
    from ingest.gate.secrets import KeyFault, person_key

    key = lived.root / "keys" / "person.key"
    was = key.read_bytes()
    assert person_key(lived.root) == was
    key.unlink()
    with pytest.raises(KeyFault, match="不见了"):
        person_key(lived.root)
    assert not key.exists()
    key.write_bytes(b"x" * 32)
    with pytest.raises(KeyFault, match="不是原来的"):
        person_key(lived.root)
    (lived.root / "key_fingerprints.json").write_text(json.dumps({}))
    assert person_key(lived.root) == b"x" * 32


def test_old_backups_go_and_the_last_of_each_month_stays(lived, tmp_path, monkeypatch, command):
    from datetime import UTC, datetime

    from budget_watch.lake.backup import make

    days = iter([(9, 29), (9, 30), (10, 30), (10, 31), (11, 1), (11, 2)])

    class Clock(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime(2026, *next(days), 1, tzinfo=UTC)

    monkeypatch.setattr(make, "datetime", Clock)
    for number in range(6):
        (lived.root / "digest" / "2026Q3.docx").write_bytes(b"%d" % number * 5_000)
        made(lived, tmp_path / "b")
    store = FolderStore(tmp_path / "b")
    from budget_watch.cli.keeping import _kept

    assert _kept(store, 1)[0] == 3
    assert store.numbers() == [2, 4, 6]
    assert list(damage(store, [store.manifest(n) for n in store.numbers()])) == []
    objects = {p.name for p in (tmp_path / "b" / "objects").glob("*/*")}
    assert objects == {e.sha256 for n in store.numbers() for e in store.manifest(n).files}
