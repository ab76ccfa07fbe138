"""Where a rule can be changed: every mutant of a rule."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

from budget_watch.engine.check import Aggregate, CheckedPeers, CheckedRule, Reasoned
from budget_watch.engine.expression import Expr, conjunction, conjuncts
from budget_watch.engine.load import Book
from budget_watch.engine.model import Level
from budget_watch.engine.mutate.exact import predicates
from budget_watch.engine.mutate.mutant import Keys, Mutant
from budget_watch.engine.mutate.queries import changed
from budget_watch.engine.mutate.trees import (
    AGGREGATES,
    FALSE,
    TRUE,
    Change,
    changes,
    enclosing,
    put,
)
from budget_watch.engine.params import Parameter
from budget_watch.engine.render import Message
from budget_watch.engine.sources import sources
from budget_watch.engine.units import NUMBER
from budget_watch.engine.written import literal, written

JUDGED = frozenset({"cases", "tables"})
MEASURED = frozenset({"rows", "tables"})
WHOLE = frozenset({"tables"})
OTHER_COLOUR: dict[Level, Level] = {
    "red": "orange",
    "orange": "yellow",
    "yellow": "orange",
    "blue": "yellow",
}
GONE, ALWAYS, NEVER = "（去掉）", "（恒成立）", "（恒不成立）"


@dataclass(frozen=True)
class Site:
    """A tree of a rule and the tests that can see it."""

    place: str
    keys: Keys
    tree: Expr
    kinds: frozenset[str]
    measure: str | None = None


def mutants(book: Book, rule: CheckedRule) -> list[Mutant]:
    """Every mutant of a rule, in a stable order, no two of one name."""
    found: dict[str, Mutant] = {}
    for each in _all(book, bare(rule)):
        if each.original == each.mutant:
            continue
        name, twin = each.name, 2
        while name in found:
            name = f"{each.name}（{twin}）"
            twin += 1
        found[name] = each if name == each.name else replace(each, mutant=name.split(" → ", 1)[1])
    return list(found.values())


def bare(rule: CheckedRule) -> CheckedRule:
    """The rule without what only spares work (`groups`, `repeats`): it would hide changes."""
    window, query = rule.window, rule.query
    return replace(
        rule,
        window=None if window is None else replace(window, groups=None),
        query=None if query is None else replace(query, repeats=None),
    )


def _all(book: Book, rule: CheckedRule) -> Iterator[Mutant]:
    names = {id(tree): name for name, tree in rule.let.items() if tree.args}
    seen: set[int] = set()
    for site in sites(rule):
        yield from _tree(rule, site, names, seen)
    yield from _dropped(rule, names)
    for name, measure in rule.measures.items():
        yield from _measure(rule, name, measure, names)
    yield from _window(rule)
    yield from _levels(rule)
    if rule.query is not None:
        for each in changed(rule.query.sql, _texts(rule)):
            other = replace(rule, query=replace(rule.query, sql=each.sql))
            yield Mutant("query", ("query",), each.original, each.mutant, other, WHOLE)
    for name in sorted(rule.params):
        yield from _param(rule, book.params[name])


def _texts(rule: CheckedRule) -> frozenset[str]:
    """The columns of a query's base tables that hold texts and codes."""
    known = sources()
    return frozenset(
        name
        for table in (rule.query.tables if rule.query else ())
        for name, column in known[table].columns.items()
        if column.type.base == "text"
    )


# ---- trees
def sites(rule: CheckedRule) -> Iterator[Site]:
    """The trees of a rule that decide a verdict; `let`s first, as others contain them."""
    reached = {id(node) for tree in predicates(rule) for node in tree.walk()}
    for name, tree in rule.let.items():
        if id(tree) in reached:
            yield Site(f"let.{name}", ("let", name), tree, JUDGED)
    for part in ("skip", "requires", "undecided", "levels"):
        for at, each in enumerate(getattr(rule, part)):
            yield Site(f"{part}[{at}]", (part, at), each.when, JUDGED)
    for name, measure in rule.measures.items():
        keys: Keys = ("measures", name)
        for whole in (measure.condition, measure.at_condition, measure.argument):
            if whole is not None:
                yield Site(f"measures.{name}", keys, whole, MEASURED, name)
        for key in measure.keys.values():
            yield Site(f"measures.{name}.by", keys, key, MEASURED, name)
    yield from _whole_sites(rule)


def _whole_sites(rule: CheckedRule) -> Iterator[Site]:
    """Trees that only whole tables show."""
    for place, keys, tree in _whole_trees(rule):
        if tree is not None:
            yield Site(place, keys, tree, WHOLE)


def _whole_trees(rule: CheckedRule) -> Iterator[tuple[str, Keys, Expr | None]]:
    yield "when", ("when",), rule.condition
    if rule.universe is not None:
        yield "universe.when", ("universe",), rule.universe.condition
        for column in rule.universe.columns.values():
            yield "universe.map", ("universe",), column
    if rule.window is not None:
        yield "within.when", ("within",), rule.window.condition
        yield "within.order", ("within",), rule.window.order
        for name, value in rule.window.values.items():
            yield name, ("within",), value.argument
    for name, peers in rule.peers.items():
        for part in (peers.num, peers.den, peers.condition, peers.share, peers.least):
            yield f"peers.{name}", ("peers", name), part
    for name, join in rule.joins.items():
        yield f"join.{name}", ("join", name), join.condition
    for extras in rule.query.extras.values() if rule.query else ():
        for extra in extras.values():
            yield "query", ("query",), extra


def _tree(
    rule: CheckedRule, site: Site, names: Mapping[int, str], seen: set[int]
) -> Iterator[Mutant]:
    """Changes of the nodes of one tree that no earlier tree had."""
    own = {id(node) for node in site.tree.walk()} - seen
    seen |= own
    outer = {key: name for key, name in names.items() if key != id(site.tree)}
    for change in changes(site.tree):
        if id(change.node) not in own:
            continue
        shown = enclosing(site.tree, change.node)
        yield Mutant(
            site.place,
            site.keys,
            written(shown, outer),
            written(put(shown, change), outer),
            changed_rule(rule, change),
            site.kinds,
            site.measure,
        )


def changed_rule(rule: CheckedRule, change: Change) -> CheckedRule:
    """The rule with a node changed wherever it stands."""

    def new(tree: Expr | None) -> Any:
        return None if tree is None else put(tree, change)

    def reasons(said: tuple[Reasoned, ...]) -> tuple[Reasoned, ...]:
        return tuple(_with(each, when=new(each.when)) for each in said)

    universe, window, query = rule.universe, rule.window, rule.query
    if universe is not None:
        columns = {name: new(tree) for name, tree in universe.columns.items()}
        universe = replace(universe, condition=new(universe.condition), columns=columns)
    if window is not None:
        values = {name: _aggregate(each, new) for name, each in window.values.items()}
        window = replace(
            window, condition=new(window.condition), order=new(window.order), values=values
        )
    if query is not None:
        extras = {
            table: {name: new(tree) for name, tree in trees.items()}
            for table, trees in query.extras.items()
        }
        query = replace(query, extras=extras)
    return replace(
        rule,
        condition=new(rule.condition),
        universe=universe,
        window=window,
        query=query,
        measures={name: _aggregate(each, new) for name, each in rule.measures.items()},
        peers={name: _peers(each, new) for name, each in rule.peers.items()},
        joins={
            name: replace(each, condition=new(each.condition)) for name, each in rule.joins.items()
        },
        let={name: new(tree) for name, tree in rule.let.items()},
        skip=reasons(rule.skip),
        requires=reasons(rule.requires),
        undecided=reasons(rule.undecided),
        levels=tuple(_with(each, when=new(each.when)) for each in rule.levels),
        message=Message(tuple(replace(each, tree=new(each.tree)) for each in rule.message.parts)),
    )


def _with(each: Any, when: Expr) -> Any:
    """The same object where nothing changed: what was judged of it once need not be again."""
    return each if when is each.when else replace(each, when=when)


def _peers(peers: CheckedPeers, new: Any) -> CheckedPeers:
    return replace(
        peers,
        num=new(peers.num),
        den=new(peers.den),
        condition=new(peers.condition),
        share=new(peers.share),
        least=new(peers.least),
    )


def _aggregate(measure: Aggregate, new: Any) -> Aggregate:
    cumulative = measure.cumulative
    if cumulative is not None:
        cumulative = (new(cumulative[0]), cumulative[1])
    return replace(
        measure,
        condition=new(measure.condition),
        argument=new(measure.argument),
        at_condition=new(measure.at_condition),
        keys={name: new(tree) for name, tree in measure.keys.items()},
        cumulative=cumulative,
    )


# ---- conditions left out
def _dropped(rule: CheckedRule, names: Mapping[int, str]) -> Iterator[Mutant]:
    for part in ("skip", "requires", "undecided"):
        said: tuple[Reasoned, ...] = getattr(rule, part)
        gone, always = (TRUE, FALSE) if part == "requires" else (FALSE, TRUE)
        for at, each in enumerate(said):
            text = written(each.when, names)
            for tree, shown in ((gone, GONE), (always, NEVER if part == "requires" else ALWAYS)):
                changed_: Any = {part: (*said[:at], replace(each, when=tree), *said[at + 1 :])}
                other = replace(rule, **changed_)
                yield Mutant(f"{part}[{at}]", (part, at), text, shown, other, JUDGED)
    yield from _dropped_whens(rule)


def _dropped_whens(rule: CheckedRule) -> Iterator[Mutant]:
    def gone(place: str, keys: Keys, tree: Expr, **parts: Any) -> Mutant:
        return Mutant(place, keys, written(tree), GONE, replace(rule, **parts), WHOLE)

    universe, window = rule.universe, rule.window
    if rule.condition is not None:
        yield gone("when", ("when",), rule.condition, condition=None)
    if universe is not None and universe.condition is not None:
        other = replace(universe, condition=None)
        yield gone("universe.when", ("universe",), universe.condition, universe=other)
    if window is not None and window.condition is not None:
        wider = replace(window, condition=None)
        yield gone("within.when", ("within",), window.condition, window=wider)
    for name, peers in rule.peers.items():
        if peers.condition is not None:
            others = {**rule.peers, name: replace(peers, condition=None)}
            yield gone(f"peers.{name}", ("peers", name), peers.condition, peers=others)
    for name, join in rule.joins.items():
        if join.condition is not None:
            joins = {**rule.joins, name: replace(join, condition=None)}
            yield gone(f"join.{name}", ("join", name), join.condition, joins=joins)


# ---- measures
def _measure(
    rule: CheckedRule, name: str, measure: Aggregate, names: Mapping[int, str]
) -> Iterator[Mutant]:
    def mutant(original: str, text: str, **other: Any) -> Mutant:
        measures = {**rule.measures, name: replace(measure, **other)}
        changed_ = replace(rule, measures=measures)
        return Mutant(
            f"measures.{name}", ("measures", name), original, text, changed_, MEASURED, name
        )

    if measure.condition is not None:
        yield mutant(f"when {written(measure.condition)}", GONE, condition=None)
    if measure.at_condition is not None:
        parts = conjuncts(measure.at_condition)
        for at, part in enumerate(parts):
            left = conjunction(parts[:at] + parts[at + 1 :])
            if left is None or left.names("at") == measure.at_condition.names("at"):
                yield mutant(f"when {written(part)}", GONE, at_condition=left)
    if measure.cumulative is not None:
        yield from _cumulative(measure, mutant)
    if measure.function in AGGREGATES:
        value = f"{measure.function}({written(measure.argument) if measure.argument else '*'})"
        other = AGGREGATES[measure.function]
        yield mutant(value, value.replace(measure.function, other, 1), function=other)
    if measure.shift:
        said = "、".join(f"{key} {step:+d}" for key, step in measure.shift.items())
        yield mutant(f"shift {said}", GONE, shift={})


def _cumulative(measure: Aggregate, mutant: Any) -> Iterator[Mutant]:
    if measure.cumulative is None:
        return
    mine, column = measure.cumulative
    bound = Expr("at", (), NUMBER, column)
    text = f"{written(mine)} <= @{column}"
    rest = measure.condition
    for op, sign in (("lt", "<"), ("ge", ">="), ("eq", "=")):
        condition = Expr(op, (mine, bound), TRUE.type)
        yield mutant(
            text,
            f"{written(mine)} {sign} @{column}",
            cumulative=None,
            at_condition=condition,
            condition=rest,
        )
    yield mutant(text, GONE, cumulative=None)


# ---- windows
def _window(rule: CheckedRule) -> Iterator[Mutant]:
    window = rule.window
    if window is None:
        return
    for step in (1, -1):
        if window.length + step > 0:
            other = replace(rule, window=replace(window, length=window.length + step))
            text = f"length {window.length}"
            yield Mutant(
                "within.length",
                ("within", "length"),
                text,
                f"length {window.length + step}",
                other,
                WHOLE,
            )
    for name, value in window.values.items():
        carried = value.column.type.base == "text"  # min(dept_code) only carries a code along
        if value.function in AGGREGATES and value.function != "distinct" and not carried:
            function = AGGREGATES[value.function]
            values = {**window.values, name: replace(value, function=function)}
            other = replace(rule, window=replace(window, values=values))
            text = f"{value.function}({written(value.argument) if value.argument else '*'})"
            yield Mutant(
                f"within.values.{name}",
                ("within", "values", name),
                text,
                text.replace(value.function, function, 1),
                other,
                WHOLE,
            )


# ---- levels
def _levels(rule: CheckedRule) -> Iterator[Mutant]:
    for at, level in enumerate(rule.levels):
        place, keys = f"levels[{at}]", ("levels", at)
        for tree, text in ((FALSE, GONE), (TRUE, ALWAYS)):
            levels = (*rule.levels[:at], replace(level, when=tree), *rule.levels[at + 1 :])
            yield Mutant(place, keys, level.text, text, replace(rule, levels=levels), JUDGED)
        colour = OTHER_COLOUR[level.cap]
        other = replace(level, level=colour, cap=colour)
        levels = (*rule.levels[:at], other, *rule.levels[at + 1 :])
        changed_ = replace(rule, levels=levels)
        yield Mutant(place, keys, f"level {level.cap}", f"level {colour}", changed_, JUDGED)


# ---- numbers of the book
def _param(rule: CheckedRule, parameter: Parameter) -> Iterator[Mutant]:
    name, unit = parameter.param.id, parameter.param.unit
    flag = unit == "count" and {each.value for each in parameter.values} <= {0, 1}
    steps = (1, -1) if not flag else (-1,) if parameter.values[0].value else (1,)
    for step in steps:
        values = tuple(
            replace(each, value=_stepped(each.value, unit, step)) for each in parameter.values
        )
        first = parameter.values[0].value
        texts = [_said(each, parameter) for each in (first, _stepped(first, unit, step))]
        changed_ = replace(parameter, values=values)
        yield Mutant(
            "params", (name,), f"{name} {texts[0]}", texts[1], rule,
            JUDGED | MEASURED, None, {name: changed_},
        )  # fmt: skip


def _stepped(value: Fraction, unit: str, step: int) -> Fraction:
    if unit == "ratio":
        return value + Fraction(step, 100)
    if unit == "monthday":
        day = date(2023, int(value) // 100, int(value) % 100) + timedelta(days=step)
        return Fraction(day.month * 100 + day.day)
    return value + step


def _said(value: Fraction, parameter: Parameter) -> str:
    if parameter.param.unit == "monthday":
        return f"{int(value) // 100:02d}-{int(value) % 100:02d}"
    return literal(value, parameter.type)
