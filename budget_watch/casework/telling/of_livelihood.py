"""Notices of 民生实事: a quarter's progress that is nearly due, or was not told in time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime

import sqlalchemy as sa

from budget_watch.casework.cases import FINANCE_ROLE, Actor, today_of
from budget_watch.casework.livelihood import (
    QUARTERS,
    Livelihood,
    Livelihoods,
    all_livelihoods,
    owed,
    sees_livelihood,
    settings,
)
from budget_watch.casework.telling import outbox
from budget_watch.casework.telling.audience import Reader, readers
from budget_watch.casework.telling.told import Noted, Told, named, numbers_in, told
from budget_watch.lake import Home
from budget_watch.lake.state import engine, writing


def sweep(home: Home, now: datetime | None = None) -> int:
    """Tell of progress that is nearly due or late today; how many notices were new."""
    at = now or datetime.now(UTC)
    people = readers(home, at)
    if not people:
        return 0
    rules, today = settings(), today_of(at)
    with engine(home).connect() as connection:
        if not _due(connection, home, rules, today):
            return 0
    with writing(home) as connection:
        found = [
            (kind, ref, _concerned(rules, people, one, kind))
            for one, kind, ref in _due(connection, home, rules, today)
        ]
        return outbox.tell_periods(connection, f"livelihood:{today}", found, at)


def _due(
    connection: sa.Connection, home: Home, rules: Livelihoods, today: date
) -> list[tuple[Livelihood, str, str]]:
    """Projects and quarters whose progress is nearly due or late: kind, quarter by its last day."""
    return [
        (one, outbox.OVERDUE if due < today else outbox.SOON, f"{one.id}/{quarter}/{due}")
        for one in all_livelihoods(connection)
        for quarter, due in owed(home, rules, one, today).items()
    ]


def _concerned(
    rules: Livelihoods, people: Sequence[Reader], one: Livelihood, kind: str
) -> list[Reader]:
    """Whoever reports for the department that leads; of what is late also the office's people."""
    worked = {act.user for act in one.acts}
    seen = [e for e in people if sees_livelihood(rules, Actor(e.grant, e.title), one)]
    able = [e for e in seen if e.title in rules.reporters and e.title != FINANCE_ROLE]
    found = [each for each in able if each.user in worked] or able
    if kind == outbox.OVERDUE:
        office = {*rules.registrars, *rules.closers}
        found += [each for each in seen if each.title in office and each.user in worked]
    return found


def of_projects(
    connection: sa.Connection, home: Home, actor: Actor, noted: Sequence[Noted], _today: date
) -> list[Told]:
    """These notices as their reader may read them; what was told meanwhile says so."""
    rules = settings()
    wanted = {number for each in noted for number in numbers_in(each)}
    seen = {
        one.id: one
        for one in all_livelihoods(connection)
        if one.id in wanted and sees_livelihood(rules, actor, one)
    }
    found = (_worded(each, seen) for each in noted)
    return [each for each in found if each is not None]


def _worded(noted: Noted, seen: Mapping[str, Livelihood]) -> Told | None:
    refs = [ref.split("/") for ref in noted.refs if ref.partition("/")[0] in seen]
    if not refs:
        return None
    open_ = [each for each in refs if int(each[1]) not in seen[each[0]].progress]
    numbers = [number for number in numbers_in(noted) if number in seen]
    late = noted.kind == outbox.OVERDUE
    if len(numbers) > 1:
        said = "有季度进展没有按时报" if late else "季度进展将到报送期限"
        sentence = (
            f"{len(numbers)} 项民生实事（{named(numbers)}）{said if open_ else '已经报了进展'}。"
        )
    else:
        one, shown = seen[numbers[0]], open_ or refs
        quarters = "、".join(QUARTERS[int(quarter)] for _, quarter, _ in shown)
        first = min(due for _, _, due in shown)
        said = (
            f"{quarters}进展没有按时报，应于 {first} 前报"
            if late
            else f"{quarters}进展请于 {first} 前报"
        )
        sentence = f"民生实事 {one.id} {one.title}：{said if open_ else f'{quarters}进展已报'}。"
    waits = ["/".join(each) for each in open_]
    return told(noted, "livelihood", sentence, numbers, count=len(open_ or refs), open_=waits)
