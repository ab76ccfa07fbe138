"""审计查出问题 and their 整改: every issue with its last state; the rates by year, by department.

Reckoned as rule JS08 does: an issue is 整改完成 once the ledger (AUD-03) has a row 已整改; it is
due when its deadline lies before the as-of day; the rates are taken of what is due, by number and
by amount (已整改金额 = the issue's whole amount where finished, else the largest 已整改金额 of the
ledger, never more than the issue's). Basis: 审计法 article 52.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

import polars as pl

from budget_watch.views.query import Desk, Term
from budget_watch.views.span import Place

FINISHED, UNSAID = "已整改", "未登记"
ISSUES, LEDGER, PROJECTS = "audit_issue", "audit_rectification", "audit_project"


@dataclass(frozen=True)
class Issue:
    """One issue that an audit found.

    Attributes:
        year: the audit year. amount: fen; None where none was given. deadline: 整改期限.
        state: last state of the ledger, 未登记 where it has none; finished once 已整改 was entered.
        settled: 已整改金额, fen; None where the issue has no amount.
        overdue: days past the deadline while not finished, 0 before it.
    """

    id: str
    year: int
    project: str
    region: str
    dept: str
    unit: str
    kind: str
    amount: int | None
    found: date | None
    deadline: date
    state: str
    settled: int | None
    done: date | None
    overdue: int
    due: bool
    repeated: bool = False

    @property
    def finished(self) -> bool:
        """Whether the ledger says that it was put right."""
        return self.state == FINISHED


@dataclass(frozen=True)
class Tally:
    """Some issues counted. Amounts in fen, of the issues that have one.

    Attributes:
        due: of them past the deadline; finished, due_amount, settled: of the due ones.
        open: not finished, due or not. unsaid: due ones that the ledger does not know.
    """

    key: str
    issues: int
    amount: int
    due: int
    finished: int
    due_amount: int
    settled: int
    open: int
    overdue: int
    longest: int
    unsaid: int

    @property
    def by_number(self) -> Fraction | None:
        """整改完成率 by number; None where nothing is due."""
        return Fraction(self.finished, self.due) if self.due else None

    @property
    def by_amount(self) -> Fraction | None:
        """整改完成率 by amount; None where what is due has no amount."""
        return Fraction(self.settled, self.due_amount) if self.due_amount else None


def issues(desk: Desk, place: Place, as_of: date) -> tuple[Issue, ...]:
    """Every issue of a place known by the day, longest overdue first."""
    where: tuple[Term, ...] = ()
    if place.scope_kind != "全市":
        where = (("mof_div_code", "=", place.region),)
    found = desk.rows(ISSUES, *where).filter(
        pl.col("found_date").is_null() | (pl.col("found_date") <= as_of)
    )
    known = (
        desk.rows(LEDGER)
        .sort("issue_id", "fiscal_year", "month")
        .group_by("issue_id", maintain_order=True)
        .agg(
            pl.col("status").last(),
            (pl.col("status") == FINISHED).any().alias("finished"),
            pl.col("done_amt").max().alias("settled"),
            pl.col("done_date").drop_nulls().last(),
            pl.col("repeat_flag").fill_null(False).any().alias("repeated"),
        )
    )
    named = desk.rows(PROJECTS).select("proj_no", pl.col("name").alias("project")).unique("proj_no")
    rows = found.join(known, on="issue_id", how="left").join(named, on="proj_no", how="left")
    made = [_issue(row, as_of) for row in rows.iter_rows(named=True)]
    return tuple(sorted(made, key=lambda one: (-one.overdue, one.finished, one.deadline, one.id)))


def tally(key: str, some: Iterable[Issue]) -> Tally:
    """Issues counted."""
    whole = list(some)
    due = [one for one in whole if one.due]
    return Tally(
        key,
        len(whole),
        sum(one.amount or 0 for one in whole),
        len(due),
        sum(one.finished for one in due),
        sum(one.amount or 0 for one in due),
        sum(one.settled or 0 for one in due),
        sum(not one.finished for one in whole),
        sum(one.overdue > 0 for one in whole),
        max((one.overdue for one in whole), default=0),
        sum(one.state == UNSAID for one in due),
    )


def tallies(some: Iterable[Issue], of: Callable[[Issue], str]) -> list[Tally]:
    """One tally for every value of a trait, in its order."""
    groups: dict[str, list[Issue]] = {}
    for one in some:
        groups.setdefault(of(one), []).append(one)
    return [tally(key, groups[key]) for key in sorted(groups)]


def repeats(some: Iterable[Issue]) -> list[tuple[Issue, ...]]:
    """屡审屡犯: issues of one unit and one kind that were found in more than one audit year."""
    groups: dict[tuple[str, str], list[Issue]] = {}
    for one in some:
        groups.setdefault((one.unit or one.dept, one.kind), []).append(one)
    found = [
        tuple(sorted(group, key=lambda one: (one.year, one.id)))
        for group in groups.values()
        if len({one.year for one in group}) > 1
    ]
    return sorted(found, key=lambda group: (-len(group), group[0].unit, group[0].kind))


def _issue(row: dict[str, object], as_of: date) -> Issue:
    amount, settled = row["amt"], row["settled"]
    finished, deadline = bool(row["finished"]), row["deadline"]
    assert isinstance(deadline, date)  # the contract requires it
    whole = amount if isinstance(amount, int) else None
    part = settled if isinstance(settled, int) else 0
    due = deadline < as_of
    done = row["done_date"]
    state = FINISHED if finished else str(row["status"] or UNSAID)
    return Issue(
        id=str(row["issue_id"]),
        year=int(str(row["fiscal_year"])),
        project=str(row["project"] or row["proj_no"]),
        region=str(row["mof_div_code"]),
        dept=str(row["dept_code"] or ""),
        unit=str(row["agency_code"] or ""),
        kind=str(row["issue_type"]),
        amount=whole,
        found=row["found_date"] if isinstance(row["found_date"], date) else None,
        deadline=deadline,
        state=state,
        settled=None if whole is None else whole if finished else max(0, min(part, whole)),
        done=done if isinstance(done, date) else None,
        overdue=(as_of - deadline).days if due and not finished else 0,
        due=due,
        repeated=bool(row["repeated"]),
    )
