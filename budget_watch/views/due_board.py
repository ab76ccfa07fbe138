"""到达情况: what arrived, what did not, since when, and why — for the page and for `status` alike.

Why is read off the records: the fault of the source that delivers the table, the delivery that was
refused, the run that did not take place. Where none of them explains it, it says that nothing came.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa

from budget_watch.access import Grant
from budget_watch.lake import Home, Reader, Snapshot, day_runs, records
from budget_watch.lake.day_runs import BROKEN, CANCELLED, FAILED, RUNNING, DayRun, SourceResult
from budget_watch.lake.owing import STATES, WORDS, Delivered, Owing, approvals, owing
from budget_watch.lake.snapshot import CHINA
from budget_watch.lake.state import engine
from budget_watch.tables import contracts

SIGNS = {
    "arrived": "✓",
    "waiting": "○",
    "today": "◷",
    "late": "✕",
    "never": "—",
    "hand": "✎",
    "event": "·",
}
SHOWN = 2  # so many missing periods are named; more are counted
RUNS = 60  # attempts looked back on, for since when a source fails


@dataclass(frozen=True)
class Row:
    """One table and length of period.

    Attributes:
        why: why the oldest missing (or the waiting) period has not come; empty where nothing is
            missing. sources: names of the configured sources that deliver the table.
    """

    owing: Owing
    why: str
    sources: tuple[str, ...]

    @property
    def word(self) -> str:
        """已到, 迟到 …"""
        return WORDS[self.owing.state]

    @property
    def sign(self) -> str:
        """Its sign, which is never alone."""
        return SIGNS[self.owing.state]

    @property
    def missing(self) -> str:
        """The missing periods in words, the oldest first; empty where nothing is missing."""
        gone = self.owing.missing
        if not gone:
            return ""
        if len(gone) > SHOWN:
            return f"{gone[0].title}至{gone[-1].title}之间{len(gone)}期"
        return "、".join(one.title for one in gone)

    @property
    def sentence(self) -> str:
        """“✕ FIN-12 预算指标表 缺2026年11月10日，应于2026-11-11送达，已迟7个工作日：…”"""
        table = self.owing.contract
        told = f"{self.sign} {table.code} {table.title} "
        first = self.since
        if first is not None:
            told += f"缺{self.missing}，应于{first.due}送达，已迟{first.late}个工作日：{self.why}"
            return told
        if not self.owing.ever:
            return f"{told}从未送达：{self.why}"
        waited = self.owing.waiting[0] if self.owing.waiting else None
        due = f"{waited.title}应于{waited.due}送达，还没有到：" if waited else ""
        return told + due + self.why

    @property
    def since(self) -> Delivered | None:
        """The period that is missing longest."""
        return self.owing.missing[0] if self.owing.missing else None


@dataclass(frozen=True)
class Board:
    """How the deliveries stand.

    Attributes:
        today: the day it is asked on. rows: in the order of the tables' codes.
        run: the latest run of a business day; None where none was recorded.
    """

    today: date
    business: date
    rows: tuple[Row, ...]
    run: DayRun | None

    def of(self, *states: str) -> list[Row]:
        """The rows in one of these states."""
        return [row for row in self.rows if row.owing.state in states]

    @property
    def counts(self) -> dict[str, int]:
        """Periods by state: of each row the latest, and all that are missing."""
        found = dict.fromkeys(STATES, 0)
        for row in self.rows:
            one = row.owing
            found["late"] += len(one.missing)
            found["waiting"] += sum(w.state == "waiting" for w in one.waiting)
            found["today"] += sum(w.state == "today" for w in one.waiting)
            found["arrived"] += bool(one.last and one.last.state == "arrived")
        return found

    @property
    def sentence(self) -> str:
        """The board in one sentence: what is there, what is missing, for how long."""
        owed = [row for row in self.rows if row.owing.last is not None]
        late = self.of("late")
        there = sum(
            row.owing.last is not None and row.owing.last.state == "arrived" for row in owed
        )
        told = f"应到 {len(owed)} 项，最近一期已到 {there} 项"
        if self.counts["today"]:
            told += f"，今日到期 {self.counts['today']} 期"
        if self.counts["waiting"]:
            told += f"，未到期 {self.counts['waiting']} 期"
        if late:
            told += f"，迟到 {len(late)} 项 {self.counts['late']} 期"
            worst = max(late, key=lambda row: row.owing.missing[0].late)
            gone = worst.owing.missing[0]
            told += f"（最久：{worst.owing.contract.title}{gone.title}，{gone.late} 个工作日）"
        else:
            told += "，没有迟到的"
        if never := {row.owing.contract.code for row in self.of("never")}:
            told += f"；{sum(not code.startswith('REF') for code in never)} 张从未送达"
        return told + "。"

    @property
    def run_sentence(self) -> str:
        """What became of the latest run; empty where none was recorded."""
        return "" if self.run is None else run_sentence(self.run)


def run_sentence(run: DayRun) -> str:
    """A run in one sentence, with the faults of its sources."""
    at = run.started_at.astimezone(CHINA)
    word = day_runs.OUTCOMES[run.outcome]
    told = f"业务日 {run.biz_date} 的运行（{at:%m-%d %H:%M}）{word}"
    if run.outcome in (FAILED, BROKEN, CANCELLED, RUNNING):
        told += f"（{run.phase}）"
    told += f"：{run.message}" if run.message else "。"
    faults = run.failed_sources.items()
    return told + "".join(f"数据源“{name}”没有取到：{_short(name, one)}" for name, one in faults)


def _short(source: str, result: SourceResult) -> str:
    """A fault without the name of its source, which stands before it."""
    return result.message.removeprefix(f"数据源“{source}”")


def asked_on(home: Home, snapshot: Snapshot, now: datetime) -> date:
    """The day for which deliveries are due: today where days are run, else the snapshot's.

    A home that nobody runs day by day (a demonstration, figures loaded once) stands still at its
    business date.
    """
    if not day_runs.day_runs(home, limit=1):
        return snapshot.biz_date
    return max(snapshot.biz_date, now.astimezone(CHINA).date())


def due_board(home: Home, snapshot: Snapshot, today: date | None = None) -> Board:
    """The board of a snapshot, asked on a day (by default its business date)."""
    on = today or snapshot.biz_date
    everybody = Reader(home, Grant.system("due"), snapshot)  # what is due is no secret
    found = owing(home, snapshot, on, approvals(everybody))
    runs = day_runs.day_runs(home, limit=RUNS)
    before = [run for run in runs if run.started_at.astimezone(CHINA).date() <= on]
    refused = _refused(home, snapshot)
    sources = _sources(home, snapshot, before)
    rows = tuple(_row(one, sources.get(one.contract.code, ()), before, refused) for one in found)
    return Board(on, snapshot.biz_date, rows, before[0] if before else None)


def _row(
    one: Owing,
    sources: tuple[str, ...],
    runs: Sequence[DayRun],
    refused: Mapping[str, tuple[date, str]],
) -> Row:
    if not one.missing and not one.waiting and one.ever:
        return Row(one, "", sources)
    faults = filter(None, (_fault(source, runs) for source in sources))
    why = next(faults, "") or _turned_away(one, refused)
    if one.missing and not why:
        why = _not_run(one, runs) or _nothing_came(one, sources)
    return Row(one, why, sources)


def _turned_away(one: Owing, refused: Mapping[str, tuple[date, str]]) -> str:
    day, reason = refused.get(one.contract.name, (date.min, ""))
    if not reason or (one.newest is not None and day < one.newest):
        return ""
    return f"{day} 的送达被退回：{reason}"


def _not_run(one: Owing, runs: Sequence[DayRun]) -> str:
    """That the run did not go through which would have brought the last of what is missing."""
    latest = runs[0] if runs else None
    if latest is None or latest.outcome not in (FAILED, BROKEN, CANCELLED):
        return ""
    if latest.biz_date < one.missing[-1].period.last:
        return ""
    word = day_runs.OUTCOMES[latest.outcome]
    return f"业务日 {latest.biz_date} 的运行{word}：{latest.message}"


def _nothing_came(one: Owing, sources: Sequence[str]) -> str:
    if sources:
        return f"数据源“{'、'.join(sources)}”取数正常，没有这一期的送达。"
    return f"{one.contract.delivering_dept}没有送达。"


def _fault(source: str, runs: Sequence[DayRun]) -> str:
    """A source's present fault and since when it lasts; empty where its last fetch went well."""
    asked = [(run, run.sources[source]) for run in runs if source in run.sources]
    if not asked or asked[0][1].outcome == "done":
        return ""
    lasting = []
    for run, result in asked:
        if result.outcome == "done":
            break
        lasting.append(run)
    since = lasting[-1].started_at.astimezone(CHINA)
    times = f"，连续 {len(lasting)} 次" if len(lasting) > 1 else ""
    fault = _short(source, asked[0][1])
    return f"数据源“{source}”自 {since:%Y-%m-%d %H:%M} 起没有取到{times}：{fault}"


def _sources(home: Home, snapshot: Snapshot, runs: Sequence[DayRun]) -> dict[str, tuple[str, ...]]:
    """Table code → the sources that deliver it, as far as ledger and runs tell."""
    b, s = records.batch, records.snapshot
    query = (
        sa.select(b.c.table_name, b.c.origin)
        .distinct()
        .join(s, s.c.id == b.c.snapshot)
        .where(s.c.seq <= snapshot.seq, b.c.origin.is_not(None))
    )
    found: dict[str, set[str]] = {}
    with engine(home).connect() as connection:
        for table, origin in connection.execute(query):
            found.setdefault(contracts()[table].code, set()).add(origin)
    for run in runs:
        for name, result in run.sources.items():
            for code in result.tables:
                found.setdefault(code, set()).add(name)
    return {code: tuple(sorted(names)) for code, names in found.items()}


def _refused(home: Home, snapshot: Snapshot) -> dict[str, tuple[date, str]]:
    """Table name → business date and reason of its latest refused delivery."""
    b, s = records.batch, records.snapshot
    query = (
        sa.select(b.c.table_name, b.c.biz_date, b.c.reason)
        .join(s, s.c.id == b.c.snapshot)
        .where(s.c.seq <= snapshot.seq, b.c.outcome == "refused")
        .order_by(b.c.seq)
    )
    with engine(home).connect() as connection:
        return {row.table_name: (row.biz_date, row.reason) for row in connection.execute(query)}
