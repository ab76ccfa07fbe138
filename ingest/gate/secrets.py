"""Hashes identity numbers with HMAC-SHA256; the key lies in the home, outside lake and backup.

The plain number is never written anywhere: not to the lake, not to quarantine, not to a log.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from contextlib import suppress
from functools import cache
from pathlib import Path

import polars as pl

from budget_watch.lake.backup.keys import FINGERPRINTS, fingerprint, remember, remembered
from budget_watch.tables import Contract
from ingest.errors import IngestError

_NAME = "keys/person.key"
_HASHED = r"^[0-9a-f]{64}$"


class KeyFault(IngestError):
    """The key for personal ids is not the one that this home has used."""


def person_key(home: Path) -> bytes:
    """Return the home's key for personal ids; made at first use, readable by its owner only.

    Raises:
        KeyFault: the home had another key: hashes made with this one would not meet the old ones.
    """
    path = home / _NAME
    mark = remembered(home).get(_NAME)
    if not path.exists():
        if mark is not None:
            raise KeyFault(
                f"个人证件号码的密钥 {path} 不见了（指纹 {mark}）。没有它，同一个人的号码会变成"
                f"另一个哈希。请把另行保管的那一份放回去；确实找不回的，删去 {home / FINGERPRINTS}"
                " 中的这一行，以后用新密钥，新旧数据的证件号码对不上。"
            )
        _make(path)
    key = path.read_bytes()
    if mark is None:
        remember(home, {_NAME: fingerprint(key)})
    elif fingerprint(key) != mark:
        raise KeyFault(
            f"个人证件号码的密钥 {path} 不是原来的（指纹 {fingerprint(key)}，应为 {mark}）。"
            "请换回另行保管的那一份。"
        )
    return key


def _make(path: Path) -> None:
    """Write a new key, whole or not at all; where another process was quicker, its key stays."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = path.with_name(f"{secrets.token_hex(8)}.half")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(secrets.token_bytes(32))
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(fresh, path)
    finally:
        fresh.unlink()


def hashed_ids(contract: Contract, given: pl.Schema, key: bytes) -> list[pl.Expr]:
    """Return expressions that put hashes in the place of identity numbers.

    Each takes the column as it is delivered (`delivered_as`, such as iden_no) or the stored column;
    what is already a hash stays.
    """
    found: list[pl.Expr] = []
    for column in contract.columns:
        if column.personal != "id":
            continue
        source = column.delivered_as if column.delivered_as in given else column.name
        if source in given:
            text = pl.col(str(source)).cast(pl.String).str.strip_chars()
            found.append(_hashed(text, key).alias(column.name))
    return found


def delivered_ids(contract: Contract) -> list[str]:
    """Return the names under which plain identity numbers may be delivered."""
    return [column.delivered_as for column in contract.columns if column.delivered_as]


def _hashed(text: pl.Expr, key: bytes) -> pl.Expr:
    def of_series(values: pl.Series) -> pl.Series:
        plain = values.unique().drop_nulls()
        plain = plain.filter((plain != "") & ~plain.str.contains(_HASHED))
        digests = [_digest(key, value) for value in plain]
        return values.replace("", None).replace(plain.to_list(), digests)

    return text.map_batches(of_series, return_dtype=pl.String, is_elementwise=True)


@cache
def _prepared(key: bytes) -> hmac.HMAC:
    return hmac.new(key, digestmod=hashlib.sha256)


def _digest(key: bytes, value: str) -> str:
    mac = _prepared(key).copy()
    mac.update(value.upper().encode("utf-8"))
    return mac.hexdigest()
