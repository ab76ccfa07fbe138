"""Findings that concern the period: counted; named after 初核成立, with what was answered."""

from __future__ import annotations

from dataclasses import replace

from budget_watch.casework.answers import answers
from budget_watch.casework.cases import FINANCE, Actor
from budget_watch.digest.gatherer import Asked, Gatherer
from budget_watch.digest.issues import role_title
from budget_watch.digest.writing import Row
from budget_watch.views import Figure
from budget_watch.views import formats as wording
from budget_watch.views.findings_summary import AREAS, LEVELS, FindingsSummary, findings_summary
from budget_watch.views.names import names


def put_findings(made: Gatherer, asked: Asked) -> None:
    """Findings of the whole government."""
    home, grant, span = asked.home, asked.grant, asked.period.span
    found = findings_summary(home, grant, asked.whole, span, asked.desk.snapshot)
    _put_findings(made, found)
    _put_told(made, asked, found)


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


def _put_told(made: Gatherer, asked: Asked, found: FindingsSummary) -> None:
    """What was answered to named findings, word for word, with who answered, when and where."""
    actor = Actor(asked.grant, role_title(asked.home, asked.grant.role or ""))
    told = answers(asked.home, actor, [f.finding for f in found.named])
    units = names(asked.desk.reader, asked.period.span.fiscal_year).units if told else {}
    rows: dict[str, list[Row]] = {area: [] for area in AREAS}
    for f in found.named:
        if (answer := told.get(f.finding)) is None:
            continue
        who = "财政部门" if answer.by == FINANCE else units.get(answer.by, answer.by)
        source = f"{who}，{wording.day_sentence(answer.day)}答复，办理 {answer.case}"
        row: Row = {"name": f.title, "text": answer.text, "source": source, "state": f.work_state}
        rows[f.area or "data"].append(row)
    made.lists["findings.told"] = [row for those in rows.values() for row in those]
    for area, those in rows.items():
        made.lists[f"findings.told.{area}"] = those


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
