"""Two issues beside each other: which printed figures changed, and by how much.

Figures are the same where their key is; they are compared exactly, not as printed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from budget_watch.views import Figure, Unit, formats
from budget_watch.views.figure import Origin

_RATES = (Unit.SHARE, Unit.CHANGE, Unit.POINTS)
_NOWHERE = Origin("", "", "", "", "")


@dataclass(frozen=True)
class Changed:
    """A figure of both issues whose value is not the same, as text.

    Attributes:
        scope: region, scope kind, stage and span of the later issue's figure.
        step: by how much, signed; “—” where one of the two is not known.
    """

    key: str
    label: str
    scope: str
    before: str
    after: str
    step: str


@dataclass(frozen=True)
class Comparison:
    """What became of the figures of an earlier issue in a later one.

    Attributes:
        changed: 全市 and 本级 first, then single regions. same: how many are equal.
        gone, come: labels of figures that only the earlier or only the later prints.
    """

    changed: tuple[Changed, ...]
    same: int
    gone: tuple[str, ...]
    come: tuple[str, ...]


def compare(before: Mapping[str, Any], after: Mapping[str, Any]) -> Comparison:
    """Compare the figures of two issues, as `issues.figures_of` gives them."""
    both = sorted(set(before) & set(after))
    both.sort(key=lambda key: key[:1].isdigit())
    unequal = [key for key in both if _exact(before[key]) != _exact(after[key])]
    return Comparison(
        tuple(_changed(key, before[key], after[key]) for key in unequal),
        len(both) - len(unequal),
        tuple(str(before[key]["label"]) for key in sorted(set(before) - set(after))),
        tuple(str(after[key]["label"]) for key in sorted(set(after) - set(before))),
    )


def _exact(told: Mapping[str, Any]) -> tuple[str, Fraction | None]:
    value = told["value"]
    return told["unit"], None if value is None else Fraction(value, told["over"])


def _changed(key: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Changed:
    first, second, step = _text(before), _text(after), _step(before, after)
    if first == second:  # rounding hides what changed
        first, second, step = _fine(before), _fine(after), _fine_step(before, after)
    return Changed(key, str(after["label"]), str(after["scope"]), first, second, step)


def _text(told: Mapping[str, Any]) -> str:
    figure = Figure("", "", Unit(told["unit"]), told["value"], _NOWHERE, "", (), over=told["over"])
    return formats.figure_text(figure) or formats.MISSING


def _fine(told: Mapping[str, Any]) -> str:
    """Money to the fen; a rate as its two integers."""
    if Unit(told["unit"]) is Unit.FEN:
        return f"{formats.yuan(told['value'])}元"
    return f"{told['value']:,} / {told['over']:,}"


def _step(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    (kind, first), (other, second) = _exact(before), _exact(after)
    if kind != other or first is None or second is None:
        return formats.NOT_APPLICABLE
    step, unit = second - first, Unit(kind)
    if unit in _RATES:
        return formats.points(step)
    if unit is Unit.FEN:
        return _signed(formats.sentence_money(int(step)), step)
    if unit is Unit.COUNT:
        return _signed(formats.count(int(step)), step)
    return formats.NOT_APPLICABLE


def _fine_step(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    if Unit(after["unit"]) is not Unit.FEN:
        return "小于显示位数"
    step = after["value"] - before["value"]
    return _signed(f"{formats.yuan(step)}元", step)


def _signed(text: str, step: Fraction | int) -> str:
    return text if step < 0 else f"+{text}"
