"""A section of the settings becomes a source; what is wrong with one holds no other."""

from __future__ import annotations

import sys
import threading
import types
from pathlib import Path

import pytest

from budget_watch.lake import Home
from ingest import registry
from ingest.registry import open_sources
from ingest.settings import SettingError
from ingest.source import Errand, Fetched
from ingest.spool import Spool


class Made:
    def __init__(self, name: str) -> None:
        self.name = name

    def fetch(self, errand: Errand) -> Fetched:
        return Fetched(notes=(self.name,))


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    kind = types.ModuleType("kind_for_the_test")
    kind.open_source = lambda section, home: Made(section["name"])  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "kind_for_the_test", kind)
    monkeypatch.setitem(registry.KINDS, "made", "kind_for_the_test")
    monkeypatch.setitem(registry.KINDS, "driverless", "a_driver_that_nobody_has")
    return Home(tmp_path)


def settings(home: Home, text: str) -> None:
    (home.root / "budget_watch.toml").write_text(text, encoding="utf-8")


def errand(home: Home) -> Errand:
    from datetime import date

    return Errand(date(2026, 11, 20), Spool(home, "x"), home.root, threading.Event())


def section(name: str, kind: str, more: str = "") -> str:
    return f'[[source]]\nname = "{name}"\nkind = "{kind}"\n{more}\n'


def test_sources_are_opened_in_order_with_their_times(home: Home) -> None:
    settings(
        home,
        section("甲", "made", "timeout_minutes = 0.5")
        + section("乙", "made")
        + section("丙", "made", "enabled = false"),
    )
    found = open_sources(home)
    assert [(one.name, one.timeout_seconds) for one in found] == [("甲", 30.0), ("乙", 3600.0)]
    assert [one.name for one in open_sources(home, only="丙")] == ["丙"]


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("sftpp", "数据源“甲”kind = 'sftpp' 不认识；请改为 folder、sftp、database、http"),
        ("driverless", "需要的程序库 a_driver_that_nobody_has 没有安装"),
    ],
)
def test_a_wrong_section_says_so_when_it_is_its_turn(home: Home, kind: str, said: str) -> None:
    settings(home, section("甲", kind) + section("乙", "made"))
    wrong, right = open_sources(home)
    assert right.source.fetch(errand(home)).notes == ("乙",)
    with pytest.raises(SettingError, match=said):
        wrong.source.fetch(errand(home))


def test_a_source_that_is_asked_for_must_be_there(home: Home) -> None:
    settings(home, section("甲", "made"))
    with pytest.raises(SettingError, match="没有数据源“丁”；现有：甲"):
        open_sources(home, only="丁")
