"""例外情形登记 as people read it: each entry with its basis, term, and what it took out last time.

There are two ways into the register: a YAML file in the rule book (`rules/exemptions/`), and an
account (`exemption_acts`). The engine applies both alike; here they stand in one list, beside the
last recorded run, for pages, digests and the command line.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from budget_watch.access import Grant
from budget_watch.casework.cases import today_of
from budget_watch.casework.exemption_entries import (
    BY_ACCOUNT,
    BY_FILE,
    CONFIRM,
    END,
    REFUSE,
    Entry,
    entries,
    fingerprint,
    in_term,
)
from budget_watch.casework.exemption_scope import seen_by
from budget_watch.casework.gaps import latest_observations
from budget_watch.casework.runs import latest_run
from budget_watch.engine import Book
from budget_watch.engine.errors import BookError
from budget_watch.engine.exempting import CheckedExemption, checked_exemption
from budget_watch.engine.laws import cited
from budget_watch.engine.model import Exemption
from budget_watch.lake import Home

_WHOLE = Grant.system("exemptions")


def with_registered(book: Book, found: Sequence[Exemption]) -> Book:
    """The book with the exemptions of accounts beside those of its files.

    One that its rule no longer takes is left out, and named in `mistakes`.
    """
    taken: list[CheckedExemption] = []
    mistakes: list[BookError] = []
    for each in found:
        try:
            taken.append(_engine_form(book, each))
        except BookError as error:
            mistakes.append(error)
    if not found:
        return book
    return replace(
        book,
        exemptions=tuple(sorted((*book.exemptions, *taken), key=lambda each: each.said.id)),
        registered=fingerprint(found),
        mistakes=(*book.mistakes, *mistakes),
    )


def _engine_form(book: Book, said: Exemption) -> CheckedExemption:
    where = f"例外情形登记 {said.id}"
    if said.rule not in book.rules:
        raise BookError(where, f"规则库中没有 {said.rule}，这一条没有采用", "exemption")
    return checked_exemption(said, book.rules[said.rule], book.laws, where)


def used_exemptions(book: Book, found: Sequence[Exemption]) -> tuple[dict[str, str], ...]:
    """The exemptions that a run is made with, for its record: number, origin, and all it says."""
    numbers = {each.id for each in found}
    return tuple(
        {
            "exemption": each.said.id,
            "origin": BY_ACCOUNT if each.said.id in numbers else BY_FILE,
            "content": each.said.model_dump_json(by_alias=True),
        }
        for each in book.exemptions
    )


def register(home: Home, book: Book, grant: Grant = _WHOLE) -> list[dict[str, Any]]:
    """Every entry the reader may see, by id, those of files and of accounts.

    Each has its record, `origin` (文件 or 登记), `used` (hits taken out in the last run) and
    `state`: of files as of the last run's day, none where nothing was run yet; of accounts today.
    """
    last = latest_run(home) if home.exists else None
    used: Counter[str] = Counter()
    if last is not None:
        seen = latest_observations(home, Grant.system("exemptions"), last, "not_applicable")
        used.update(seen["exemption"].drop_nulls().to_list())
    files = [
        {
            **each.record(),
            "origin": BY_FILE,
            "used": used[each.said.id],
            "state": None
            if last is None
            else in_term(each.said.since, each.said.until, last.as_of),
        }
        for each in book.exemptions
    ]
    own = [_record(book, each, used[each.id]) for each in entries(home)]
    told = [
        each for each in (*files, *own) if seen_by(home, grant, str(each["rule"]), each["scope"])
    ]
    if not grant.whole:
        told = [{**each, "used": None} for each in told]  # counted over everything
    return sorted(told, key=lambda each: str(each["exemption"]))


def _record(book: Book, entry: Entry, used: int) -> dict[str, Any]:
    said = entry.exemption()
    words = [cited(each, book.laws) for each in said.basis if each.law in book.laws]
    confirmed, refused, ended = (entry.acts.get(name) for name in (CONFIRM, REFUSE, END))
    over = ended or refused
    return {
        "exemption": entry.id,
        "rule": entry.rule,
        "scope": dict(entry.content["scope"]),
        "levels": list(said.levels),
        "basis": "、".join([*words, *([said.document] if said.document else [])]),
        "from": entry.since.isoformat(),
        "to": entry.until.isoformat(),
        "registered_by": entry.name,
        "approved_by": None if confirmed is None else confirmed.name,
        "reason": entry.content["reason"],
        "origin": BY_ACCOUNT,
        "used": used,
        "state": entry.state(today_of()),
        "refused_by": None if refused is None else refused.name,
        "ended_by": None if ended is None else ended.name,
        "ended": None if ended is None or ended.day is None else ended.day.isoformat(),
        "why": over.reason if over else None,
    }


def exempting(home: Home, book: Book, seen: Mapping[str, Any]) -> dict[str, Any] | None:
    """The entry that takes a hit out, and the level it would have had.

    Args:
        book: the rule book; an entry no longer in it or in the register gives its number alone.
        seen: the last observation of the finding.

    Returns:
        The record of `CheckedExemption` with `level` and `class`; None for what is not exempted.
    """
    name = seen.get("exemption")
    if seen.get("outcome") != "not_applicable" or not name:
        return None
    known = {each.said.id: each.record() for each in book.exemptions}
    known |= {each.id: _record(book, each, 0) for each in entries(home)}
    entry = known.get(name)
    rule, at = book.rules.get(str(seen.get("rule"))), seen.get("level_at")
    level = None
    if rule is not None and at is not None and int(at) < len(rule.levels):
        level = rule.levels[int(at)]
    return {
        **(entry or {"exemption": name}),
        "known": entry is not None,
        "level": None if level is None else level.cap,
        "class": None if level is None else level.klass,
    }
