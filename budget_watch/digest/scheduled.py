"""Issues that nobody asked for: a period is over, its reports are in, and its issue is built.

`due` reckons from the register and the ledger whenever it is asked; `build_due` holds a lease, so
that of two schedulers one builds. One that was killed leaves its row behind: the next one carries
the same issue out. What a person cancelled is not begun again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import polars as pl

from budget_watch.access import Grant
from budget_watch.casework.cases import Actor
from budget_watch.casework.errors import CaseworkError
from budget_watch.digest.build import own_region
from budget_watch.digest.errors import DigestError
from budget_watch.digest.issues import DONE, STOPPED, Issue, attempt, list_issues
from budget_watch.digest.issuing import begin, carry_out
from budget_watch.digest.period import Period, parse
from budget_watch.digest.settings import Kind, read_settings
from budget_watch.digest.template import template_of
from budget_watch.lake import Home, LeaseError, Reader, Snapshot, UnknownSnapshotError
from budget_watch.lake.lease import Lease
from budget_watch.tables import contracts
from budget_watch.views import Desk, home_place

LEASE = "digest"
ACTOR = Actor(Grant.system("定时编写"), "定时编写")


@dataclass(frozen=True)
class Due:
    """An issue to build.

    Attributes:
        lacking: codes of reports of the period that have not come in the time they were waited for.
    """

    report: str
    period: str
    snapshot: str
    lacking: tuple[str, ...] = ()

    @property
    def request(self) -> str:
        """Known by it, an issue is registered once, by however many schedulers."""
        return f"schedule:{self.report}:{self.period}:{self.snapshot}"


def due(home: Home) -> list[Due]:
    """What is to be built now: of each kind the latest period that is over.

    Raises:
        DigestError: the settings or the template are wrong.
    """
    settings = read_settings(home)
    if not settings.schedule or not home.exists:
        return []
    snapshot = Snapshot.latest(home)
    if snapshot is None:
        return []
    awaits = _awaits(home, settings.report)
    reader, issues = Reader(home, ACTOR.grant, snapshot), list_issues(home, ACTOR.grant)
    found = []
    for kind in settings.schedule:
        period = parse(last_over(kind, snapshot.biz_date))
        one = Due(settings.report, period.text, snapshot.id, _lacking(reader, awaits, period))
        waited = snapshot.biz_date >= period.span.end + timedelta(days=settings.wait_days)
        if (not one.lacking or waited) and not _settled(home, one, issues, awaits, period):
            found.append(one)
    return found


def last_over(kind: Kind, day: date) -> str:
    """The latest period of a kind that ended by a day: quarter, 2026-11-20 → 2026Q3."""
    next_day = day + timedelta(days=1)
    months = next_day.year * 12 + next_day.month - 1  # months over since year 0
    length = {"month": 1, "quarter": 3, "half": 6, "year": 12}[kind]
    year, number = divmod(months // length - 1, 12 // length)
    mark = {"month": f"-{number + 1:02}", "quarter": f"Q{number + 1}", "half": f"H{number + 1}"}
    return f"{year}{mark.get(kind, '')}"


def build_due(
    home: Home, told: Callable[[str], None] = lambda text: None, now: datetime | None = None
) -> list[Issue]:
    """Build what is due; nothing where another process builds just now.

    Args:
        told: hears how each ended.

    Raises:
        DigestError: the settings or the template are wrong.
    """
    if not due(home):
        return []
    try:
        lease = Lease(home, "季刊", LEASE)
    except LeaseError:
        return []
    try:
        return [*_built(home, due(home), told, now)]
    finally:
        lease.release()


def _built(
    home: Home, wanted: Sequence[Due], told: Callable[[str], None], now: datetime | None
) -> Iterator[Issue]:
    for one in wanted:
        title = f"{parse(one.period).title}的{template_of(home, one.report).name}"
        try:
            issue, _ = begin(home, ACTOR, one.period, one.report, request=one.request)
        except CaseworkError as error:  # somebody builds the same by hand
            told(f"{title}没有定时编写：{error}")
            continue
        issue = carry_out(home, ACTOR.grant, issue.number, waits=True, now=now)
        made = issue.state == DONE
        said = "已编好，待审批" if made else f"没有编成：{issue.stage}"
        told(f"{title}（第{issue.number}号）{said}")
        yield issue


def _awaits(home: Home, report: str) -> tuple[str, ...]:
    template = template_of(home, report)
    unknown = [name for name in template.awaits if name not in contracts()]
    if unknown:
        raise DigestError(f"模板 {report} 的 awaits 写了没有的报表“{unknown[0]}”。")
    return tuple(template.awaits)


def _lacking(reader: Reader, awaits: Sequence[str], period: Period) -> tuple[str, ...]:
    """The awaited reports of the period's last month that our government has not delivered."""
    place = home_place(Desk(reader), "本级", own_region(reader.home))
    span = period.span
    came = reader.coverage().filter(
        pl.col("fiscal_year") == span.fiscal_year, pl.col("month").is_in([span.month, 0])
    )
    if place is not None:
        came = came.filter(pl.col("mof_div_code") == place.region)
    known = set(came["table"].to_list())
    return tuple(name for name in awaits if name not in known)


def _settled(
    home: Home, one: Due, issues: Sequence[Issue], awaits: Sequence[str], period: Period
) -> bool:
    """Whether the period has its issue, or this snapshot has already given none."""
    for issue in issues:
        if (issue.report, issue.period) != (one.report, one.period):
            continue
        if issue.made is not None and (
            issue.scheduled or _complete(home, issue.made.snapshot, awaits, period)
        ):
            return True
        if issue.scheduled and issue.state == STOPPED:
            return True
    return attempt(home, one.request) not in (None, "生成中")


def _complete(home: Home, snapshot: str, awaits: Sequence[str], period: Period) -> bool:
    """Whether an issue built by hand was built when the reports were in."""
    try:
        reader = Reader(home, ACTOR.grant, snapshot)
    except UnknownSnapshotError:  # pruned: an issue of it is old enough to be the period's
        return True
    return not _lacking(reader, awaits, period)
