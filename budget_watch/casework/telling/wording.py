"""What notices of cases, of runs and of exemptions say to their reader.

What has left their scope since, or was merged away, is neither shown nor counted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import sqlalchemy as sa

from budget_watch.casework import tables as t
from budget_watch.casework.cases import Actor, Case, Desk, seen_among
from budget_watch.casework.data_state import RETURNED
from budget_watch.casework.data_state import WORSE as GROWN
from budget_watch.casework.exemption_entries import Entry, read_entries
from budget_watch.casework.exemption_scope import seen_by
from budget_watch.casework.findings import in_scope
from budget_watch.casework.telling import outbox
from budget_watch.casework.telling.told import (
    Noted,
    Told,
    named,
    numbers_in,
    periods,
    told,
)
from budget_watch.lake import Home

OF_RUNS = (outbox.NEW, outbox.WORSE)
_SAYS = {
    outbox.TURN: "轮到您办",
    outbox.CONFIRM: "结论已拟，等您确认",
    outbox.CALLED: "催办，请尽快办",
    outbox.ESCALATED: "已升级监督",
    outbox.REPLIED: "承办单位已反馈",
    outbox.ENDED: "已经办完",
}


def of_cases(
    connection: sa.Connection, home: Home, actor: Actor, noted: Sequence[Noted], today: date
) -> list[Told]:
    """Notices about cases."""
    desk = Desk.of(home)
    wanted = {number for each in noted for number in numbers_in(each)}
    seen = seen_among(connection, desk, actor, wanted) if wanted else {}
    found = (_of_cases(desk, each, seen, today) for each in noted)
    return [each for each in found if each is not None]


def of_runs(
    connection: sa.Connection, home: Home, actor: Actor, noted: Sequence[Noted], _today: date
) -> list[Told]:
    """Notices about what a run found, a rule each."""
    counts = _findings(connection, home, actor, noted)
    found = []
    for each in noted:
        run, rule = _run_rule(each)
        if (each.kind, run, rule) in counts:
            title, count = counts[each.kind, run, rule]
            new = each.kind == outbox.NEW
            said = f"新增疑点 {count} 条" if new else f"{count} 条疑点加重或再次触发"
            sentence = f"{rule} {title}：{said}。"
            found.append(told(each, "alerts", sentence, rule=rule, count=count))
    return found


def of_exemptions(
    connection: sa.Connection, home: Home, actor: Actor, noted: Sequence[Noted], today: date
) -> list[Told]:
    """Notices about exemptions that wait for a second person."""
    numbers = sorted({ref for each in noted for ref in each.refs})
    registered = _exemptions(connection, home, actor, numbers)
    found = []
    for each in noted:
        mine = [registered[ref] for ref in each.refs if ref in registered]
        if mine:
            (first, *_) = mine
            state = first.state(today)
            said = f"例外情形登记 {first.id}（{first.rule}）现在“{state}”，须由另一人批准。"
            found.append(told(each, "exemptions", said, count=len(mine)))
    return found


def _run_rule(noted: Noted) -> tuple[str, str]:
    run, _, rule = noted.refs[0].partition("/") if noted.refs else ("", "", "")
    return run, rule


def _findings(
    connection: sa.Connection, home: Home, actor: Actor, noted: Sequence[Noted]
) -> dict[tuple[str, str, str], tuple[str, int]]:
    """Kind, run and rule → title and number of the findings in the reader's scope."""
    pairs = {(each.kind, *_run_rule(each)) for each in noted}
    if not pairs:
        return {}
    f, e = t.finding.c, t.finding_event.c
    visible = [*in_scope(home, actor.grant), f.held.is_(False), f.trial.is_(False)]
    visible += [f.stock.is_(False), f.rule.in_(sorted({rule for _, _, rule in pairs}))]
    runs = sorted({run for _, run, _ in pairs})
    number = sa.func.count()
    new = (
        sa.select(f.first_run, f.rule, sa.func.max(f.title), number)
        .where(*visible, f.first_run.in_(runs))
        .group_by(f.first_run, f.rule)
    )
    worse = (
        sa.select(e.run, f.rule, sa.func.max(f.title), number)
        .join(t.finding_event, e.finding == f.id)
        .where(*visible, e.run.in_(runs), e.data_state.in_([GROWN, RETURNED]))
        .group_by(e.run, f.rule)
    )
    found = {}
    for kind, query in ((outbox.NEW, new), (outbox.WORSE, worse)):
        if any(each[0] == kind for each in pairs):
            for run, rule, title, count in connection.execute(query):
                found[kind, run, rule] = (title, count)
    return found


def _exemptions(
    connection: sa.Connection, home: Home, actor: Actor, numbers: Sequence[str]
) -> dict[str, Entry]:
    """Of these exemptions, those that the reader may see."""
    found = [each for number in numbers for each in read_entries(connection, number)]
    return {
        each.id: each
        for each in found
        if seen_by(home, actor.grant, each.rule, each.content["scope"])
    }


def _of_cases(desk: Desk, noted: Noted, seen: Mapping[str, Case], today: date) -> Told | None:
    mine = [ref for ref in noted.refs if ref.partition("/")[0] in seen]
    if not mine:
        return None
    numbers = [number for number in numbers_in(noted) if number in seen]
    timed = noted.kind in (outbox.SOON, outbox.OVERDUE)
    said = periods(noted.kind, mine, today) if timed else _SAYS[noted.kind]
    over = all(desk.state(seen[number]).final for number in numbers)
    if over and noted.kind in (outbox.TURN, outbox.CONFIRM, outbox.CALLED):
        said = "曾轮到您办，已经办完"
    if len(numbers) == 1:
        case = seen[numbers[0]]
        state = f"现在是“{desk.state(case).title}”"
        sentence = f"办理 {case.id} {case.title}：{said}，{state}。"
    else:
        sentence = f"{len(numbers)} 件办理（{named(numbers)}）{said}。"
    return told(noted, "case", sentence, numbers, count=len(mine))
