"""Writing a run's observations into the findings, in one transaction.

Recording the same run again changes nothing. A run for an earlier day than the
last recorded one is a back-test: it is written down as one and leaves the findings alone.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

import sqlalchemy as sa

from budget_watch.casework import tables as t
from budget_watch.casework.data_state import CLEARED, LASTING, RANK, data_state
from budget_watch.casework.load import Load, held, loads
from budget_watch.casework.stored import as_json, iso
from budget_watch.lake import Home
from budget_watch.lake.state import writing


@dataclass(frozen=True)
class Run:
    """What identifies a run and what it judged.

    Attributes:
        run: id, the same for the same snapshot, rule book, day and rules.
        judged_rules: rules that ran without error and on data that came; only their findings may
            clear.
        tallies: per rule, as the ``check`` command prints them.
        limits: rule → how many new findings a month it may make; none where it declares nothing.
        trial: rules on trial: their findings are marked, counted apart, and make no notice.
        partial: made with some rules only; what the whole book last counted stays what it was.
        exemptions: those it was made with, whole: `exemption`, `origin` and `content`.
    """

    run: str
    snapshot: str
    book_hash: str
    as_of: date
    judged_rules: frozenset[str]
    tallies: list[dict[str, Any]]
    limits: Mapping[str, int | None] = field(default_factory=dict)
    partial: bool = False
    trial: frozenset[str] = frozenset()
    exemptions: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True)
class Recorded:
    """What recording changed: counts of findings.

    Attributes:
        held: of the new ones, those whose notice is held.
        trial: new findings of rules on trial, not among `new`.
        tallies: the run's tallies with ``new``, ``load_limit`` and ``calibrate`` of each rule.
    """

    new: int = 0
    changed: int = 0
    cleared: int = 0
    held: int = 0
    trial: int = 0
    repeated: bool = False
    back_test: bool = False
    tallies: list[dict[str, Any]] = field(default_factory=list, compare=False)


def record_run(
    home: Home,
    run: Run,
    observations: Iterable[Mapping[str, Any]],
    baseline: date | None,
    tell: Callable[[sa.Connection, str], None] = lambda connection, run: None,
) -> Recorded:
    """Record a run.

    Args:
        home: the installation.
        observations: hits, insufficient data and errors of the run, each with ``identity``,
            ``rule``, ``title``, ``area``, ``outcome``, ``level``, ``class``, ``provisional``,
            ``grain`` and ``values`` (mappings), ``period_end``, places, ``message``.
        baseline: findings first seen up to this day are 存量.
        tell: writes the notices of a run, in the same transaction; not called for a repeated run or
            a back-test.

    Returns:
        How many findings are new, changed and cleared.
    """
    with writing(home) as connection:
        last = _last_run(connection)
        again = connection.execute(sa.select(t.run.c.tallies).where(t.run.c.run == run.run)).first()
        if again is not None:
            return Recorded(repeated=True, tallies=json.loads(again.tallies))
        if last is not None and run.as_of < last.as_of:
            _insert_back_test(connection, run)
            return Recorded(back_test=True, tallies=run.tallies)
        previous = last.as_of if last is not None else None
        known = _known(connection)
        counts = {"new": 0, "changed": 0, "cleared": 0, "trial": 0}
        seen: set[str] = set()
        newest = _newest(observations)
        stock = baseline is not None and run.as_of <= baseline
        load = {} if stock else loads(connection, _new(newest, known), run.limits, run.as_of)
        kept = 0
        for identity, item in newest.items():
            before = known.get(identity)
            if before is None and item["outcome"] != "hit":
                continue
            seen.add(identity)
            if item["outcome"] == "hit" and item.get("recovered"):
                counts["cleared"] += _recovered(
                    connection, run, dict(item), before, previous, stock
                )
                continue
            hold = before is None and held(item, load.get(item["rule"]))
            kept += hold
            done = _store(connection, run, dict(item), before, previous, stock, hold)
            counts["trial" if done == "new" and item["rule"] in run.trial else done] += 1
        for identity, before in known.items():
            if identity in seen or before["rule"] not in run.judged_rules:
                continue
            if before["outcome"] != "cleared":
                _clear(connection, run, identity, before)
                counts["cleared"] += 1
        tallies = [_with_load(each, load.get(each["rule"])) for each in run.tallies]
        _insert_run(connection, run, last, tallies)
        tell(connection, run.run)
    return Recorded(
        counts["new"], counts["changed"], counts["cleared"], kept, counts["trial"], tallies=tallies
    )


def _new(
    newest: Mapping[str, Mapping[str, Any]], known: Mapping[str, object]
) -> list[Mapping[str, Any]]:
    """The hits that no run has seen before and that are still open."""
    return [
        item
        for identity, item in newest.items()
        if identity not in known and item["outcome"] == "hit" and not item.get("recovered")
    ]


def _with_load(tally: dict[str, Any], load: Load | None) -> dict[str, Any]:
    found = load or Load()
    return {**tally, "new": found.new, "load_limit": found.limit, "calibrate": found.exceeded}


def _newest(observations: Iterable[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """One observation a finding: that of its latest period, and of one period the worst."""
    found: dict[str, Mapping[str, Any]] = {}
    for item in sorted(observations, key=_weight):
        found[item["identity"]] = item
    return found


def _weight(item: Mapping[str, Any]) -> tuple[str, bool, int, str]:
    level = RANK.get(item["level"] or "", 0)
    grain = json.dumps(item["grain"], sort_keys=True, default=str)
    return str(item.get("period_end") or ""), item["outcome"] == "hit", level, grain


def _last_run(connection: sa.Connection) -> Any:
    return connection.execute(sa.select(t.run).order_by(t.run.c.seq.desc()).limit(1)).first()


def _insert_back_test(connection: sa.Connection, run: Run) -> None:
    """Write a back-test down, once."""
    table = t.back_test
    if connection.execute(sa.select(table.c.run).where(table.c.run == run.run)).first():
        return
    connection.execute(
        table.insert().values(
            run=run.run,
            snapshot=run.snapshot,
            book_hash=run.book_hash,
            as_of=run.as_of,
            recorded_at=iso(datetime.now(UTC)),
            tallies=as_json(run.tallies),
            partial=run.partial,
        )
    )
    _insert_exemptions(connection, run)


def _insert_exemptions(connection: sa.Connection, run: Run) -> None:
    rows = [{"run": run.run, **each} for each in run.exemptions]
    if rows:
        connection.execute(t.run_exemption.insert(), rows)


def _insert_run(
    connection: sa.Connection, run: Run, last: Any, tallies: list[dict[str, Any]]
) -> None:
    connection.execute(
        t.run.insert().values(
            run=run.run,
            seq=(last.seq if last is not None else 0) + 1,
            snapshot=run.snapshot,
            book_hash=run.book_hash,
            as_of=run.as_of,
            recorded_at=iso(datetime.now(UTC)),
            tallies=as_json(tallies),
            partial=run.partial,
        )
    )
    _insert_exemptions(connection, run)


def _known(connection: sa.Connection) -> dict[str, dict[str, Any]]:
    columns = (
        t.finding.c.id,
        t.finding.c.rule,
        t.finding.c.outcome,
        t.finding.c.data_state,
        t.finding.c.observation,
    )
    rows = connection.execute(sa.select(*columns)).mappings()
    return {row["id"]: dict(row) for row in rows}


def _store(
    connection: sa.Connection,
    run: Run,
    item: dict[str, Any],
    before: dict[str, Any] | None,
    previous: date | None,
    stock: bool,
    hold: bool,
) -> str:
    """Insert or update one finding; returns ``new`` or ``changed``."""
    then = (
        None
        if before is None
        else {**json.loads(before["observation"]), "outcome": before["outcome"]}
    )
    state = data_state(then, item, previous)
    now = {
        "outcome": item["outcome"],
        "level": item["level"],
        "class": item["class"],
        "provisional": bool(item["provisional"]),
        "data_state": state,
        "trial": item["rule"] in run.trial,
        "observation": as_json(item),
        "last_run": run.run,
        "last_seen": run.as_of,
    }
    if before is None:
        fixed = {
            "id": item["identity"],
            "rule": item["rule"],
            "area": item["area"],
            "title": item["title"],
            "grain": as_json(item["grain"]),
            "mof_div_code": item.get("mof_div_code"),
            "dept_code": item.get("dept_code"),
            "agency_code": item.get("agency_code"),
            "first_run": run.run,
            "first_seen": run.as_of,
            "stock": stock,
            "held": hold,
            "work_state": "新触发",
        }
        connection.execute(t.finding.insert().values(**fixed, **now))
        _event(
            connection,
            run,
            item["identity"],
            item["outcome"],
            item["level"],
            state,
            now["observation"],
        )
        return "new"
    connection.execute(t.finding.update().where(t.finding.c.id == item["identity"]).values(**now))
    if state != LASTING or before["data_state"] not in (LASTING, state):
        _event(
            connection,
            run,
            item["identity"],
            item["outcome"],
            item["level"],
            state,
            now["observation"],
        )
    return "changed"


def _recovered(
    connection: sa.Connection,
    run: Run,
    item: dict[str, Any],
    before: dict[str, Any] | None,
    previous: date | None,
    stock: bool,
) -> int:
    """A finding that was over by the end of the run's grains, whenever it is first recorded.

    Returns how many open findings this has cleared.
    """
    if before is None:
        over = {**item, "outcome": "cleared"}
        _store(connection, run, over, None, previous, stock, False)
        return 0
    if before["outcome"] == "cleared":
        return 0
    _clear(connection, run, item["identity"], before)
    return 1


def _clear(connection: sa.Connection, run: Run, identity: str, before: dict[str, Any]) -> None:
    """The rule judged and no longer hits: the data state says so, the work goes on."""
    connection.execute(
        t.finding.update()
        .where(t.finding.c.id == identity)
        .values(outcome="cleared", data_state=CLEARED, last_run=run.run)
    )
    _event(connection, run, identity, "cleared", None, CLEARED, before["observation"])


def _event(
    connection: sa.Connection,
    run: Run,
    identity: str,
    outcome: str,
    level: str | None,
    state: str,
    observation: str,
) -> None:
    events = t.finding_event
    last = connection.execute(
        sa.select(sa.func.max(events.c.seq)).where(events.c.finding == identity)
    ).scalar()
    connection.execute(
        events.insert().values(
            finding=identity,
            seq=(last or 0) + 1,
            run=run.run,
            as_of=run.as_of,
            outcome=outcome,
            level=level,
            data_state=state,
            observation=observation,
        )
    )
