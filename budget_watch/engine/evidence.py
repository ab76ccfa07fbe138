"""The rows behind an observation, and their sum against the measure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from budget_watch.engine.check import Aggregate, CheckedRule
from budget_watch.engine.errors import RunError
from budget_watch.engine.expression import Expr
from budget_watch.engine.judge import Setting, compiler
from budget_watch.engine.load import Book
from budget_watch.engine.parse import Scope, parse, parse_condition
from budget_watch.engine.sources import Reader, Source, sources
from budget_watch.engine.units import Column
from budget_watch.lake import bloom

AMOUNT = "__amount"
SHOWN_ROWS = 10_000
_NOT_SUMMED = frozenset({"param", "div", "case"})


@dataclass(frozen=True)
class Evidence:
    """Rows and what they add up to.

    Attributes:
        source: the table or mart the rows are of.
        rows: at most `SHOWN_ROWS` rows in a stable order; `count` says how many there are.
        total: their sum as the measure reckons it (stored units), none where nothing is summed.
        measure, value: the measure compared with, and its value in the observation.
        title: what that measure is called.
        amount: the column that was summed, if it is one column.
        outside: rows that the reader may not see; `outside_sum` theirs, where they may know it.
    """

    source: str
    rows: pl.DataFrame
    count: int
    total: int | None = None
    measure: str | None = None
    value: int | None = None
    path: tuple[str, ...] = ()
    amount: str | None = None
    title: str | None = None
    outside: int = 0
    outside_sum: int | None = None

    @property
    def difference(self) -> int | None:
        """measure − Σ rows − Σ rows outside the reader's scope: rows that were taken otherwise."""
        if self.total is None or self.value is None or (self.outside and self.outside_sum is None):
            return None
        return self.value - self.total - (self.outside_sum or 0)


def evidence_of(
    reader: Reader, book: Book, rule: CheckedRule, values: Mapping[str, Any], setting: Setting
) -> Evidence | None:
    """The evidence rows of one observation; none if the rule has no rows to show."""
    said = rule.rule.evidence
    if rule.window is not None:
        return _window(reader, rule, values, setting)
    if rule.rule.shape == "row" and said is None and rule.source is not None:
        return _row(reader, book, rule, values, setting)
    if said is None:
        return _of_measure(reader, rule, values, setting)
    known = sources()
    if said.source not in known:
        raise RunError(f"{rule.id} evidence：没有名为 {said.source} 的报表或主题表")
    source = known[said.source]
    measure = rule.measures.get(said.measure) if said.measure else None
    fixed = _of_grain(rule, source, values, said.when)
    tests = [_equal(name, value) for name, value in fixed.items()]
    if measure is not None and measure.source.name == source.name:
        tests, fixed = _of(measure, rule, values, setting)
    if said.when is not None:
        tests.append(_chosen(book, rule, source, said.when, values, setting))
    if measure is not None and measure.source.name != source.name:
        measure = _elsewhere(book, measure, source, said.amount)
    if said.measure and said.measure not in rule.measures and said.amount is not None:
        tree = parse(said.amount, Scope(source.columns, {}, {}, book.lists, hint=f"{source.name} "))
        measure = _summed(said.measure, source, tree, rule)
        named = rule.let.get(said.measure) or Expr(
            "col", (), rule.columns[said.measure].type, said.measure
        )
        values = {**values, said.measure: _whole(book, rule, named, values, setting)}
    return _cut(reader, source, tests, measure, values, setting, said.path, fixed)


def _row(
    reader: Reader, book: Book, rule: CheckedRule, values: Mapping[str, Any], setting: Setting
) -> Evidence | None:
    """A row rule without declared evidence: the row itself, summed as the rule's value is."""
    source, tree = rule.source, rule.value
    if source is None:
        return None
    tests = [_equal(name, values.get(name)) for name in rule.grain]
    if rule.condition is not None:
        tests.append(
            compiler(setting, source.columns, source.date_column).condition(rule.condition)
        )
    measure = None
    money = tree is not None and tree.type.unit == (("money", 1),)
    plain = tree is not None and not any(node.op in _NOT_SUMMED for node in tree.walk())
    if tree is not None and money and plain and tree.names() <= set(source.columns):
        own = next((name for name, one in rule.let.items() if one == tree), "value")
        name = tree.value if tree.op == "col" else own
        measure = _summed(name, source, tree, rule)
        values = {**values, name: _whole(book, rule, tree, values, setting)}
    fixed = {name: values.get(name) for name in rule.grain}
    return _cut(reader, source, tests, measure, values, setting, source.key, fixed)


def _summed(name: str, source: Source, tree: Expr, rule: CheckedRule) -> Aggregate:
    column = Column(name, tree.type, title=rule.title_of(name))
    return Aggregate(
        name, source, {}, "sum", tree, None, None, None, {}, "zero", column, column.title
    )


def _whole(
    book: Book, rule: CheckedRule, tree: Expr, values: Mapping[str, Any], setting: Setting
) -> int | None:
    from budget_watch.engine.wording import evaluator

    found = evaluator(book, rule, values, setting, values.get("__period_end")).value(tree)
    return int(found) if found is not None and found == int(found) else None


def _elsewhere(
    book: Book, measure: Aggregate, source: Source, amount: str | None
) -> Aggregate | None:
    """The same figure summed over another source, where the rule says what to sum there."""
    if amount is None:
        return None
    tree = parse(amount, Scope(source.columns, {}, {}, book.lists, hint=f"{source.name} "))
    return replace(measure, source=source, argument=tree, function="sum")


def _of_measure(
    reader: Reader, rule: CheckedRule, values: Mapping[str, Any], setting: Setting
) -> Evidence | None:
    """Without a declared evidence: the rows of the first measure that sums something."""
    measure = next((each for each in rule.measures.values() if each.function == "sum"), None)
    measure = measure or next(iter(rule.measures.values()), None)
    if measure is None:
        return None
    tests, fixed = _of(measure, rule, values, setting)
    return _cut(reader, measure.source, tests, measure, values, setting, (), fixed)


def _of_grain(
    rule: CheckedRule, source: Source, values: Mapping[str, Any], when: str | None
) -> dict[str, Any]:
    """The grain's columns that the source has too, with their values."""
    compared = {name for name in rule.grain if when is not None and f"@{name}" in when}
    shared = [name for name in rule.grain if name in source.columns and name not in compared]
    return {name: values.get(name) for name in shared}


def _of(
    measure: Aggregate, rule: CheckedRule, values: Mapping[str, Any], setting: Setting
) -> tuple[list[pl.Expr], dict[str, Any]]:
    """The conditions by which a measure took its rows for this grain, and the columns they fix."""
    source = measure.source
    build = compiler(setting, source.columns, source.date_column)
    wanted = shifted(measure, values)
    tests = [_same(build.any(tree), wanted.get(name)) for name, tree in measure.keys.items()]
    if measure.condition is not None:
        tests.append(build.condition(measure.condition))
    if measure.cumulative is not None:
        tests.append(build.any(measure.cumulative[0]) <= pl.lit(wanted[measure.cumulative[1]]))
    if measure.at_condition is not None:
        tests.append(_bound(measure, rule, values, setting))
    columns = {name: tree.value for name, tree in measure.keys.items() if tree.op == "col"}
    return tests, {column: wanted.get(name) for name, column in columns.items()}


def shifted(measure: Aggregate, values: Mapping[str, Any]) -> dict[str, Any]:
    """The grain's values to look up, with the measure's shift applied."""
    found = dict(values)
    years = measure.shift.get("fiscal_year", 0)
    if years and found.get("fiscal_year") is not None:
        found["fiscal_year"] += years
    for name, length in (("month", 12), ("quarter", 4)):
        if name in measure.shift and found.get(name) is not None:
            at = found["fiscal_year"] * length + found[name] - 1 + measure.shift[name]
            found["fiscal_year"], found[name] = at // length, at % length + 1
    return found


def _bound(
    measure: Aggregate, rule: CheckedRule, values: Mapping[str, Any], setting: Setting
) -> pl.Expr:
    source, tree = measure.source, measure.at_condition
    if tree is None:
        return pl.lit(True)
    build = compiler(setting, source.columns, source.date_column)
    names = sorted(tree.names("at"))
    build.at = _constants(names, values)
    build.at_columns = {name: rule.columns[name] for name in names if name in rule.columns}
    return build.condition(tree)


def _constants(names: Iterable[str], values: Mapping[str, Any]) -> dict[str, pl.Expr]:
    """The grain's own values as constants: what is compared with them is then read less of."""
    known = {**values, "period_end": values.get("__period_end")}
    return {name: pl.lit(known.get(name)) for name in names}


def _chosen(
    book: Book,
    rule: CheckedRule,
    source: Source,
    when: str,
    values: Mapping[str, Any],
    setting: Setting,
) -> pl.Expr:
    at: dict[str, Column] = dict(rule.columns)
    tree = parse_condition(when, Scope(source.columns, at, {}, book.lists, hint=f"{source.name} "))
    build = compiler(setting, source.columns, source.date_column)
    names = sorted(tree.names("at"))
    build.at = _constants(names, values)
    build.at_columns = {name: at[name] for name in names}
    return build.condition(tree)


def _window(
    reader: Reader, rule: CheckedRule, values: Mapping[str, Any], setting: Setting
) -> Evidence | None:
    window = rule.window
    if window is None:
        return None
    source = window.source
    build = compiler(setting, source.columns, source.date_column)
    order = build.whole(window.order)
    last = int(values["last_order"])
    tests = [_equal(name, values.get(name), source) for name in window.by]
    tests.append((order > last - window.length) & (order <= last))
    if window.condition is not None:
        tests.append(build.condition(window.condition))
    wanted = rule.rule.evidence.measure if rule.rule.evidence else None
    sums = [each for each in window.values.values() if each.function == "sum"]
    measure = window.values.get(wanted or "") or (sums[0] if sums else None)
    path = rule.rule.evidence.path if rule.rule.evidence else ()
    fixed = {name: values.get(name) for name in window.by}
    return _cut(reader, source, tests, measure, values, setting, path, fixed)


def _equal(name: str, value: Any, source: Source | None = None) -> pl.Expr:
    """Equal to a stored value; an account also where one side shows its last four digits only."""
    column = source.columns.get(name) if source is not None else None
    if column is None or column.personal != "account" or not isinstance(value, str):
        return _same(pl.col(name), value)
    if value.startswith("****"):
        return pl.col(name).str.ends_with(value[4:])
    return pl.col(name).is_in([value, "****" + value[-4:]])


def _same(found: pl.Expr, value: Any) -> pl.Expr:
    """Equal, a blank to a blank; written so that files can be passed over by their statistics."""
    return found.is_null() if value is None else found == pl.lit(value)


def _cut(
    reader: Reader,
    source: Source,
    tests: list[pl.Expr],
    measure: Aggregate | None,
    values: Mapping[str, Any],
    setting: Setting,
    path: tuple[str, ...],
    fixed: Mapping[str, Any],
) -> Evidence:
    """The rows that pass all tests; `fixed`: the columns that the tests hold to one value."""
    rows = _near(reader, source, fixed)
    for test in tests:
        rows = rows.filter(test)
    summed = measure is not None and measure.function == "sum" and measure.argument is not None
    if summed and measure is not None and measure.argument is not None:
        build = compiler(setting, source.columns, source.date_column)
        rows = rows.with_columns(build.scaled(measure.argument)[0].alias(AMOUNT))
    found = rows.collect(engine="streaming")
    order = [name for name in dict.fromkeys([*path, *source.key]) if name in found.columns]
    found = found.sort(order, nulls_last=True) if order else found
    total = int(found[AMOUNT].sum()) if summed else None
    name = measure.name if measure is not None else None
    value = values.get(name) if name is not None and summed else None
    shown = found.head(SHOWN_ROWS)
    if not summed or measure is None or measure.argument is None:
        return Evidence(source.name, shown, found.height, total, name, value, path)
    amount = measure.argument.value if measure.argument.op == "col" else None
    title = measure.title
    return Evidence(source.name, shown, found.height, total, name, value, path, amount, title)


def _near(reader: Reader, source: Source, fixed: Mapping[str, Any]) -> pl.LazyFrame:
    """The source's rows, without files that cannot hold rows with these values."""
    if source.name == "ledger_coverage":
        return reader.coverage().lazy()
    year, key = fixed.get("fiscal_year"), None
    for name in bloom.COLUMNS:
        if key is None and isinstance(fixed.get(name), str):
            key = (name, str(fixed[name]))
    return reader.scan(source.name, year if isinstance(year, int) else None, key)
