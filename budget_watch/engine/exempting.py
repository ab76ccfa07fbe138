"""例外情形登记: which hits a registered exemption takes out, and whether it may.

An exemption turns a hit of its rule into `not_applicable` where all its scope columns agree and the
judged day (the grain's period end, or the run's day where that is earlier) lies in its term. What
could not be judged stays so: an exemption hides no missing data.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import reduce
from typing import TYPE_CHECKING, Any

import polars as pl

from budget_watch.engine.check import CheckedRule
from budget_watch.engine.errors import BookError, ExpressionError
from budget_watch.engine.laws import check_citation, cited
from budget_watch.engine.model import Exemption, Law, Level
from budget_watch.engine.units import Column, parse_value

if TYPE_CHECKING:
    from budget_watch.engine.load import Book
    from budget_watch.engine.result import RuleTally

PLACES = ("mof_div_code", "dept_code", "agency_code")
STATUTES = ("law", "regulation")
NAME = "例外情形登记"


@dataclass(frozen=True)
class CheckedExemption:
    """An exemption ready for use.

    Attributes:
        scope: column → (values, beginnings) as they stand in an observation.
        levels: places of the rule's levels that it covers.
        cited: the basis in words.
    """

    said: Exemption
    scope: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]
    levels: tuple[int, ...]
    cited: str

    @property
    def because(self) -> str:
        """The reason shown with what it covers."""
        return f"{NAME} {self.said.id}"

    def covers(self, values: Mapping[str, Any], level_at: int, day: date) -> bool:
        """Whether a hit with these values is covered; for the oracle."""
        if level_at not in self.levels or not self.said.since <= day <= self.said.until:
            return False
        return all(_fits(values.get(name), *wanted) for name, wanted in self.scope.items())

    def record(self) -> dict[str, Any]:
        """The JSON object of `rules exemptions`."""
        said = self.said
        return {
            "exemption": said.id,
            "rule": said.rule,
            "scope": said.scope,
            "levels": list(said.levels),
            "basis": self.cited,
            "from": said.since.isoformat(),
            "to": said.until.isoformat(),
            "registered_by": said.registered_by,
            "approved_by": said.approved_by,
            "reason": said.reason,
        }


def _fits(value: Any, exact: Sequence[str], beginnings: Sequence[str]) -> bool:
    if value is None:
        return False
    text = _text(value)
    return text in exact or text.startswith(tuple(beginnings))


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat() if isinstance(value, date) else str(value)


def checked_exemption(
    said: Exemption, rule: CheckedRule, laws: Mapping[str, Law], where: str
) -> CheckedExemption:
    """Check an exemption against its rule.

    Raises:
        BookError: a column that the rule does not have, a value of another type, a law that is not
            registered or not in force, or no article of a statute where a level of class 法 is
            covered.
    """
    place = f"{where}（{said.id}）"
    scope, levels = _scope(said, rule, place), _levels(said, rule, place)
    for citation in said.basis:
        wrong = check_citation(citation, laws, {}, (said.since, said.until))
        if wrong:
            raise BookError(place, wrong, "exemption")
    statutory = any(
        each.article is not None and laws[each.law].authority in STATUTES for each in said.basis
    )
    if not statutory and any(rule.levels[at].klass == "法" for at in levels):
        raise BookError(
            place,
            f"{rule.id} 有“法”类级别：只能登记法律、行政法规本身规定的例外，basis 要写到条"
            '（{law: …, article: "…"}）；或用 levels 只登记其他级别',
            "exemption",
        )
    words = [cited(each, laws) for each in said.basis] + ([said.document] if said.document else [])
    return CheckedExemption(said, scope, levels, "、".join(words))


Scope = dict[str, tuple[tuple[str, ...], tuple[str, ...]]]


def _scope(said: Exemption, rule: CheckedRule, place: str) -> Scope:
    return {name: _wanted(name, values, rule, place) for name, values in sorted(said.scope.items())}


def _levels(said: Exemption, rule: CheckedRule, place: str) -> tuple[int, ...]:
    levels = tuple(
        at for at, each in enumerate(rule.levels) if not said.levels or each.level in said.levels
    )
    if not levels:
        raise BookError(place, f"{rule.id} 没有这些级别：{'、'.join(said.levels)}", "exemption")
    return levels


def _wanted(
    name: str, values: Any, rule: CheckedRule, place: str
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    known = [each for each in (*rule.grain, *PLACES) if each in rule.columns]
    if name not in known:
        listed = "、".join(dict.fromkeys(known))
        raise BookError(place, f"scope：{rule.id} 没有 {name}；可用的列：{listed}", "exemption")
    exact: list[str] = []
    beginnings: list[str] = []
    for value in values if isinstance(values, list) else [values]:
        if isinstance(value, str) and value.endswith("*"):
            if rule.columns[name].type.base != "text" or len(value) < 2:
                raise BookError(
                    place,
                    f"scope.{name}：“{value}”写法不对；开头相同写 101*，只用于代码和文字",
                    "exemption",
                )
            beginnings.append(value[:-1])
            continue
        exact.append(_text(_stored(name, value, rule.columns[name], place)))
    if not exact and not beginnings:
        raise BookError(place, f"scope.{name} 没有写值", "exemption")
    return tuple(exact), tuple(beginnings)


def _stored(name: str, value: Any, column: Column, place: str) -> Any:
    try:
        found = parse_value(value, column.type, column.den)
    except ExpressionError as error:
        raise BookError(place, f"scope.{name}：{error}", "exemption") from error
    if found is None:
        raise BookError(place, f"scope.{name} 没有写值", "exemption")
    return found


def grain_scope(rule: CheckedRule, grain: str) -> dict[str, Any]:
    """The scope that is one grain of an observation: all its codes, dates and plain numbers."""
    values: dict[str, Any] = json.loads(grain)
    plain = [
        name for name in values if not rule.columns[name].type.unit and rule.columns[name].den == 1
    ]
    return {name: values[name] for name in plain if values[name] is not None}


def for_test(
    rule: CheckedRule,
    scope: Mapping[str, Any],
    levels: Sequence[Level] = (),
    since: date = date.min,
    until: date = date.max,
) -> CheckedExemption:
    """An exemption for a test of a rule: it needs no basis, `scope` is as in a registered one."""
    said = Exemption.model_validate(
        {
            "id": "试验",
            "rule": rule.id,
            "scope": dict(scope),
            "levels": tuple(levels),
            "document": "试验",
            "from": since,
            "to": until,
            "registered_by": "甲",
            "approved_by": "乙",
            "reason": "试验",
        }
    )
    return CheckedExemption(said, _scope(said, rule, "试验"), _levels(said, rule, "试验"), "试验")


def exempted(
    observations: list[pl.DataFrame], book: Book, tallies: Mapping[str, RuleTally], as_of: date
) -> list[pl.DataFrame]:
    """The observations of a run with the hits that an exemption covers made `not_applicable`."""
    by_rule: dict[str, list[CheckedExemption]] = {}
    for each in book.exemptions:
        by_rule.setdefault(each.said.rule, []).append(each)
    return [
        frame
        if frame.height == 0 or (rule := frame["rule"][0]) not in by_rule
        else without(frame, by_rule[rule], tallies[rule], as_of)
        for frame in observations
    ]


def without(
    frame: pl.DataFrame, exemptions: Sequence[CheckedExemption], tally: RuleTally, as_of: date
) -> pl.DataFrame:
    """One rule's observations with the covered hits taken out, and counted apart."""
    found: pl.Expr = pl.lit(None, dtype=pl.String)
    for each in reversed(exemptions):
        found = pl.when(_covered(each, as_of)).then(pl.lit(each.said.id)).otherwise(found)
    marked = frame.with_columns(found.alias("exemption"))
    gone = pl.col("exemption").is_not_null()
    taken = marked.filter(gone)
    for level, count in taken.group_by("level").len().iter_rows():
        tally.hit[level] -= count
        if not tally.hit[level]:
            del tally.hit[level]
    for year, count in taken.group_by(_fiscal_year()).len().iter_rows():
        if year in tally.years:
            tally.move(year, "hit", -count)
            tally.move(year, "not_applicable", count)
            reasons = tally.aside.setdefault(year, {})
            reasons[NAME] = reasons.get(NAME, 0) + count
    tally.exempted += taken.height
    tally.not_applicable += taken.height
    return marked.with_columns(
        pl.when(gone).then(pl.lit("not_applicable")).otherwise("outcome").alias("outcome"),
        pl.when(gone).then(None).otherwise("level").alias("level"),
        pl.when(gone).then(False).otherwise("provisional").alias("provisional"),
        pl.when(gone)
        .then(pl.concat_str(pl.lit(f"{NAME} "), "exemption"))
        .otherwise("because")
        .alias("because"),
    )


def _fiscal_year() -> pl.Expr:
    """The fiscal year of an observation, by its grain or its values."""
    found = [pl.col(name).str.json_path_match("$.fiscal_year") for name in ("grain", "values")]
    return pl.coalesce(found).cast(pl.Int64, strict=False).alias("year")


def _covered(each: CheckedExemption, as_of: date) -> pl.Expr:
    """Whether an observation is a hit that an exemption covers."""

    def value(name: str) -> pl.Expr:
        found = pl.col("grain").str.json_path_match(f"$.{name}")
        return pl.coalesce(found, pl.col(name)) if name in PLACES else found

    day = pl.min_horizontal(pl.col("period_end").fill_null(as_of), pl.lit(as_of))
    hit = (pl.col("outcome") == "hit") & pl.col("level_at").is_in(each.levels)
    return hit & covered(each, day, value)


def covered(each: CheckedExemption, day: pl.Expr, text: Callable[[str], pl.Expr]) -> pl.Expr:
    """Whether scope and term agree; `text` gives a scope column's value as text."""
    tests = [day.is_between(each.said.since, each.said.until)]
    for name, (exact, beginnings) in each.scope.items():
        value = text(name)
        fits = [value.is_in(exact), *(value.str.starts_with(start) for start in beginnings)]
        tests.append(reduce(lambda left, right: left | right, fits))
    return reduce(lambda left, right: left & right, tests).fill_null(False)


def covered_by(
    exemptions: Sequence[CheckedExemption], row: Mapping[str, Any], level_at: int, as_of: date
) -> CheckedExemption | None:
    """The exemption that covers one hit, row by row: the first by id."""
    end = row.get("__end") or as_of
    day = min(end, as_of)
    return next((each for each in exemptions if each.covers(row, level_at, day)), None)
