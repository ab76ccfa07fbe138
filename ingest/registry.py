"""From a `[[source]]` section of the settings to the source: `open_sources(home)`.

A kind's module is imported when a section names it: a driver that is not installed hurts only those
who use it. A new kind is one line here and a module with `open_source(section, home)`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from budget_watch.lake import Home
from budget_watch.lake.home import CONFIGURATION
from ingest.settings import SettingError, sections
from ingest.source import Errand, Fetched, Source

KINDS: dict[str, str] = {
    "folder": "ingest.sources.folder",
    "sftp": "ingest.sources.sftp",
    "database": "ingest.sources.database.source",
    "http": "ingest.sources.http.source",
}


@dataclass(frozen=True)
class Configured:
    """One source with what the run needs to know of it beside `fetch`."""

    source: Source
    timeout_seconds: float

    @property
    def name(self) -> str:
        """Its name in the settings."""
        return self.source.name


@dataclass(frozen=True)
class Misconfigured:
    """A source whose section is wrong. It says so when it is its turn, and holds no other."""

    name: str
    error: SettingError

    def fetch(self, errand: Errand) -> Fetched:
        """Raise what is wrong with the section."""
        raise self.error


def open_source(section: Mapping[str, Any], home: Home) -> Source:
    """The source of one section.

    Raises:
        SettingError: unknown kind, a wrong key, or a driver that is not installed; says which
            source, what, and what to do.
    """
    name, kind = section.get("name", "?"), section.get("kind")
    if kind not in KINDS:
        known = "、".join(KINDS)
        what = f"kind = {kind!r} 不认识" if kind is not None else "没有写 kind"
        raise SettingError(f"{CONFIGURATION} 中数据源“{name}”{what}；请改为 {known} 之一。")
    try:
        module = import_module(KINDS[str(kind)])
    except ModuleNotFoundError as error:
        raise SettingError(
            f"数据源“{name}”（{kind}）需要的程序库 {error.name} 没有安装；请安装后重新运行，"
            f"或在 {CONFIGURATION} 中给它写 enabled = false。"
        ) from error
    make: Callable[[Mapping[str, Any], Home], Source] = module.open_source
    return make(section, home)


def open_sources(home: Home, only: str | None = None) -> list[Configured]:
    """The enabled sources of a home in the order of the settings; with `only` just that one.

    A section that is wrong becomes a source whose `fetch` raises what is wrong.

    Raises:
        SettingError: the settings as a whole cannot be read, or have no source of this name.
    """
    found = sections(home)
    if only is not None:
        names = [str(section["name"]) for section in found]
        if only not in names:
            known = "、".join(names) or "（没有配置任何数据源）"
            raise SettingError(f"{CONFIGURATION} 里没有数据源“{only}”；现有：{known}。")
        found = [section for section in found if section["name"] == only]
    asked = [one for one in found if one.get("enabled", True) or only is not None]
    return [_configured(section, home) for section in asked]


def _configured(section: Mapping[str, Any], home: Home) -> Configured:
    minutes = section.get("timeout_minutes", 60)
    seconds = 60 * float(minutes) if isinstance(minutes, int | float) else 3600.0
    try:
        return Configured(open_source(section, home), seconds)
    except SettingError as error:
        return Configured(Misconfigured(str(section["name"]), error), seconds)
