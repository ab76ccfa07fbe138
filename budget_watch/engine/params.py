"""Parameters: the value that holds for a day and a region, and the type it has in expressions."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from budget_watch.engine.errors import BookError, ExpressionError
from budget_watch.engine.model import Param, ParamValue
from budget_watch.engine.units import DAY, MONEY, NUMBER, RATIO, WORKDAY, Type, parse_value

TYPES: dict[str, Type] = {
    "ratio": RATIO,
    "fen": MONEY,
    "day": DAY,
    "workday": WORKDAY,
    "count": NUMBER,
    "month": NUMBER,
    "monthday": NUMBER,
}
DENOMINATORS = {"ratio": 10**9, "count": 10**6}


@dataclass(frozen=True)
class DatedValue:
    """One value as the engine uses it: exact, with its days and jurisdiction prefix."""

    value: Fraction
    since: date
    until: date | None
    jurisdiction: str
    said: ParamValue


@dataclass(frozen=True)
class Parameter:
    """A parameter ready for use; `values` stand in order of precedence."""

    param: Param
    type: Type
    values: tuple[DatedValue, ...]

    def at(self, day: date, region: str | None) -> DatedValue | None:
        """The value for a day and region: longest jurisdiction, then latest start; none if none."""
        for value in self.values:
            holds = value.since <= day and (value.until is None or day <= value.until)
            if holds and (region or "").startswith(value.jurisdiction):
                return value
        return None


def parameter(param: Param, where: Callable[[int], str]) -> Parameter:
    """Read a parameter's values. Raises BookError for a value that does not fit its unit.

    Args:
        where: the place of a value that a mistake names.
    """
    values: list[DatedValue] = []
    for at, said in enumerate(param.values):
        try:
            value = exact(param, said.value, "")
        except BookError as error:
            raise BookError(where(at), error.message, error.code) from error
        values.append(DatedValue(value, said.since, said.until, said.jurisdiction, said))
    seen: set[tuple[str, date]] = set()
    for at, each in enumerate(values):
        mark = (each.jurisdiction, each.since)
        if mark in seen:
            raise BookError(where(at), f"参数 {param.id} 在同一辖区同一天有两个值", "param-overlap")
        seen.add(mark)
    values.sort(key=lambda value: (-len(value.jurisdiction), -value.since.toordinal()))
    return Parameter(param, TYPES[param.unit], tuple(values))


def loosened(parameter_: Parameter) -> list[ParamValue]:
    """Local values of a statutory parameter that are laxer than the law's own at that time."""
    param = parameter_.param
    if not param.statutory:
        return []
    sign = 1 if param.tighter == "lower" else -1
    general = [value for value in parameter_.values if not value.jurisdiction]
    laxer: list[ParamValue] = []
    for local in parameter_.values:
        if not local.jurisdiction:
            continue
        for law in _overlapping(local, general):
            if sign * (local.value - law.value) > 0:
                laxer.append(local.said)
                break
    return laxer


def _overlapping(local: DatedValue, general: Iterable[DatedValue]) -> list[DatedValue]:
    """The general values in force on some day of the local value."""
    ordered = sorted(general, key=lambda value: value.since)
    found: list[DatedValue] = []
    for at, value in enumerate(ordered):
        ends = [ordered[at + 1].since] if at + 1 < len(ordered) else []
        ends += [value.until] if value.until else []
        begins_later = local.until is not None and value.since > local.until
        if not begins_later and all(local.since < end for end in ends):
            found.append(value)
    return found


def exact(param: Param, text: object, where: str) -> Fraction:
    """A value as it is written for this parameter (`50万元`, `20%`, `30日`, `03-31`), exactly.

    Raises:
        BookError: it does not fit the parameter's unit.
    """
    if param.unit == "monthday":
        try:
            day = date.fromisoformat(f"2024-{text}")
        except ValueError as error:
            raise BookError(where, f"参数 {param.id} 的值要写月日，如 '03-31'", "unit") from error
        return Fraction(day.month * 100 + day.day)
    den = DENOMINATORS.get(param.unit, 1)
    try:
        stored = parse_value(text, TYPES[param.unit], den)
    except ExpressionError as error:
        raise BookError(where, f"参数 {param.id}：{error}", "unit") from error
    if not isinstance(stored, int):
        raise BookError(where, f"参数 {param.id} 缺少值", "unit")
    if param.unit == "ratio" and not str(text).strip().endswith(("%", "个百分点")):
        raise BookError(where, f"参数 {param.id} 是比率，请写 {text}%", "unit")
    return Fraction(stored, den)
