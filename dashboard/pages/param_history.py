"""The history of a parameter: its values by date and jurisdiction, as steps and as a table."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from budget_watch.engine.authority import place_of, standard
from budget_watch.engine.params import DatedValue, Parameter
from budget_watch.views import formats as fmt
from budget_watch.views.params import Steps, steps
from dashboard import chart
from dashboard import elements as html
from dashboard.context import Context
from dashboard.pages.law_text import value_basis, value_text
from dashboard.pages.place_text import source
from dashboard.parts import Node, block, link, tag
from dashboard.table import Column, Line, table

DASHES = ("solid", "dash", "dot", "dashdot")
UNDRAWN = ("monthday",)  # days of the year are no quantity


def history(context: Context, book: Any, parameter: Parameter) -> html.Section:
    """Every value with its dates, whose number it is, where it holds, what it rests on."""
    parts: list[Node] = []
    found = steps(parameter, context.as_of)
    drawn = sum(len(each.points) for each in found) > 1
    if drawn and parameter.param.unit not in UNDRAWN:
        parts.append(_drawn(context, parameter, found))
    parts.append(values_table(context, book, [parameter], named=False))
    sub = None if drawn else "从施行起没有变动"
    return block("值和依据", parts, flush=True, sub=sub, source=source(context, "规则库"))


def values_table(
    context: Context, book: Any, some: list[Parameter], *, named: bool = True
) -> html.Div:
    """The values of parameters, the one in force first; `named` with the way to each one's page."""
    columns = [Column("参数", width="34%")] if named else []
    columns += [
        Column("值", number=named),
        Column("自"),
        Column("至", minor=True),
        Column("性质"),
        Column("辖区"),
        Column("依据", width="" if named else "40%"),
    ]
    lines = []
    for parameter in some:
        param = parameter.param
        to = context.address.at("params", param.id, keep=("asof", "snap"))
        for value in parameter.values:
            said = value.said
            basis = value_basis(context, book, param.id, said.since, said.jurisdiction)
            name: list[Node] = [link(param.title, to)] if named else []
            lines.append(
                Line(
                    [
                        *name,
                        value_text(said.value),
                        fmt.day(value.since),
                        _ends(parameter, value),
                        tag(standard(said.authority)),
                        place_of(said),
                        basis or said.note or fmt.NOT_APPLICABLE,
                    ]
                )
            )
    return table("参数", columns, lines)


def _ends(parameter: Parameter, value: DatedValue) -> str:
    """The last day of a value: its own, or the day before the next of its jurisdiction."""
    later = [
        each.since
        for each in parameter.values
        if each.jurisdiction == value.jurisdiction and each.since > value.since
    ]
    ends = [each - timedelta(days=1) for each in later] + ([value.until] if value.until else [])
    return fmt.day(min(ends)) if ends else "现行"


def _drawn(context: Context, parameter: Parameter, found: list[Steps]) -> Node:
    colours = chart.ink(context.dark)
    drawing = chart.base(colours, left=72, right=120)
    texts: dict[float, str] = {}
    rows: list[list[Node]] = []
    for at, each in enumerate(found):
        days = [str(since) for since, _, _ in each.points]
        values = [float(value) for _, value, _ in each.points]
        texts.update(zip(values, (said for _, _, said in each.points), strict=True))
        place = each.jurisdiction or "各地"
        drawing.add(
            "scatter",
            x=[*days, str(each.until)],
            y=[*values, values[-1]],
            mode="lines",
            line={
                "shape": "hv",
                "width": 2,
                "color": colours.actual,
                "dash": DASHES[at % len(DASHES)],
            },
            hovertext=[f"{place} 自{since} {said}" for since, _, said in each.points] + [""],
            hoverinfo="text",
        )
        label = {"x": str(each.until), "y": values[-1], "text": f"{place} {each.points[-1][2]}"}
        drawing.set(annotations=[*drawing.layout.get("annotations", []), _label(label)])
        rows += [[place, fmt.day(since), said] for since, _, said in each.points]
    low = min(0.0, *texts)
    drawing.set(
        yaxis={
            "tickvals": list(texts),
            "ticktext": list(texts.values()),
            "range": [low, max(texts) * 1.15 or 1],
        },
        xaxis={
            "type": "date",
            "tickformat": "%Y",
            "range": [
                str(min(each.points[0][0] for each in found)),
                str(max(each.until for each in found)),
            ],
        },
    )
    columns = [Column("辖区"), Column("自"), Column("值")]
    return chart.shown(drawing, _sentence(found), _sub(context.as_of), columns, rows)


def _label(place: dict[str, Any]) -> dict[str, Any]:
    return {**place, "showarrow": False, "xanchor": "left", "xshift": 6, "align": "left"}


def _sentence(found: list[Steps]) -> str:
    local = [each for each in found if each.jurisdiction]
    last = max((point for each in found for point in each.points), key=lambda point: point[0])
    said = f"最近一次在{fmt.day_sentence(last[0])}，为{last[2]}"
    return f"{said}；{len(local)}个辖区有自己的值" if local else said


def _sub(as_of: date) -> str:
    return f"值，自各施行日起，至{fmt.day(as_of)}；纵轴从0起"
