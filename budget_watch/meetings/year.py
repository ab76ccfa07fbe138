"""监督日历: the nodes of one calendar year with their dates, and how each stands by FIN-29.

Dates are reckoned with the snapshot's calendar and the parameters that the rules read, so that a
node and the rule that judges the same period end it on the same day. An entry of FIN-29 belongs to
the year of its 起算日期 (or of its 完成日期, where the node says so). What no table tells is said
to be untold: a missing entry is neither done nor late, unless the law asks for it every year.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl

from budget_watch.calendar import Reckoned, WorkCalendar, add_days, add_workdays
from budget_watch.engine.params import Parameter
from budget_watch.engine.year_model import Anchor, Node, Term, is_monthday

TABLE = "procedure_node"
DONE, LATE, NEAR, COMING, UNKNOWN = "已办", "逾期", "临近", "未到", "无法判断"
STATES = (LATE, NEAR, COMING, UNKNOWN, DONE)
NEAR_DAYS = 15  # calendar days before the end that a node is called 临近; ours, no rule's
FOLLOWED_DAYS = 31  # calendar days after its end that a node of last year is still followed
ROLL = "procedure.roll_over"
_WORST = {state: at for at, state in enumerate(STATES)}
_PARTS = {"quarter": 3, "half": 6}


@dataclass(frozen=True)
class Entry:
    """One entry of FIN-29 that a node is about: a government's, a department's, a unit's.

    Attributes:
        whom: code of the department or unit; empty for the government itself.
        due: None where its term cannot be reckoned.
    """

    number: str
    whom: str
    base: date | None
    done: date | None
    due: Reckoned | None
    state: str

    @property
    def behind(self) -> int:
        """Calendar days that it was done after its date; 0 in time or not done."""
        if self.done is None or self.due is None:
            return 0
        return max(0, (self.done - self.due.day).days)


@dataclass(frozen=True)
class Standing:
    """A node in a year.

    Attributes:
        part: 第1季度, 上半年, …; empty for a node that comes once.
        since: first day of a window, if it has one.
        due: None where the day it counts from is not known, see `why`.
        state: the worst of its entries, or what the date alone tells.
        entries: of FIN-29, by due day.
        why: why the date is missing, or why nothing can be told of the state.
    """

    node: Node
    part: str
    since: date | None
    due: Reckoned | None
    state: str
    entries: tuple[Entry, ...] = ()
    why: str = ""

    @property
    def done(self) -> int:
        """How many entries are done, in time or not."""
        return sum(each.done is not None for each in self.entries)

    @property
    def behind(self) -> int:
        """How many entries were done after their date."""
        return sum(each.behind > 0 for each in self.entries)

    def left(self, day: date) -> int | None:
        """Calendar days from a day to the date; negative when it is over."""
        return None if self.due is None else (self.due.day - day).days


@dataclass(frozen=True)
class _Year:
    """What all nodes of a year are reckoned with."""

    region: str
    year: int
    today: date
    params: Mapping[str, Parameter]
    calendar: WorkCalendar
    rows: pl.DataFrame


def year_of(
    rows: pl.DataFrame,
    nodes: Sequence[Node],
    params: Mapping[str, Parameter],
    calendar: WorkCalendar,
    region: str,
    year: int,
    today: date,
) -> tuple[Standing, ...]:
    """The nodes in the order of their dates; those without a date stand where they usually fall.

    Args:
        rows: of FIN-29, of this government.
        calendar: of the snapshot.
        region: code of the government whose year it is.
        today: the day that the state is told for; entries done later are not done yet.
    """
    about = _Year(region, year, today, params, calendar, rows.sort("base_date", "node_id"))
    made = [each for node in nodes for each in _standings(about, node)]
    return tuple(sorted(made, key=lambda one: (_place(one, year), one.node.id)))


def years_around(
    rows: pl.DataFrame,
    nodes: Sequence[Node],
    params: Mapping[str, Parameter],
    calendar: WorkCalendar,
    region: str,
    today: date,
) -> tuple[tuple[int, Standing], ...]:
    """What is followed on a day: this year's and the next's nodes, and of last year those whose
    end is still to come or not long over. Last year is left out where FIN-29 has nothing of it.

    Args: as of `year_of`.
    """
    before = today.year - 1
    years = [before] if rows.filter(pl.col("base_date").dt.year() == before).height else []
    return tuple(
        (year, each)
        for year in (*years, today.year, today.year + 1)
        for each in year_of(rows, nodes, params, calendar, region, year, today)
        if year > before or (each.due and (today - each.due.day).days <= FOLLOWED_DAYS)
    )


def _place(standing: Standing, year: int) -> date:
    if standing.due is not None:
        return standing.due.day
    month = standing.node.around
    return date(year, month, monthrange(year, month)[1])


def term_end(
    term: Term,
    base: date,
    *,
    before: bool,
    params: Mapping[str, Parameter],
    region: str,
    day: date,
    calendar: WorkCalendar,
) -> Reckoned | None:
    """The last day of a term that counts from `base`; None where its parameter has no value.

    Args:
        before: it counts back, and then never rolls over.
        day: the day for which parameters are taken: the entry's business date (起算日期).
    """
    length = _length(term, params, day, region)
    if length is None:
        return None
    sign = -1 if before else 1
    if term.workdays is not None:
        end = add_workdays(base, sign * length, calendar)
        return Reckoned(end, calendar.is_announced(base, end))
    if term.months is not None:
        return Reckoned(_months_after(base, sign * length), True)
    rolls = term.roll and not before and length > 0 and _rolls(params, day, region)
    end = add_days(base, sign * length, roll_over=rolls, calendar=calendar)
    last = add_days(base, sign * length)
    return Reckoned(end, not rolls or calendar.is_announced(last, end))


def _length(term: Term, params: Mapping[str, Parameter], day: date, region: str) -> int | None:
    if isinstance(term.length, int):
        return term.length
    return _value(params, term.length, day, region)


def _value(params: Mapping[str, Parameter], name: str, day: date, region: str) -> int | None:
    found = params[name].at(day, region) if name in params else None
    return None if found is None else int(found.value)


def _rolls(params: Mapping[str, Parameter], day: date, region: str) -> bool:
    return _value(params, ROLL, day, region) != 0


def _months_after(base: date, months: int) -> date:
    """The same day so many months later, or the month's last where it has none (rule JS09)."""
    year, month = divmod(base.year * 12 + base.month - 1 + months, 12)
    return date(year, month + 1, min(base.day, monthrange(year, month + 1)[1]))


def _standings(about: _Year, node: Node) -> list[Standing]:
    if node.every is not None:
        return [_part(about, node, at) for at in range(12 // _PARTS[node.every])]
    if node.window is not None:
        return [_windowed(about, node)]
    return [_anchored(about, node)]


def _part(about: _Year, node: Node, at: int) -> Standing:
    """A quarter or a half-year: law names no day, so its last day stands."""
    length = _PARTS[node.every or "half"]
    first, last = at * length + 1, (at + 1) * length
    due = Reckoned(date(about.year, last, monthrange(about.year, last)[1]), True)
    part = f"第{at + 1}季度" if node.every == "quarter" else "上下"[at] + "半年"
    since = date(about.year, first, 1)
    return _untold(Standing(node, part, since, due, UNKNOWN), about)


def _windowed(about: _Year, node: Node) -> Standing:
    window = node.window
    if window is None:
        raise ValueError(node.id)
    since = _monthday(about, window.since) if window.since else None
    until = _monthday(about, window.until)
    due = None if until is None else Reckoned(until, True)
    empty = Standing(node, "", since, due, UNKNOWN)
    if due is None or node.done is None:
        return _untold(empty, about)
    entries = tuple(_entry(about, row, due) for row in _rows(about, node))
    if entries:
        return _with(empty, entries)
    if node.done.absent == "late" or about.today <= due.day:
        state = _by_date(about, due)
        return Standing(node, "", since, due, state, why=_NO_ENTRY.format(node.done.item))
    return _untold(empty, about)


_NO_ENTRY = "FIN-29 没有登记“{}”"
_NO_TABLE = "没有报表登记这件事是否办了"


def _untold(standing: Standing, about: _Year) -> Standing:
    """What has no entry: before its date it is still to come, after it nobody can tell."""
    node = standing.node
    why = _NO_ENTRY.format(node.done.item) if node.done else _NO_TABLE
    due = standing.due
    ahead = due is not None and about.today <= due.day
    state = _by_date(about, due) if due is not None and ahead else UNKNOWN
    return Standing(node, standing.part, standing.since, due, state, why=why)


def _anchored(about: _Year, node: Node) -> Standing:
    rows, anchor = _rows(about, node), node.anchor
    if anchor is None:
        raise ValueError(node.id)
    if rows and node.done is not None and node.done.item == anchor.item:
        own = tuple(_entry(about, row, _due(about, node, row, anchor)) for row in rows)
        return _with(Standing(node, "", None, None, UNKNOWN), own)
    due = _from_anchors(about, node)
    if due is None:
        why = f"{about.year}年没有登记“{anchor.item}”的{_DATES[anchor.date]}"
        return Standing(node, "", None, None, UNKNOWN, why=why)
    if rows:
        known = tuple(_entry(about, each, due) for each in rows)
        return _with(Standing(node, "", None, due, UNKNOWN), known)
    return _untold(Standing(node, "", None, due, UNKNOWN), about)


def _from_anchors(about: _Year, node: Node) -> Reckoned | None:
    """The date by the first entry at the anchor, else at what stands in for it."""
    for anchor in (node.anchor, node.failing):
        row = _anchor_row(about, anchor)
        if anchor is not None and row is not None:
            return _due(about, node, row, anchor)
    return None


_NO_TERM = "当时没有规定期限"
_DATES = {"base": "起算日期", "done": "完成日期"}


def _with(standing: Standing, entries: tuple[Entry, ...]) -> Standing:
    """A node whose entries tell: the worst of them, and the next day that is still to come."""
    ordered = tuple(sorted(entries, key=lambda each: (_due_day(each), each.number)))
    state = min((each.state for each in ordered), key=lambda each: _WORST[each])
    open_ = [each for each in ordered if each.done is None]
    chosen = (open_ or ordered[-1:])[0]
    due = standing.due or chosen.due
    why = "" if due is not None else _NO_TERM
    return Standing(standing.node, standing.part, standing.since, due, state, ordered, why)


def _due_day(entry: Entry) -> date:
    return entry.due.day if entry.due else date.max


def _entry(about: _Year, row: Mapping[str, object], due: Reckoned | None) -> Entry:
    done = row["done_date"]
    told = done if isinstance(done, date) and done <= about.today else None
    state = DONE if told is not None else UNKNOWN if due is None else _by_date(about, due)
    whom = str(row["agency_code"] or row["dept_code"] or "")
    base = row["base_date"] if isinstance(row["base_date"], date) else None
    return Entry(str(row["node_id"]), whom, base, told, due, state)


def _by_date(about: _Year, due: Reckoned) -> str:
    left = (due.day - about.today).days
    return LATE if left < 0 else NEAR if left <= NEAR_DAYS else COMING


def _due(about: _Year, node: Node, row: Mapping[str, object], anchor: Anchor) -> Reckoned | None:
    """The node's date by an entry: of the day that an anchor names."""
    base = row[f"{anchor.date}_date"]
    if node.term is None or not isinstance(base, date):
        return None
    return term_end(
        node.term,
        base,
        before=node.before is not None,
        params=about.params,
        region=about.region,
        day=_entry_day(row, base),
        calendar=about.calendar,
    )


def _entry_day(row: Mapping[str, object], base: date) -> date:
    """The day whose parameters hold for an entry: its business date, as for the rules."""
    own = row["base_date"]
    return own if isinstance(own, date) else base


def _rows(about: _Year, node: Node) -> list[dict[str, object]]:
    """Entries that say whether a node was done, of the year."""
    if node.done is None:
        return []
    return _of_year(about, node.done.item, node.done.year)


def _anchor_row(about: _Year, anchor: Anchor | None) -> dict[str, object] | None:
    """The first entry of the year whose date an anchor names is known by now."""
    if anchor is None:
        return None
    column = f"{anchor.date}_date"
    found = _of_year(about, anchor.item, anchor.date)
    known = [row for row in found if anchor.date == "base" or _by_now(row[column], about.today)]
    return known[0] if known else None


def _by_now(day: object, today: date) -> bool:
    return isinstance(day, date) and day <= today


def _of_year(about: _Year, item: str, column: str) -> list[dict[str, object]]:
    name = f"{column}_date"
    inside = (pl.col("item") == item) & (pl.col(name).dt.year() == about.year)
    return about.rows.filter(inside).sort(name, "node_id").to_dicts()


def _monthday(about: _Year, text: str) -> date | None:
    if is_monthday(text):
        return date.fromisoformat(f"{about.year}-{text}")
    value = _value(about.params, text, date(about.year, 12, 31), about.region)
    return None if value is None else date(about.year, value // 100, value % 100)
