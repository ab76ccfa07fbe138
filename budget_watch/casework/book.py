"""The rule book of a home: the product's rules and the home's own overlay, and their hashes."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from threading import Lock

import budget_watch
from budget_watch.casework.exemption_entries import fingerprint, in_use
from budget_watch.engine import Book, load_book
from budget_watch.engine.laws import load_dir
from budget_watch.engine.load import book_hash
from budget_watch.engine.model import Law
from budget_watch.lake import Home

LAWS = "laws"
_kept: dict[Path, tuple[str, Book]] = {}
_lock = Lock()


def rules_dir() -> Path:
    """Where the rule book is: beside the package in a checkout, inside it when installed."""
    package = Path(budget_watch.__file__).parent
    inside = package / "rulebook"
    return inside if inside.is_dir() else package.parent / "rules"


def rule_book(root: Path) -> Book:
    """The rule book with the home's overlay ``<home>/rules`` where there is one.

    What cannot be loaded is left out and named in ``mistakes``; all else works.
    """
    return load_book(book_folders(root), strict=False)


def book_now(root: Path) -> Book:
    """The rule book as `rule_book` reads it, kept as long as no file of it changes."""
    stamp = book_stamp(root)
    with _lock:
        found = _kept.get(root)
        if found is None or found[0] != stamp:
            found = (stamp, rule_book(root))
            _kept.clear()
            _kept[root] = found
        return found[1]


def book_folders(root: Path) -> list[Path]:
    """The product's rules, then the home's own if it has any."""
    overlay = root / "rules"
    return [rules_dir(), *([overlay] if overlay.is_dir() else [])]


def book_stamp(root: Path) -> str:
    """Changes when a file of the rule book is written, added or removed; reads no file."""
    marks = sorted(mark for folder in book_folders(root) for mark in _marks(str(folder)))
    return hashlib.sha256("\n".join(marks).encode()).hexdigest()


def _marks(folder: str) -> Iterator[str]:
    """A line for each YAML file of a folder and below: its path, time and size."""
    for entry in os.scandir(folder):
        if entry.is_dir(follow_symlinks=False):
            yield from _marks(entry.path)
        elif entry.name.endswith((".yaml", ".yml")):
            stat = entry.stat()
            yield f"{entry.path} {stat.st_mtime_ns} {stat.st_size}"


def book_hashes(root: Path) -> dict[str, str]:
    """Hashes of the rule book and of the exemptions in it, for the snapshot they were in force at.

    A book that cannot be read has hashes too.
    """
    folders = book_folders(root)
    return {
        "rule_book": book_hash(folders),
        "exemptions": _exemptions(root, folders),
    }


def _exemptions(root: Path, folders: list[Path]) -> str:
    """The exemptions in the files, and those that accounts have registered."""
    files = book_hash([each / "exemptions" for each in folders])
    registered = fingerprint(in_use(Home(root)))
    return hashlib.sha256(f"{files}{registered}".encode()).hexdigest() if registered else files


def law_texts(root: Path, laws: Mapping[str, Law] | None = None) -> dict[str, dict[str, str]]:
    """Loaded statute texts: law id → article → words; empty where none were loaded."""
    folder = root / LAWS
    if not folder.is_dir():
        return {}
    return load_dir(folder, rule_book(root).laws if laws is None else laws)
