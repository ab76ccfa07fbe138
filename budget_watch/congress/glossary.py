"""名词解释 of a session: words with what they mean and the article that says so, as data."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from budget_watch.casework.errors import WorkflowError
from budget_watch.engine.errors import BookError
from budget_watch.engine.model import Strict
from budget_watch.engine.yaml_file import read_one

FILE = Path("glossary") / "terms.yaml"


class Term(Strict):
    """A word; law and article where a law says what it means."""

    term: str
    says: str
    law: str | None = None
    article: str | None = None


class Glossary(Strict):
    """The file."""

    terms: tuple[Term, ...]


def glossary(folders: Sequence[Path]) -> tuple[Term, ...]:
    """The product's words, and after them a home's own; a home's word replaces the product's.

    Raises:
        WorkflowError: a file is wrong; says where.
    """
    found: dict[str, Term] = {}
    try:
        for folder in folders:
            if (folder / FILE).exists():
                terms = read_one(folder / FILE, Glossary).terms
                found |= {each.term: each for each in terms}
    except BookError as error:
        raise WorkflowError(str(error)) from error
    return tuple(found.values())
