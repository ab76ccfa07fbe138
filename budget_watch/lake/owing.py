"""应到、已到、未到期、迟到: what each table owes up to a day, held against what the ledger knows.

A table owes from the first period it ever delivered; one that never delivered owes nothing that
could be counted and says so. Of several lengths (月/年) it owes those that it has taken up. What
arrived is told by the slot's name (报表/期), by the coverage, or, for what has no period in its
name, by the business date. A database or interface that answered has delivered all its tables, also
those in which nothing was new. The last day of a term that falls on a day off moves to the next
working day, as rule SJ01 reckons.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any, Literal

import polars as pl
import sqlalchemy as sa

from budget_watch.calendar import WorkCalendar, standard_calendar
from budget_watch.calendar.due import Due, Span, parse_due
from budget_watch.calendar.expected import Owed, Period, owed, parse_period, period_of, spans
from budget_watch.lake import day_runs, records
from budget_watch.lake.home import Home
from budget_watch.lake.ledger import COUNTED
from budget_watch.lake.reader import Reader
from budget_watch.lake.snapshot import Snapshot
from budget_watch.lake.state import engine
from budget_watch.tables import Contract, contracts

State = Literal["arrived", "waiting", "today", "late"]
STATES: dict[str, str] = {
    "arrived": "已到", "waiting": "未到期", "today": "今日到期", "late": "迟到",
}  # fmt: skip
RECENT = 12  # periods shown one by one
_CONNECTED = 3  # months by hand that show a table to come month by month
WORDS = {**STATES, "never": "从未送达", "event": "随业务送达", "hand": "手工载入"}
ASKED = ("database", "http")  # kinds of sources that are asked, not waited for
ANSWERS = 1_000  # attempts looked back on for their answers
BACK = 400  # days: daily deliveries missing for longer are not counted one by one
_SLOT = re.compile(r"/(\d{4}(?:-Q[1-4]|-\d\d(?:-\d\d)?)?)(?:~(\d{4}-\d\d(?:-\d\d)?))?(?![\d-])")


@dataclass(frozen=True)
class Delivered:
    """One period of one table: when it is due, when it came.

    Attributes:
        arrived: business date on which it was first known; None where it has not come.
        in_time: whether that was in time; None where it cannot be said (it came within a delivery
            of a longer period, or by hand).
        late: working days since the due date, of what has not come.
        after: the approval after which it is due; empty for a period of its own.
        lacking: regions that the period before had and this one has not.
    """

    period: Period
    due: date
    announced: bool
    arrived: date | None
    in_time: bool | None
    state: State
    late: int = 0
    after: str = ""
    lacking: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """For people: 2026年10月, or 2026年（人代会批准后）."""
        return f"{self.period.title}（{self.after}后）" if self.after else self.period.title


@dataclass(frozen=True)
class Owing:
    """What a table owes of one length of period (None: only after events).

    Attributes:
        last: the latest period that is over, whatever its state; None where none is owed.
        missing: the periods that have not come though they are due, oldest first; `waiting` are not
            due yet. recent: the last periods, oldest first. arrived: how many have come.
        ever: whether the table was ever delivered. newest: last business date.
        connected: False for what was only loaded by hand, of fewer than three months.
    """

    contract: Contract
    span: Span | None
    last: Delivered | None = None
    missing: tuple[Delivered, ...] = ()
    waiting: tuple[Delivered, ...] = ()
    arrived: int = 0
    recent: tuple[Delivered, ...] = ()
    ever: bool = False
    newest: date | None = None
    connected: bool = True

    @property
    def state(self) -> State | Literal["never", "event", "hand"]:
        """Of the table: late where anything due is missing."""
        if not self.ever:
            return "never"
        if not self.connected:
            return "hand"
        if self.missing:
            return "late"
        if self.last is None:
            return "event"
        return self.waiting[0].state if self.waiting else "arrived"


@dataclass(frozen=True)
class Approval:
    """Something approved by the congress or its standing committee for a budget year."""

    what: str
    year: int
    day: date


# what a table waits for, by the items of FIN-29
APPROVED = {
    "FIN-07": ("人代会批准", "调整方案批准", "决算批准"),
    "FIN-09": ("人代会批准",),
    "FIN-23": ("决算批准",),
}


def approvals(reader: Reader) -> list[Approval]:
    """The approvals that FIN-29 names, of the highest government in it."""
    items = sorted({item for wanted in APPROVED.values() for item in wanted})
    rows = (
        reader.scan("procedure_node")
        .filter(pl.col("item").is_in(items), pl.col("done_date").is_not_null())
        .select("mof_div_code", "item", "fiscal_year", "done_date")
        .collect()
    )
    own = rows.filter(pl.col("mof_div_code") == pl.col("mof_div_code").min())
    return [
        Approval(item, year, day)
        for item, year, day in own.sort("done_date")
        .drop("mof_div_code")
        .unique(["item", "fiscal_year"], keep="first", maintain_order=True)
        .iter_rows()
    ]


@dataclass(frozen=True)
class _Wide:
    """A delivery of some days, `first` to `last`, as known on a business date."""

    first: date
    last: date
    biz_date: date
    day: date


@dataclass
class _Known:
    """What the ledger tells of one table."""

    exact: dict[Period, date] = field(default_factory=dict)
    wide: list[_Wide] = field(default_factory=list)
    loose: set[date] = field(default_factory=set)
    hand: date | None = None
    fed: bool = False  # by a source, not by hand
    tried: set[date] = field(default_factory=set)  # what was refused shows that it should come
    answered: set[date] = field(default_factory=set)  # days on which its database was asked
    origins: set[str] = field(default_factory=set)
    early: dict[Period, date] = field(default_factory=dict)  # also before the period was over
    regions: dict[tuple[int, int], set[str]] = field(default_factory=dict)
    months: dict[tuple[int, int], date] = field(default_factory=dict)  # month 0: the whole year
    newest: date | None = None

    @property
    def ever(self) -> bool:
        return bool(self.newest or self.months or self.tried)

    @property
    def connected(self) -> bool:
        return self.fed or sum(1 for _, month in self.months if month) >= _CONNECTED

    def takes_up(self, span: Span) -> bool:
        """Whether the table has ever delivered at this length."""
        ways = {span} | ({"month"} if span == "quarter" else set())
        if any(period.span in ways for period in self.exact):
            return True
        return bool(self.loose) if span == "day" else False

    def lacking(self, period: Period) -> tuple[str, ...]:
        """Regions of the month before that the month has not."""
        if period.span != "month":
            return ()
        before = period_of("month", period.first - timedelta(days=1))
        now, then = (self.regions.get((p.last.year, p.last.month)) for p in (period, before))
        return tuple(sorted(then - now)) if now and then else ()

    def first(self, span: Span) -> date | None:
        """The first day from which the table is known to deliver."""
        days = [period.first for period in self.exact] + [one.first for one in self.wide]
        days += [*self.loose, *self.tried]
        if span != "day" or not days:
            days += [date(year, month or 1, 1) for year, month in self.months]
        return period_of(span, min(days)).first if days else None

    def of_any_day(self) -> _Known:
        """The same, where a delivery counts for its year on whatever day it came."""
        exact = {p: day for p, day in self.early.items() if p.span == "year"}
        years = {slot: day for slot, day in self.months.items() if slot[1] == 0}
        made = _Known(exact=exact)
        made.months = {slot: max(day, date(slot[0], 12, 31)) for slot, day in years.items()}
        return made

    def arrival(self, period: Period) -> tuple[date, bool] | None:
        """When a period first came, and whether that tells if it was in time."""
        if period in self.exact:
            return self.exact[period], True
        if period.span == "quarter":
            last_month = period_of("month", period.last)
            if last_month in self.exact:
                return self.exact[last_month], True
        if period.span == "day":
            asked = [day for day in self.answered if day >= period.first]
            if period.first in self.loose or asked:
                return min([*asked, *({period.first} & self.loose)]), True
        inside = [
            one.day
            for one in self.wide
            if one.first <= period.first and min(one.last, one.biz_date) >= period.last
        ]
        if inside:
            return min(inside), False
        return self._covered(period)

    def _covered(self, period: Period) -> tuple[date, bool] | None:
        year, month = period.last.year, period.last.month
        slot = (year, 0) if period.span == "year" else (year, month)
        day = self.months.get(slot)
        if day is None:
            return None
        if period.span == "day":  # by hand, a file of some days: they reach to its business date
            return (day, False) if self.hand and self.hand >= period.last else None
        if day >= period.last:
            return day, False
        after = [one for one in self.loose if one >= period.last]  # a table that is sent as a whole
        return (min(after), False) if after else None


def owing(
    home: Home,
    snapshot: Snapshot,
    today: date | None = None,
    approvals: Sequence[Approval] = (),
    calendar: WorkCalendar | None = None,
) -> list[Owing]:
    """What every table owes, in the order of their codes; one entry a length of period.

    Args:
        today: the day it is asked on; the snapshot's business date by default.
        approvals: what was approved when, for what is due after an approval.
        calendar: the working days; the home's own by default.
    """
    days = calendar or standard_calendar(home.calendar_file)
    on = today or snapshot.biz_date
    until = max(snapshot.biz_date, on - timedelta(days=1))
    known = _ledger(home, snapshot)
    asked = _Asked(on, until, days)
    return [
        one
        for contract in contracts().values()
        for one in _of(contract, known.get(contract.name, _Known()), asked, approvals)
    ]


@dataclass(frozen=True)
class _Asked:
    today: date
    until: date  # the last day that is over
    days: WorkCalendar


def _of(
    contract: Contract, known: _Known, asked: _Asked, approvals: Sequence[Approval]
) -> Iterable[Owing]:
    lengths = spans(contract.due)
    shared: dict[str, Any] = {
        "ever": known.ever, "newest": known.newest, "connected": known.connected
    }  # fmt: skip
    if not known.ever or not known.connected:
        yield Owing(contract, lengths[0][0] if lengths else None, **shared)
        return
    taken = [one for one in lengths if known.takes_up(one[0])] or list(lengths[-1:])
    for span, due in taken:
        yield _sorted(contract, span, list(_periods(span, due, known, asked)), shared)
    approved = list(_approved(contract, known, asked, approvals))
    if approved or not taken:
        yield _sorted(contract, None, approved, shared)


def _sorted(
    contract: Contract, span: Span | None, found: Sequence[Delivered], shared: dict[str, Any]
) -> Owing:
    return Owing(
        contract,
        span,
        found[-1] if found else None,
        tuple(one for one in found if one.state == "late"),
        tuple(one for one in found if one.state in ("waiting", "today")),
        sum(one.state == "arrived" for one in found),
        tuple(found[-RECENT:]),
        **shared,
    )


def _periods(span: Span, due: Due, known: _Known, asked: _Asked) -> Iterable[Delivered]:
    since = known.first(span)
    if since is None:
        return
    if span == "day":
        since = max(since, asked.today - timedelta(days=BACK))
    for one in owed(span, due, since, asked.until, calendar=asked.days):
        yield _delivered(one, known, asked.today, asked.days)


def _approved(
    contract: Contract, known: _Known, asked: _Asked, approvals: Sequence[Approval]
) -> Iterable[Delivered]:
    """What is due after an approval; whatever came for that year counts as come."""
    due = next((one for one in map(parse_due, contract.due) if one.base == "approval"), None)
    if due is None:
        return
    began = known.first("year")
    for approval in sorted(approvals, key=lambda one: one.day):
        if approval.what not in APPROVED.get(contract.code, ()) or approval.day > asked.until:
            continue
        if began is None or approval.year < began.year:
            continue
        year = period_of("year", date(approval.year, 1, 1))
        until = due.reckon(approval.day, roll_over=True, calendar=asked.days)
        one = _delivered(Owed(year, until), known.of_any_day(), asked.today, asked.days)
        in_time = True if one.arrived and one.arrived <= one.due else None
        yield replace(one, after=approval.what, in_time=in_time)


def _delivered(one: Owed, known: _Known, today: date, days: WorkCalendar) -> Delivered:
    due, came = one.due.day, known.arrival(one.period)
    if came is not None:
        day, tells = came
        in_time = day <= due if tells else None
        lacking = known.lacking(one.period)
        return Delivered(
            one.period, due, one.due.announced, day, in_time, "arrived", lacking=lacking
        )
    state: State = "waiting" if due > today else "today" if due == today else "late"
    late = max(0, days.wd(today) - days.wd(due)) if state == "late" else 0
    return Delivered(one.period, due, one.due.announced, None, None, state, late)


def _ledger(home: Home, snapshot: Snapshot) -> dict[str, _Known]:
    b, s, c = records.batch, records.snapshot, records.coverage
    batches = (
        sa.select(
            b.c.table_name,
            b.c.id,
            b.c.biz_date,
            s.c.biz_date.label("known"),
            s.c.seq,
            (b.c.outcome == "refused").label("refused"),
            b.c.origin,
        )
        .join(s, s.c.id == b.c.snapshot)
        .where(s.c.seq <= snapshot.seq, b.c.outcome.in_((*COUNTED, "repeated")))
        .order_by(b.c.seq)
    )
    covered = (
        sa.select(c.c.table_name, c.c.fiscal_year, c.c.month, c.c.mof_div_code, s.c.biz_date)
        .join(s, s.c.seq == c.c.snapshot_seq)
        .where(c.c.snapshot_seq <= snapshot.seq)
    )
    found: dict[str, _Known] = {}
    with engine(home).connect() as connection:
        first = connection.execute(sa.select(sa.func.min(s.c.seq))).scalar()
        for name, slot, biz_date, seen, seq, refused, origin in connection.execute(batches):
            # What the first publication brought was there before: its own dates are all there is.
            day = biz_date if seq == first else max(biz_date, seen)
            known = found.setdefault(name, _Known())
            _enter(known, slot, biz_date, day, bool(refused))
            known.origins |= {origin} if origin else set()
        for name, year, month, region, day in connection.execute(covered):
            table = found.setdefault(name, _Known())
            table.months[year, month] = min(table.months.get((year, month), day), day)
            table.regions.setdefault((year, month), set()).add(region)
    for source, days in _answered(home, snapshot).items():
        for known in found.values():
            if source in known.origins:
                known.answered |= days
                known.loose |= days
    return found


def _answered(home: Home, snapshot: Snapshot) -> dict[str, set[date]]:
    """Source → the business days for which it was asked, answered, and the run went through.

    Only of sources that are asked for all their tables; what a folder does not hold has not come.
    """
    found: dict[str, set[date]] = {}
    for run in day_runs.day_runs(home, limit=ANSWERS):
        if not run.whole or run.biz_date > snapshot.biz_date:
            continue
        for name, result in run.sources.items():
            if result.outcome == "done" and result.kind in ASKED:
                found.setdefault(name, set()).add(run.biz_date)
    return found


def _enter(known: _Known, slot: str, biz_date: date, day: date, refused: bool) -> None:
    if slot.startswith("hand/"):
        if not refused:
            known.newest = max(known.newest or biz_date, biz_date)
            known.hand = max(known.hand or biz_date, biz_date)
        return
    named = _SLOT.search(slot)
    first = parse_period(named[1]) if named else None
    last = parse_period(named[2]) if named and named[2] else first
    known.fed = True
    if refused:
        known.tried.add(first.first if first else biz_date)
        return
    known.newest = max(known.newest or biz_date, biz_date)
    if first is None or last is None:
        known.loose.add(biz_date)
        return
    if first == last:
        known.early[first] = min(known.early.get(first, day), day)
        if biz_date >= first.last:  # a month read day by day is whole when it is over
            known.exact[first] = min(known.exact.get(first, day), day)
        if first.span == "day":
            return
    known.wide.append(_Wide(first.first, last.last, biz_date, day))


def tables_late(found: Sequence[Owing]) -> list[Owing]:
    """Those with anything missing, the longest missing first."""
    late = [one for one in found if one.missing]
    return sorted(late, key=lambda one: (one.missing[0].due, one.contract.code))
