"""Reads a report file back, by what it is and not by its name."""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Iterator
from contextlib import suppress

from budget_watch.digest import html_back, word_back
from budget_watch.digest.errors import DigestError
from budget_watch.digest.printed import Copy, known_ledger

_STREAM = re.compile(rb"stream\r?\n(.*?)\r?\n?endstream", re.DOTALL)
LARGEST = 64 << 20  # bytes: no ledger of ours comes near


def read(given: bytes) -> Copy:
    """The report in a file.

    Raises:
        DigestError: it is no report of ours.
    """
    if given[:2] == b"PK":
        return word_back.read(given)
    if given[:5] == b"%PDF-":
        return _read_pdf(given)
    if given.lstrip()[:1] == b"<":
        return html_back.read(given)
    raise DigestError("只核对本系统生成的 Word（docx）、PDF（pdf）和网页（html）文件。")


def _read_pdf(given: bytes) -> Copy:
    """A PDF is not made to be edited: its ledger is read, its text is known by the file's sum."""
    for text in _streams(given):
        with suppress(ValueError):
            found = json.loads(text)
            if known_ledger(found):
                return Copy(found, "pdf")
    raise DigestError("PDF 里没有数字清单：不是本系统生成的报告，或附件被去掉了，不能核对。")


def _streams(given: bytes) -> Iterator[bytes]:
    """Streams that can be a ledger, unpacked."""
    for found in _STREAM.finditer(given):
        raw = found.group(1)
        with suppress(zlib.error):
            raw = zlib.decompressobj().decompress(raw, LARGEST)
        if raw.lstrip()[:1] == b"{":
            yield raw
