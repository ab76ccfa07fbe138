"""预警中心: findings sifted by facets, counted, and put beside the places they concern."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import sqlalchemy as sa

from budget_watch.access import Grant
from budget_watch.casework import tables
from budget_watch.casework.findings import LEVELS, Finding, list_findings
from budget_watch.casework.runs import PastRun
from budget_watch.lake import Home
from budget_watch.lake.state import engine
from budget_watch.views.drill import Place

PAGE = 100
CLASSES = ("法", "规", "理", "险", "数")


@dataclass(frozen=True)
class Mark:
    """Open findings at or below one place: all of them, and how many are of the worst level."""

    level: str
    worst: int
    count: int
    filter: dict[str, str]


_FILTERS = {"z": "region", "d": "dept", "u": "unitcode", "p": "pro"}


def placed(findings: Iterable[Finding], place: Place, city: str | None) -> list[Finding]:
    """Findings at or below a place, by its region, department, unit and project.

    Args:
        city: the city's own region code, which parts 本级 from 县区.
    """
    wanted = [(letter, code) for letter, code in place.path if letter in _FILTERS]
    inside: Callable[[Finding], bool] = {
        "local": lambda f: f.mof_div_code == city,
        "county": lambda f: f.mof_div_code != city,
        "all": lambda f: True,
    }[place.scope if place.get("z") is None else "all"]
    return [
        f
        for f in findings
        if inside(f) and all(_place_code(f, letter) == code for letter, code in wanted)
    ]


def mark(findings: Iterable[Finding], letter: str = "", code: str = "") -> Mark | None:
    """How many findings, the worst level, and the filter that lists them; None for none."""
    levels = [f.level for f in findings if f.level is not None]
    if not levels:
        return None
    level = min(levels, key=LEVELS.index)
    filtered = {_FILTERS[letter]: code} if code else {}
    return Mark(level, levels.count(level), len(levels), filtered)


def by_code(findings: Iterable[Finding], letter: str) -> dict[str | None, list[Finding]]:
    """Findings per region, department, unit or project code; None for those without one."""
    found: dict[str | None, list[Finding]] = {}
    for finding in findings:
        found.setdefault(_place_code(finding, letter), []).append(finding)
    return found


def _place_code(finding: Finding, letter: str) -> str | None:
    match letter:
        case "z":
            return finding.mof_div_code
        case "d":
            return finding.dept_code
        case "u":
            return finding.agency_code
    value = finding.grain.get("pro_code")
    return value if isinstance(value, str) else None


@dataclass(frozen=True)
class Sieve:
    """What the address asks for; empty sets let everything through."""

    levels: frozenset[str] = frozenset()
    classes: frozenset[str] = frozenset()
    states: frozenset[str] = frozenset()
    data_states: frozenset[str] = frozenset()
    area: str | None = None
    dept: str | None = None
    agency: str | None = None
    region: str | None = None
    project: str | None = None
    rule: str | None = None
    only: frozenset[str] | None = None


_TESTS: dict[str, Callable[[Sieve, Finding], bool]] = {
    "level": lambda s, f: not s.levels or f.level in s.levels,
    "class": lambda s, f: not s.classes or f.klass in s.classes,
    "state": lambda s, f: not s.states or f.work_state in s.states,
    "data_state": lambda s, f: not s.data_states or f.data_state in s.data_states,
    "area": lambda s, f: s.area is None or f.area == s.area,
    "dept": lambda s, f: s.dept is None or f.dept_code == s.dept,
    "agency": lambda s, f: s.agency is None or f.agency_code == s.agency,
    "region": lambda s, f: s.region is None or f.mof_div_code == s.region,
    "project": lambda s, f: s.project is None or _place_code(f, "p") == s.project,
    "rule": lambda s, f: s.rule is None or f.rule == s.rule,
    "only": lambda s, f: s.only is None or f.finding in s.only,
}
_VALUES: dict[str, Callable[[Finding], str | None]] = {
    "level": lambda f: f.level,
    "class": lambda f: f.klass,
    "state": lambda f: f.work_state,
    "data_state": lambda f: f.data_state,
    "area": lambda f: f.area,
    "dept": lambda f: f.dept_code,
    "rule": lambda f: f.rule,
}


@dataclass(frozen=True)
class Sifted:
    """Findings that pass, and for each facet the counts under all other facets."""

    findings: list[Finding]
    facets: dict[str, Counter[str]] = field(default_factory=dict)
    everything: int = 0


def sift(findings: Iterable[Finding], sieve: Sieve) -> Sifted:
    """Apply the sieve; a facet's counts ignore its own choice, so that it can be changed."""
    everything = list(findings)
    passed = [[name for name, test in _TESTS.items() if not test(sieve, f)] for f in everything]
    facets = {
        name: Counter(
            value(f) or ""
            for f, failed in zip(everything, passed, strict=True)
            if not failed or failed == [name]
        )
        for name, value in _VALUES.items()
    }
    shown = [f for f, failed in zip(everything, passed, strict=True) if not failed]
    return Sifted(shown, facets, len(everything))


def year_of(finding: Finding) -> int | None:
    """The fiscal year that a finding is about, by its grain, its values or its voucher's day."""
    for told in (finding.grain, finding.values):
        year = told.get("fiscal_year")
        if isinstance(year, int):
            return year
    for name in ("pay_date", "vou_date"):
        day = finding.values.get(name)
        if isinstance(day, str) and day[:4].isdigit():
            return int(day[:4])
    return None


def latest_key(home: Home) -> int:
    """What changes whenever findings may have changed: the ledger's last event."""
    query = sa.select(sa.func.max(tables.finding_event.c.seq))
    with engine(home).connect() as connection:
        return int(connection.execute(query).scalar() or 0)


def open_findings(home: Home, grant: Grant) -> list[Finding]:
    """Everything that is hit now, worst and newest first; rules on trial are apart."""
    return list_findings(home, grant, trial=False)


def on_trial(home: Home, grant: Grant) -> list[Finding]:
    """What rules on trial hit now: not counted among the others."""
    return list_findings(home, grant, trial=True)


def fresh(home: Home, grant: Grant, run: PastRun | None) -> list[Finding]:
    """Open findings first seen in the latest run or a partial one since.

    Without 存量, held ones and rules on trial.
    """
    if run is None:
        return []
    found = list_findings(home, grant, first_runs=run.ids, trial=False)
    return [f for f in found if not (f.stock or f.held)]
