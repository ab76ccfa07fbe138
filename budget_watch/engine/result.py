"""What a run gives: a tally per rule, and the observations (hits, insufficient data, errors)."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import polars as pl

from budget_watch.engine.attaching import BLANK, FEW, NO_ROW, NOT_DELIVERED, OVERFLOW, STATES
from budget_watch.engine.check import CheckedRule
from budget_watch.engine.judge import Verdict

SCHEMA = pl.Schema(
    {
        "run": pl.String(),
        "rule": pl.String(),
        "outcome": pl.String(),
        "level": pl.String(),
        "class": pl.String(),
        "confidence": pl.String(),
        "level_at": pl.Int16(),
        "provisional": pl.Boolean(),
        "grain": pl.String(),
        "identity": pl.String(),
        "values": pl.String(),
        "value": pl.Int64(),
        "limit": pl.Int64(),
        "because": pl.String(),
        "exemption": pl.String(),
        "recovered": pl.Boolean(),
        "period_end": pl.Date(),
        "mof_div_code": pl.String(),
        "dept_code": pl.String(),
        "agency_code": pl.String(),
        "as_of": pl.Date(),
        "snapshot": pl.String(),
        "book": pl.String(),
    }
)
OUTCOMES = ("hit", "clear", "not_applicable", "insufficient_data", "error")
_MASK = 2**64 - 1


@dataclass
class RuleTally:
    """What became of every grain or row that a rule met.

    Attributes:
        rows: grains or rows met; judged + Σ excluded.
        exempted: how many of not_applicable were hits taken away by 例外情形登记.
        unrecovered: how many hits are findings of earlier periods that are not yet recovered.
        quiet_hash: order-free hash over the keys of clear and not_applicable grains.
        years: fiscal year → outcome → how many, where what is judged knows its year and is not
            documents by the million. `aside`: fiscal year → why not applicable → how many.
        undelivered: tables whose delivery the rule waits for; it then judged nothing, which is
            neither an error nor a clear.
        message: what went wrong, if the rule could not run, or what it waits for.
    """

    rule: str
    rows: int = 0
    judged: int = 0
    excluded: dict[str, int] = field(default_factory=dict)
    hit: dict[str, int] = field(default_factory=dict)
    clear: int = 0
    not_applicable: int = 0
    insufficient_data: int = 0
    error: int = 0
    exempted: int = 0
    unrecovered: int = 0
    seconds: float = 0.0
    quiet_hash: dict[str, int] = field(default_factory=dict)
    years: dict[int, dict[str, int]] = field(default_factory=dict)
    aside: dict[int, dict[str, int]] = field(default_factory=dict)
    undelivered: tuple[str, ...] = ()
    message: str = ""

    def exclude(self, reason: str, count: int) -> None:
        """Count rows that the rule does not judge."""
        if count:
            self.excluded[reason] = self.excluded.get(reason, 0) + count
            self.rows += count

    def count(self, rule: CheckedRule, verdict: Verdict, count: int) -> None:
        """Count judged grains of one verdict (level caps of single rows come later)."""
        self.rows += count
        self.judged += count
        if verdict.outcome == "hit":
            return
        setattr(self, verdict.outcome, getattr(self, verdict.outcome) + count)

    def of_year(self, year: int | None, verdict: Verdict, count: int) -> None:
        """Count judged grains of one verdict in their fiscal year; those without one are not."""
        if year is None:
            return
        self.move(year, verdict.outcome, count)
        if verdict.outcome == "not_applicable":
            reasons = self.aside.setdefault(year, {})
            reasons[verdict.because] = reasons.get(verdict.because, 0) + count

    def move(self, year: int, outcome: str, count: int) -> None:
        """Add to (or, below zero, take from) what a year counts of one outcome."""
        counts = self.years.setdefault(year, {})
        counts[outcome] = counts.get(outcome, 0) + count
        if not counts[outcome]:
            del counts[outcome]

    def quiet(self, outcome: str, key_hash: int) -> None:
        """Add key hashes of clear or not_applicable grains."""
        self.quiet_hash[outcome] = (self.quiet_hash.get(outcome, 0) + key_hash) & _MASK

    def record(self) -> dict[str, Any]:
        """The JSON object of the `check` command."""
        return {
            "rule": self.rule,
            "rows": self.rows,
            "judged": self.judged,
            "excluded": dict(sorted(self.excluded.items())),
            "hit": sum(self.hit.values()),
            "levels": dict(sorted(self.hit.items())),
            "clear": self.clear,
            "not_applicable": self.not_applicable,
            "insufficient_data": self.insufficient_data,
            "error": self.error,
            "exempted": self.exempted,
            "unrecovered": self.unrecovered,
            "years": _by_year(self.years),
            "aside": _by_year(self.aside),
            "undelivered": list(self.undelivered),
            "seconds": round(self.seconds, 3),
            "quiet_hash": {
                name: f"{value:016x}" for name, value in sorted(self.quiet_hash.items())
            },
            "message": self.message,
        }


def _by_year(counts: dict[int, dict[str, int]]) -> dict[str, dict[str, int]]:
    return {str(year): dict(sorted(counts[year].items())) for year in sorted(counts)}


@dataclass(frozen=True)
class RunResult:
    """One run over one snapshot.

    Attributes:
        run: id made of the snapshot's id and content, book, day and rules: the same run has the
            same id.
        observations: hits, insufficient data and errors; columns of `SCHEMA`, sorted.
    """

    run: str
    snapshot: str
    book: str
    as_of: date
    rules: tuple[str, ...]
    per_rule: list[RuleTally]
    observations: pl.DataFrame
    seconds: float = 0.0

    @property
    def tallies(self) -> list[RuleTally]:
        """The tallies of all rules, in the order of their ids."""
        return self.per_rule


def canonical(value: dict[str, Any]) -> str:
    """JSON with sorted keys and no blanks, as it is hashed and stored."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str)


def identity_of(rule: str, grain_json: str) -> str:
    """A finding's identity: SHA-256 of rule and (the identifying part of) its grain."""
    return hashlib.sha256(f'{{"grain":{grain_json},"rule":"{rule}"}}'.encode()).hexdigest()


def json_of(names: list[str]) -> pl.Expr:
    """Columns of a frame as one canonical JSON text a row."""
    return pl.struct(sorted(names)).struct.json_encode()


def observed(
    rule: CheckedRule,
    frame: pl.DataFrame,
    verdicts: tuple[Verdict, ...],
    tally: RuleTally,
    shown: dict[str, pl.Expr],
) -> pl.DataFrame:
    """Turn judged rows (column `__v`) into observations and count the hits by level.

    Args:
        rule: the rule.
        frame: rows that hit, lack data, or failed; the rule's columns under their own names.
        verdicts: what `__v` points to.
        tally: is given the hits by level.
        shown: `value` and `limit` as expressions over the frame, where the rule has them.
    """
    if frame.height == 0:
        return pl.DataFrame(schema=SCHEMA)
    places = pl.DataFrame(
        [
            (at, each.outcome, each.level, each.because, *_level(rule, each))
            for at, each in enumerate(verdicts)
        ],
        schema={
            "__v": pl.Int16,
            "outcome": pl.String,
            "level_at": pl.Int16,
            "__because": pl.String,
            "__level": pl.String,
            "__cap": pl.String,
            "class": pl.String,
            "confidence": pl.String,
        },
        orient="row",
    )
    joined = frame.join(places, on="__v", how="left", maintain_order="left")
    doubtful = [pl.col(name) for name in frame.columns if name.startswith("__p_")]
    provisional = (pl.any_horizontal(doubtful).fill_null(False) if doubtful else pl.lit(False)) & (
        pl.col("outcome") == "hit"
    )
    level = (
        pl.when(provisional & (pl.col("__cap") == "red"))
        .then(pl.lit("orange"))
        .otherwise(pl.col("__cap"))
    )
    inputs = [name for name in rule.inputs if name in frame.columns]
    result = joined.select(
        outcome=pl.col("outcome"),
        level=level,
        **{"class": pl.col("class")},
        confidence=pl.col("confidence"),
        level_at=pl.col("level_at"),
        provisional=provisional,
        grain=json_of(list(rule.grain)),
        __identity=json_of(list(rule.identity)),
        values=json_of(inputs),
        value=shown.get("value", pl.lit(None, dtype=pl.Int64)),
        limit=shown.get("limit", pl.lit(None, dtype=pl.Int64)),
        because=_because(rule, frame),
        recovered=pl.col("__recovered") if "__recovered" in frame.columns else pl.lit(False),
        exemption=pl.lit(None, dtype=pl.String),
        period_end=pl.col("__period_end"),
        **{
            name: pl.col(name).cast(pl.String) if name in frame.columns else pl.lit(None, pl.String)
            for name in ("mof_div_code", "dept_code", "agency_code")
        },
    )
    counts = result.filter(pl.col("outcome") == "hit").group_by("level").len()
    for name, count in counts.iter_rows():
        tally.hit[name] = tally.hit.get(name, 0) + count
    identity = [identity_of(rule.id, each) for each in result["__identity"]]
    return result.with_columns(
        pl.lit(rule.id).alias("rule"), pl.Series("identity", identity, dtype=pl.String)
    ).drop("__identity")


def _level(rule: CheckedRule, verdict: Verdict) -> tuple[str | None, ...]:
    if verdict.level is None:
        return (None, None, rule.rule.klass, rule.rule.confidence)
    level = rule.levels[verdict.level]
    return (level.level, level.cap, level.klass, level.confidence)


def _because(rule: CheckedRule, frame: pl.DataFrame) -> pl.Expr:
    """The reason, with the measures that were missing and why."""
    notes: list[pl.Expr] = []
    for name, measure in rule.measures.items():
        if f"__s_{name}" not in frame.columns:
            continue
        state = pl.col(f"__s_{name}")
        note: pl.Expr = pl.lit(None, dtype=pl.String)
        for code in (NOT_DELIVERED, BLANK, NO_ROW, OVERFLOW):
            text = f"{measure.title}：{measure.source.title}{STATES[code]}"
            note = pl.when(state == code).then(pl.lit(text)).otherwise(note)
        notes.append(note)
    for name, peers in rule.peers.items():
        if f"__s_{name}" in frame.columns:
            count = pl.col(f"{name}_peers").cast(pl.String)
            few = pl.concat_str(pl.lit(f"{peers.title}：同类中有数据的只有 "), count, pl.lit(" 个"))
            notes.append(pl.when(pl.col(f"__s_{name}") == FEW).then(few))
    base = pl.col("__because")
    if "__held" in frame.columns:
        base = pl.coalesce("__held", base)
    if not notes:
        return pl.when(base != "").then(base)
    joined = pl.concat_str(notes, separator="；", ignore_nulls=True)
    unsure = (pl.col("outcome") == "insufficient_data") & (joined != "")
    return (
        pl.when(unsure)
        .then(pl.concat_str([base, pl.lit("（"), joined, pl.lit("）")]))
        .when(base != "")
        .then(base)
    )
