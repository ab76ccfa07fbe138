"""Compares the hits of two runs over the same data: what appears, vanishes, changes its level."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from budget_watch.engine.check import CheckedRule
from budget_watch.engine.load import Book
from budget_watch.engine.result import RunResult
from budget_watch.engine.units import MONEY, same

EXAMPLES = 5
UNIT = ("agency_code", "dept_code", "mof_div_code")


@dataclass(frozen=True)
class Tally:
    """Some hits counted.

    Attributes:
        units: how many different units, departments or regions they concern, by the finest known.
        amount: the sum of the rule's `value` in fen, where that is money.
    """

    hits: int = 0
    units: int = 0
    amount: int | None = None

    def record(self) -> dict[str, Any]:
        """As JSON; money in fen."""
        return {"hits": self.hits, "units": self.units, "amount_fen": self.amount}


@dataclass(frozen=True)
class RuleDifference:
    """What two runs say differently of one rule."""

    rule: str
    title: str
    before: Tally
    after: Tally
    appear: Tally
    vanish: Tally
    change: Tally
    levels: Mapping[str, int]
    examples: tuple[dict[str, Any], ...]

    @property
    def differs(self) -> bool:
        """Whether anything is different."""
        return bool(self.appear.hits or self.vanish.hits or self.change.hits)

    def record(self) -> dict[str, Any]:
        """The JSON object of `rules diff`."""
        return {
            "rule": self.rule,
            "title": self.title,
            "before": self.before.record(),
            "after": self.after.record(),
            "appear": self.appear.record(),
            "vanish": self.vanish.record(),
            "change": {**self.change.record(), "levels": dict(self.levels)},
            "examples": list(self.examples),
        }


def compare(
    before: RunResult, after: RunResult, books: tuple[Book, Book]
) -> Iterator[RuleDifference]:
    """The differences, rule by rule; also of rules that only one of the books has.

    Args:
        books: the book of each run, for titles and for what a rule's value is.
    """
    for name in sorted({*before.rules, *after.rules}):
        yield _of_rule(name, hits(before, name), hits(after, name), books)


def hits(result: RunResult, rule: str) -> pl.DataFrame:
    """The hits of one rule in a run, with the unit that each concerns."""
    rows = result.observations.filter((pl.col("rule") == rule) & (pl.col("outcome") == "hit"))
    return rows.select("grain", "identity", "level", "value", pl.coalesce(UNIT).alias("unit"))


def tally(rows: pl.DataFrame, rule: CheckedRule | None) -> Tally:
    """Count hits of a rule."""
    money = rule is not None and rule.value is not None and same(rule.value.type, MONEY)
    amount = int(rows["value"].sum() or 0) if money else None
    return Tally(rows.height, rows["unit"].drop_nulls().n_unique(), amount)


def _of_rule(
    name: str, old: pl.DataFrame, new: pl.DataFrame, books: tuple[Book, Book]
) -> RuleDifference:
    was, now = (book.rules.get(name) for book in books)
    appear = new.join(old, on="grain", how="anti")
    vanish = old.join(new, on="grain", how="anti")
    both = old.join(new, on="grain", suffix="_now").filter(pl.col("level") != pl.col("level_now"))
    turned = new.join(both.select("grain"), on="grain", how="semi")
    counted = both.group_by("level", "level_now").len().sort("level", "level_now")
    rule = now or was
    return RuleDifference(
        name,
        rule.title if rule is not None else name,
        tally(old, was),
        tally(new, now),
        tally(appear, now),
        tally(vanish, was),
        tally(turned, now),
        {f"{one}→{other}": count for one, other, count in counted.iter_rows()},
        (
            *_examples("appear", appear, None, "level"),
            *_examples("vanish", vanish, "level", None),
            *_examples("change", both, "level", "level_now"),
        ),
    )


def _examples(
    kind: str, rows: pl.DataFrame, old: str | None, new: str | None
) -> Iterator[dict[str, Any]]:
    for row in rows.sort("grain").head(EXAMPLES).iter_rows(named=True):
        yield {
            "what": kind,
            "grain": json.loads(row["grain"]),
            "before": row[old] if old else None,
            "after": row[new] if new else None,
            "value": row["value"],
        }
