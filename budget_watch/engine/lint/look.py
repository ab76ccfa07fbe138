"""All flaws of a book: the topics one after another, without what is excused."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

from budget_watch.engine.errors import BookError
from budget_watch.engine.laws import Texts
from budget_watch.engine.lint import (
    citations,
    levels,
    lists,
    messages,
    parameters,
    scope,
    tests_kept,
    titles,
    words_used,
)
from budget_watch.engine.lint.excuses import excused
from budget_watch.engine.lint.flaw import Flaw
from budget_watch.engine.lint.here import Here
from budget_watch.engine.lint.loading import flaw_of
from budget_watch.engine.lint.places import places
from budget_watch.engine.load import Book, load_book

OF_A_RULE = (levels, citations, messages, words_used, titles, tests_kept, scope)
OF_THE_BOOK = (parameters, lists, titles, citations)


def lint(book: Book, texts: Texts | None = None, today: date | None = None) -> list[Flaw]:
    """All flaws of the book, by file and line.

    Args:
        texts: loaded law texts: articles of laws that have one are checked.
        today: the day against which parameters are stale; default the newest `last_checked`.
    """
    found = places(book.folders, "params", "words", "groups", "exemptions")
    here = Here(book, texts or {}, today or _newest(book), found)
    flaws = excused(here, list(_looked(here)))
    if book.mistakes:  # a rule that did not load may use what looks unused
        flaws = [each for each in flaws if not each.code.startswith("unused-")]
    flaws += [flaw_of(error) for error in _causes(book)]
    return sorted(flaws, key=lambda each: (each.file, each.line, each.code, each.message))


def lint_folders(
    folders: Sequence[Path], texts: Texts | None = None, today: date | None = None
) -> list[Flaw]:
    """All flaws of the book in these folders, also where it does not load."""
    try:
        book = load_book(folders, strict=False)
    except BookError as error:  # lists of parameters, laws and words: nothing works without them
        return [flaw_of(error)]
    return lint(book, texts, today)


def _causes(book: Book) -> list[BookError]:
    """What is wrong, without the names that are only missing because their list did not load."""
    lists = {
        str(folder / kind) for folder in book.folders for kind in ("params", "words", "groups")
    }
    if not any(error.where.startswith(tuple(lists)) for error in book.mistakes):
        return list(book.mistakes)
    return [error for error in book.mistakes if error.code != "name"]


def _looked(here: Here) -> Iterator[Flaw]:
    for rule in here.book.rules.values():
        for topic in OF_A_RULE:
            yield from topic.of_rule(here, rule)
    for topic in OF_THE_BOOK:
        yield from topic.of_book(here)


def _newest(book: Book) -> date:
    known = (each.param.last_checked for each in book.params.values())
    return max((each.on for each in known if each is not None), default=date(2000, 1, 1))
