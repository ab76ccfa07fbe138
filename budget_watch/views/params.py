"""参数: the history of a value, which rules use it, what another value would have changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

from budget_watch.casework.experiments import kept
from budget_watch.engine import Book
from budget_watch.engine.authority import standard
from budget_watch.engine.check import CheckedRule
from budget_watch.engine.params import DatedValue, Parameter

KINDS = {"law": "法定", "doc": "文件规定", "local": "本级标准", "custom": "经验标准"}


@dataclass(frozen=True)
class Use:
    """A rule that uses a parameter, and the levels whose condition names it."""

    rule: CheckedRule
    levels: tuple[str, ...]


@dataclass(frozen=True)
class Steps:
    """The values of one jurisdiction ("" for the general ones) as a line of steps.

    Attributes:
        points: (from, value, as it is written), in order; the last holds until `until`.
    """

    jurisdiction: str
    points: tuple[tuple[date, Fraction, str], ...]
    until: date


@dataclass(frozen=True)
class ValueTest:
    """A kept back-test in which a parameter had another value.

    Attributes:
        value: the other value as it was written.
        days: period ends judged; first, last: of them.
        rules: its record of every rule over all days: rule, title, findings, added, removed,
            changed.
    """

    id: str
    value: str
    snapshot: str
    book: str
    first: date
    last: date
    days: int
    rules: tuple[Mapping[str, Any], ...]

    def sum(self, what: str) -> int:
        """Added, removed or changed findings of all rules together."""
        return sum(int(each[what]) for each in self.rules)


def uses(book: Book, name: str) -> list[Use]:
    """The rules of the book that use a parameter."""
    return [
        Use(
            rule,
            tuple(each.level for each in rule.levels if name in each.when.names("param")),
        )
        for rule in book.rules.values()
        if name in rule.params
    ]


def kind_of(parameter: Parameter, day: date, region: str | None) -> str:
    """法定, 文件规定, 本级标准 or 经验标准 of the value in force; of the first where none is."""
    held = parameter.at(day, region) or parameter.values[-1]
    return standard(held.said.authority)


def steps(parameter: Parameter, until: date) -> list[Steps]:
    """The history up to a day: the general values first, then each jurisdiction's."""
    found: dict[str, list[DatedValue]] = {}
    for each in parameter.values:
        if each.since <= until:
            found.setdefault(each.jurisdiction, []).append(each)
    return [_steps(place, found[place], until) for place in sorted(found)]


def _steps(place: str, values: list[DatedValue], until: date) -> Steps:
    ordered = sorted(values, key=lambda each: each.since)
    points = tuple((each.since, each.value, str(each.said.value)) for each in ordered)
    return Steps(place, points, min(ordered[-1].until or until, until))


def value_tests(root: Path, name: str) -> list[ValueTest]:
    """The kept back-tests of other values of a parameter, the latest period first."""
    found = []
    for head in kept(root):
        for said in head["sets"]:
            changed, _, value = (part.strip() for part in str(said).partition("="))
            if changed == name:
                found.append(_test(head, str(said), value))
    return found


def _test(head: Mapping[str, Any], said: str, value: str) -> ValueTest:
    rules = tuple(
        {
            **{key: total[key] for key in ("rule", "title", "findings")},
            **{key: each[key] for key in ("added", "removed", "changed")},
        }
        for total in head["totals"]
        for each in total["sets"]
        if each["set"] == said
    )
    days = max((int(total["days"]) for total in head["totals"]), default=0)
    first, last = (date.fromisoformat(head[key]) for key in ("from", "to"))
    return ValueTest(head["id"], value, head["snapshot"], head["book"], first, last, days, rules)
