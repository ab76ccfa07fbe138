"""Findings: identity, first and last seen, data state, level.

A finding's identity is its rule and grain (SHA-256, made by the engine). Running
again with the same snapshot and rule book changes nothing; a corrected table
changes the data state, never the identity and never the work state.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa

from budget_watch.access import Grant, Mask, Reached
from budget_watch.casework import tables as t
from budget_watch.casework.data_state import CLEARED
from budget_watch.casework.errors import UnknownFindingError
from budget_watch.casework.finding_lists import kept_list
from budget_watch.casework.hiding import hidden
from budget_watch.casework.rule_marks import visible_rules
from budget_watch.casework.workflow import workflow_of
from budget_watch.lake import Home
from budget_watch.lake.state import engine

LEVELS = ("red", "orange", "yellow", "blue")
# Work states after a first verification that held (初核成立; domain §4.4): from here on a finding
# may be named, and deputies may see it. 办结 alone does not say that it held.
VERIFIED = frozenset(
    (
        "初核成立",
        "待转交",
        "已转交",
        "已签收",
        "研究处理中",
        "已反馈",
        "复核",
        "退回补充",
        "持续跟踪",
    )
)
# What deputies see: those, and what came of them; a finding is closed only after it was upheld.
UPHELD = VERIFIED | {"办结"}


@dataclass(frozen=True)
class Finding:
    """One doubtful point as it stands now.

    Attributes:
        finding: its identity, 64 hexadecimal digits.
        grain: grain column → value.
        values: measure or column name → value (money in fen, ratios in millionths).
        message: the sentence, worded for its class and work state.
        stock: first seen on or before the home's baseline day (存量).
        observation: the engine's whole last observation.
        held: listed without notice or clock, because its rule made more than its declared load.
        trial: its rule was on trial when it last ran: counted apart, no notice, no clock.
    """

    finding: str
    rule: str
    title: str
    area: str
    level: str | None
    klass: str | None
    outcome: str
    provisional: bool
    grain: dict[str, Any]
    values: dict[str, Any]
    message: str
    mof_div_code: str | None
    dept_code: str | None
    agency_code: str | None
    first_seen: date
    last_seen: date
    data_state: str
    work_state: str
    stock: bool
    observation: dict[str, Any]
    held: bool = False
    trial: bool = False

    def record(self) -> dict[str, Any]:
        """The JSON object of the ``findings`` command."""
        return {
            "finding": self.finding,
            "rule": self.rule,
            "title": self.title,
            "area": self.area,
            "class": self.klass,
            "level": self.level,
            "outcome": self.outcome,
            "provisional": self.provisional,
            "grain": self.grain,
            "values": self.values,
            "message": self.message,
            "first_seen": self.first_seen.isoformat(),
            "last_seen": self.last_seen.isoformat(),
            "data_state": self.data_state,
            "work_state": self.work_state,
            "stock": self.stock,
            "held": self.held,
            "trial": self.trial,
        }


def list_findings(
    home: Home,
    grant: Grant,
    *,
    rule: str | None = None,
    level: str | None = None,
    klass: str | None = None,
    outcome: str | None = "hit",
    area: str | None = None,
    dept: str | None = None,
    first_runs: Collection[str] | None = None,
    data_state: str | None = None,
    trial: bool | None = None,
    rules: Collection[str] | None = None,
) -> list[Finding]:
    """Findings in the reader's scope, worst and newest first.

    Args:
        home: the installation.
        grant: who reads; rows outside its scope are not there.
        outcome: ``hit`` (open now), ``cleared``, ``insufficient_data``, ``error``; None for all.
        first_runs: only findings first seen in one of these runs.
        trial: only those of rules on trial, or only those of the others.
        rules: only findings of these rules.
    """
    table = t.finding
    shown = _level(home, grant)
    wanted: dict[sa.ColumnElement[Any], Any] = {
        table.c.rule: rule,
        shown: level,
        table.c["class"]: klass,
        table.c.outcome: outcome,
        table.c.area: area,
        table.c.dept_code: dept,
        table.c.data_state: data_state,
        table.c.trial: trial,
    }
    where = [column == value for column, value in wanted.items() if value is not None]
    if rules is not None:
        where.append(table.c.rule.in_(sorted(rules)))
    if first_runs is not None:
        where.append(table.c.first_run.in_(sorted(first_runs)))
    rank = sa.case({name: at for at, name in enumerate(LEVELS)}, value=shown, else_=9)
    query = (
        _query(home, grant)
        .where(*where)
        .order_by(rank, table.c.first_seen.desc(), table.c.rule, table.c.id)
    )
    with engine(home).connect() as connection:
        return kept_list(
            connection,
            query,
            grant.mask,
            lambda: [_finding(row, grant) for row in connection.execute(query).mappings()],
        )


def get_finding(home: Home, grant: Grant, finding_id: str) -> Finding:
    """One finding by its id or an unambiguous beginning of at least 8 digits.

    Raises:
        UnknownFindingError: none such in the reader's scope.
    """
    if len(finding_id) < 8:
        raise UnknownFindingError(finding_id)
    query = _query(home, grant).where(t.finding.c.id.startswith(finding_id, autoescape=True))
    with engine(home).connect() as connection:
        rows = connection.execute(query.limit(2)).mappings().all()
    if len(rows) != 1:
        raise UnknownFindingError(finding_id)
    return _finding(rows[0], grant)


def history(home: Home, grant: Grant, finding_id: str) -> list[dict[str, Any]]:
    """What was seen of a finding, run by run where something changed, oldest first."""
    found = get_finding(home, grant, finding_id)
    query = (
        sa.select(t.finding_event)
        .where(t.finding_event.c.finding == found.finding)
        .order_by(t.finding_event.c.seq)
    )
    told = sa.select(t.finding.c.id).where(
        t.finding.c.id == found.finding, _in_cases(home, "answered")
    )
    with engine(home).connect() as connection:
        rows = connection.execute(query).mappings().all()
        answered = connection.scalar(told) is not None
    rated = grant.findings is not Reached.TRANSFERRED or answered
    return [
        {
            **row,
            "level": row["level"] if rated else None,
            "observation": _shown(row["observation"], grant, rated=rated),
        }
        for row in rows
    ]


def visible_among(
    home: Home, grant: Grant, connection: sa.Connection, ids: Collection[str]
) -> set[str]:
    """Which of these findings lie in the reader's scope; asked inside the caller's transaction."""
    query = sa.select(t.finding.c.id).where(*in_scope(home, grant), t.finding.c.id.in_(sorted(ids)))
    return set(connection.execute(query).scalars())


def in_scope(home: Home, grant: Grant) -> list[sa.ColumnElement[bool]]:
    """What the grant asks of a finding: its rule, place, work state and days."""
    f, scope, window = t.finding.c, grant.scope, grant.window
    limits: list[sa.ColumnElement[bool]] = []
    rules = visible_rules(home.root, grant)
    if rules is not None:
        limits.append(f.rule.in_(sorted(rules)))
    if scope.regions is not None:
        limits.append(f.mof_div_code.in_(sorted(scope.regions)))
    if scope.departments is not None:
        limits.append(f.dept_code.in_(sorted(scope.departments)))
    if scope.units is not None:
        limits.append(f.agency_code.in_(sorted(scope.units)))
    if grant.findings is Reached.UPHELD:
        limits.append(f.work_state.in_(sorted(UPHELD)))
    if grant.findings is Reached.TRANSFERRED:
        limits.append(_in_cases(home, "shown_to_departments"))
    if grant.findings is not Reached.FOUND:
        limits.append(f.trial.is_(False))
    if window.since is not None:
        limits.append(f.last_seen >= window.since)
    if window.until is not None:
        limits.append(f.first_seen <= window.until)
    return limits


def _in_cases(home: Home, mark: str) -> sa.ColumnElement[bool]:
    """Whether a finding's case stands in a state of the workflow with this mark."""
    own, case = t.case_finding.c, t.case_file.c
    states = [each.id for each in workflow_of(home.root).states if getattr(each, mark)]
    inside = sa.select(own.finding).join(t.case_file, case.id == own.case)
    return t.finding.c.id.in_(inside.where(case.state.in_(states)))


def _level(home: Home, grant: Grant) -> sa.ColumnElement[str | None]:
    """The level as the reader may know it: departments see none before they have answered."""
    if grant.findings is not Reached.TRANSFERRED:
        return t.finding.c.level
    return sa.case((_in_cases(home, "answered"), t.finding.c.level), else_=sa.null())


def _query(home: Home, grant: Grant) -> sa.Select[Any]:
    return sa.select(t.finding, _level(home, grant).label("shown_level")).where(
        *in_scope(home, grant)
    )


def _shown(stored: str, grant: Grant, *, rated: bool) -> dict[str, Any]:
    """A stored observation as the grant may see it."""
    seen: dict[str, Any] = json.loads(stored)
    if not rated:
        seen["level"] = None
    if grant.mask is Mask.PERSONS:
        seen["values"] = hidden(seen.get("values") or {})
        seen["grain"] = hidden(seen.get("grain") or {})
    return seen


def _finding(row: Mapping[Any, Any], grant: Grant) -> Finding:
    rated = row["shown_level"] == row["level"]
    seen = _shown(row["observation"], grant, rated=rated)
    return Finding(
        finding=row["id"],
        rule=row["rule"],
        title=row["title"],
        area=row["area"],
        level=row["shown_level"],
        klass=row["class"],
        outcome=row["outcome"],
        provisional=row["provisional"],
        grain=seen["grain"],
        values=seen.get("values") or {},
        message=seen.get("message") or "",
        mof_div_code=row["mof_div_code"],
        dept_code=row["dept_code"],
        agency_code=row["agency_code"],
        first_seen=row["first_seen"],
        last_seen=row["last_seen"],
        data_state=row["data_state"],
        work_state=row["work_state"],
        stock=row["stock"],
        observation=seen,
        held=row["held"],
        trial=row["trial"],
    )


__all__ = ["CLEARED", "LEVELS", "Finding", "get_finding", "history", "list_findings"]
