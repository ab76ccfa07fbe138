"""The tables, marts and rules that an approval names, checked: a slip of the pen helps nobody."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase

from budget_watch.access.errors import AccessError
from budget_watch.access.roles import groups
from budget_watch.engine import Book
from budget_watch.lake.marts import MARTS
from budget_watch.tables import contracts


def named_things(book: Book, said: Iterable[str]) -> list[str]:
    """The names meant: a table, mart or rule, a pattern like `ZW*`, a word for a group of them.

    Raises:
        AccessError: nothing of that name; says what the groups are called.
    """
    known = [*contracts(), *MARTS, *book.rules]
    found: list[str] = []
    for each in said:
        if each in groups():
            found += groups()[each]
        elif any(fnmatchcase(name, each) for name in known):
            found.append(each)
        else:
            raise AccessError(
                f"没有名为“{each}”的报表、主题表或规则；报表写英文名，如 treasury_account，"
                f"或用成组的词：{'、'.join(groups())}。"
            )
    return found
