"""A page's chart drawn on the server, for print: the same numbers, no script, no grey on grey.

Bars start at zero, the axis is one, names stand at the ends of lines; what is missing is not drawn.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence

from budget_watch.digest.drawing import HAIRLINE, INK, NOTE, PAPER, Drawing, Line, Rect, Words
from budget_watch.digest.page_book import Plot, Series
from budget_watch.digest.page_chart import steps
from budget_watch.digest.svg import svg
from dashboard.chart import FACE, nice_step, plain

WIDE, HIGH = 720.0, 250.0
_LEFT, _RIGHT, _TOP, _FOOT = 64.0, 92.0, 18.0, 34.0
_TEXT = 11.0
_APART = 14.0  # between the names of two lines
_LABELLED = 14  # so many columns carry their numbers


def image_of(plot: Plot, ident: str) -> str:
    """The chart as an address that holds its picture."""
    drawn = svg(drawing_of(plot), f"{plot.title} {plot.sub}", ident)
    face = FACE.replace('"', "'")
    written = drawn.replace("<svg ", f'<svg font-family="{face}" ', 1)
    return f"data:image/svg+xml;base64,{base64.b64encode(written.encode()).decode()}"


def drawing_of(plot: Plot) -> Drawing:
    """The chart as rectangles, lines and words."""
    picture = Drawing(WIDE, HIGH)
    scale = _Scale.of(plot)
    for value in scale.ticks:
        y = scale.y(value)
        picture.add(Line(((_LEFT, y), (WIDE - _RIGHT, y)), INK if value == 0 else HAIRLINE))
        picture.add(Words(_LEFT - 6, y + 4, plain(value), _TEXT, "end", NOTE))
    _names(picture, plot.categories)
    if plot.form == "line":
        _lines(picture, plot, scale)
    else:
        _columns(picture, plot, scale)
    return picture


class _Scale:
    """From a value to a height."""

    def __init__(self, low: float, high: float) -> None:
        step = nice_step(max(high, -low))
        self.low = -step * -(low // step) if low < 0 else 0.0
        self.high = max(high * 1.08, step)
        count = int((self.high - self.low) / step) + 1
        self.ticks = [self.low + step * at for at in range(count)]

    @classmethod
    def of(cls, plot: Plot) -> _Scale:
        """The scale that holds every column and line, from zero."""
        if plot.stacked or plot.form == "waterfall":
            heights = _stacks(plot)
            tops = [sum(v or 0 for v in column) for column in zip(*heights, strict=True)]
        else:
            tops = [v for each in plot.series for v in each.values if v is not None]
        return cls(min([0.0, *tops]), max([0.0, *tops]))

    def y(self, value: float) -> float:
        """Where a value stands."""
        room = HIGH - _TOP - _FOOT
        return HIGH - _FOOT - (value - self.low) / (self.high - self.low) * room


def _stacks(plot: Plot) -> list[tuple[float | None, ...]]:
    series = steps(plot) if plot.form == "waterfall" else plot.series
    return [each.values for each in series]


def _slot(plot_size: int) -> float:
    return (WIDE - _LEFT - _RIGHT) / max(plot_size, 1)


def _names(picture: Drawing, categories: Sequence[str]) -> None:
    """Names below the axis, as many as fit."""
    slot = _slot(len(categories))
    longest = max((len(name) for name in categories), default=1)
    every = max(1, round(longest * _TEXT * 0.75 / slot + 0.4)) if longest * 6.5 > slot else 1
    for at, name in enumerate(categories):
        if at % every == 0:
            x = _LEFT + slot * (at + 0.5)
            picture.add(Words(x, HIGH - _FOOT + 16, name, _TEXT, "middle", NOTE))


def _lines(picture: Drawing, plot: Plot, scale: _Scale) -> None:
    slot = _slot(len(plot.categories))
    ends: list[tuple[float, str]] = []
    for each in plot.series:
        points = [
            (_LEFT + slot * (at + 0.5), scale.y(value))
            for at, value in enumerate(each.values)
            if value is not None
        ]
        if not points:
            continue
        width = 2.2 if each.dash == "solid" else 1.2
        picture.add(Line(tuple(points), each.colour, width, each.dash != "solid"))
        ends.append((points[-1][1], each.name))
    last = -_APART
    for y, name in sorted(ends):
        last = max(y, last + _APART)
        picture.add(Words(WIDE - _RIGHT + 6, last + 4, name, _TEXT, "start", INK))


def _columns(picture: Drawing, plot: Plot, scale: _Scale) -> None:
    series = steps(plot) if plot.form == "waterfall" else plot.series
    slot, stacked = _slot(len(plot.categories)), plot.stacked or plot.form == "waterfall"
    wide = slot * 0.62 / (1 if stacked else len(series))
    for at in range(len(plot.categories)):
        low = 0.0
        for number, each in enumerate(series):
            value = each.values[at]
            if not value:
                continue
            x = _LEFT + slot * (at + 0.19) + (0 if stacked else wide * number)
            start = low if stacked else 0.0
            _column(picture, each, x, wide, (scale.y(start + value), scale.y(start)))
            low = start + value if stacked else 0.0
        if len(plot.categories) <= _LABELLED and plot.form == "waterfall":
            told = plot.series[0].values[at]
            if told is not None:
                x = _LEFT + slot * (at + 0.5)
                picture.add(Words(x, scale.y(low) - 5, f"{told:,.2f}", _TEXT, "middle", INK))
    if stacked and plot.form != "waterfall":
        _key(picture, series)


def _column(
    picture: Drawing, each: Series, x: float, wide: float, ends: tuple[float, float]
) -> None:
    if not each.colour:
        return
    top, bottom = min(ends), max(ends)
    fill = each.colour if each.fill else PAPER
    picture.add(Rect(x, top, wide, max(bottom - top, 0.5), fill, INK))


def _key(picture: Drawing, series: Sequence[Series]) -> None:
    """Which is which, beside the columns."""
    for at, each in enumerate(series):
        y = _TOP + at * 18
        fill = each.colour if each.fill else PAPER
        picture.add(Rect(WIDE - _RIGHT + 10, y, 10, 10, fill, INK))
        picture.add(Words(WIDE - _RIGHT + 26, y + 9, each.name, _TEXT, "start", INK))
