"""When a finding that lasts over periods counts as recovered (`clear: {when, for}`).

Judged from the grains of one run, identity by identity in the order of their periods, so that it
does not depend on which runs took place. After a hit the finding stays open until so many periods
in a row, each the very next after the one before, are judged clear and fulfil `when`.
"""

from __future__ import annotations

import polars as pl

from budget_watch.engine.check import PERIODS, CheckedClear, CheckedRule
from budget_watch.engine.exempting import CheckedExemption, covered
from budget_watch.engine.judge import Judgement, Setting
from budget_watch.engine.to_polars import Compiler

HELD, RECOVERED = "__held", "__recovered"


def period(clear: CheckedClear) -> pl.Expr:
    """The number of a grain's period: years, quarters or months in one count."""
    year = pl.col("fiscal_year").cast(pl.Int64)
    if clear.unit == "years":
        return year
    column, length = PERIODS[clear.unit]
    return year * length + pl.col(column) - 1


def held_open(
    rule: CheckedRule,
    judged: pl.DataFrame,
    verdict: Judgement,
    build: Compiler,
    exemptions: tuple[CheckedExemption, ...],
    setting: Setting,
) -> pl.DataFrame:
    """The judged grains, those of findings not yet recovered given the verdict of the last hit.

    Adds `__held`, the reason (null for a hit of its own), and `__recovered`, whether the finding
    was over later in the run. An exempted hit opens nothing.
    """
    clear = rule.clear
    if clear is None:
        return judged
    if judged.height == 0:
        nothing = pl.lit(None, dtype=pl.String).alias(HELD)
        return judged.with_columns(nothing, pl.lit(False).alias(RECOVERED))
    series = list(rule.identity)
    outcomes = [each.outcome for each in verdict.verdicts]
    hits = [at for at, outcome in enumerate(outcomes) if outcome == "hit"]
    quiet = [at for at, outcome in enumerate(outcomes) if outcome == "clear"]
    hit = pl.col("__v").is_in(hits) & ~_exempt(exemptions, verdict, setting)
    fine = pl.col("__v").is_in(quiet) & build.condition(clear.when).fill_null(False)
    rows = judged.with_columns(
        pl.int_range(pl.len()).alias("__row"),
        period(clear).alias("__period"),
        hit.alias("__hit"),
        fine.alias("__fine"),
        pl.col("__v").is_in(quiet).alias("__quiet"),
    ).sort(*series, "__period")
    broken = (pl.col("__period") - pl.col("__period").shift(1) != 1).fill_null(True)
    rows = rows.with_columns((~pl.col("__fine") | broken).over(series).alias("__break"))
    rows = rows.with_columns(
        pl.col("__break").cum_sum().over(series).alias("__streak_no"),
        pl.col("__hit").cum_sum().over(series).alias("__hits"),
        pl.when("__hit").then("__v").forward_fill().over(series).alias("__last"),
    )
    streak = pl.col("__fine").cast(pl.Int64).cum_sum().over(*series, "__streak_no")
    rows = rows.with_columns(streak.alias("__streak"))
    done = pl.col("__streak") >= clear.count
    since = [*series, "__hits"]
    rows = rows.with_columns(
        done.cast(pl.Int8).cum_max().over(since).cast(pl.Boolean).alias("__done"),
        done.cast(pl.Int8).cum_max(reverse=True).over(series).cast(pl.Boolean).alias("__over"),
    )
    begun = pl.col("__hits") > 0
    held = begun & ~pl.col("__hit") & ~pl.col("__done") & pl.col("__quiet")
    note = pl.concat_str(
        pl.lit(f"本期未触发，尚未连续{clear.words(clear.count)}恢复（已连续"),
        pl.col("__streak").cast(pl.String),
        pl.lit(f"{clear.words('')}）"),
    )
    rows = rows.with_columns(held.alias("__keep"))
    rows = rows.with_columns(
        pl.when("__keep").then("__last").otherwise("__v").alias("__v"),
        pl.when("__keep").then(note).alias(HELD),
        (begun & (pl.col("__hit") | pl.col("__keep")) & pl.col("__over")).alias(RECOVERED),
    )
    return rows.sort("__row").select(*judged.columns, HELD, RECOVERED)


def _exempt(
    exemptions: tuple[CheckedExemption, ...], verdict: Judgement, setting: Setting
) -> pl.Expr:
    """Whether a grain's hit is one that an exemption covers."""
    found: pl.Expr = pl.lit(False)
    for each in exemptions:
        places = [at for at, one in enumerate(verdict.verdicts) if one.level in each.levels]
        of_level = pl.col("__v").is_in(places)
        day = pl.min_horizontal(pl.col("__period_end"), pl.lit(setting.as_of))
        found = found | (of_level & covered(each, day, lambda name: pl.col(name).cast(pl.String)))
    return found
