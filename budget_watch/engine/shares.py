"""Judges a rule of very many grains share by share, so that memory is bounded by a share.

Grains that agree in some key columns (year, indicator) meet only measures that agree in them, too.
So universe, measures and verdicts of one share of these keys need nothing of the other shares.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import polars as pl

from budget_watch.engine.check import Aggregate, CheckedRule
from budget_watch.engine.frames import YEAR
from budget_watch.engine.measures import COARSE, Fused, Plan, compute
from budget_watch.engine.universe import members

ROWS_A_SHARE = 12_000_000
PERIODS = frozenset([YEAR, "month", "quarter"])


@dataclass
class Share(Plan):
    """The plan of one share; measures that are not divided come from the whole run's plan.

    Attributes:
        whole: the run's plan.
        keys: the key columns by which grains and groups are divided.
        inside: over rows with their keys as `__k_…`, whether the row is of this share.
    """

    whole: Plan | None = None
    keys: tuple[str, ...] = ()
    inside: pl.Expr | None = None

    def grouped(self, measure: Aggregate) -> tuple[pl.DataFrame, int]:
        """The groups of this share for a divided measure, all groups for another."""
        if self.whole is not None and not _divided(measure, self.keys):
            return self.whole.grouped(measure)
        return super().grouped(measure)

    def computed(self, fused: Fused) -> pl.DataFrame:
        """The groups of a query that are of this share."""
        return compute(self.frames, fused, self.inside)


def shares(rule: CheckedRule, plan: Plan) -> Iterator[Plan]:
    """The plans under which an aggregate rule is judged, one after another: mostly just the run's.

    Args:
        plan: has been given the rule's measures and its universe's `members`.
    """
    if rule.universe is None:
        return
    universe = members(rule.universe)
    measures = [universe, *rule.measures.values()]
    rows = plan.frames.rows(universe.source)
    alone = not rule.peers and rule.clear is None  # else grains look at others
    keys = _keys(measures) if alone and rows > ROWS_A_SHARE else ()
    if not keys:
        yield plan
        return
    conditions = list(_conditions(plan, measures, keys))
    divided = [each for each in measures if _divided(each, keys)]
    plan.let_go(divided)
    plan.ask_again([each for each in measures if each not in divided], len(conditions) - 1)
    for inside in conditions:
        share = Share(plan.frames, whole=plan, keys=keys, inside=inside)
        share.add(divided)
        yield share


def _keys(measures: Sequence[Aggregate]) -> tuple[str, ...]:
    """The columns by which grains and all their fine measures can be divided; none if none is fine.

    A measure with coarse keys alone has few groups, which every share may meet.
    """
    fine = [each for each in measures if each.at_condition is None and set(each.keys) - COARSE]
    if not fine or fine[0] is not measures[0]:
        return ()
    common = set.intersection(*(set(each.keys) for each in fine))
    if any(each.shift for each in measures):
        common -= PERIODS
    return tuple(sorted(common)) if common - COARSE else ()


def _divided(measure: Aggregate, keys: Sequence[str]) -> bool:
    return measure.at_condition is None and set(keys) <= set(measure.keys)


def _conditions(
    plan: Plan, measures: Sequence[Aggregate], keys: tuple[str, ...]
) -> Iterator[pl.Expr]:
    """For each share the condition over rows; a year of its own where keys tell years apart."""
    frames, source = plan.frames, measures[0].source
    divided = [each for each in measures if _divided(each, keys)]
    by_year = YEAR in keys and all(
        each.keys[YEAR].op == "col" and each.keys[YEAR].value == YEAR for each in divided
    )
    named = [pl.col(f"__k_{key}").alias(f"__h{at}") for at, key in enumerate(keys)]
    place = pl.struct(named).hash(seed=5)
    if by_year:  # rows of a year that only a measure knows meet no grain
        for year, rows in frames.years(source).items():
            here = pl.col(YEAR).is_null() if year is None else pl.col(YEAR) == year
            yield from (here & each for each in _hashed(place, rows))
    else:
        yield from _hashed(place, frames.rows(source))


def _hashed(place: pl.Expr, rows: int) -> Iterator[pl.Expr]:
    of = max(1, -(-rows // ROWS_A_SHARE))
    if of == 1:
        yield pl.lit(True)
    else:
        yield from (place % of == number for number in range(of))
