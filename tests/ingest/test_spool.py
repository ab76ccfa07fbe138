"""What a source lays down is there whole, once, and in order."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from budget_watch.lake import Coverage, Home
from ingest.errors import Unreadable
from ingest.settings import SettingError, SourceSettings, read_as, secret, sections
from ingest.spool import Parcel, Spool

DAY = date(2026, 11, 18)


def lay(spool: Spool, content: str, **told: object) -> Parcel:
    staged = spool.staged(".csv")
    staged.write_text(content, encoding="utf-8")
    given = {"source": "", "table": "FIN-15", "period": "2026-11-18", "biz_date": DAY, **told}
    return spool.put(staged, Parcel(path=staged, sha256="", **given))  # type: ignore[arg-type]


def test_a_parcel_is_kept_by_its_hash_and_read_back_as_it_was(tmp_path: Path) -> None:
    spool = Spool(Home(tmp_path), "财政")
    covered = (Coverage(2026, 11, "990100000"),)
    kept = lay(spool, "a,b\n1,2\n", rows=1, coverage=covered, revision=3, name="一.csv")
    assert kept.path == spool.folder / "content" / f"{kept.sha256}.csv"
    assert kept.path.read_text(encoding="utf-8") == "a,b\n1,2\n"
    assert kept.source == "财政"
    assert list(spool.parcels()) == [kept]


def test_the_same_delivery_twice_is_one_parcel(tmp_path: Path) -> None:
    spool = Spool(Home(tmp_path), "财政")
    assert lay(spool, "same") == lay(spool, "same")
    assert len(list(spool.parcels())) == 1
    assert list((spool.folder / "coming").iterdir()) == []


def test_parcels_come_by_day_table_period_and_revision(tmp_path: Path) -> None:
    spool = Spool(Home(tmp_path), "财政")
    lay(spool, "2", revision=2)
    lay(spool, "1", revision=1)
    lay(spool, "0", biz_date=date(2026, 11, 17), period="2026-11-17")
    lay(spool, "3", biz_date=date(2026, 11, 19), period="2026-11-19")
    told = [(p.biz_date.day, p.revision) for p in spool.parcels(upto=DAY)]
    assert told == [(17, 0), (18, 1), (18, 2)]


def test_what_a_killed_source_left_is_swept_and_never_listed(tmp_path: Path) -> None:
    spool = Spool(Home(tmp_path), "财政")
    spool.staged(".csv").write_text("half")
    assert list(spool.parcels()) == []
    spool.sweep()
    assert list((spool.folder / "coming").iterdir()) == []


def test_a_damaged_slip_is_named(tmp_path: Path) -> None:
    spool = Spool(Home(tmp_path), "财政")
    lay(spool, "x")
    slip = next((spool.folder / "slips").rglob("*.json"))
    slip.write_text("{}")
    with pytest.raises(Unreadable, match=slip.name):
        list(spool.parcels())


def test_sources_are_read_in_order_and_wrong_sections_are_named(tmp_path: Path) -> None:
    path = tmp_path / "budget_watch.toml"
    path.write_text('[[source]]\nname = "甲"\nkind = "folder"\n[[source]]\nname = "乙"\n', "utf-8")
    assert [one["name"] for one in sections(Home(tmp_path))] == ["甲", "乙"]
    path.write_text('[[source]]\nname = "甲"\n[[source]]\nname = "甲"\n', "utf-8")
    with pytest.raises(SettingError, match=r"第 2 个.*重复"):
        sections(Home(tmp_path))
    with pytest.raises(SettingError, match=r"数据源“甲”写错了：kind"):
        read_as(SourceSettings, {"name": "甲"})
    assert sections(Home(tmp_path / "none")) == []


def test_a_secret_comes_from_outside_the_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PASS", "p")
    (tmp_path / "key").write_text("k\n")
    assert secret("甲", None, "PASS", None) == "p"
    assert secret("甲", None, None, tmp_path / "key") == "k"
    assert secret("甲", None, None, None) is None
    for wrong in (("x", None, None), (None, "NO_SUCH", None), (None, None, tmp_path / "no")):
        with pytest.raises(SettingError, match="甲"):
            secret("甲", *wrong)


def test_slips_hold_no_path_of_the_machine(tmp_path: Path) -> None:
    spool = Spool(Home(tmp_path), "财政")
    lay(spool, "x")
    slip = next((spool.folder / "slips").rglob("*.json"))
    assert str(tmp_path) not in json.dumps(json.loads(slip.read_text(encoding="utf-8")))
