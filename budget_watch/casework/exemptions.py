"""例外情形登记 as people read it: each entry with its basis, term, and what it took out last time.

The register itself is YAML in the rule book (`rules/exemptions/`), applied by the engine; here it
is put beside the last recorded run, for pages, digests and the command line.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import date
from typing import Any

from budget_watch.access import Grant
from budget_watch.casework.gaps import latest_observations
from budget_watch.casework.runs import latest_run
from budget_watch.engine import Book
from budget_watch.lake import Home

IN_FORCE, EXPIRED, WAITING = "有效", "已到期", "未开始"


def register(home: Home, book: Book) -> list[dict[str, Any]]:
    """Every entry, by id: its record, `used` (hits taken out in the last run) and `state`.

    The state is as of the last run's day; none where nothing was run yet.
    """
    last = latest_run(home) if home.exists else None
    used: Counter[str] = Counter()
    if last is not None:
        seen = latest_observations(home, Grant.system("exemptions"), last, "not_applicable")
        used.update(seen["exemption"].drop_nulls().to_list())
    return [
        {
            **each.record(),
            "used": used[each.said.id],
            "state": None if last is None else _state(each.said.since, each.said.until, last.as_of),
        }
        for each in book.exemptions
    ]


def exempting(book: Book, seen: Mapping[str, Any]) -> dict[str, Any] | None:
    """The entry that takes a hit out, and the level it would have had.

    Args:
        book: the rule book; an entry no longer in it gives its number alone.
        seen: the last observation of the finding.

    Returns:
        The record of `CheckedExemption` with `level` and `class`; None for what is not exempted.
    """
    name = seen.get("exemption")
    if seen.get("outcome") != "not_applicable" or not name:
        return None
    entry = next((each for each in book.exemptions if each.said.id == name), None)
    rule, at = book.rules.get(str(seen.get("rule"))), seen.get("level_at")
    level = None
    if rule is not None and at is not None and int(at) < len(rule.levels):
        level = rule.levels[int(at)]
    return {
        **({"exemption": name} if entry is None else entry.record()),
        "known": entry is not None,
        "level": None if level is None else level.cap,
        "class": None if level is None else level.klass,
    }


def _state(since: date, until: date, day: date) -> str:
    if day < since:
        return WAITING
    return IN_FORCE if day <= until else EXPIRED
