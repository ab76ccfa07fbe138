"""Texts of laws: one article a paragraph “第…条”, from Markdown files, found by the register."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from budget_watch.engine.errors import BookError
from budget_watch.engine.model import Citation, Law

_ARTICLE = re.compile(
    r"^第([零〇一二三四五六七八九十百千]+)条(?:之([一二三四五六七八九十]+))?[\s　]*(.*)$"
)
_HEADING = re.compile(r"^(#+\s|第[一二三四五六七八九十百]+[章节编][\s　])")
_VERSION = re.compile(r"[((](\d{4}-\d{2}-\d{2})[))]")
_DIGITS = {char: at for at, char in enumerate("零一二三四五六七八九")} | {"〇": 0}
_PLACES = {"十": 10, "百": 100, "千": 1000}
_CHINESE = "零一二三四五六七八九"

Texts = Mapping[str, Mapping[str, str]]


def number_of(chinese: str) -> int:
    """Read a Chinese numeral below ten thousand: 一百零四 → 104."""
    total, digit = 0, 0
    for char in chinese:
        if char in _PLACES:
            total += (digit or 1) * _PLACES[char]
            digit = 0
        else:
            digit = _DIGITS[char]
    return total + digit


def chinese(number: int) -> str:
    """Write a number below ten thousand in Chinese: 104 → 一百零四, 14 → 十四."""
    if number < 10:
        return _CHINESE[number]
    parts, zero = "", False
    for place, name in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit = number // place % 10
        if digit:
            parts += ("零" if zero and parts else "") + _CHINESE[digit] + name
            zero = False
        else:
            zero = True
    return parts.removeprefix("一") if parts.startswith("一十") else parts


def article_name(article: str) -> str:
    """`57` → 第五十七条, `22-1` → 第二十二条之一."""
    main, _, extra = article.partition("-")
    if not main.isdigit():
        return article
    tail = f"之{chinese(int(extra))}" if extra.isdigit() else ""
    return f"第{chinese(int(main))}条{tail}"


def read_articles(text: str) -> dict[str, str]:
    """Split a law's text into articles: "57" → its whole text with all paragraphs."""
    articles: dict[str, list[str]] = {}
    current: list[str] | None = None
    for raw in text.splitlines():
        line = raw.strip()
        found = _ARTICLE.match(line)
        if found:
            key = str(number_of(found[1])) + (f"-{number_of(found[2])}" if found[2] else "")
            current = articles.setdefault(key, [])
            if found[3]:
                current.append(found[3])
        elif not line or _HEADING.match(line):
            current = current if not line else None
        elif current is not None:
            current.append(line)
    return {key: "\n".join(lines) for key, lines in articles.items()}


@dataclass(frozen=True)
class LawFile:
    """One text file: the law it belongs to (none if unknown) and how many articles it has."""

    path: Path
    law: str | None
    articles: int
    reason: str = ""

    def record(self) -> dict[str, Any]:
        """The JSON object of `laws load`."""
        return {
            "law": self.law,
            "file": str(self.path),
            "articles": self.articles,
            "reason": self.reason,
        }


def read_dir(folder: Path, laws: Mapping[str, Law] | Iterable[Law]) -> list[LawFile]:
    """Look through a folder of law texts: which file is which law of the register.

    Raises:
        BookError: the folder does not exist.
    """
    known = list(laws.values() if isinstance(laws, Mapping) else laws)
    found: list[LawFile] = []
    for path in _files(folder):
        try:
            articles = len(read_articles(path.read_text(encoding="utf-8")))
        except UnicodeDecodeError:
            found.append(LawFile(path, None, 0, "不是 UTF-8 文本；请另存为 UTF-8"))
            continue
        law = next((each.id for each in known if _belongs(path.stem, each)), None)
        reason = "" if law else "rules/laws.yaml 没有登记这部法规的这个版本"
        if law and not articles:
            law, reason = None, "找不到“第…条”；每条应单独成段"
        found.append(LawFile(path, law, articles, reason))
    return found


def _files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise BookError(str(folder), "没有这个文件夹；请给出放法规文本（.md）的文件夹", "laws")
    return sorted(folder.glob("*.md"))


def load_dir(folder: Path, laws: Mapping[str, Law] | Iterable[Law]) -> dict[str, dict[str, str]]:
    """Read the law texts in a folder that the register knows.

    A file belongs to a law if its name starts with the law's `file_hint` and, where both state one,
    the version date in brackets is the law's version.

    Returns: Law id → article ("57", "22-1") → text.

    Raises:
        BookError: the folder does not exist, or a file holds no article.
    """
    texts: dict[str, dict[str, str]] = {}
    paths = _files(folder)
    for law in laws.values() if isinstance(laws, Mapping) else laws:
        for path in paths:
            if law.file_hint and _belongs(path.stem, law):
                articles = read_articles(path.read_text(encoding="utf-8"))
                if not articles:
                    raise BookError(str(path), "找不到“第…条”；每条应单独成段", "laws")
                texts[law.id] = articles
    return texts


def _belongs(stem: str, law: Law) -> bool:
    version = _VERSION.search(stem)
    name = stem[: version.start()] if version else stem
    if name.strip() not in (law.file_hint, law.title):
        return False
    return version is None or law.version is None or version[1] == law.version


AUTHORITIES = {
    "law": "法律",
    "regulation": "行政法规",
    "ministry": "部门规章和文件",
    "party": "党内法规和文件",
    "local": "地方性法规和文件",
    "practice": "实务惯例",
}


def highest_authority(citations: Iterable[Citation], laws: Mapping[str, Law]) -> str | None:
    """The highest authority among what is cited, from law to practice; none of nothing."""
    found = {laws[each.law].authority for each in citations if each.law in laws}
    return next((each for each in AUTHORITIES if each in found), None)


def cited(citation: Citation, laws: Mapping[str, Law]) -> str:
    """A citation in a sentence: 《预算法》第五十七条."""
    law = laws.get(citation.law)
    name = law.quoted if law else f"《{citation.law}》"
    return name + (article_name(citation.article) if citation.article else "")


def check_citation(
    citation: Citation, laws: Mapping[str, Law], texts: Texts, days: tuple[date, date | None]
) -> str | None:
    """What is wrong with a citation, or none: unknown law, unknown article, not in force."""
    law = laws.get(citation.law)
    if law is None:
        return f"rules/laws.yaml 没有登记 {citation.law}"
    if law.valid_to is not None and (days[1] is None or days[1] > law.valid_to):
        return f"《{law.name}》已于 {law.valid_to} 失效；请改引新文本，或给规则写 valid.to"
    text = texts.get(citation.law)
    if text is not None and citation.article is not None and citation.article not in text:
        return f"《{law.name}》的已载入文本中没有{article_name(citation.article)}"
    return None
