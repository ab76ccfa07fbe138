"""Word lists and code groups as polars expressions, and the code tables of `known_code`."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from budget_watch.engine.model import Group, GroupSet, Words, WordSet

GAP = "|"  # stands where an excluded phrase was, so that its neighbours form no new word


@dataclass(frozen=True)
class NamedLists:
    """The book's words and groups by id, and code tables: list → year → codes."""

    words: Mapping[str, Words] = field(default_factory=dict)
    groups: Mapping[str, Group] = field(default_factory=dict)
    codes: Mapping[str, Mapping[int, frozenset[str]]] = field(default_factory=dict)

    def editions(self, name: str) -> list[tuple[str, int, WordSet]]:
        """Of a word list each set with a name of its own and the year from which it holds.

        The first holds for the years before it too.
        """
        sets = self.words[name].editions
        return [(f"{name}#{at}", each.since.year, each) for at, each in enumerate(sets)]

    def edition(self, name: str) -> WordSet:
        """The set of such a name."""
        words, _, at = name.rpartition("#")
        return self.words[words].editions[int(at)]


def alternation(phrases: tuple[str, ...]) -> str:
    """A regular expression of the phrases, longest first, as both engines read it."""
    return "|".join(
        re.escape(text) for text in sorted(phrases, key=lambda text: (-len(text), text))
    )


def spellings(phrases: tuple[str, ...]) -> tuple[str, ...]:
    """Each phrase as it is written and as the payment mart writes texts to be searched."""
    return tuple(dict.fromkeys(text for phrase in phrases for text in (phrase, plain(phrase))))


def plain(text: str) -> str:
    """The text with full-width signs made narrow, in small letters, without spaces.

    The same as `lake.marts.purpose.plain_text` does to columns.
    """
    narrow = unicodedata.normalize("NFKC", text).lower()
    return "".join(sign for sign in narrow if not sign.isspace() and sign not in _INVISIBLE)


_INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff"


def has_words(text: pl.Expr, words: WordSet) -> pl.Expr:
    """Whether the text, without the excluded phrases, has one of the words. Null stays unknown.

    Only texts that have one of the words at all are searched for excluded phrases.
    """
    include, exclude = list(spellings(words.include)), spellings(words.exclude)
    found = text.str.contains_any(include)
    if words.require_also or exclude:
        left: pl.Expr = pl.when(found).then(text)
        if exclude:
            left = left.str.replace_all(alternation(exclude), GAP)
        inside = left.str.contains_any(include)
        if words.require_also:
            inside = inside & left.str.contains_any(list(spellings(words.require_also)))
        found = pl.when(found).then(inside).otherwise(found)
    return found


def in_group(code: pl.Expr, group: Group, year: pl.Expr) -> pl.Expr:
    """Whether the code is in the group's set of that year."""
    sets = sorted(group.sets, key=lambda each: each.since, reverse=True)
    if len(sets) == 1:
        return _in_set(code, sets[0], group.match)
    result: pl.Expr = pl.lit(False)
    for each in reversed(sets):
        holds = year >= each.since.year
        result = pl.when(holds).then(_in_set(code, each, group.match)).otherwise(result)
    return result


def _in_set(code: pl.Expr, each: GroupSet, match: str) -> pl.Expr:
    if match == "exact":
        return code.is_in(list(each.codes))
    return code.str.contains("^(?:" + alternation(each.codes) + ")")


def known_code(code: pl.Expr, years: Mapping[int, frozenset[str]], year: pl.Expr) -> pl.Expr:
    """Whether the code stands in the code table of its year; the last table serves later years."""
    ordered = sorted(years)
    result: pl.Expr = code.is_in(sorted(years[ordered[0]]))
    for each in ordered[1:]:
        inside = code.is_in(sorted(years[each]))
        result = pl.when(year >= each).then(inside).otherwise(result)
    return result
