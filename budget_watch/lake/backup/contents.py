"""Which files of a home belong into a backup, given what the state's copy names.

What is listed first is copied first. Files that grow or are written anew (settings, digests, Data
Docs) are copied as they are found; all others were written once.
"""

from __future__ import annotations

import json
import os
import stat
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from budget_watch.audit.key import FOLDER, key_of
from budget_watch.lake.backup.state_copy import Named
from budget_watch.lake.home import CONFIGURATION, Home
from budget_watch.lake.marts import MARTS
from budget_watch.tables import contracts

KEYS = "keys"
_LAKE, _KEPT, _SPOOL, _DOCS = "lake", "quarantine", "spool", "gate"
_ATTACHED = "attachments"
# Data Docs can be looked up in the ledger; above this they are left out, bytes.
DOCS_LIMIT = 200 << 20
_NOT_OURS = ("cache", KEYS)


@dataclass(frozen=True)
class Wanted:
    """A file to be backed up.

    Attributes:
        path: in the home. source: where it lies.
        data: its content where it was read already; it may have been moved since.
        once: written once and never changed.
        size, sha256: what it must have; None where nobody says.
        needed: somebody names it. Others may go away while we look.
    """

    path: str
    source: Path
    data: bytes | None = None
    once: bool = False
    size: int | None = None
    sha256: str | None = None
    needed: bool = False


# The files of the spools: (home, slips that are known, whether content of those is wanted)
SpoolFiles = Callable[[Home, frozenset[str], bool], Iterable[Wanted]]


def audit_files(home: Home) -> frozenset[Path]:
    """The audit log's anchors: to be asked before the state is copied.

    A younger one would say of the copied log that its end was cut off.
    """
    return frozenset((home.root / FOLDER).rglob("*"))


def wanted(
    home: Home, named: Named, anchors: frozenset[Path], left_out: dict[str, str]
) -> Iterator[Wanted]:
    """Everything but state and spools; what is not taken is written into `left_out`."""
    yield from _lake(home.root / _LAKE, named)
    for path in sorted(named.quarantine):
        yield Wanted(f"{_KEPT}/{path}", home.root / _KEPT / path, once=True, needed=True)
    for digest in sorted(named.attachments):
        path = f"{_ATTACHED}/{digest[:2]}/{digest}"
        yield Wanted(path, home.root / path, once=True, sha256=digest, needed=True)
    secrets = secret_files(home)
    keys = {path.resolve() for path in key_files(home)}
    drafts = tuple(f".{path.name}." for path in keys)  # of a key that is just being made
    docs = sum(_size(one.source) for one in _below(home.root / _DOCS, _DOCS))
    if docs > DOCS_LIMIT:
        left_out[_DOCS] = f"入库校验的说明页共 {docs:,} 字节，没有备份；送达登记里都有"
    for top in sorted(home.root.iterdir()) if home.root.is_dir() else ():
        name = top.name
        if (
            name in (*_NOT_OURS, _LAKE, _SPOOL, _ATTACHED)
            or name in left_out
            or _passing(name, home)
        ):
            continue
        if top.is_file():
            found: Iterable[Wanted] = [Wanted(name, top)]
        else:
            found = _below(top, name)
        for one in found:
            if one.source.resolve() in keys or one.source.name.startswith(drafts):
                continue
            if name == FOLDER and one.source not in anchors:
                continue
            if one.source.resolve() in secrets:
                left_out[one.path] = "密码或密钥，另行保管"
            elif not one.path.startswith(f"{_KEPT}/rows/"):
                yield one


def key_files(home: Home) -> list[Path]:
    """The keys of a home: of personal ids, and of the audit log wherever the settings have it."""
    folder = home.root / KEYS
    found = [path for path in folder.glob("*") if path.is_file() and path.suffix != ".half"]
    audit = key_of(home.root).path
    return [*found, audit] if audit.is_file() else found


def secret_files(home: Home) -> set[Path]:
    """Files in the home that the settings name as secrets: `password_file` and the like."""
    path = home.root / CONFIGURATION
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return set()
    return {(home.root / Path(text).expanduser()).resolve() for text in _files_in(told)}


def _files_in(told: Any) -> Iterator[str]:
    if isinstance(told, Mapping):
        for key, value in told.items():
            if key.endswith("_file") and isinstance(value, str):
                yield value
            else:
                yield from _files_in(value)
    elif isinstance(told, list):
        for one in told:
            yield from _files_in(one)


def _passing(name: str, home: Home) -> bool:
    """Whether a name of the home's folder is of something that only lives while it is used."""
    return name.endswith((".lock", ".half")) or name.startswith(home.state.name)


def _lake(lake: Path, named: Named) -> Iterator[Wanted]:
    for table, files in sorted(named.files.items()):
        for path, size in sorted(files.items()):
            yield Wanted(
                f"{_LAKE}/{table}/{path}", lake / table / path, once=True, size=size, needed=True
            )
        yield from _log(lake, table, named.heads.get(table, -1))
    own = {*contracts(), *MARTS, *named.files}
    for folder in sorted(lake.iterdir()) if lake.is_dir() else ():
        if folder.name not in own and (folder / "_delta_log").is_dir():
            yield from _appended(lake, folder.name)


def _log(lake: Path, table: str, version: int) -> Iterator[Wanted]:
    """A table's log up to a version; what comes after it was never published."""
    log = lake / table / "_delta_log"
    for path in sorted(log.glob("*")) if log.is_dir() else ():
        number = path.name.split(".")[0]
        if number.isdigit() and int(number) <= version:
            once = Wanted(f"{_LAKE}/{table}/_delta_log/{path.name}", path, once=True)
            if path.name.endswith((".json", ".parquet")):
                yield once
    last = log / "_last_checkpoint"
    if last.exists() and int(json.loads(last.read_text(encoding="utf-8"))["version"]) <= version:
        yield Wanted(f"{_LAKE}/{table}/_delta_log/{last.name}", last)


def _appended(lake: Path, table: str) -> Iterator[Wanted]:
    """A table that is only added to, observations: as it stands now, later than the state.

    Rows of runs that the state does not know yet are without effect.
    """
    from deltalake import DeltaTable

    found = DeltaTable(lake / table)
    root = found.table_uri.rstrip("/") + "/"
    for uri in sorted(found.file_uris()):
        path = uri.removeprefix(root).removeprefix(root.removeprefix("file://"))
        yield Wanted(f"{_LAKE}/{table}/{path}", lake / table / path, once=True, needed=True)
    yield from _log(lake, table, int(found.version()))


def _below(folder: Path, name: str) -> Iterator[Wanted]:
    for at, folders, files in os.walk(folder):
        folders.sort()
        for file in sorted(files):
            path = Path(at) / file
            inside = f"{name}/{path.relative_to(folder).as_posix()}"
            if not _passing_file(path):
                yield Wanted(inside, path)


def _passing_file(path: Path) -> bool:
    if path.suffix in (".lock", ".half"):
        return True
    try:
        return not stat.S_ISREG(path.stat().st_mode)
    except OSError:
        return True


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
