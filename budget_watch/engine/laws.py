"""Texts of laws: one article a paragraph “第…条”, from Markdown files, found by the register."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from budget_watch.engine.errors import BookError
from budget_watch.engine.model import Citation, Law

_ARTICLE = re.compile(
    r"^第([零〇一二三四五六七八九十百千]+)条(?:之([一二三四五六七八九十]+))?[\s　]*(.*)$"
)
_NUMBER = r"\d+|[零〇一二三四五六七八九十百千]+"
_SAID = re.compile(rf"第?({_NUMBER})条?(?:之({_NUMBER}))?")
_HEADING = re.compile(r"^(#+\s|第[一二三四五六七八九十百]+[章节编][\s　])")
_PART = re.compile(r"^(?:#+\s*)?(第[一二三四五六七八九十百]+([编章节])[\s　].*)$")
_UNNUMBERED = re.compile(r"^##+\s*(.+)$")
_DATED = re.compile(r"^\d{4}年\d{1,2}月\d{1,2}日")
_DEPTHS = "编章节"
# 预算法(2018-12-29), 预算法_20181229, 预算法_2018年12月29日
_VERSION = re.compile(
    r"[\s_(（〔-]*(\d{4})(?:-|\.|年)?(\d{1,2}(?=[-.月])|\d{2})(?:-|\.|月)?(\d{2}|\d)日?[)）〕\s]*$"
)
_DIGITS = {char: at for at, char in enumerate("零一二三四五六七八九")} | {"〇": 0}
_PLACES = {"十": 10, "百": 100, "千": 1000}
ENDING = ".md"
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


def article_number(said: str) -> str:
    """An article as people write it → as the book does: 第五十七条 → 57, 22条之1 → 22-1."""
    found = _SAID.fullmatch(said.strip())
    if found is None:
        return said.strip()
    main, extra = (
        each and (each if each.isdigit() else str(number_of(each))) for each in found.groups()
    )
    return f"{main}-{extra}" if extra else str(main)


def read_articles(text: str) -> dict[str, str]:
    """Split a law's text into articles: "57" → its whole text with all paragraphs."""
    articles: dict[str, list[str]] = {}
    current: list[str] | None = None
    for raw in text.splitlines():
        line = raw.strip()
        found = _ARTICLE.match(line)
        if found:
            key = _key(found)
            current = articles.setdefault(key, [])
            if found[3]:
                current.append(found[3])
        elif not line or _HEADING.match(line):
            current = current if not line else None
        elif current is not None:
            current.append(line)
    return {key: "\n".join(lines) for key, lines in articles.items()}


def _key(found: re.Match[str]) -> str:
    """The article of a line “第…条之…”: 57, 22-1."""
    return str(number_of(found[1])) + (f"-{number_of(found[2])}" if found[2] else "")


@dataclass(frozen=True)
class Heading:
    """A part of a law: its title, how deep it lies (0 编, 1 章, 2 节), its first article."""

    title: str
    depth: int
    first: str


@dataclass(frozen=True)
class Outline:
    """How a law's text is divided, and the dated lines above it: how it was passed and amended."""

    passed: tuple[str, ...]
    headings: tuple[Heading, ...]

    def above(self, article: str, order: Sequence[str]) -> tuple[Heading, ...]:
        """The headings that an article stands under, the outermost first.

        Args:
            order: the law's articles as they follow each other.
        """
        open_: list[Heading] = []
        at = order.index(article)
        for each in self.headings:
            if order.index(each.first) > at:
                break
            open_ = [*(one for one in open_ if one.depth < each.depth), each]
        return tuple(open_)


def read_outline(text: str) -> Outline:
    """The chapters of a law's text. A heading without an article of its own (as in a table of
    contents) is none.
    """
    passed: list[str] = []
    headings: list[Heading] = []
    waiting: list[tuple[str, int]] = []
    begun = False
    for raw in text.splitlines():
        line = raw.strip()
        article = _ARTICLE.match(line)
        if article:
            key = _key(article)
            headings += [Heading(title, depth, key) for title, depth in waiting]
            waiting, begun = [], True
        elif (part := _part(line)) is not None:
            waiting = [*(one for one in waiting if one[1] < part[1]), part]
        elif not begun and _DATED.match(line):
            passed.append(line)
    return Outline(tuple(passed), tuple(headings))


def _part(line: str) -> tuple[str, int] | None:
    """The title of a part and its depth; None where the line begins none."""
    found = _PART.match(line)
    if found:
        return " ".join(found[1].split()), _DEPTHS.index(found[2])
    bare = _UNNUMBERED.match(line)
    return (" ".join(bare[1].split()), 1) if bare else None


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
        BookError: the folder does not exist, or holds no text (`.md`).
    """
    known = list(laws.values() if isinstance(laws, Mapping) else laws)
    texts = _files(folder)
    others = sorted(
        each
        for each in folder.iterdir()
        if each.is_file() and each.suffix != ENDING and not each.name.startswith(".")
    )
    if not texts:
        there = f"只有 {'、'.join(each.name for each in others[:3])} 等" if others else "是空的"
        raise BookError(
            str(folder),
            f"文件夹里没有 {ENDING} 文件（{there}）；每部法规存为一个 UTF-8 的 {ENDING}",
            "laws",
        )
    found = [_law_file(path, known) for path in texts]
    return found + [
        LawFile(
            each, None, 0, f"扩展名应为 {ENDING}；请另存为 UTF-8 文本，改名为 {each.stem}{ENDING}"
        )
        for each in others
    ]


def _law_file(path: Path, known: Sequence[Law]) -> LawFile:
    try:
        articles = len(read_articles(path.read_text(encoding="utf-8-sig")))
    except UnicodeDecodeError:
        return LawFile(path, None, 0, "不是 UTF-8 文本；请另存为 UTF-8")
    law = next((each.id for each in known if _belongs(path.stem, each)), None)
    if law is None:
        return LawFile(path, None, articles, _unknown(path.stem, known))
    if not articles:
        return LawFile(path, None, 0, "找不到“第…条”；每条应单独成段")
    return LawFile(path, law, articles)


def _unknown(stem: str, known: Sequence[Law]) -> str:
    """Why a file is no law of the register: its name, or the version in its name."""
    name, version = _named(stem)
    versions = [each.version for each in known if _is_called(name, each) and each.version]
    if versions:
        return f"登记的版本是 {'、'.join(versions)}，文件名写的是 {version}；请核对是不是同一版本"
    return (
        f"没有登记名为“{name}”的法规（budget-watch laws list 列出名称）；"
        f"文件名应为法规名称，可加版本日期，如 预算法(2018-12-29){ENDING}"
    )


def _files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise BookError(
            str(folder), f"没有这个文件夹；请给出放法规文本（{ENDING}）的文件夹", "laws"
        )
    return sorted(folder.glob(f"*{ENDING}"))


def load_dir(folder: Path, laws: Mapping[str, Law] | Iterable[Law]) -> dict[str, dict[str, str]]:
    """Read the law texts in a folder that the register knows.

    A file belongs to a law if its name is the law's `file_hint` or title and, where both state
    one, the version date after it is the law's version.

    Returns: Law id → article ("57", "22-1") → text.

    Raises:
        BookError: the folder does not exist, or a file is not UTF-8 or holds no article.
    """
    return {law: read_text(path)[0] for law, path in law_files(folder, laws).items()}


def law_files(folder: Path, laws: Mapping[str, Law] | Iterable[Law]) -> dict[str, Path]:
    """The text file of each law of the register that has one. Raises BookError without a folder."""
    paths = _files(folder)
    found = {}
    for law in laws.values() if isinstance(laws, Mapping) else laws:
        own = [path for path in paths if _belongs(path.stem, law)]
        if own:
            found[law.id] = own[-1]
    return found


def read_text(path: Path) -> tuple[dict[str, str], Outline]:
    """The articles of a law's file, and how they are divided.

    Raises:
        BookError: it is not UTF-8, or holds no article.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise BookError(str(path), "不是 UTF-8 文本；请另存为 UTF-8", "laws") from error
    articles = read_articles(text)
    if not articles:
        raise BookError(str(path), "找不到“第…条”；每条应单独成段", "laws")
    return articles, read_outline(text)


def _named(stem: str) -> tuple[str, str | None]:
    """The law's name in a file's name, and the version date after it, if one is there."""
    found = _VERSION.search(stem)
    if found is None:
        return stem.strip(), None
    year, month, day = (int(part) for part in found.groups())
    return stem[: found.start()].strip(), f"{year:04}-{month:02}-{day:02}"


def _is_called(name: str, law: Law) -> bool:
    return name in (law.file_hint, law.title)


def _belongs(stem: str, law: Law) -> bool:
    name, version = _named(stem)
    return _is_called(name, law) and (
        version is None or law.version is None or version == law.version
    )


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
        return (
            f"《{law.name}》的已载入文本中没有{article_name(citation.article)}"
            f"（载入了 {len(text)} 条；文本不全就补全后重新载入）"
        )
    return None
