"""Findings that concern the period: counted, and named after 初核成立."""

from __future__ import annotations

from dataclasses import replace

from budget_watch.digest.gatherer import Asked, Gatherer
from budget_watch.digest.writing import Row
from budget_watch.views import Figure
from budget_watch.views import formats as wording
from budget_watch.views.findings_summary import AREAS, LEVELS, FindingsSummary, findings_summary


def put_findings(made: Gatherer, asked: Asked) -> None:
    """Findings of the whole government."""
    home, grant, span = asked.home, asked.grant, asked.period.span
    found = findings_summary(home, grant, asked.whole, span, asked.desk.snapshot)
    _put_findings(made, found)


def _put_findings(made: Gatherer, found: FindingsSummary) -> None:
    made.put("", (found.total, found.earlier, found.cleared, found.provisional, found.unnamed))
    for table in (found.by_level, found.by_class, found.by_area, found.by_state):
        made.put("", table.values())
    for name, table in (
        ("levels", found.by_level),
        ("classes", found.by_class),
        ("areas", found.by_area),
        ("states", found.by_state),
    ):
        made.lists[f"findings.{name}"] = [
            {"name": figure.label, "count": figure} for figure in table.values()
        ]
    made.lists["findings.table"] = [_area(made, found, area) for area in found.by_area]
    made.lists["findings.named"] = [
        {
            "name": f.title,
            "level": LEVELS.get(f.level or "", ""),
            "rule": f.rule,
            "text": f.message,
            "state": f.work_state,
        }
        for f in found.named
    ]
    for area, title in AREAS.items():
        key = f"findings.area.{area}"
        if key not in made.figures:
            among = (*found.total.queries[0].where, ("area", "=", area))
            none = replace(
                found.total,
                id=key,
                label=title,
                value=None if found.total.value is None else 0,
                queries=(replace(found.total.queries[0], where=among),),
            )
            made.put("", (none,))
        made.lists[f"findings.named.{area}"] = [
            row
            for row, f in zip(made.lists["findings.named"], found.named, strict=True)
            if f.area == area
        ]
    made.put("", found.judged)
    made.words["run.as_of"] = wording.day_sentence(found.run.as_of) if found.run else ""


def _area(made: Gatherer, found: FindingsSummary, area: str) -> Row:
    total = found.by_area[area]
    row: dict[str, str | Figure] = {"name": AREAS[area], "count": total}
    for level in LEVELS:
        figure = replace(
            total,
            id=f"findings.area.{area}.{level}",
            label=f"{total.label}{LEVELS[level]}",
            value=found.level_by_area.get((area, level), 0),
            queries=tuple(q.narrow(("level", "=", level)) for q in total.queries),
        )
        made.put("", (figure,))
        row[level] = figure
    return row
