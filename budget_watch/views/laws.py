"""政策法规: the registered laws with their loaded texts, what a word finds in them, who cites them.

Law texts are public and are open to everybody who reads business data. Nothing here says whether a
law was kept.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from threading import Lock

from budget_watch.casework.book import LAWS
from budget_watch.engine import Book
from budget_watch.engine.laws import (
    Heading,
    Outline,
    article_number,
    law_files,
    read_text,
)
from budget_watch.engine.model import LEVELS, Citation, Law, Param, ParamValue, Rule

_NONE = Outline((), ())
_AROUND = 36  # characters shown on each side of what was found
_kept: dict[Path, tuple[str, dict[str, Work]]] = {}
_lock = Lock()


@dataclass(frozen=True)
class Work:
    """A registered law, regulation or document, in one version.

    Attributes:
        articles: "57" → its text, paragraphs by lines; empty where no text was loaded.
        file: the name of its text's file; "" without one.
    """

    law: Law
    articles: Mapping[str, str]
    outline: Outline = _NONE
    file: str = ""

    @cached_property
    def name(self) -> str:
        """What a word may name it by, evened for the search."""
        return _even(f"{self.law.title} {self.law.short or ''}")

    @cached_property
    def evened(self) -> dict[str, str]:
        """Its articles, evened for the search."""
        return {article: _even(text) for article, text in self.articles.items()}

    @cached_property
    def order(self) -> list[str]:
        """Its articles as they follow each other."""
        return list(self.articles)

    def above(self, article: str) -> tuple[Heading, ...]:
        """The chapters an article stands in."""
        return self.outline.above(article, self.order)

    def beside(self, article: str) -> tuple[str | None, str | None]:
        """The article before and the one after."""
        at = self.order.index(article)
        before = self.order[at - 1] if at else None
        return before, self.order[at + 1] if at + 1 < len(self.order) else None


Library = Mapping[str, Work]


@dataclass(frozen=True)
class Match:
    """An article that words were found in.

    Attributes:
        terms: those of the words that stand in its text.
    """

    work: Work
    article: str
    terms: tuple[str, ...]

    @cached_property
    def excerpt(self) -> str:
        """The words around the first place."""
        return _excerpt(self.work.articles[self.article], self.terms)

    @property
    def spans(self) -> tuple[tuple[int, int], ...]:
        """(from, to) of each place in the excerpt."""
        return places(self.excerpt, self.terms)


@dataclass(frozen=True)
class Citing:
    """A rule that rests on a law.

    Attributes:
        article: None where the law as a whole is cited, or the article was not yet held against
            its text (confidence M or L).
        levels: the levels that rest on it.
        quotes: the words the rule quotes.
    """

    rule: Rule
    law: str
    article: str | None
    levels: tuple[str, ...]
    quotes: tuple[str, ...]


@dataclass(frozen=True)
class CitingValue:
    """A value of a parameter that rests on a law."""

    param: Param
    value: ParamValue
    law: str
    article: str | None


def library(root: Path, laws: Mapping[str, Law]) -> dict[str, Work]:
    """Every registered law with its text, read again when a file of the folder changes.

    Raises:
        BookError: a text file cannot be read.
    """
    folder = root / LAWS
    stamp = library_stamp(root, laws)
    with _lock:
        found = _kept.get(root)
        if found is not None and found[0] == stamp:
            return found[1]
    files = law_files(folder, laws) if _has_texts(folder) else {}
    made = {law.id: _work(law, files.get(law.id)) for law in laws.values()}
    with _lock:
        _kept.clear()
        _kept[root] = (stamp, made)
    return made


def library_stamp(root: Path, laws: Mapping[str, Law]) -> str:
    """Changes with the register and with the files of the texts; reads none of them."""
    folder = root / LAWS
    files = sorted(folder.glob("*.md")) if folder.is_dir() else []
    stats = ((path.name, path.stat()) for path in files)
    marks = [f"{name} {stat.st_mtime_ns} {stat.st_size}" for name, stat in stats]
    return "\n".join([*marks, str(hash(tuple(law.model_dump_json() for law in laws.values())))])


def _has_texts(folder: Path) -> bool:
    return folder.is_dir() and any(folder.glob("*.md"))


def _work(law: Law, path: Path | None) -> Work:
    if path is None:
        return Work(law, {})
    articles, outline = read_text(path)
    return Work(law, articles, outline, path.name)


def state_of(law: Law, day: date) -> str:
    """现行, 已失效 or 尚未施行 on a day."""
    if law.valid_to is not None and law.valid_to < day:
        return "已失效"
    return "尚未施行" if day < law.valid_from else "现行"


def versions(library: Library, law: Law) -> list[Work]:
    """The registered versions of a law, the latest first; itself among them."""
    same = [work for work in library.values() if work.law.title == law.title]
    return sorted(same, key=lambda work: work.law.valid_from, reverse=True)


# ---- search
def find(library: Library, said: str) -> list[Match]:
    """The articles that hold every word said, as they follow each other in the register.

    Words are parted by spaces and found as they are written, whatever the width of signs and the
    size of letters. A word may also be an article (第三十五条, 35条) or part of a law's name, but
    a law's name alone finds only articles that speak of it. Articles that a word names come first.
    """
    terms = [_even(term) for term in said.split()]
    if not terms:
        return []
    found = [
        (match, named)
        for work in library.values()
        for article in work.articles
        for match, named in _met(work, article, terms)
    ]
    return [match for match, _ in sorted(found, key=lambda each: not each[1])]


def named(library: Library, said: str) -> list[Work]:
    """The laws whose name holds every word said."""
    terms = [_even(term) for term in said.split()]
    return [work for work in library.values() if terms and all(t in work.name for t in terms)]


def _met(work: Work, article: str, terms: Sequence[str]) -> Iterable[tuple[Match, bool]]:
    even = work.evened[article]
    inside = [term for term in terms if term in even]
    numbers = [term for term in terms if _is_article(term) and article_number(term) == article]
    if not inside and not numbers:
        return
    left = [term for term in terms if term not in inside and term not in numbers]
    if any(term not in work.name for term in left):
        return
    yield Match(work, article, tuple(inside)), bool(numbers)


def _is_article(term: str) -> bool:
    return term.endswith("条") or "条之" in term


def _even(text: str) -> str:
    """The text in small letters and narrow signs, sign for sign, so that places stay the same."""
    narrow = (unicodedata.normalize("NFKC", sign).lower() for sign in text)
    return "".join(new if len(new) == 1 else old for old, new in zip(text, narrow, strict=True))


def places(text: str, terms: Iterable[str]) -> tuple[tuple[int, int], ...]:
    """Where the words stand in a text, those that overlap or touch joined."""
    even, found = _even(text), []
    for term in {_even(term) for term in terms if term}:
        at = even.find(term)
        while at >= 0:
            found.append((at, at + len(term)))
            at = even.find(term, at + len(term))
    joined: list[tuple[int, int]] = []
    for start, end in sorted(found):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return tuple(joined)


def _excerpt(text: str, terms: Sequence[str]) -> str:
    """The paragraph around the first place, cut on both sides; its beginning without one."""
    first = min((start for start, _ in places(text, terms)), default=0)
    begin = text.rfind("\n", 0, first) + 1
    end = text.find("\n", first)
    line = text[begin : None if end < 0 else end]
    cut = max(0, first - begin - _AROUND)
    piece = line[cut : first - begin + 2 * _AROUND]
    return ("…" if cut else "") + piece + ("…" if cut + len(piece) < len(line) else "")


# ---- who cites
def citing(book: Book) -> list[Citing]:
    """What every rule rests on, a rule and article once, in the order of the book."""
    found: list[Citing] = []
    for checked in book.rules.values():
        found += _citing(checked.rule)
    return found


def _citing(rule: Rule) -> list[Citing]:
    at: dict[tuple[str, str | None], tuple[list[str], list[str]]] = {}

    def note(cite: Citation, confidence: str, level: str | None) -> None:
        key = (cite.law, cite.article if confidence == "H" else None)
        levels, quotes = at.setdefault(key, ([], []))
        if level and level not in levels:
            levels.append(level)
        if cite.quote and cite.quote not in quotes:
            quotes.append(cite.quote)

    for cite in rule.basis:
        note(cite, rule.confidence, None)
    for level in rule.levels:
        for cite in level.basis if level.basis is not None else rule.basis:
            note(cite, level.confidence or rule.confidence, level.level)
    return [
        Citing(rule, law, article, tuple(each for each in LEVELS if each in levels), tuple(quotes))
        for (law, article), (levels, quotes) in at.items()
    ]


def citing_values(book: Book) -> list[CitingValue]:
    """What every value of every parameter rests on."""
    return [
        CitingValue(
            each.param,
            value,
            cite.law,
            cite.article if each.param.confidence in (None, "H") else None,
        )
        for each in book.params.values()
        for value in each.param.values
        for cite in value.basis
    ]


def said_article(work: Work, said: str) -> str | None:
    """An article as an address says it (35, 22-1, 第三十五条); None where the text has none."""
    article = article_number(said)
    return article if article in work.articles else None
