"""绩效: projects with goals, self-evaluation, evaluation and results, beside what they cost. Fen.

Goals and evaluations are those of FIN-10, which has one row a project and no year; the rate of
execution is taken as rule JX02 takes it: payments ÷ current budget over all years delivered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from functools import cached_property

import polars as pl

from budget_watch.engine import Book
from budget_watch.views.query import Desk, Term
from budget_watch.views.span import Place

PROJECTS = "project"
NO_GRADE = ("", "无", "未评价")  # as rules JX04 and JX05 have it
SCORES: tuple[tuple[str, int, int], ...] = (
    ("90分及以上", 90, 101),
    ("80—89分", 80, 90),
    ("60—79分", 60, 80),
    ("60分以下", 0, 60),
)
RATES: tuple[tuple[str, Fraction, Fraction], ...] = (
    ("低于60%", Fraction(-(10**9)), Fraction(60, 100)),
    ("60%—80%", Fraction(60, 100), Fraction(80, 100)),
    ("80%—95%", Fraction(80, 100), Fraction(95, 100)),
    ("95%及以上", Fraction(95, 100), Fraction(10**9)),
)


@dataclass(frozen=True)
class Words:
    """What the rule book's code groups say: a goal as good as none (BZ15), a low grade (JX03)."""

    no_goal: frozenset[str] = frozenset()
    low: frozenset[str] = frozenset()


def words_of(book: Book, day: date) -> Words:
    """The two groups as they hold on a day."""

    def codes(name: str) -> frozenset[str]:
        known = [each for each in book.named.groups[name].sets if each.since <= day]
        return frozenset(max(known, key=lambda each: each.since).codes) if known else frozenset()

    return Words(codes("blank_goal"), codes("eval_low"))


@dataclass(frozen=True)
class Year:
    """A project's money of one year: 年初预算, 变动预算, 支出."""

    year: int
    initial: int
    current: int
    spent: int


@dataclass(frozen=True)
class Project:
    """One project with what was promised, judged and spent.

    Attributes:
        goal: 绩效目标, "" where none. quantified: whether it has numbers; None = not told.
        score: 自评得分, None = no self-evaluation.
        grade: of the 重点评价, "" where none; low: whether it is a low one.
        published, used: told of the evaluation; None = not told.
        years: its money by year, the latest first.
    """

    code: str
    name: str
    dept: str
    unit: str
    kind: str
    since: int | None
    until: int | None
    total: int | None
    goal: str
    quantified: bool | None
    score: int | None
    grade: str
    graded: int | None
    problem: str
    published: bool | None
    used: bool | None
    note: str
    basis: str
    years: tuple[Year, ...]
    low: bool = False

    @cached_property
    def current(self) -> int:
        """变动预算 of all years."""
        return sum(each.current for each in self.years)

    @cached_property
    def spent(self) -> int:
        """支出 of all years."""
        return sum(each.spent for each in self.years)

    @cached_property
    def rate(self) -> Fraction | None:
        """Payments ÷ current budget over all years; None where there is no budget."""
        return Fraction(self.spent, self.current) if self.current > 0 else None

    def of(self, year: int) -> Year:
        """Its money of one year; nothing where it has none."""
        return next((each for each in self.years if each.year == year), Year(year, 0, 0, 0))


@dataclass(frozen=True)
class Tally:
    """Some projects counted: how many, and of them with goal, numbers, score, grade, result."""

    projects: int
    current: int
    spent: int
    goals: int
    quantified: int
    scored: int
    graded: int
    low: int
    published: int
    used: int


def projects(
    desk: Desk, place: Place, words: Words, *, dept: str = "", code: str = ""
) -> tuple[Project, ...]:
    """The projects of a place with their money, by code."""
    where: tuple[Term, ...] = (("mof_div_code", "=", place.region),)
    where += (("dept_code", "=", dept),) if dept else ()
    where += (("pro_code", "=", code),) if code else ()
    rows = desk.rows(PROJECTS, *where).sort("pro_code")
    if rows.is_empty():
        return ()
    money = _money(desk, place, dept, code)
    return tuple(
        _project(row, money.get(row["pro_code"], ()), words) for row in rows.iter_rows(named=True)
    )


def tally(some: Iterable[Project], year: int) -> Tally:
    """Projects counted, their money of one year."""
    found = list(some)
    return Tally(
        len(found),
        sum(each.of(year).current for each in found),
        sum(each.of(year).spent for each in found),
        sum(bool(each.goal) for each in found),
        sum(each.quantified is True for each in found),
        sum(each.score is not None for each in found),
        sum(bool(each.grade) for each in found),
        sum(each.low for each in found),
        sum(each.published is True for each in found),
        sum(each.used is True or bool(each.note) for each in found),
    )


def grouped(
    some: Iterable[Project], of: Callable[[Project], str]
) -> dict[str, tuple[Project, ...]]:
    """Projects by a trait."""
    found: dict[str, list[Project]] = {}
    for each in some:
        found.setdefault(of(each), []).append(each)
    return {key: tuple(group) for key, group in found.items()}


def crossed(some: Sequence[Project]) -> list[tuple[str, list[tuple[Project, ...]]]]:
    """Self-evaluation by band × execution by band (the last column: no budget); each its projects.

    The last row is of those without a self-evaluation.
    """

    def band(one: Project) -> int:
        if one.rate is None:
            return len(RATES)
        return next(at for at, (_, low, top) in enumerate(RATES) if low <= one.rate < top)

    def grade(one: Project) -> int | None:
        if one.score is None:
            return len(SCORES)
        return next((at for at, (_, low, top) in enumerate(SCORES) if low <= one.score < top), None)

    cells: dict[tuple[int | None, int], list[Project]] = {}
    for one in some:
        cells.setdefault((grade(one), band(one)), []).append(one)
    titles = [*(title for title, _, _ in SCORES), "没有自评"]
    return [
        (title, [tuple(cells.get((row, at), ())) for at in range(len(RATES) + 1)])
        for row, title in enumerate(titles)
    ]


def _money(desk: Desk, place: Place, dept: str, code: str) -> dict[str, tuple[Year, ...]]:
    """Project → its years, the latest first."""
    keys = ["pro_code", "fiscal_year"]

    def summed(name: str, *amounts: str) -> pl.LazyFrame:
        rows = desk.reader.scan(name).filter(
            pl.col("mof_div_code") == place.region, pl.col("pro_code").is_not_null()
        )
        if dept:
            rows = rows.filter(pl.col("dept_code") == dept)
        if code:
            rows = rows.filter(pl.col("pro_code") == code)
        return rows.group_by(keys).agg(pl.col(each).sum() for each in amounts)

    both = (
        summed("budget_line", "initial_amt", "current_amt")
        .join(summed("payment", "pay_amt"), on=keys, how="full", coalesce=True)
        .sort("pro_code", "fiscal_year", descending=[False, True])
        .collect(engine="streaming")
    )
    found: dict[str, list[Year]] = {}
    for project, year, initial, current, paid in both.iter_rows():
        found.setdefault(project, []).append(Year(year, initial or 0, current or 0, paid or 0))
    return {project: tuple(years) for project, years in found.items()}


def _project(row: dict[str, object], years: tuple[Year, ...], words: Words) -> Project:
    def text(name: str) -> str:
        return str(row[name] or "").strip()

    def number(name: str) -> int | None:
        value = row[name]
        return value if isinstance(value, int) else None

    def told(name: str) -> bool | None:
        value = row[name]
        return value if isinstance(value, bool) else None

    goal, grade = text("perf_goal"), text("eval_grade")
    return Project(
        code=text("pro_code"),
        name=text("pro_name") or text("pro_code"),
        dept=text("dept_code"),
        unit=text("agency_code"),
        kind=text("pro_cat_code"),
        since=number("setup_year"),
        until=number("end_year"),
        total=number("total_amt"),
        goal="" if goal in words.no_goal else goal,
        quantified=told("has_quant_goal"),
        score=number("self_score"),
        grade="" if grade in NO_GRADE else grade,
        graded=number("eval_year"),
        problem=text("eval_problem"),
        published=told("eval_published"),
        used=told("result_used"),
        note=text("result_note"),
        basis=text("policy_basis"),
        years=years,
        low=grade in words.low,
    )
