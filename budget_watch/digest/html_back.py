"""Reads an HTML report back: passages between tags, figures by their links into the appendix."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from contextlib import suppress
from html.parser import HTMLParser
from typing import Any

from budget_watch.digest.errors import DigestError
from budget_watch.digest.printed import Copy, Part, Passage, headed, known_ledger, passage

_SILENT = ("style", "script", "nav", "head", "title", "desc")
_ENDS = {"p", "li", "td", "th", "tr", "figcaption", "caption", "h1", "h2", "h3", "div", "dt", "dd"}
_ENDS |= {"header", "section", "ul", "ol", "summary", "text"}
_LEDGER = re.compile(r'<script type="application/json" id="ledger">(.*?)</script>', re.DOTALL)
_TARGET = re.compile(r"#f(\d+)")


def read(content: bytes) -> Copy:
    """The report in an .html file.

    Raises:
        DigestError: it carries no ledger of ours.
    """
    text = content.decode("utf-8", errors="replace")
    found = _LEDGER.search(text)
    ledger: Any = None
    with suppress(ValueError):
        ledger = json.loads(found.group(1)) if found else None
    if not known_ledger(ledger):
        raise DigestError("网页里没有数字清单：不是本系统生成的报告，不能核对。")
    reading = _Reading(ledger["figures"])
    reading.feed(text)
    reading.close()
    reading.end()
    return Copy(ledger, "html", tuple(reading.passages))


class _Reading(HTMLParser):
    """Collects what is between block tags."""

    def __init__(self, figures: Mapping[str, Any]) -> None:
        super().__init__()
        self.keys = dict(enumerate(sorted(figures), start=1))
        self.passages: list[Passage] = []
        self.chapters: dict[int, str] = {}
        self.parts: list[Part] = []
        self.key = ""
        self.silent = 0
        self.caption = ""
        self.heads: list[str] = []
        self.row: list[str] = []
        self.heading = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin a passage, a figure or a silent part."""
        if tag in _SILENT:
            self.silent += 1
        elif tag == "a":
            told = dict(attrs)
            target = _TARGET.fullmatch(told.get("href") or "")
            inside = target is not None and told.get("class") == "fig"
            self.key = self.keys.get(int(target.group(1)), "") if target and inside else ""
        elif tag in _ENDS or tag == "br":
            self.end()
        if tag == "tr":
            self.row = []
        if tag == "table":
            self.heads = []
        self.heading = tag == "thead" or (self.heading and tag not in ("tbody", "table"))

    def handle_endtag(self, tag: str) -> None:
        """End what the tag began."""
        if tag in _SILENT:
            self.silent = max(0, self.silent - 1)
        elif tag == "a":
            self.key = ""
        elif tag in _ENDS:
            self.end(tag)
        if tag == "table":
            self.caption, self.heads, self.row = "", [], []

    def handle_data(self, data: str) -> None:
        """Words, or what a figure prints."""
        if not self.silent:
            self.parts.append(Part(data, self.key))

    def end(self, tag: str = "") -> None:
        """Close the passage that is open."""
        parts, self.parts = self.parts, []
        found = passage(headed(self.chapters), parts, self._cell(tag))
        if tag in ("td", "th"):
            text = found.text if found else ""
            self.row.append(text)
            if self.heading:
                self.heads.append(text)
        if found is None:
            return
        if tag in ("h2", "h3"):
            level = int(tag[1])
            self.chapters = {n: t for n, t in self.chapters.items() if n < level}
            self.chapters[level] = found.text
            found = Passage(headed(self.chapters), found.parts)
        if tag == "figcaption":
            self.caption = found.text
        self.passages.append(found)

    def _cell(self, tag: str) -> str:
        if tag not in ("td", "th") or self.heading:
            return ""
        at = len(self.row)
        head = self.heads[at] if at < len(self.heads) else ""
        return f"{self.caption} {self.row[0] if self.row else ''} {head}".strip()
