"""Figures made of what a view tells as plain numbers: with the query that gives the same number.

A view may add up rows in more ways than one query can say. A query stands beside such a figure
only where it was asked and gave the very value; else the formula says how it is made.
"""

from __future__ import annotations

from fractions import Fraction

from budget_watch.views import Desk, Figure, Query, Unit
from budget_watch.views.figure import Origin


def told(
    desk: Desk,
    key: str,
    label: str,
    value: int | None,
    origin: Origin,
    queries: tuple[Query, ...] = (),
    *,
    formula: str = "各行之和",
    why: str | None = None,
    unit: Unit = Unit.FEN,
) -> Figure:
    """An amount or a count.

    Args:
        queries: those that should give the value; the first that does is kept.
        why: the reason, where the value is not known.
    """
    found: tuple[Query, ...] = ()
    if value is not None:
        found = next(((q,) for q in queries if (desk.ask(q).value or 0) == value), ())
    return Figure(
        key, label, unit, value, origin, formula, found, why=None if value is not None else why
    )


def rated(
    key: str,
    label: str,
    value: Fraction | None,
    origin: Origin,
    formula: str,
    *,
    over: str,
    why: str | None = None,
    parts: tuple[Figure, ...] = (),
    unit: Unit = Unit.SHARE,
) -> Figure:
    """A rate that a view has reckoned; `parts` are the figures it was reckoned from."""
    known = value is not None
    return Figure(
        key,
        label,
        unit,
        value.numerator if value is not None else None,
        origin,
        formula,
        tuple(query for part in parts for query in part.queries),
        over=value.denominator if value is not None else 1,
        denominator=over,
        why=None if known else why or f"{over}没有填报或为零",
    )
