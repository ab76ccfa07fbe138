"""Comparisons of budget execution: two spans, two places, a place among its peers.

Both sides come from the same cube and are cut the same way, so that their parts add up to them to
the fen. Rates are exact; quartiles are taken by nearest rank, never between two values.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Literal

from budget_watch.views import drill
from budget_watch.views.cubes import Cube
from budget_watch.views.drill import Amounts, Place
from budget_watch.views.span import Span

GROUPS = "zdu"  # steps of a place that have peers: regions, departments, units
Rate = Literal["progress", "growth", "added"]
RATES: dict[Rate, str] = {"progress": "支出进度", "growth": "同比", "added": "追加率"}


@dataclass(frozen=True)
class Side:
    """One side of a comparison: where, up to when, its figures, its cumulated months (fen).

    Attributes:
        months: spending up to each month of the span; the last is the side's own spending.
        latest: whether the span ends on the day that the data ends.
    """

    place: Place
    span: Span
    amounts: Amounts
    months: tuple[int, ...]
    latest: bool


@dataclass(frozen=True)
class Pair:
    """One part of both sides; a code of None is what carries no key of the division."""

    code: str | None
    first: Amounts
    second: Amounts


@dataclass(frozen=True)
class Comparison:
    """Two sides and what they divide into, largest first."""

    first: Side
    second: Side
    by: str
    parts: tuple[Pair, ...]


@dataclass(frozen=True)
class Peer:
    """One of a group: its code and its figures."""

    code: str
    amounts: Amounts


@dataclass(frozen=True)
class Standing:
    """Where one stands among its peers by one rate, largest first.

    Attributes:
        value: its rate; None where it has none.
        rank: 1 = largest; equal rates share a rank. count: peers with a rate.
        quartiles: lower quartile, median, upper quartile.
    """

    rate: Rate
    value: Fraction | None
    rank: int | None
    count: int
    quartiles: tuple[Fraction, Fraction, Fraction] | None


@dataclass(frozen=True)
class Peers:
    """A place among those that divide the same place the same way.

    Attributes:
        letter, code: the step that is compared. above: the place they all belong to.
    """

    letter: str
    code: str
    above: Place
    members: tuple[Peer, ...]
    standings: tuple[Standing, ...]


def compare(cube: Cube, first: tuple[Place, Span], second: tuple[Place, Span]) -> Comparison:
    """Two places or two spans side by side.

    Two spans of one place are divided as the place is; two places by 部门经济科目, which both have.
    """
    ways = drill.ways(first[0])
    by = next((way for way in ways if way in "zdupic"), "e") if first[0] == second[0] else "e"
    if by not in drill.ways(second[0]) or by not in ways:
        by = "m"
    sides = (_side(cube, *first), _side(cube, *second))
    return Comparison(*sides, by, tuple(_parts(cube, first, second, by)))


def _side(cube: Cube, place: Place, span: Span) -> Side:
    amounts = drill.total(cube, place, span)
    found = drill.by_month(cube, place, span, 0).get(span.fiscal_year, [])
    total, months = 0, []
    for value in found[: span.month]:
        total += value or 0
        months.append(total)
    if months:  # the last month may be cut at the span's day
        months[-1] = amounts.spent
    return Side(place, span, amounts, tuple(months), span.end == cube.as_of)


def _parts(
    cube: Cube, first: tuple[Place, Span], second: tuple[Place, Span], by: str
) -> list[Pair]:
    one, other = (
        drill.divide(cube, place, span, by, most=1_000_000) for place, span in (first, second)
    )
    left = {row.code: row.amounts for row in one.rows}
    right = {row.code: row.amounts for row in other.rows}
    none = Amounts()
    pairs = [Pair(code, left.get(code, none), right.get(code, none)) for code in {**left, **right}]
    pairs.sort(key=lambda pair: (-max(pair.first.spent, pair.second.spent), pair.code or ""))
    if by == "m":
        pairs.sort(key=lambda pair: int(pair.code or 0))
    return [*pairs, Pair(None, one.gap, other.gap)]


def peers(cube: Cube, place: Place, span: Span) -> Peers | None:
    """A place among its peers by its last step; None where the place has no such step."""
    step = next((part for part in reversed(place.path) if part[0] in GROUPS), None)
    if step is None or place.path[-1] != step:
        return None
    letter, code = step
    above = replace(place, path=place.path[:-1])
    divided = drill.divide(cube, above, span, letter, most=1_000_000)
    members = tuple(Peer(row.code, row.amounts) for row in divided.rows)
    standings = tuple(standing(rate, code, members) for rate in RATES)
    return Peers(letter, code, above, members, standings)


def rate_of(rate: Rate, amounts: Amounts) -> Fraction | None:
    """A rate of one place; None where it has no denominator."""
    over, under = {
        "progress": (amounts.spent, amounts.current),
        "growth": (amounts.spent - amounts.before, amounts.before),
        "added": (amounts.added, amounts.initial),
    }[rate]
    return Fraction(over, under) if under > 0 else None


def standing(rate: Rate, code: str, members: Sequence[Peer]) -> Standing:
    """Where one of a group stands by a rate."""
    known = {peer.code: rate_of(rate, peer.amounts) for peer in members}
    values = sorted(value for value in known.values() if value is not None)
    own = known.get(code)
    rank = None if own is None else 1 + sum(value > own for value in values)
    return Standing(rate, own, rank, len(values), _quartiles(values))


def _quartiles(values: Sequence[Fraction]) -> tuple[Fraction, Fraction, Fraction] | None:
    """Nearest-rank quartiles of sorted values; below four they say nothing."""
    if len(values) < 4:
        return None
    ranks = (-(-len(values) * part // 4) for part in (1, 2, 3))
    low, middle, high = (values[rank - 1] for rank in ranks)
    return low, middle, high
