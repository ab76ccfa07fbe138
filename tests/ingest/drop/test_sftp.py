"""An SFTP folder on a real server: known servers only, broken downloads go on, nothing is lost."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from budget_watch.lake import Home
from ingest.day import run_day
from ingest.registry import open_sources
from ingest.settings import SettingError
from ingest.source import Fetched, SourceFault, Stopped
from ingest.sources import sftp
from ingest.spool import Spool
from tests.ingest.drop.laying import DAY, NAME, errand, lay, said
from tests.ingest.drop.server import PASSWORD, USER, Server, serving
from tests.ingest.parcels import csv, stored, voucher


@pytest.fixture
def upload(tmp_path: Path) -> Path:
    folder = tmp_path / "server" / "upload"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def server(upload: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("SFTP_PASSWORD", PASSWORD)
    monkeypatch.setattr(sftp, "RETRY_SECONDS", (0.05, 0.05))
    with serving(upload.parent) as made:
        yield made


def section(server: Server, **more: Any) -> dict[str, Any]:
    told = {
        "name": NAME,
        "kind": "sftp",
        "host": "127.0.0.1",
        "port": server.port,
        "user": USER,
        "password_env": "SFTP_PASSWORD",
        "host_key": server.host_key,
        "path": "/upload",
        "stable_seconds": 0,
        "connect_seconds": 20,
        **more,
    }
    return {name: value for name, value in told.items() if value is not None}


def fetch(home: Home, server: Server, day: date = DAY, **more: Any) -> Fetched:
    source = sftp.open_source(section(server, **more), home)
    return source.fetch(errand(home, day))


BIG = csv(voucher(number) for number in range(40_000))  # some MB


def test_files_come_whole_with_password_or_key(
    home: Home, server: Server, upload: Path, tmp_path: Path
) -> None:
    lay(upload, "FIN-15_2026-10-09.csv")
    lay(upload, "东城/凭证_2026年9月.csv", BIG)
    lay(upload, ".hidden.csv")
    fetched = fetch(home, server)
    assert said(fetched.parcels) == [
        ("", "2026-09@凭证", "2026-10-08"),
        ("FIN-15", "2026-10-09", "2026-10-09"),
    ]
    assert fetched.parcels[0].path.read_bytes() == BIG
    assert list((errand(home).memory / "parts").glob("*")) == []
    for phrase in (None, "spruch"):
        key = tmp_path / "key"
        key.write_bytes(server.client_key.export_private_key("pkcs8-pem", passphrase=phrase))
        (tmp_path / "phrase").write_text("spruch\n")
        more: dict[str, Any] = {"passphrase_file": str(tmp_path / "phrase")} if phrase else {}
        other = Home(tmp_path / f"other{phrase}")
        fetched = fetch(other, server, password_env=None, key_file=str(key), **more)
        assert len(fetched.parcels) == 2


def test_a_server_that_is_not_known_is_never_believed(
    home: Home, server: Server, tmp_path: Path
) -> None:
    stranger = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode().strip()
    with pytest.raises(SourceFault, match=r"公钥不认识或与登记的不同.*ssh-keyscan -p"):
        fetch(home, server, host_key=stranger)
    with pytest.raises(SettingError, match="没有服务器公钥"):
        fetch(home, server, host_key=None, known_hosts=str(tmp_path / "none"))
    with pytest.raises(SettingError, match="host_key 不是公钥"):
        fetch(home, server, host_key="ssh-ed25519 x")
    empty = tmp_path / "empty"
    empty.write_text("")
    with pytest.raises(SourceFault, match="公钥不认识"):
        fetch(home, server, host_key=None, known_hosts=str(empty))
    known = tmp_path / "known_hosts"
    known.write_text(f"[127.0.0.1]:{server.port} {server.host_key}\n")
    assert fetch(home, server, host_key=None, known_hosts=str(known)).parcels == ()


def test_a_wrong_password_or_folder_is_said(
    home: Home, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(SourceFault, match="没有文件夹 /none"):
        fetch(home, server, path="/none")
    monkeypatch.setenv("SFTP_PASSWORD", "wrong")
    with pytest.raises(SourceFault, match="不接受账号 budget 的密码") as told:
        fetch(home, server)
    assert "wrong" not in str(told.value)
    with pytest.raises(SettingError, match="密码不要写在设置文件里"):
        fetch(home, server, password="x")
    with pytest.raises(SettingError, match="key_file"):
        fetch(home, server, password_env=None)


def test_a_server_that_is_away_is_said(home: Home, server: Server) -> None:
    with pytest.raises(SourceFault, match="连接中断或没有答复"):
        fetch(home, server, port=1)


def test_a_download_that_breaks_goes_on_where_it_was(
    home: Home, server: Server, upload: Path
) -> None:
    lay(upload, "FIN-15_2026-09.csv", BIG)
    server.break_after, server.breaks = 2 << 20, 1
    (parcel,) = fetch(home, server).parcels
    assert parcel.path.read_bytes() == BIG
    assert server.sessions == 2
    again = [at for at, (_, offset) in enumerate(server.reads) if offset == 0]
    assert len(again) == 1  # the beginning was fetched once


def test_a_download_that_broke_in_another_run_goes_on(
    home: Home, server: Server, upload: Path
) -> None:
    lay(upload, "FIN-15_2026-09.csv", BIG)
    server.break_after, server.breaks = 2 << 20, 100
    with pytest.raises(SourceFault, match=r"下载 FIN-15_2026-09.csv时连接中断"):
        fetch(home, server)
    assert list(Spool(home, NAME).parcels()) == []
    server.breaks = 0
    server.reads.clear()
    (parcel,) = fetch(home, server).parcels
    assert parcel.path.read_bytes() == BIG
    assert min(offset for _, offset in server.reads) >= 1 << 20


def test_what_a_power_cut_left_is_trusted_only_as_far_as_it_was_durable(
    home: Home, server: Server, upload: Path
) -> None:
    path = lay(upload, "FIN-15_2026-09.csv", BIG)
    server.break_after, server.breaks = 2 << 20, 100
    with pytest.raises(SourceFault):
        fetch(home, server)
    server.breaks = 0
    (part,) = (errand(home).memory / "parts").glob("*.part")
    mark = part.with_suffix(".at")
    with part.open("ab") as file:
        file.write(b"\0" * 5000)  # beyond the mark: a hole
    (parcel,) = fetch(home, server).parcels
    assert parcel.path.read_bytes() == BIG
    # no mark at all: from the beginning
    lay(upload, path.name, BIG + b"\n", on="2026-10-09")
    part.write_bytes(b"rubbish" * 1000)
    mark.unlink(missing_ok=True)
    (parcel,) = fetch(home, server).parcels
    assert parcel.path.read_bytes() == BIG + b"\n"
    assert list((errand(home).memory / "parts").glob("*")) == []


def test_a_begun_download_of_a_file_that_changed_is_thrown_away(
    home: Home, server: Server, upload: Path
) -> None:
    lay(upload, "FIN-15_2026-09.csv", BIG)
    server.break_after, server.breaks = 2 << 20, 100
    with pytest.raises(SourceFault):
        fetch(home, server)
    server.breaks = 0
    lay(upload, "FIN-15_2026-09.csv", BIG[::-1], on="2026-10-09")
    (parcel,) = fetch(home, server).parcels
    assert parcel.path.read_bytes() == BIG[::-1]


def test_a_fetch_can_be_cancelled_while_the_server_does_not_answer(
    home: Home, server: Server, upload: Path
) -> None:
    lay(upload, "FIN-15_2026-09.csv", BIG)
    server.deaf = True
    stop = threading.Event()
    threading.Timer(0.5, stop.set).start()
    source = sftp.open_source(section(server), home)
    began = time.monotonic()
    with pytest.raises(Stopped):
        source.fetch(errand(home, stop=stop))
    assert time.monotonic() - began < 15


def test_a_server_that_stops_answering_is_given_up(
    home: Home, server: Server, upload: Path
) -> None:
    lay(upload, "FIN-15_2026-09.csv", BIG)
    server.deaf = True
    with pytest.raises(SourceFault, match="没有答复"):
        fetch(home, server, answer_seconds=0.3)


def test_nothing_is_written_on_the_server_unless_read_files_are_to_be_moved(
    home: Home, server: Server, upload: Path
) -> None:
    lay(upload, "FIN-15_2026-09.csv")
    lay(upload, "FIN-15_2026-09.csv.ok", b"")
    before = {(one.name, one.stat().st_mtime_ns) for one in upload.rglob("*")}
    assert len(fetch(home, server, ready="marker").parcels) == 1
    assert {(one.name, one.stat().st_mtime_ns) for one in upload.rglob("*")} == before
    fetch(home, server, ready="marker", done="已读")
    moved = sorted(one.relative_to(upload).as_posix() for one in upload.rglob("*.csv*"))
    assert [name.partition("_")[2] for name in moved] == [
        "FIN-15_2026-09.csv", "FIN-15_2026-09.csv.ok",
    ]  # fmt: skip
    assert all(name.startswith("已读/2026-10-08/") for name in moved)
    assert fetch(home, server, ready="marker", done="已读").parcels == ()


def test_a_configured_server_goes_all_the_way_into_the_lake(
    home: Home, server: Server, upload: Path
) -> None:
    lay(upload, "FIN-15_2026-09.csv", csv([voucher(1), voucher(2, "2.00")]))
    home.root.mkdir(parents=True, exist_ok=True)
    lines = [
        f'{name} = "{value}"' if isinstance(value, str) else f"{name} = {value}"
        for name, value in section(server).items()
    ]
    text = "\n".join(["[[source]]", *lines])
    (home.root / "budget_watch.toml").write_text(text, encoding="utf-8")
    report = run_day(home, DAY, open_sources(home), rules=False)
    assert report.faults == {}
    assert stored(home) == [("V000001", 100025), ("V000002", 200)]


def test_a_file_that_may_not_be_read_is_told_and_the_others_are_read(
    home: Home, server: Server, upload: Path
) -> None:
    lay(upload, "FIN-15_2026-08.csv")
    server.denied.add("FIN-15_2026-08.csv")
    lay(upload, "FIN-15_2026-09.csv")
    with pytest.raises(SourceFault, match=r"FIN-15_2026-08.csv”（服务器不让读"):
        fetch(home, server)
    assert [one.period for one in Spool(home, NAME).parcels()] == ["2026-09"]
