"""Reads a chart of a page as plain data, so that it can be drawn elsewhere: in Excel, in print."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from budget_watch.digest.page_book import Plot, Series
from dashboard.chart import DARK, LIGHT

_FORMS = {"scatter": "line", "bar": "column", "waterfall": "waterfall"}
_HOLLOW = frozenset({LIGHT.surface, DARK.surface})


def plot_of(title: str, sub: str, drawn: Mapping[str, Any]) -> Plot | None:
    """The chart; None where it has a form that is drawn nowhere else."""
    traces, layout = drawn.get("data", []), drawn.get("layout", {})
    kinds = {trace["type"] for trace in traces}
    if len(kinds) != 1 or not kinds <= set(_FORMS):
        return None
    form = _FORMS[kinds.pop()]
    if form == "line" and not all("lines" in trace.get("mode", "lines") for trace in traces):
        return None
    lying = any(trace.get("orientation") == "h" for trace in traces)
    along, across = ("y", "x") if lying else ("x", "y")
    keys = list(dict.fromkeys(key for trace in traces for key in trace[along]))
    names = _names(keys, layout.get("yaxis" if lying else "xaxis", {}))
    series = tuple(
        _series(trace, number, keys, along, across) for number, trace in enumerate(traces, 1)
    )
    stacked = layout.get("barmode") == "stack"
    return Plot(title, sub, "bar" if lying else form, names, series, stacked)


def _names(keys: Sequence[Any], axis: Mapping[str, Any]) -> tuple[str, ...]:
    """Categories as the axis writes them."""
    ticks = dict(zip(axis.get("tickvals", ()), axis.get("ticktext", ()), strict=False))
    return tuple(str(ticks.get(key, key)).replace("<br>", "") for key in keys)


def _series(
    trace: Mapping[str, Any], number: int, keys: Sequence[Any], along: str, across: str
) -> Series:
    values = dict(zip(trace[along], trace[across], strict=True))
    steps = dict(zip(trace[along], trace.get("measure", ()), strict=False))
    line, marker = trace.get("line", {}), trace.get("marker", {})
    fill = marker.get("color") not in _HOLLOW
    colour = line.get("color") or marker.get("color") or LIGHT.actual
    return Series(
        trace.get("name") or f"系列{number}",
        tuple(values.get(key) for key in keys),
        tuple(steps.get(key, "relative") for key in keys) if steps else (),
        colour if fill and isinstance(colour, str) else LIGHT.actual,
        line.get("dash", "solid"),
        fill,
    )
