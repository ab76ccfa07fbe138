"""Keys stay outside the backup (design §10); their fingerprints tell whether the right one is back.

A fingerprint is an HMAC under the key itself: it tells nothing about the key.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path

from budget_watch.lake.backup.contents import key_files
from budget_watch.lake.errors import BackupError
from budget_watch.lake.home import Home

FINGERPRINTS = "key_fingerprints.json"


def fingerprint(key: bytes) -> str:
    """Sixteen digits that tell keys apart."""
    return hmac.new(key, b"budget_watch key", hashlib.sha256).hexdigest()[:16]


def of_home(home: Home) -> dict[str, str]:
    """Path in the home → fingerprint of each key that lies there."""
    return {
        path.relative_to(home.root).as_posix(): fingerprint(path.read_bytes())
        for path in sorted(key_files(home))
        if path.is_relative_to(home.root)
    }


def remember(root: Path, marks: Mapping[str, str]) -> None:
    """Write the fingerprints into a home: a key that is lost or changed is found by them."""
    path = root / FINGERPRINTS
    known = remembered(root)
    if {**known, **marks} != known:
        half = path.with_name(f"{secrets.token_hex(8)}.half")
        half.write_text(json.dumps({**known, **marks}, indent=1), encoding="utf-8")
        half.replace(path)


def remembered(root: Path) -> dict[str, str]:
    """The fingerprints that a home's keys must have."""
    path = root / FINGERPRINTS
    found = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return {str(name): str(mark) for name, mark in found.items()}


def given(folder: Path | None, wanted: Mapping[str, str]) -> dict[str, bytes]:
    """The keys of a backup, out of a folder that somebody kept them in.

    Args:
        folder: holds them as a home does (`keys/person.key`), or by their names alone; None: they
            are not to be had.

    Raises:
        BackupError: one is not there, or is not the one that the backup was made with.
    """
    if not wanted or folder is None:
        return {}
    found = {}
    for name, mark in wanted.items():
        places = [folder / name, folder / Path(name).name]
        path = next((place for place in places if place.is_file()), places[0])
        try:
            key = path.read_bytes()
        except OSError as error:
            raise BackupError(
                f"密钥 {path} 读不出：{error.strerror}。请用 --keys 给出另行保管密钥的文件夹。"
            ) from error
        if fingerprint(key) != mark:
            raise BackupError(
                f"密钥 {path} 不是这份备份所用的：指纹 {fingerprint(key)}，应为 {mark}。"
                "用错的密钥，同一个人的证件号码会变成另一个哈希，与以前的数据对不上。"
                "请找出备份时保管的那一份。"
            )
        found[name] = key
    return found


def put(home: Home, keys: Mapping[str, bytes]) -> None:
    """Write keys into a home, readable by their owner only."""
    for name, key in keys.items():
        path = home.root / name
        path.parent.mkdir(mode=0o700, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(key)
