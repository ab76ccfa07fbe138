"""Reads backups again, every byte: `damage(store, manifest)`."""

from __future__ import annotations

import hashlib
import tarfile
from collections.abc import Iterable, Iterator

from budget_watch.lake.backup.manifest import Entry, Manifest
from budget_watch.lake.backup.store import BLOCK, Store


def damage(store: Store, manifests: Iterable[Manifest]) -> Iterator[tuple[Entry, str]]:
    """The files that are not what a manifest says, with what is wrong; each content read once."""
    seen: dict[str, str] = {}
    for manifest in manifests:
        for entry in manifest.files:
            if entry.sha256 not in seen:
                seen[entry.sha256] = wrong(store, entry)
                if seen[entry.sha256]:
                    yield entry, seen[entry.sha256]


def wrong(store: Store, entry: Entry) -> str:
    """What is wrong with an entry's content in a backup; `` where it is whole."""
    digest, size = hashlib.sha256(), 0
    try:
        with store.open(entry) as file:
            while block := file.read(BLOCK):
                digest.update(block)
                size += len(block)
    except (OSError, KeyError, tarfile.TarError) as error:
        return f"读不出（{error}）"
    if size != entry.size:
        return f"应有 {entry.size} 字节，读到 {size} 字节"
    return "" if digest.hexdigest() == entry.sha256 else "内容与清单的 SHA-256 不符"
