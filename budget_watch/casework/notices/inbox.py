"""The inbox (我的消息): a person's notices in the role they act in, worded as they may read them.

What has left their scope since, or was merged away, is neither shown nor counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import sqlalchemy as sa

from budget_watch.access.roles import roles
from budget_watch.casework import tables as cases
from budget_watch.casework.cases import Actor, Case, Desk, seen_among, today_of
from budget_watch.casework.data_state import RETURNED, WORSE
from budget_watch.casework.exemption_entries import Entry, read_entries
from budget_watch.casework.exemption_scope import seen_by
from budget_watch.casework.findings import in_scope
from budget_watch.casework.notices import outbox
from budget_watch.casework.notices import tables as t
from budget_watch.casework.stored import iso
from budget_watch.lake import Home
from budget_watch.lake.state import engine, writing

_LARGEST = 2**31 - 1
MOST = 200  # so many of the latest are looked through
NAMED = 5  # so many cases are named in a sentence
OF_RUNS = (outbox.NEW, outbox.WORSE)


@dataclass(frozen=True)
class Told:
    """A notice as its reader may read it.

    Attributes:
        seq: its number. kind: one of `outbox.KINDS`. at: ISO time, UTC.
        cases: numbers of the cases that it is about, those the reader may see.
        rule: of a run's notice, the rule. count: how many findings, cases or periods.
        sentence: what it says.
    """

    seq: int
    kind: str
    at: str
    seen: bool
    cases: tuple[str, ...]
    rule: str | None
    count: int
    sentence: str

    def record(self) -> dict[str, Any]:
        """The JSON object of `notices list`."""
        return {
            "notice": self.seq,
            "kind": self.kind,
            "title": outbox.KINDS[self.kind],
            "at": self.at,
            "seen": self.seen,
            "cases": list(self.cases),
            "rule": self.rule,
            "count": self.count,
            "message": self.sentence,
        }


def inbox(
    home: Home, actor: Actor, *, unseen: bool = False, now: datetime | None = None
) -> list[Told]:
    """The latest notices of the reader in their role, newest first."""
    desk = Desk.of(home)
    with engine(home).connect() as connection:
        rows = _rows(connection, actor, unseen)
        return worded(connection, desk, actor, rows, today_of(now))


def count_unseen(home: Home, actor: Actor) -> int:
    """How many of them are unread; counted as far as `MOST`."""
    if not actor.grant.role or not home.exists:
        return 0
    with engine(home).connect() as connection:
        rows = _rows(connection, actor, unseen=True)
        return len(worded(connection, Desk.of(home), actor, rows, today_of())) if rows else 0


def mark_seen(
    home: Home, actor: Actor, upto: int | None = None, now: datetime | None = None
) -> int:
    """Mark notices of the reader, in their role, as read: all, or those up to a number.

    Returns how many."""
    table = t.notice
    mine = [table.c.user == actor.user, table.c.role == actor.grant.role, table.c.seen_at.is_(None)]
    if upto is not None:
        mine.append(table.c.seq <= min(upto, _LARGEST))
    with writing(home) as connection:
        seen = iso(now or datetime.now(UTC))
        return connection.execute(table.update().where(*mine).values(seen_at=seen)).rowcount


def other_roles(home: Home, actor: Actor) -> list[str]:
    """Titles of the reader's other roles in which something is unread."""
    table = t.notice
    query = (
        sa.select(table.c.role)
        .where(table.c.user == actor.user, table.c.seen_at.is_(None))
        .where(table.c.role != actor.grant.role)
        .distinct()
    )
    known = roles(home.root)
    with engine(home).connect() as connection:
        found = sorted(connection.execute(query).scalars())
    return [known[role].title for role in found if role in known]


def _rows(connection: sa.Connection, actor: Actor, unseen: bool) -> list[dict[str, Any]]:
    table = t.notice
    query = sa.select(table).where(table.c.user == actor.user, table.c.role == actor.grant.role)
    if unseen:
        query = query.where(table.c.seen_at.is_(None))
    rows = connection.execute(query.order_by(table.c.seq.desc()).limit(MOST)).mappings()
    return [dict(row) for row in rows]


def worded(
    connection: sa.Connection,
    desk: Desk,
    actor: Actor,
    rows: Sequence[Mapping[str, Any]],
    today: date,
) -> list[Told]:
    """These notices as the reader may read them now; what they may not see is left out."""
    refs = _refs(connection, [row["seq"] for row in rows])
    wanted = {
        ref.partition("/")[0]
        for row in rows
        if row["kind"] not in (*OF_RUNS, outbox.EXEMPTION)
        for ref in refs[row["seq"]]
    }
    seen = seen_among(connection, desk, actor, wanted) if wanted else {}
    counts = _findings(connection, desk, actor, rows, refs)
    registered = _exemptions(connection, desk, actor, rows, refs)
    told = []
    for row in rows:
        if row["kind"] == outbox.EXEMPTION:
            one = _of_exemptions(row, registered, refs[row["seq"]], today)
        elif row["kind"] in OF_RUNS:
            run, rule = _run_rule(refs[row["seq"]])
            one = _of_run(row, rule, counts.get((row["kind"], run, rule)))
        else:
            one = _of_cases(desk, row, refs[row["seq"]], seen, today)
        if one is not None:
            told.append(one)
    return told


def _refs(connection: sa.Connection, notices: Iterable[int]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {seq: [] for seq in notices}
    table = t.notice_subject
    query = sa.select(table).where(table.c.notice.in_(sorted(found))).order_by(table.c.ref)
    for row in connection.execute(query).mappings():
        found[row["notice"]].append(row["ref"])
    return found


def _run_rule(refs: Sequence[str]) -> tuple[str, str]:
    run, _, rule = refs[0].partition("/") if refs else ("", "", "")
    return run, rule


def _findings(
    connection: sa.Connection,
    desk: Desk,
    actor: Actor,
    rows: Sequence[Mapping[str, Any]],
    refs: Mapping[int, Sequence[str]],
) -> dict[tuple[str, str, str], tuple[str, int]]:
    """Kind, run and rule → title and number of the findings in the reader's scope."""
    pairs = {(row["kind"], *_run_rule(refs[row["seq"]])) for row in rows if row["kind"] in OF_RUNS}
    if not pairs:
        return {}
    f, e = cases.finding.c, cases.finding_event.c
    visible = [*in_scope(desk.home, actor.grant), f.held.is_(False), f.trial.is_(False)]
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
        .join(cases.finding_event, e.finding == f.id)
        .where(*visible, e.run.in_(runs), e.data_state.in_([WORSE, RETURNED]))
        .group_by(e.run, f.rule)
    )
    found = {}
    for kind, query in ((outbox.NEW, new), (outbox.WORSE, worse)):
        if any(each[0] == kind for each in pairs):
            for run, rule, title, count in connection.execute(query):
                found[kind, run, rule] = (title, count)
    return found


def _exemptions(
    connection: sa.Connection,
    desk: Desk,
    actor: Actor,
    rows: Sequence[Mapping[str, Any]],
    refs: Mapping[int, Sequence[str]],
) -> dict[str, Entry]:
    """The exemptions that these notices are about and that the reader may see."""
    numbers = {ref for row in rows if row["kind"] == outbox.EXEMPTION for ref in refs[row["seq"]]}
    found = [each for number in sorted(numbers) for each in read_entries(connection, number)]
    return {
        each.id: each
        for each in found
        if seen_by(desk.home, actor.grant, each.rule, each.content["scope"])
    }


def _of_exemptions(
    row: Mapping[str, Any], registered: Mapping[str, Entry], refs: Sequence[str], today: date
) -> Told | None:
    mine = [registered[ref] for ref in refs if ref in registered]
    if not mine:
        return None
    (first, *_) = mine
    said = f"例外情形登记 {first.id}（{first.rule}）现在“{first.state(today)}”，须由另一人批准。"
    return _told(row, (), None, len(mine), said)


def _of_run(row: Mapping[str, Any], rule: str, known: tuple[str, int] | None) -> Told | None:
    if known is None:
        return None
    title, count = known
    said = f"新增疑点 {count} 条" if row["kind"] == outbox.NEW else f"{count} 条疑点加重或再次触发"
    return _told(row, (), rule, count, f"{rule} {title}：{said}。")


def _of_cases(
    desk: Desk,
    row: Mapping[str, Any],
    refs: Sequence[str],
    seen: Mapping[str, Case],
    today: date,
) -> Told | None:
    mine = [ref for ref in refs if ref.partition("/")[0] in seen]
    if not mine:
        return None
    numbers = tuple(dict.fromkeys(ref.partition("/")[0] for ref in mine))
    if row["kind"] in (outbox.SOON, outbox.OVERDUE):
        said = _periods(row["kind"], mine, today)
    else:
        said = _SAYS[row["kind"]]
    over = all(desk.state(seen[number]).final for number in numbers)
    if over and row["kind"] in (outbox.TURN, outbox.CONFIRM, outbox.CALLED):
        said = "曾轮到您办，已经办完"
    if len(numbers) == 1:
        case = seen[numbers[0]]
        state = f"现在是“{desk.state(case).title}”"
        sentence = f"办理 {case.id} {case.title}：{said}，{state}。"
    else:
        named = "、".join(numbers[:NAMED]) + ("……" if len(numbers) > NAMED else "")
        sentence = f"{len(numbers)} 件办理（{named}）{said}。"
    return _told(row, numbers, None, len(mine), sentence)


_SAYS = {
    outbox.TURN: "轮到您办",
    outbox.CONFIRM: "结论已拟，等您确认",
    outbox.CALLED: "催办，请尽快办",
    outbox.ESCALATED: "已升级监督",
    outbox.REPLIED: "承办单位已反馈",
    outbox.ENDED: "已经办完",
}


def _periods(kind: str, refs: Sequence[str], today: date) -> str:
    days = sorted(date.fromisoformat(ref.rpartition("/")[2]) for ref in refs)
    first = "今天" if days[0] == today else str(days[0])
    word = "到期" if kind == outbox.SOON else "已逾期，期限"
    if kind == outbox.OVERDUE:
        return f"{word}{first}" if len(days) == 1 else f"有 {len(days)} 项期限已过"
    return f"{first}{word}" if len(days) == 1 else f"有 {len(days)} 项期限将到，最早{first}"


def _told(
    row: Mapping[str, Any], numbers: tuple[str, ...], rule: str | None, count: int, said: str
) -> Told:
    seen = row["seen_at"] is not None
    return Told(row["seq"], row["kind"], row["at"], seen, numbers, rule, count, said)
