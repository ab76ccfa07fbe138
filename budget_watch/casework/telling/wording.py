"""What notices of cases, of runs and of exemptions say to their reader.

What has left their scope since, or was merged away, is neither shown nor counted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import sqlalchemy as sa

from budget_watch.casework import tables as t
from budget_watch.casework.cases import Actor, Case, Desk, possible, seen_among, whole_cases
from budget_watch.casework.data_state import RETURNED
from budget_watch.casework.data_state import WORSE as GROWN
from budget_watch.casework.exemption_entries import ASKED, Entry, read_entries
from budget_watch.casework.exemption_scope import seen_by
from budget_watch.casework.findings import in_scope
from budget_watch.casework.telling import outbox
from budget_watch.casework.telling.of_cases import turns
from budget_watch.casework.telling.told import (
    Noted,
    Standing,
    Told,
    numbers_in,
    periods,
    running,
    standing,
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
_SAID = {
    outbox.TURN: "曾轮到您办",
    outbox.CONFIRM: "曾拟结论，等您确认",
    outbox.CALLED: "曾催办",
    outbox.ESCALATED: "曾升级监督",
    outbox.REPLIED: "承办单位曾反馈",
    outbox.ENDED: "曾办完，又重新打开",
}
_TIMED = (outbox.SOON, outbox.OVERDUE)


def of_cases(
    connection: sa.Connection, home: Home, actor: Actor, noted: Sequence[Noted], today: date
) -> list[Told]:
    """Notices about cases."""
    desk = Desk.of(home)
    wanted = {number for each in noted for number in numbers_in(each)}
    seen = seen_among(connection, desk, actor, wanted) if wanted else {}
    asked = {number for each in noted if each.kind in outbox.ASKING for number in numbers_in(each)}
    going = {number for number in asked & seen.keys() if not desk.state(seen[number]).final}
    whole = whole_cases(connection, going)
    found = (_of_cases(desk, actor, each, seen, whole, today) for each in noted)
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
            asked = [entry.id for entry in mine if entry.state(today) == ASKED]
            state = first.state(today)
            waits = f"现在“{state}”，须由另一人批准"
            said = waits if first.id in asked else f"曾须由另一人批准，现在已经是“{state}”"
            said = f"例外情形登记 {first.id}（{first.rule}）{said}。"
            found.append(told(each, "exemptions", said, count=len(mine), open_=asked))
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


def _of_cases(
    desk: Desk,
    actor: Actor,
    noted: Noted,
    seen: Mapping[str, Case],
    whole: Mapping[str, Case],
    today: date,
) -> Told | None:
    refs = [ref for ref in noted.refs if ref.partition("/")[0] in seen]
    if not refs:
        return None
    numbers = [number for number in numbers_in(noted) if number in seen]
    open_ = [ref for ref in refs if _holds(desk, actor, noted.kind, ref, seen, whole)]
    still = {ref.partition("/")[0] for ref in open_}
    found = [_standing(desk, seen[number], number in still) for number in numbers]
    if noted.kind in _TIMED:
        said = periods(noted.kind, open_ or refs, today)
        past = f"曾提醒{said}"
    else:
        said, past = _SAYS[noted.kind], _SAID[noted.kind]
    if noted.kind in (outbox.CONFIRM, outbox.CALLED) and all(each.over for each in found):
        past = _SAID[outbox.TURN]
    sentence = standing("办理", said, past, found)
    return told(noted, "case", sentence, numbers, count=len(open_ or refs), open_=open_)


def _standing(desk: Desk, case: Case, open_: bool) -> Standing:
    state = desk.state(case)
    return Standing(case.id, f"办理 {case.id} {case.title}", state.title, state.final, open_)


def _holds(
    desk: Desk,
    actor: Actor,
    kind: str,
    ref: str,
    seen: Mapping[str, Case],
    whole: Mapping[str, Case],
) -> bool:
    """Whether what was told of a case still holds: its reader is waited for, or it is so."""
    number = ref.partition("/")[0]
    state = desk.state(seen[number])
    if kind not in outbox.ASKING:
        return state.final == (kind == outbox.ENDED)
    case = whole.get(number)
    if case is None:  # it has ended
        return False
    if kind in _TIMED:
        return ref in running(number, case.clocks)
    if kind != outbox.CONFIRM:
        return bool(turns(desk, actor, case))
    step = None if case.proposal is None else desk.flow.transition[case.proposal["transition"]]
    return step is not None and possible(desk, actor, case, step) is None
