"""Runs the book over a snapshot: plan → fused queries → judge → observations.

Aggregate rules share fused queries, row rules over one source share one streaming pass. A rule that
fails is an error in its own tally and stops no other.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from fractions import Fraction
from typing import Any

import polars as pl

from budget_watch.engine.as_of import as_of_reader
from budget_watch.engine.attaching import attach
from budget_watch.engine.check import CheckedRule
from budget_watch.engine.errors import RunError
from budget_watch.engine.exempting import exempted
from budget_watch.engine.expression import Expr
from budget_watch.engine.frames import YEAR, Frames
from budget_watch.engine.judge import Judgement, Setting, compiler, judgement, period_end
from budget_watch.engine.load import Book
from budget_watch.engine.lookups import look_up, table
from budget_watch.engine.measures import Plan
from budget_watch.engine.peers import attach_peers
from budget_watch.engine.recovery import HELD, held_open
from budget_watch.engine.result import SCHEMA, RuleTally, RunResult, canonical, observed
from budget_watch.engine.shares import shares
from budget_watch.engine.sources import Reader
from budget_watch.engine.to_polars import Compiler
from budget_watch.engine.undelivered import settle_empty
from budget_watch.engine.universe import grains, members
from budget_watch.engine.wordmarks import Looked, words_named
from budget_watch.engine.workdays import counting_by

ENGINE_VERSION = "1"
OUT_OF_SCOPE = "不在判断范围"
UNKNOWN_SCOPE = "判断范围的条件缺数据"
NOT_VALID = "不在规则有效期内"
_FAILURES = (RunError, ValueError, TypeError, KeyError, ArithmeticError, pl.exceptions.PolarsError)


@dataclass
class Run:
    """The state of one run: frames, plan, and what came out so far."""

    book: Book
    frames: Frames
    plan: Plan
    tallies: dict[str, RuleTally]
    observations: list[pl.DataFrame] = field(default_factory=list)

    @property
    def setting(self) -> Setting:
        """Day, parameters and lists."""
        return self.frames.setting


def run_check(
    reader: Reader,
    book: Book,
    as_of: date,
    rules: Sequence[str] | None = None,
    overrides: Mapping[str, Fraction] | None = None,
) -> RunResult:
    """Judge the rules over the reader's snapshot.

    Args:
        reader: gives frames by name under its grant (the system's own: scope all, unmasked).
        book: the loaded book.
        as_of: the day of the run; nothing here asks the clock.
        rules: ids to run; default all that are trial or active.
        overrides: parameter values for an experiment.

    Raises:
        RunError: an id in `rules` is not in the book.
    """
    with counting_by(reader):
        return _checked(as_of_reader(reader, as_of), book, as_of, rules, overrides)


def _checked(
    reader: Reader,
    book: Book,
    as_of: date,
    rules: Sequence[str] | None,
    overrides: Mapping[str, Fraction] | None,
) -> RunResult:
    begun = time.perf_counter()
    chosen = selected(book, rules)
    setting = Setting(as_of, book.params, book.named, overrides or {})
    frames = Frames(reader, setting, looked=Looked(book.named, words_named(chosen)))
    run = Run(book, frames, Plan(frames), {rule.id: RuleTally(rule.id) for rule in chosen})
    aggregates = [rule for rule in chosen if rule.rule.shape == "aggregate"]
    run.plan.add(measure for rule in chosen for measure in rule.measures.values())
    run.plan.add(members(rule.universe) for rule in aggregates if rule.universe is not None)
    for rule in aggregates:
        _guarded(run, rule, judge_grains)
    _rows(run, [rule for rule in chosen if rule.rule.shape == "row"])
    for rule in chosen:
        if rule.rule.shape == "within":
            from budget_watch.engine.windows import judge_windows

            _guarded(run, rule, judge_windows)
        elif rule.rule.shape == "query":
            from budget_watch.engine.queries import judge_query

            _guarded(run, rule, judge_query)
    snapshot = _snapshot_id(reader)
    ids = [rule.id for rule in chosen]
    name = run_id(
        snapshot, _content(reader), book.hash, as_of, ids, overrides or {}, book.registered
    )
    settle_empty(chosen, run.tallies, frames)
    run.observations = exempted(run.observations, book, run.tallies, as_of)
    return RunResult(
        name,
        snapshot,
        book.hash,
        as_of,
        tuple(ids),
        list(run.tallies.values()),
        _collected(run, name, snapshot, as_of),
        time.perf_counter() - begun,
    )


def selected(book: Book, rules: Sequence[str] | None) -> list[CheckedRule]:
    """The rules to run, in the order of their ids. Raises RunError for an unknown id."""
    if rules is None:
        return [rule for rule in book.rules.values() if rule.rule.status in ("trial", "active")]
    unknown = [name for name in rules if name not in book.rules]
    if unknown:
        raise RunError(f"规则库中没有 {'、'.join(unknown)}；用 rules list 可列出全部规则")
    return [book.rules[name] for name in sorted(set(rules))]


def run_id(
    snapshot: str,
    content: str,
    book: str,
    as_of: date,
    rules: list[str],
    overrides: Mapping[str, Fraction],
    registered: str = "",
) -> str:
    """The name of a run: equal input, equal name.

    Args:
        snapshot: its id, which another installation may also have.
        content: fingerprint of what it holds.
        registered: of the exemptions that accounts registered; left out where there are none.
    """
    text = canonical(
        {
            **({"exemptions": registered} if registered else {}),
            "snapshot": snapshot,
            "content": content,
            "book": book,
            "as_of": as_of.isoformat(),
            "rules": rules,
            "overrides": {name: str(value) for name, value in overrides.items()},
            "engine": ENGINE_VERSION,
        }
    )
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _snapshot_id(reader: Reader) -> str:
    snapshot = getattr(reader, "snapshot", None)
    return str(getattr(snapshot, "id", snapshot) if snapshot is not None else "none")


def _content(reader: Reader) -> str:
    return str(getattr(reader, "fingerprint", ""))


def _guarded(run: Run, rule: CheckedRule, judge: Any) -> None:
    begun = time.perf_counter()
    tally = run.tallies[rule.id]
    try:
        judge(run, rule, tally)
    except _FAILURES as error:
        failed(run, rule, error)
    tally.seconds += time.perf_counter() - begun


def failed(run: Run, rule: CheckedRule, error: Exception) -> None:
    """A rule that could not run: one error, with what happened, and nothing else of it."""
    seconds = run.tallies[rule.id].seconds
    said = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    run.tallies[rule.id] = RuleTally(rule.id, error=1, seconds=seconds, message=said)
    run.observations = [
        frame for frame in run.observations if frame.height == 0 or frame["rule"][0] != rule.id
    ]


def _collected(run: Run, name: str, snapshot: str, as_of: date) -> pl.DataFrame:
    frames = [frame for frame in run.observations if frame.height]
    if not frames:
        return pl.DataFrame(schema=SCHEMA)
    return (
        pl.concat(frames, how="diagonal")
        .with_columns(
            run=pl.lit(name),
            as_of=pl.lit(as_of),
            snapshot=pl.lit(snapshot),
            book=pl.lit(run.book.hash),
        )
        .select([pl.col(column).cast(kind) for column, kind in SCHEMA.items()])
        .sort("rule", "grain", "identity")
    )


# ---- aggregate rules
def judge_grains(run: Run, rule: CheckedRule, tally: RuleTally) -> None:
    """Universe → measures → look-ups → verdicts."""
    if rule.universe is None:
        raise RunError(f"{rule.id} 没有 universe")
    for plan in shares(rule, run.plan):
        frame = with_period_end(rule, grains(rule.universe, plan), run.setting)
        frame = within_validity(rule, frame, tally)
        judge_frame(replace(run, plan=plan), rule, frame, tally)


def judge_frame(run: Run, rule: CheckedRule, frame: pl.DataFrame, tally: RuleTally) -> None:
    """Attach measures and look-ups to a small frame, judge it, keep what must be seen."""
    for measure in rule.measures.values():
        frame = attach(frame, measure, run.plan)
    for join in rule.joins.values():
        frame = look_up(frame.lazy(), join, table(join, run.frames)).collect()
    for peers in rule.peers.values():
        frame = attach_peers(frame, peers, rule_compiler(rule, run.setting))
    judged, verdict = verdict_of(rule, frame, run.setting)
    if rule.clear is not None:
        mine = tuple(each for each in run.book.exemptions if each.said.rule == rule.id)
        build = rule_compiler(rule, run.setting)
        judged = held_open(rule, judged, verdict, build, mine, run.setting)
        tally.unrecovered = int(judged[HELD].count())
    for year, at, count in by_year(judged):
        tally.of_year(year, verdict.verdicts[at], count)
    for at, count, key in _by_verdict(judged, rule.grain):
        tally.count(rule, verdict.verdicts[at], count)
        if verdict.verdicts[at].outcome in ("clear", "not_applicable"):
            tally.quiet(verdict.verdicts[at].outcome, key)
    kept = judged.filter(pl.col("__v").is_in(noteworthy(verdict)))
    run.observations.append(observed(rule, kept, verdict.verdicts, tally, shown(rule, run.setting)))


def verdict_of(
    rule: CheckedRule, frame: pl.DataFrame, setting: Setting
) -> tuple[pl.DataFrame, Judgement]:
    """The frame with the verdict `__v`."""
    verdict = judgement(rule, rule_compiler(rule, setting))
    # lazy, so that what several predicates share is worked out once
    return frame.lazy().with_columns(verdict.expr.alias("__v")).collect(), verdict


def rule_compiler(
    rule: CheckedRule, setting: Setting, names: Mapping[str, str] | None = None
) -> Compiler:
    """A compiler over the rule's own columns."""
    date_column = rule.source.date_column if rule.rule.shape == "row" and rule.source else None
    build = compiler(setting, rule.columns, date_column, names)
    if rule.rule.shape != "row":
        build.day = pl.col("__period_end")
    return build


def with_period_end(rule: CheckedRule, frame: pl.DataFrame, setting: Setting) -> pl.DataFrame:
    """Add `__period_end` (and `period_end`, which measures may name as @period_end)."""
    end = period_end({name: rule.columns[name] for name in frame.columns}, None)
    day = pl.lit(setting.as_of) if end is None else end.fill_null(pl.lit(setting.as_of))
    frame = frame.with_columns(day.alias("__period_end"))
    if "period_end" not in frame.columns:
        frame = frame.with_columns(pl.col("__period_end").alias("period_end"))
    return frame


def within_validity(rule: CheckedRule, frame: pl.DataFrame, tally: RuleTally) -> pl.DataFrame:
    """Leave out grains whose period ends while the rule does not hold."""
    kept = frame.filter(valid(rule, pl.col("__period_end")))
    tally.exclude(NOT_VALID, frame.height - kept.height)
    return kept


def valid(rule: CheckedRule, day: pl.Expr) -> pl.Expr:
    """Whether the rule holds on a day."""
    since, until = rule.rule.valid.since, rule.rule.valid.until
    return (day >= since) if until is None else day.is_between(since, until)


def noteworthy(verdict: Judgement) -> list[int]:
    """The verdicts that become observations."""
    quiet = ("clear", "not_applicable")
    return [at for at, each in enumerate(verdict.verdicts) if each.outcome not in quiet]


def key_hash(columns: Iterable[str]) -> pl.Expr:
    """A hash of a grain's key, for the order-free hash of quiet grains."""
    return pl.struct(sorted(columns)).hash(seed=11)


def by_year(judged: pl.DataFrame) -> list[tuple[int | None, int, int]]:
    """(fiscal year, verdict, how many) of judged rows; nothing where they know no year."""
    if YEAR not in judged.columns:
        return []
    return sorted(
        judged.group_by(YEAR, "__v").agg(pl.len()).iter_rows(),
        key=lambda each: (each[0] is not None, each),
    )


def _by_verdict(judged: pl.DataFrame, grain: tuple[str, ...]) -> list[tuple[int, int, int]]:
    counted = judged.group_by("__v").agg(pl.len(), key_hash(grain).sum().alias("key"))
    return sorted(counted.iter_rows())


def shown(
    rule: CheckedRule, setting: Setting, names: Mapping[str, str] | None = None
) -> dict[str, pl.Expr]:
    """The rule's `value` and `limit` as whole numbers (fen, or millionths of a plain number)."""
    found: dict[str, pl.Expr] = {}
    for name, tree in (("value", rule.value), ("limit", rule.limit)):
        if tree is not None and tree.type.base == "num":
            found[name] = _rounded(tree, rule_compiler(rule, setting, names))
    return found


def _rounded(tree: Expr, build: Compiler) -> pl.Expr:
    """num ÷ den to the nearest whole fen (money) or millionth (plain numbers), as Int64."""
    from budget_watch.engine.units import MONEY, same

    return build.rounded(tree, 1 if same(tree.type, MONEY) else 10**6)


# ---- row rules
def _rows(run: Run, rules: list[CheckedRule]) -> None:
    by_source: dict[str, list[CheckedRule]] = {}
    for rule in rules:
        if rule.source is not None:
            by_source.setdefault(rule.source.name, []).append(rule)
    for together in by_source.values():
        if not _judged(run, together) and len(together) > 1:
            for rule in together:  # so that only the rule at fault fails
                run.tallies[rule.id] = RuleTally(rule.id)
                _judged(run, [rule])


def _judged(run: Run, rules: list[CheckedRule]) -> bool:
    """Judge rules in one pass; what a pass that failed left is taken back.

    What the pass held is let go before anybody tries again: an error in hand would hold it.
    """
    from budget_watch.engine.rows import judge_rows

    try:
        judge_rows(run, rules)
    except _FAILURES as error:
        for rule in rules:
            failed(run, rule, error)
        return False
    return True
