"""Turns a driver's rows into frames: a column in the one type of its values, else exact text."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import polars as pl

from ingest.sources.database.marks import plain

_INT64 = 2**63


def frame_of(part: Sequence[Sequence[Any]], encoding: str | None) -> pl.DataFrame:
    """Rows as a frame, columns named by their position. There is at least one row."""
    columns = zip(*part, strict=True)
    return pl.DataFrame([_series(str(at), values, encoding) for at, values in enumerate(columns)])


def value_of(value: Any, encoding: str | None) -> Any:
    """A single value, as a mark."""
    return plain(_decoded(value, encoding))


def _series(name: str, values: Sequence[Any], encoding: str | None) -> pl.Series:
    """A column in the one type that all its values have, else as text."""
    kinds = {type(value) for value in values} - {type(None)}
    if not kinds:
        return pl.Series(name, values, dtype=pl.Null)
    if kinds == {int} and all(v is None or -_INT64 <= v < _INT64 for v in values):
        return pl.Series(name, values, dtype=pl.Int64)
    if kinds == {bool}:
        return pl.Series(name, values, dtype=pl.Boolean)
    if kinds == {date}:
        return pl.Series(name, values, dtype=pl.Date)
    if kinds == {datetime}:
        return pl.Series(name, [plain(value) for value in values], dtype=pl.Datetime("us"))
    texts = [None if value is None else _text(value, encoding) for value in values]
    return pl.Series(name, texts, dtype=pl.String)


def _text(value: Any, encoding: str | None) -> str:  # noqa: PLR0911 (one way out a type)
    """A value as exact text: a Decimal without exponent, a float by its shortest form."""
    value = _decoded(value, encoding)
    if isinstance(value, str):
        return value
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime):
        return str(plain(value).isoformat(" "))
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return format(Decimal(repr(value)), "f")
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    return str(value.read() if hasattr(value, "read") else value)  # an Oracle LOB


def _decoded(value: Any, encoding: str | None) -> Any:
    if isinstance(value, bytes | bytearray | memoryview):
        return decoded(bytes(value), encoding)
    return value


def decoded(content: bytes, encoding: str | None) -> str:
    """Text of bytes: in the encoding told, else UTF-8, else GB18030; what is neither is shown."""
    for name in (encoding,) if encoding else ("utf-8", "gb18030"):
        try:
            return content.decode(name)
        except UnicodeDecodeError:
            continue
    return content.decode(encoding or "utf-8", errors="replace")
