"""The hash of a delivery's content, read block by block."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from ingest import content_hash
from ingest.content_hash import sha256_of


@pytest.mark.parametrize("size", [0, 1, 64, 65, 127, 128, 129, 1_000, 64 * 7])
def test_it_is_the_sha_256_of_all_bytes(
    size: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(content_hash, "_BLOCK", 64)
    content = bytes(at % 251 for at in range(size))
    (tmp_path / "delivered.csv").write_bytes(content)
    assert sha256_of(tmp_path / "delivered.csv") == hashlib.sha256(content).hexdigest()


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        sha256_of(tmp_path / "none.csv")
