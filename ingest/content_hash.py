"""The hash by which content is known: named in the spool, told by the ledger."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

_BLOCK = 2**20


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, hexadecimal; the next block is read while one is hashed."""
    if path.stat().st_size <= _BLOCK:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    told = hashlib.sha256()
    for block in _blocks(path):
        told.update(block)
    return told.hexdigest()


def _blocks(path: Path) -> Iterator[memoryview]:
    """The file's bytes in order; each block is good until the next one is asked for."""
    here, there = bytearray(_BLOCK), bytearray(_BLOCK)
    with path.open("rb", buffering=0) as file, ThreadPoolExecutor(1, "hash") as reader:
        coming = reader.submit(file.readinto, here)
        while read := coming.result():
            coming = reader.submit(file.readinto, there)
            yield memoryview(here)[:read]
            here, there = there, here
