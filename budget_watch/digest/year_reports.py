"""Reports that the year's nodes build by themselves, as their date comes near.

The scheduler asks every few minutes; one is begun at a time, in a process of its own. What was
begun, and why something was not, is written down beside the node's other acts.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime

from budget_watch.access import Grant
from budget_watch.casework.cases import Actor, today_of
from budget_watch.casework.errors import CaseworkError
from budget_watch.digest import issuing
from budget_watch.digest.errors import DigestError
from budget_watch.digest.issues import RUNNING, Issue, list_issues
from budget_watch.lake import Home
from budget_watch.lake.state import writing
from budget_watch.meetings.node_acts import BUILT, FAILED, NodeAct, node_acts, note_act
from budget_watch.meetings.node_sweep import YearNow, year_now
from budget_watch.meetings.year import NEAR_DAYS, Standing

PURPOSE = "监督日历自动生成"
AFTER = 31  # calendar days after a node's date that a report not yet built is still built


def period_of(each: Standing) -> str | None:
    """The period that a node's report is about; None without a date."""
    if each.due is None:
        return None
    day = each.due.day
    if each.node.period == "quarter":
        quarter = (day.month - 1) // 3
        return f"{day.year}Q{quarter}" if quarter else f"{day.year - 1}Q4"
    return str(day.year if each.node.period == "year" else day.year - 1)


def wanted(
    there: YearNow, acts: list[NodeAct], today: date
) -> list[tuple[int, Standing, str, str]]:
    """What is to be built: year, node, report, period; each once."""
    built = {(e.said["report"], e.said["period"]) for e in acts if e.act == BUILT}
    found: list[tuple[int, Standing, str, str]] = []
    for year, each in there.standings:
        period = period_of(each)
        report = each.node.report
        left = each.left(today)
        if report is None or period is None or left is None:
            continue
        if not -AFTER <= left <= NEAR_DAYS:
            continue
        if (report, period) not in built and (report, period) not in {f[2:] for f in found}:
            found.append((year, each, report, period))
    return found


def build_due(
    home: Home,
    now: datetime | None = None,
    carry: Callable[[Home, Grant, int], object] = issuing.start,
) -> Issue | None:
    """Begin the first report that a node waits for; None where none does or one is being built.

    Args:
        carry: carries a registered build out; by default in a process of its own.
    """
    at = now or datetime.now(UTC)
    grant = Grant.operator(PURPOSE)
    if any(each.state == RUNNING for each in list_issues(home, grant, at)):
        return None
    there = year_now(home, today_of(at))
    if there is None:
        return None
    for year, each, report, period in wanted(there, node_acts(home), today_of(at)):
        said = {"report": report, "period": period}
        try:
            issue, fresh = issuing.begin(
                home, Actor(grant, ""), period, report, request=f"node:{report}:{period}", now=at
            )
        except (CaseworkError, DigestError) as error:
            _note(home, there, year, each, FAILED, _key(report, period, today_of(at)),
                  {**said, "why": str(error)}, at)  # fmt: skip
            continue
        told = {**said, "issue": issue.number}
        _note(home, there, year, each, BUILT, f"{report}:{period}", told, at)
        if fresh:
            carry(home, grant, issue.number)
            return issue
    return None


def _key(report: str, period: str, today: date) -> str:
    return f"{report}:{period}:{today}"


def _note(
    home: Home,
    there: YearNow,
    year: int,
    each: Standing,
    act: str,
    key: str,
    said: dict[str, object],
    at: datetime,
) -> None:
    with writing(home) as connection:
        note_act(connection, home, year, each, act, key, said, at, there.snapshot)
