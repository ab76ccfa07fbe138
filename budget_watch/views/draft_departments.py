"""Departments in a draft (FIN-09): what they had, what they paid, what they are to get. Fen."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from budget_watch.views.draft_budget import DEPARTMENTS, VERSIONS, Row
from budget_watch.views.query import Desk, Query, Term
from budget_watch.views.span import Place

COLUMNS = {
    "d": "dept_code",
    "u": "agency_code",
    "p": "pro_code",
    "c": "exp_func_code",
    "e": "dep_bgt_eco_code",
}
ECONOMIC, CLASS = 3, 3  # codes of 科目 are cut to their class


@dataclass(frozen=True)
class Plan:
    """The department budgets of one year of a place (or of one department of it).

    Attributes:
        version: the one shown; "" where none came. versions: all that were delivered.
        before: what last year's budget was read from: 批复 of that year, 上年数 of the draft, "".
        paid: whether payments of last year were delivered.
    """

    year: int
    version: str
    versions: tuple[str, ...]
    before: str
    paid: bool
    total: Row


@dataclass(frozen=True)
class Moved:
    """What the second version changed of the first, of one department.

    Attributes:
        added, dropped, changed: projects.
    """

    code: str
    first: int
    second: int
    added: int
    dropped: int
    changed: int


def plan(desk: Desk, place: Place, year: int, version: str = "", department: str = "") -> Plan:
    """Which versions came, and the whole."""
    here = tuple(each for each in VERSIONS if _any(desk, place, year, each, department))
    order = ("草案", "初步方案", "批复")
    shown = version if version in here else next((each for each in order if each in here), "")
    last = _any(desk, place, year - 1, "批复", department)
    own = _of(desk, place, year, shown, department)
    before = "批复" if last else "上年数" if own.height and not own["ly_amt"].null_count() else ""
    paid = desk.any_rows("payment", ("fiscal_year", "=", year - 1), *_where(place, department))
    made = Plan(year, shown, here, before, paid, Row("", "合计", None, None, None))
    rows = divided(desk, place, made, "d", department)
    if not rows:
        return made

    def summed(name: str) -> int | None:
        parts = [getattr(each, name) for each in rows]
        return None if None in parts else sum(parts)

    total = Row("", "合计", summed("before"), summed("done"), summed("now"))
    return Plan(year, shown, here, before, paid, total)


def divided(
    desk: Desk, place: Place, plan: Plan, letter: str, department: str = ""
) -> tuple[Row, ...]:
    """The plan by department, unit, project, or class of 科目; the largest first."""
    column = COLUMNS[letter]
    own = _of(desk, place, plan.year, plan.version, department)
    now = _summed(own, letter, "reply_amt")
    before: dict[str, int] | None = None
    if plan.before == "批复":
        last = _of(desk, place, plan.year - 1, "批复", department)
        before = _summed(last, letter, "reply_amt")
    elif plan.before:
        before = _summed(own, letter, "ly_amt")
    done = _paid(desk, place, plan, column, department) if plan.paid else None
    codes = {*now, *(before or ()), *(done or ())}
    rows = [
        Row(
            code,
            code,
            None if before is None else before.get(code, 0),
            None if done is None else done.get(code, 0),
            now.get(code, 0) if plan.version else None,
        )
        for code in codes
    ]
    return tuple(sorted(rows, key=lambda each: (-(each.now or 0), -(each.done or 0), each.code)))


def moved(
    desk: Desk, place: Place, year: int, department: str = "", both: tuple[str, str] = VERSIONS[:2]
) -> tuple[Moved, ...]:
    """What the second version changed, by department; those without a change are left out."""
    keys = ["dept_code", "pro_code"]
    sums = [
        _of(desk, place, year, version, department)
        .group_by(keys)
        .agg(pl.col("reply_amt").sum().alias(version))
        for version in both
    ]
    joined = sums[0].join(sums[1], on=keys, how="full", coalesce=True)
    first, second = (pl.col(version) for version in both)
    apart = first.is_not_null() & second.is_not_null() & (first != second)
    found = (
        joined.group_by("dept_code")
        .agg(
            first.sum().alias("first"),
            second.sum().alias("second"),
            first.is_null().sum().alias("added"),
            second.is_null().sum().alias("dropped"),
            apart.sum().alias("changed"),
        )
        .filter(pl.sum_horizontal("added", "dropped", "changed") > 0)
    )
    rows = [Moved(str(code), *map(int, counts)) for code, *counts in found.iter_rows()]
    return tuple(sorted(rows, key=lambda each: (-abs(each.second - each.first), each.code)))


def disclosed(desk: Desk, place: Place, year: int) -> tuple[str, tuple[Row, ...]]:
    """What departments made public of their budgets (REF-04, form 03 支出合计), and of which stage.

    They have no projects and stand beside FIN-09 only where it did not come.
    """
    found: dict[int, dict[str, int | None]] = {}
    names: dict[str, str] = {}
    stages: list[str] = []
    for at in (year - 1, year):
        rows = desk.rows(
            "budget_form",
            ("fiscal_year", "=", at),
            ("mof_div_code", "=", place.region),
            ("table_no", "=", "03"),
            ("row_code", "=", "T"),
            ("col_code", "=", "1"),
        ).filter(pl.col("agency_code") == pl.col("dept_code"))
        here = [str(each) for each in rows["stage"].unique().sort()]
        stage = "草案" if "草案" in here else next(iter(here), "")
        own = rows.filter(pl.col("stage") == stage)
        found[at] = dict(own.select("dept_code", "amt").iter_rows())
        names |= dict(own.select("dept_code", "owner_name").drop_nulls().iter_rows())
        stages.append(stage)
    before, now = found[year - 1], found[year]
    made = [Row(code, names.get(code, code), before.get(code), None, now[code]) for code in now]
    return stages[1], tuple(sorted(made, key=lambda each: (-(each.now or 0), each.code)))


def _where(place: Place, department: str) -> tuple[Term, ...]:
    own: tuple[Term, ...] = (("mof_div_code", "=", place.region),)
    return (*own, ("dept_code", "=", department)) if department else own


def _of(desk: Desk, place: Place, year: int, version: str, department: str) -> pl.DataFrame:
    year_and_version: tuple[Term, ...] = (("fiscal_year", "=", year), ("version", "=", version))
    return desk.rows(DEPARTMENTS, *_where(place, department), *year_and_version)


def _any(desk: Desk, place: Place, year: int, version: str, department: str) -> bool:
    return not _of(desk, place, year, version, department).is_empty()


def _summed(rows: pl.DataFrame, letter: str, amount: str) -> dict[str, int]:
    found = rows.group_by(_key(letter).alias("key")).agg(pl.col(amount).sum())
    return {str(key): int(value) for key, value in found.iter_rows() if key is not None}


def _key(letter: str) -> pl.Expr:
    column = pl.col(COLUMNS[letter])
    return column.str.slice(0, CLASS) if letter in "ce" else column


def _paid(desk: Desk, place: Place, plan: Plan, column: str, department: str) -> dict[str, int]:
    where = (("fiscal_year", "=", plan.year - 1), *_where(place, department))
    if column == COLUMNS["p"]:  # the sums that are kept know no project
        rows = desk.reader.scan("payment").filter(
            [pl.col(name) == value for name, _, value in where]
        )
        paid = rows.group_by(column).agg(pl.col("pay_amt").sum()).collect(engine="streaming")
        return {str(code): int(amount) for code, amount in paid.iter_rows() if code is not None}
    found: dict[str, int] = {}
    for code, answer in desk.by(Query("payment", "pay_amt", where), column).items():
        key = code[:CLASS] if column in ("exp_func_code", "dep_bgt_eco_code") else code
        found[key] = found.get(key, 0) + (answer.value or 0)
    return found
