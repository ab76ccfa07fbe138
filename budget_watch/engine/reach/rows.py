"""Conditions on table rows, and measures: rows that must not count, and would change the result."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from budget_watch.engine.check import CheckedRule
from budget_watch.engine.expression import Expr, conjunction, conjuncts
from budget_watch.engine.judge import Setting, compiler
from budget_watch.engine.made_tables import MadeReader
from budget_watch.engine.mutate.bench import Bench
from budget_watch.engine.mutate.mutant import Mutant
from budget_watch.engine.mutate.shapes import MEASURED
from budget_watch.engine.mutate.trees import FALSE
from budget_watch.engine.reach.atoms import atoms
from budget_watch.engine.reach.demand import Demand
from budget_watch.engine.sources import Source
from budget_watch.engine.written import written


def on_rows(rule: CheckedRule, found: Bench) -> Iterator[Demand]:
    """The conditions of universe, rows, windows and joins, each part true and false on some row."""
    for place, source, tree in _conditions(rule):
        for atom in {each.key: each for each in atoms(tree)}.values():
            if not atom.names():
                continue
            truths = _truths(source, atom, found)
            for wanted, said in ((True, "成立"), (False, "不成立")):
                yield Demand(f"{place} {written(atom)}：有{said}的行", wanted in truths)


def _conditions(rule: CheckedRule) -> Iterator[tuple[str, Source, Expr]]:
    if rule.condition is not None and rule.source is not None:
        yield "when", rule.source, rule.condition
    if rule.universe is not None and rule.universe.condition is not None:
        yield "universe.when", rule.universe.source, rule.universe.condition
    if rule.window is not None and rule.window.condition is not None:
        yield "within.when", rule.window.source, rule.window.condition
    for name, join in rule.joins.items():
        if join.condition is not None:
            yield f"join.{name}.when", join.source, join.condition


def _truths(source: Source, atom: Expr, found: Bench) -> set[bool]:
    """What the atom was on the rows of the tests on tables."""
    seen: set[bool] = set()
    for test in found.tables:
        seen |= _on_frame(test.reader, test.setting, source, atom)
        if len(seen) == 2:
            break
    return seen


def _on_frame(reader: MadeReader, setting: Setting, source: Source, atom: Expr) -> set[bool]:
    frame = reader.rows.get(source.name)
    if frame is None or not frame.height:
        return set()
    truth = compiler(setting, source.columns, source.date_column).condition(atom)
    return set(frame.select(truth.alias("t"))["t"].drop_nulls().unique().to_list())


def measured(rule: CheckedRule, found: Bench) -> Iterator[Demand]:
    """Each measure counted rows, and each part of its `when` kept a row out."""
    for name, measure in rule.measures.items():
        nothing = {"condition": FALSE}
        yield Demand(f"计量 {name} 由 rows 或 tables 算过", _noticed(rule, found, name, nothing))
        parts = conjuncts(measure.condition)
        for at, part in enumerate(parts):
            left: Mapping[str, object] = {"condition": conjunction(parts[:at] + parts[at + 1 :])}
            text = f"计量 {name}：有不符合 {written(part)} 而本可改变结果的行"
            yield Demand(text, _noticed(rule, found, name, left))
        if measure.cumulative is not None:
            step, column = written(measure.cumulative[0]), measure.cumulative[1]
            text = f"计量 {name}：有 {step} 在 @{column} 之后的行"
            yield Demand(text, _noticed(rule, found, name, {"cumulative": None}))
        bound = conjuncts(measure.at_condition)
        for at, part in enumerate(bound):
            rest = conjunction(bound[:at] + bound[at + 1 :])
            if rest is None or rest.names("at") == (measure.at_condition or rest).names("at"):
                text = f"计量 {name}：有不符合 {written(part)} 而本可改变结果的行"
                yield Demand(text, _noticed(rule, found, name, {"at_condition": rest}))


def _noticed(rule: CheckedRule, found: Bench, name: str, other: Mapping[str, object]) -> bool:
    """Whether a test fails when the measure is made another."""
    changed: dict[str, object] = dict(other)
    measures = {**rule.measures, name: replace(rule.measures[name], **changed)}  # type: ignore[arg-type]
    return found.killed(Mutant("", (), "", "", replace(rule, measures=measures), MEASURED, name))
