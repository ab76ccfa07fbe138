"""Checks a rule against the sources and turns its texts into typed trees: `checked(rule, …)`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from budget_watch.engine.errors import BookError, ExpressionError
from budget_watch.engine.expression import Expr, conjunction, conjuncts
from budget_watch.engine.functions import Lists
from budget_watch.engine.model import Citation, Confidence, Klass, Level, Measure, Repeats, Rule
from budget_watch.engine.parse import Scope, parse, parse_condition
from budget_watch.engine.render import Message, read_message
from budget_watch.engine.sources import Source
from budget_watch.engine.sql import CheckedQuery, CheckedRepeats, check_query
from budget_watch.engine.units import DATE, NUMBER, RATIO, Column, Type, product, same

PERIOD_COLUMNS = ("fiscal_year", "month", "quarter")
PERIOD_END = Column("period_end", DATE, title="期末")


@dataclass(frozen=True)
class Aggregate:
    """One measure, ready to plan.

    Attributes:
        keys: grain column → expression over the source by which rows are grouped.
        cumulative: (expression over the source, grain column) of a `x <= @col` condition.
        at_condition: any other condition that names the grain's values.
        condition: the rest of `when`.
        argument: what is aggregated; none for count(*).
        column: how the result is stored.
    """

    name: str
    source: Source
    keys: Mapping[str, Expr]
    function: str
    argument: Expr | None
    condition: Expr | None
    cumulative: tuple[Expr, str] | None
    at_condition: Expr | None
    shift: Mapping[str, int]
    empty: Literal["zero", "missing"]
    column: Column
    title: str


@dataclass(frozen=True)
class CheckedJoin:
    """A many-to-one look-up: columns taken under their new names, and the flag `found`."""

    name: str
    source: Source
    on: Mapping[str, str]
    take: Mapping[str, str]
    condition: Expr | None
    last_by: str | None


@dataclass(frozen=True)
class CheckedUniverse:
    """The grains judged."""

    source: Source
    condition: Expr | None
    columns: Mapping[str, Expr]
    periods: str | None


@dataclass(frozen=True)
class CheckedWindow:
    """Windows of rows (shape `within`).

    `groups`: what a group must fulfil as a whole to have a window that hits, over `values`.
    """

    source: Source
    condition: Expr | None
    by: tuple[str, ...]
    order: Expr
    length: int
    values: Mapping[str, Aggregate]
    groups: Expr | None


@dataclass(frozen=True)
class CheckedPeers:
    """One percentile among peers.

    Attributes:
        num, den: the value compared, `num` or `num / den`.
        by: names and trees of what makes a kind.
        condition: who counts as a peer.
        share: the percentile as a part of 1; `least`: how many peers it takes.
        columns: what it adds to the grain.
    """

    name: str
    num: Expr
    den: Expr | None
    by: tuple[tuple[str, Expr], ...]
    condition: Expr | None
    share: Expr
    least: Expr
    columns: Mapping[str, Column]
    title: str

    @property
    def value_columns(self) -> tuple[str, ...]:
        """The columns that hold the percentile: one, or numerator and denominator."""
        return (self.name,) if self.den is None else (f"{self.name}_num", f"{self.name}_den")

    @property
    def value(self) -> Expr:
        """The percentile as expressions name it."""
        parts = tuple(Expr("col", (), self.columns[each].type, each) for each in self.value_columns)
        if len(parts) == 1:
            return parts[0]
        return Expr("div", parts, product(parts[0].type, parts[1].type, -1))

    @property
    def params(self) -> set[str]:
        """The parameters that fix it."""
        trees = [self.num, self.share, self.least, *(tree for _, tree in self.by)]
        trees += [each for each in (self.den, self.condition) if each is not None]
        return {name for tree in trees for name in tree.names("param")}

    @property
    def inputs(self) -> set[str]:
        """The values it is made of."""
        trees = [self.num, *(tree for _, tree in self.by)]
        trees += [each for each in (self.den, self.condition) if each is not None]
        return {name for tree in trees for name in tree.names()}


@dataclass(frozen=True)
class Reasoned:
    """A condition and the reason shown."""

    when: Expr
    because: str


@dataclass(frozen=True)
class CheckedLevel:
    """One level with what it stands on; `cap` is the level the machine may give."""

    level: Level
    cap: Level
    when: Expr
    klass: Klass
    confidence: Confidence
    basis: tuple[Citation, ...]
    text: str


PERIODS = {"months": ("month", 12), "quarters": ("quarter", 4), "years": ("fiscal_year", 1)}


@dataclass(frozen=True)
class CheckedClear:
    """When a finding counts as recovered: `count` periods in a row that fulfil `when`."""

    when: Expr
    count: int
    unit: Literal["months", "quarters", "years"]
    text: str

    def words(self, count: int | str) -> str:
        """So many periods, in Chinese."""
        return f"{count}{ {'months': '个月', 'quarters': '个季度', 'years': '年'}[self.unit] }"


@dataclass(frozen=True)
class CheckedRule:
    """A rule whose every name, type and unit has been checked."""

    rule: Rule
    source: Source | None
    grain: tuple[str, ...]
    identity: tuple[str, ...]
    universe: CheckedUniverse | None
    condition: Expr | None
    measures: Mapping[str, Aggregate]
    window: CheckedWindow | None
    query: CheckedQuery | None
    joins: Mapping[str, CheckedJoin]
    columns: Mapping[str, Column]
    inputs: tuple[str, ...]
    let: Mapping[str, Expr]
    skip: tuple[Reasoned, ...]
    requires: tuple[Reasoned, ...]
    undecided: tuple[Reasoned, ...]
    levels: tuple[CheckedLevel, ...]
    clear: CheckedClear | None
    value: Expr | None
    limit: Expr | None
    message: Message
    params: frozenset[str]
    needs: frozenset[str] = field(default_factory=frozenset)
    peers: Mapping[str, CheckedPeers] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """The rule's id."""
        return self.rule.id

    @property
    def title(self) -> str:
        """The rule's title."""
        return self.rule.title

    def title_of(self, name: str) -> str:
        """What a value of the rule is called: its own title, else the column's, else its name."""
        if name in self.rule.titles:
            return self.rule.titles[name]
        if name in self.measures:
            return self.measures[name].title
        column = self.columns.get(name)
        return (column.title if column is not None else "") or name

    @property
    def area(self) -> str:
        """The rule's area, e.g. `execution`."""
        return self.rule.area

    @property
    def klass(self) -> Klass:
        """The rule's class; a level may have its own."""
        return self.rule.klass

    @property
    def confidence(self) -> Confidence:
        """The confidence in basis and threshold."""
        return self.rule.confidence

    @property
    def citations(self) -> tuple[Citation, ...]:
        """What the rule and its levels cite, each once."""
        own = (*self.rule.basis, *(each for level in self.levels for each in level.basis))
        return tuple(dict.fromkeys(own))

    @property
    def status(self) -> str:
        """draft, trial, active or retired."""
        return self.rule.status

    @property
    def is_pattern(self) -> bool:
        """True for windows, queries and word lists: recall is judged as of a pattern, not a sum."""
        said = self.rule.model_dump_json()
        return self.rule.shape in ("within", "query") or "has_words(" in said


def checked(rule: Rule, sources: Mapping[str, Source], lists: Lists) -> CheckedRule:
    """Check a rule. Raises BookError that names the rule and the place in it."""
    try:
        return _Checker(rule, sources, lists).run()
    except ExpressionError as error:
        raise BookError(rule.id, str(error), error.code) from error


class _Checker:
    def __init__(self, rule: Rule, sources: Mapping[str, Source], lists: Lists) -> None:
        self.rule, self.sources, self.lists = rule, sources, lists

    def fail(self, place: str, error: ExpressionError) -> BookError:
        return BookError(f"{self.rule.id} {place}", str(error), error.code)

    def source(self, name: str, place: str) -> Source:
        if name in self.sources:
            return self.sources[name]
        from difflib import get_close_matches

        near = get_close_matches(name, list(self.sources), n=3)
        hint = f"；是否指 {'、'.join(near)}" if near else ""
        raise BookError(
            f"{self.rule.id} {place}", f"没有名为 {name} 的报表或主题表{hint}", "source"
        )

    def condition(self, text: str | None, scope: Scope, place: str) -> Expr | None:
        if text is None:
            return None
        try:
            return parse_condition(text, scope)
        except ExpressionError as error:
            raise self.fail(place, error) from error

    def expression(self, text: str, scope: Scope, place: str, wanted: Type | None = None) -> Expr:
        try:
            return parse(text, scope, wanted)
        except ExpressionError as error:
            raise self.fail(place, error) from error

    def over(self, source: Source, at: Mapping[str, Column] | None = None) -> Scope:
        return Scope(source.columns, at or {}, {}, self.lists, hint=f"{source.name} ")

    def run(self) -> CheckedRule:
        rule = self.rule
        source, universe, window, query = None, None, None, None
        condition = None
        columns: dict[str, Column] = {}
        if rule.shape == "row":
            source = self.source(rule.each or "", "each")
            grain = rule.grain or source.key
            columns = dict(source.columns)
            condition = self.condition(rule.when, self.over(source), "when")
        elif rule.shape == "within":
            window = self.window()
            source, grain = window.source, (*window.by, "first_order")
            columns = {name: source.columns[name] for name in window.by}
            columns |= {name: each.column for name, each in window.values.items()}
            columns["first_order"] = Column("first_order", NUMBER, nullable=False)
            columns["last_order"] = Column("last_order", NUMBER, nullable=False)
        else:
            grain = rule.grain
            universe = self.universe()
            columns = self.grain_columns(universe)
        if rule.query is not None:
            query = replace(
                check_query(rule, self.sources, self.lists), repeats=self.repeats(rule.repeats)
            )
            columns |= query.columns
        self.present(grain, columns, "grain")
        grain_columns = {name: columns[name] for name in grain}
        own = [] if rule.shape == "row" else list(columns)
        measures = self.all_measures(columns, grain_columns)
        joins = self.joins(columns)
        let, peers = self.lets(columns)
        named = {**let, **{name: each.value for name, each in peers.items()}}
        scope = Scope(columns, {}, named, self.lists)
        self.present(tuple(each for each in rule.titles if each not in named), columns, "titles")
        levels = tuple(self.level(at, scope) for at in range(len(rule.levels)))
        value = self.optional(rule.value, scope, "value")
        limit = self.optional(rule.limit, scope, "limit")
        if value and limit and not same(value.type, limit.type):
            raise BookError(
                f"{rule.id} limit", f"value 是{value.type}，limit 是{limit.type}", "unit"
            )
        message = self.message(scope)
        trees = [
            *(each.when for each in self.reasons(rule.skip, scope, "skip")),
            *(each.when for each in self.reasons(rule.requires, scope, "requires")),
            *(each.when for each in self.reasons(rule.undecided, scope, "undecided")),
            *(each.when for each in levels),
            *(each for each in (value, limit) if each is not None),
            *message.trees,
        ]
        identity = rule.identity or grain
        self.present(identity, grain_columns, "identity")
        used = {name for tree in trees for name in tree.names()} | self.compared(let)
        of_peers = {name for each in peers.values() for name in (*each.columns, *each.inputs)}
        inputs = tuple(
            name
            for name in columns
            if name in used or name in measures or name in own or name in grain or name in of_peers
        )
        conditions = [condition, *(each.condition for each in measures.values())]
        params = {name for tree in trees for name in tree.names("param")}
        params |= {name for tree in conditions if tree is not None for name in tree.names("param")}
        params |= {name for each in peers.values() for name in each.params}
        return CheckedRule(
            rule=rule,
            source=source,
            grain=grain,
            identity=identity,
            universe=universe,
            condition=condition,
            measures=measures,
            window=window,
            query=query,
            joins=joins,
            columns=columns,
            inputs=inputs,
            let=let,
            skip=self.reasons(rule.skip, scope, "skip"),
            requires=self.reasons(rule.requires, scope, "requires"),
            undecided=self.reasons(rule.undecided, scope, "undecided"),
            levels=levels,
            clear=self.clear(scope, grain, identity),
            value=value,
            limit=limit,
            message=message,
            params=frozenset(params),
            needs=self.needs(condition, used, joins, measures, grain, source),
            peers=peers,
        )

    def needs(
        self,
        condition: Expr | None,
        used: set[str],
        joins: Mapping[str, CheckedJoin],
        measures: Mapping[str, Aggregate],
        grain: tuple[str, ...],
        source: Source | None,
    ) -> frozenset[str]:
        """The columns of the row that a row rule reads."""
        if source is None:
            return frozenset()
        names = set(used) | set(grain)
        names |= condition.names() if condition is not None else set()
        names |= {column for join in joins.values() for column in join.on.values()}
        for measure in measures.values():
            names |= set(measure.keys)
            names |= {measure.cumulative[1]} if measure.cumulative else set()
            names |= measure.at_condition.names("at") if measure.at_condition else set()
        return frozenset(names & set(source.columns))

    def present(self, names: tuple[str, ...], columns: Mapping[str, Column], place: str) -> None:
        for name in names:
            if name not in columns:
                known = "、".join(list(columns)[:12])
                raise BookError(
                    f"{self.rule.id} {place}", f"没有列 {name}（有 {known} …）", "column"
                )

    def fresh(self, name: str, columns: Mapping[str, Column], place: str) -> None:
        if name in columns:
            raise BookError(f"{self.rule.id} {place}", f"{name} 已是列名，请换一个名字", "name")

    def universe(self) -> CheckedUniverse:
        said = self.rule.universe
        if said is None:
            raise BookError(f"{self.rule.id} universe", "缺少 universe", "universe")
        source = self.source(said.source, "universe.from")
        scope = self.over(source)
        given = _period_columns(said.periods)
        wanted = said.columns or self.rule.grain
        if said.columns and not set(said.columns) <= set(self.rule.grain):
            raise BookError(f"{self.rule.id} universe.columns", "应是 grain 的一部分", "universe")
        missing = [name for name in given if name not in wanted]
        if missing and said.periods and not said.periods.startswith("years"):
            raise BookError(
                f"{self.rule.id} universe.periods",
                f"{said.periods} 要求 grain 含 {missing[0]}",
                "universe",
            )
        columns: dict[str, Expr] = {}
        for name in wanted:
            if name in given and name != "fiscal_year":
                continue
            text = said.map.get(name, name)
            columns[name] = self.expression(text, scope, f"universe（{name}）")
        return CheckedUniverse(
            source, self.condition(said.when, scope, "universe.when"), columns, said.periods
        )

    def grain_columns(self, universe: CheckedUniverse) -> dict[str, Column]:
        found: dict[str, Column] = {}
        for name in universe.columns:
            expr = universe.columns[name]
            stored = universe.source.columns.get(expr.value) if expr.op == "col" else None
            found[name] = Column(
                name,
                expr.type,
                stored.den if stored else 1,
                True,
                stored.personal if stored else None,
                stored.title if stored else name,
                stored.bits if stored else 63,
            )
        for name in _period_columns(universe.periods):
            found.setdefault(name, Column(name, NUMBER, title=name, bits=12))
        return found

    def all_measures(
        self, columns: dict[str, Column], grain: Mapping[str, Column]
    ) -> dict[str, Aggregate]:
        measures: dict[str, Aggregate] = {}
        for name, said in self.rule.measures.items():
            measures[name] = self.measure(name, said, columns if self.rule.each else grain)
            self.fresh(name, columns, f"measures.{name}")
            columns[name] = measures[name].column
        return measures

    def measure(self, name: str, said: Measure, grain: Mapping[str, Column]) -> Aggregate:
        place = f"measures.{name}"
        source = self.source(said.source, f"{place}.from")
        at = {**grain, "period_end": PERIOD_END}
        scope = Scope(source.columns, at, {}, self.lists, hint=f"{source.name} ")
        parts = conjuncts(self.condition(said.when, scope, f"{place}.when"))
        plain = [part for part in parts if not part.names("at")]
        bound = [part for part in parts if part.names("at")]
        value = self.expression(
            said.value, Scope(source.columns, {}, {}, self.lists, True, source.name + " "), place
        )
        if value.op not in _FUNCTIONS:
            raise BookError(place, "value 应是一个汇总：sum(…)、count(*)、min(…) 等", "measure")
        compared = {name for part in bound for name in part.names("at")}
        keys = self.keys(said, source, grain, compared, place)
        cumulative = None
        if len(bound) == 1 and value.op != "distinct":
            cumulative = _cumulative(bound[0])
        at_condition = None if cumulative else conjunction(bound)
        argument = value.args[0] if value.args else None
        column = self.result(name, value, argument, source, place)
        empty = said.empty or ("zero" if source.kind == "event" else "missing")
        if said.shift and "fiscal_year" not in keys:
            raise BookError(
                f"{self.rule.id} {place}.shift", "shift 要求按 fiscal_year 汇总", "measure"
            )
        return Aggregate(
            name,
            source,
            keys,
            value.op,
            argument,
            conjunction(plain),
            cumulative,
            at_condition,
            {str(part): steps for part, steps in said.shift.items()},
            empty,
            column,
            said.title or name,
        )

    def keys(
        self,
        said: Measure,
        source: Source,
        grain: Mapping[str, Column],
        compared: set[str],
        place: str,
    ) -> dict[str, Expr]:
        scope = self.over(source)
        if said.by is None and self.rule.shape == "row":
            raise BookError(f"{self.rule.id} {place}", "按行规则的 measures 要写 by", "measure")
        if isinstance(said.by, dict):
            wanted = dict(said.by)
        else:
            names = said.by if said.by is not None else tuple(self.rule.grain)
            wanted = {name: name for name in names if name not in compared}
        keys: dict[str, Expr] = {}
        for name, text in wanted.items():
            if name not in grain:
                raise BookError(f"{self.rule.id} {place}.by", f"{name} 不是判断单元的列", "column")
            try:
                keys[name] = parse(text, scope)
            except ExpressionError as error:
                hint = f"{error}；可用 by: 说明按哪些列汇总"
                raise BookError(f"{self.rule.id} {place}.by", hint, error.code) from error
            if not same(keys[name].type, grain[name].type):
                raise BookError(f"{self.rule.id} {place}.by", f"{name} 两边类型不同", "unit")
        return keys

    def result(
        self, name: str, value: Expr, argument: Expr | None, source: Source, place: str
    ) -> Column:
        personal = None
        den = 1
        if argument is not None and value.op in ("sum", "min", "max"):
            if argument.type.base == "num":
                den = denominator(argument, source.columns, f"{self.rule.id} {place}")
            named = [source.columns[each] for each in argument.names()]
            personal = next((each.personal for each in named if each.personal), None)
        bits = 40 if value.op in ("count", "rows", "distinct") else 63
        return Column(name, value.type, den, True, personal, name, bits)

    def window(self) -> CheckedWindow:
        said = self.rule.within
        if said is None:
            raise BookError(self.rule.id, "缺少 within", "within")
        source = self.source(said.source, "within.from")
        scope = self.over(source)
        self.present(said.by, source.columns, "within.by")
        values: dict[str, Aggregate] = {}
        aggregates = Scope(source.columns, {}, {}, self.lists, True, source.name + " ")
        for name, text in said.values.items():
            place = f"within.values.{name}"
            value = self.expression(text, aggregates, place)
            if value.op not in ("sum", "count", "rows", "min", "max", "any", "all"):
                raise BookError(
                    f"{self.rule.id} {place}", "窗口中只能用 sum count min max any all", "measure"
                )
            if name in (*said.by, "first_order", "last_order"):
                raise BookError(f"{self.rule.id} {place}", f"{name} 已是 by 的列", "name")
            argument = value.args[0] if value.args else None
            values[name] = Aggregate(
                name,
                source,
                {},
                value.op,
                argument,
                None,
                None,
                None,
                {},
                "zero",
                self.result(name, value, argument, source, place),
                self.rule.titles.get(name, name),
            )
        columns = {name: each.column for name, each in values.items()}
        whole = Scope(columns, {}, {}, self.lists, False, f"{self.rule.id} within.groups ")
        return CheckedWindow(
            source,
            self.condition(said.when, scope, "within.when"),
            said.by,
            self.expression(said.order, scope, "within.order", NUMBER),
            said.length,
            values,
            self.condition(said.groups, whole, "within.groups"),
        )

    def repeats(self, said: Repeats | None) -> CheckedRepeats | None:
        if said is None:
            return None
        source = self.source(said.source, "repeats.from")
        scope = self.over(source)
        return CheckedRepeats(
            source,
            self.condition(said.when, scope, "repeats.when"),
            tuple(self.expression(text, scope, "repeats.by") for text in said.by),
        )

    def joins(self, columns: dict[str, Column]) -> dict[str, CheckedJoin]:
        found: dict[str, CheckedJoin] = {}
        for name, said in self.rule.join.items():
            place = f"join.{name}"
            source = self.source(said.source, f"{place}.from")
            self.present(tuple(said.on), source.columns, f"{place}.on")
            self.present(tuple(said.on.values()), columns, f"{place}.on")
            for theirs, ours in said.on.items():
                if not same(source.columns[theirs].type, columns[ours].type):
                    raise BookError(
                        f"{self.rule.id} {place}", f"{theirs} 与 {ours} 类型不同", "unit"
                    )
            take = said.take if isinstance(said.take, dict) else {each: each for each in said.take}
            self.present(tuple(take.values()), source.columns, f"{place}.take")
            covered = set(source.key) <= set(said.on)
            if not covered and said.last_by is None and source.key:
                raise BookError(
                    f"{self.rule.id} {place}",
                    f"on 未含 {source.name} 的全部主键（{'、'.join(source.key)}），请写 last_by",
                    "join",
                )
            if said.last_by is not None:
                self.present((said.last_by,), source.columns, f"{place}.last_by")
            for new, column in take.items():
                self.fresh(new, columns, place)
                columns[new] = source.columns[column]
            columns[f"{name}_found"] = Column(f"{name}_found", BOOL_TYPE, nullable=False)
            found[name] = CheckedJoin(
                name,
                source,
                said.on,
                take,
                self.condition(said.when, self.over(source), f"{place}.when"),
                said.last_by,
            )
        return found

    def lets(self, columns: dict[str, Column]) -> tuple[dict[str, Expr], dict[str, CheckedPeers]]:
        """The named expressions; peers are worked out before the first that names one of them."""
        let: dict[str, Expr] = {}
        peers: dict[str, CheckedPeers] = {}
        waiting = set(self.rule.peers)
        for name, text in self.rule.let.items():
            self.fresh(name, columns, f"let.{name}")
            if waiting and _mentions(text, waiting):
                peers, waiting = self.all_peers(columns, let), set()
            named = {**let, **{each: found.value for each, found in peers.items()}}
            let[name] = self.expression(text, Scope(columns, {}, named, self.lists), f"let.{name}")
        return let, self.all_peers(columns, let) if waiting else peers

    def all_peers(
        self, columns: dict[str, Column], let: Mapping[str, Expr]
    ) -> dict[str, CheckedPeers]:
        scope = Scope(dict(columns), {}, dict(let), self.lists)
        return {name: self.one_peers(name, scope, columns) for name in self.rule.peers}

    def one_peers(self, name: str, scope: Scope, columns: dict[str, Column]) -> CheckedPeers:
        said, place = self.rule.peers[name], f"peers.{name}"
        num, den = _fraction(self.expression(said.of, scope, f"{place}.of"))
        title = said.title or self.rule.titles.get(name, name)
        made: dict[str, Column] = {}
        parts = [(name, num)] if den is None else [(f"{name}_num", num), (f"{name}_den", den)]
        for each, tree in parts:
            if tree.type.base != "num":
                raise BookError(f"{self.rule.id} {place}.of", "应是一个数或金额", "type")
            below = denominator(tree, scope.columns, f"{self.rule.id} {place}.of")
            made[each] = Column(each, tree.type, below, True, None, title)
        for each, said_of in (("rank", "位次"), ("peers", "同类个数"), ("unknown", "同类缺数个数")):
            key = f"{name}_{each}"
            made[key] = Column(key, NUMBER, 1, True, None, f"{title}{said_of}", 40)
        for each in (name, *made):
            self.fresh(each, columns, place)
            if each in scope.let:
                raise BookError(f"{self.rule.id} {place}", f"{each} 已是 let 的名字", "name")
        columns |= made
        by = tuple((each, self.expression(each, scope, f"{place}.by")) for each in said.by)
        for each, tree in by:
            if tree.type.base == "num":
                denominator(tree, scope.columns, f"{self.rule.id} {place}.by（{each}）")
        return CheckedPeers(
            name,
            num,
            den,
            by,
            self.condition(said.when, scope, f"{place}.when"),
            self.share(said.percentile, f"{place}.percentile"),
            self.least(said.least, f"{place}.least"),
            made,
            title,
        )

    def share(self, text: str, place: str) -> Expr:
        """A percentile as a part of 1: `90`, `90%`, or a parameter of unit ratio."""
        tree = self.expression(text, Scope({}, lists=self.lists), place, NUMBER)
        if tree.op == "lit" and tree.type != RATIO:
            tree = Expr("lit", (), RATIO, tree.value / 100)
        constant = tree.op == "lit" and 0 < tree.value <= 1
        if not constant and not (tree.op == "param" and tree.type == RATIO):
            hint = "应写 1 到 100 的数，或 param('…')（unit: ratio 的参数）"
            raise BookError(f"{self.rule.id} {place}", hint, "type")
        return tree

    def least(self, text: str, place: str) -> Expr:
        tree = self.expression(text, Scope({}, lists=self.lists), place, NUMBER)
        constant = tree.op == "lit" and tree.value >= 1 and tree.value.denominator == 1
        if not constant and not (tree.op == "param" and tree.type == NUMBER):
            hint = "应写不小于 1 的整数，或 param('…')（unit: count 的参数）"
            raise BookError(f"{self.rule.id} {place}", hint, "type")
        return tree

    def compared(self, let: Mapping[str, Expr]) -> set[str]:
        """What the figure that the evidence adds up to is made of; it is stored with a hit."""
        against = (self.rule.evidence.measure if self.rule.evidence else None) or ""
        return let[against].names() if against in let else {against}

    def reasons(self, said: tuple[object, ...], scope: Scope, place: str) -> tuple[Reasoned, ...]:
        found: list[Reasoned] = []
        for at, each in enumerate(said):
            when, because = each.when, each.because  # type: ignore[attr-defined]
            tree = self.condition(when, scope, f"{place}[{at}]")
            if tree is not None:
                found.append(Reasoned(tree, because or f"不满足 {when}"))
        return tuple(found)

    def level(self, at: int, scope: Scope) -> CheckedLevel:
        said = self.rule.levels[at]
        tree = self.condition(said.when, scope, f"levels[{at}]")
        if tree is None:
            raise BookError(f"{self.rule.id} levels[{at}]", "缺少 when", "level")
        klass = said.klass or self.rule.klass
        confidence = said.confidence or self.rule.confidence
        basis = said.basis if said.basis is not None else self.rule.basis
        return CheckedLevel(
            said.level,
            ceiling(said.level, klass, confidence),
            tree,
            klass,
            confidence,
            basis,
            said.when,
        )

    def clear(
        self, scope: Scope, grain: tuple[str, ...], identity: tuple[str, ...]
    ) -> CheckedClear | None:
        said = self.rule.clear
        if said is None:
            return None
        number, _, unit = said.span.partition(" ")
        place = f"{self.rule.id} clear"
        periods = {column for column, _ in PERIODS.values()}
        finest = PERIODS[unit][0]
        finer = [each for each in ("month", "quarter") if each in grain and each != finest]
        if self.rule.shape != "aggregate":
            raise BookError(
                place, "clear 只用于按期汇总的规则（grain、universe、measures）", "clear"
            )
        if "fiscal_year" not in grain or finest not in grain or finer:
            raise BookError(place, f"for 按 {unit} 计，grain 就要以 {finest} 为最细的期间", "clear")
        if finest in identity or not set(grain) - periods <= set(identity):
            raise BookError(
                place,
                f"identity 要写全 grain 中期间以外的列，且不含 {finest}：恢复是同一条疑点跨期的事",
                "clear",
            )
        if int(number) < 1:
            raise BookError(place, "for 至少一期，如 2 months", "clear")
        when = self.condition(said.when, scope, "clear.when")
        if when is None:
            raise BookError(place, "缺少 when", "clear")
        return CheckedClear(when, int(number), unit, said.when)  # type: ignore[arg-type]

    def optional(self, text: str | None, scope: Scope, place: str) -> Expr | None:
        return None if text is None else self.expression(text, scope, place)

    def message(self, scope: Scope) -> Message:
        try:
            return read_message(self.rule.message, scope)
        except ExpressionError as error:
            raise self.fail("message", error) from error


def ceiling(level: Level, klass: Klass, confidence: Confidence) -> Level:
    """The level a machine may give: red only to 法 and to 规 with confidence H."""
    allowed = klass == "法" or (klass == "规" and confidence == "H")
    return "orange" if level == "red" and not allowed else level


def denominator(expr: Expr, columns: Mapping[str, Column], place: str) -> int:
    """The fixed denominator of a numeric tree's stored values. Raises BookError on division."""
    from datetime import date

    from budget_watch.engine.to_polars import Compiler

    if any(node.op == "param" for node in expr.walk()):
        raise BookError(place, "汇总之中不能用 param()；请在 levels 或 let 中使用", "measure")
    try:
        return Compiler(columns, date(2000, 1, 1)).scaled(_without_lists(expr))[1]
    except ExpressionError as error:
        raise BookError(place, str(error), error.code) from error


def _without_lists(expr: Expr) -> Expr:
    """The tree with every look into words, groups and codes taken for true; amounts stay."""
    if expr.op in ("words", "group", "known"):
        return Expr("lit", (), BOOL_TYPE, True)
    return replace(expr, args=tuple(_without_lists(arg) for arg in expr.args))


def _mentions(text: str, names: set[str]) -> bool:
    """Whether an expression's text may name one of these or what is made of it."""
    return any(re.search(rf"\b{name}(_(num|den|rank|peers|unknown))?\b", text) for name in names)


def _fraction(tree: Expr) -> tuple[Expr, Expr | None]:
    """`a / b` as its two parts; anything else as it is."""
    return (tree.args[0], tree.args[1]) if tree.op == "div" else (tree, None)


def _period_columns(periods: str | None) -> tuple[str, ...]:
    if periods is None:
        return ()
    if periods.startswith("months"):
        return ("fiscal_year", "month")
    return ("fiscal_year", "quarter") if periods.startswith("quarters") else ("fiscal_year",)


def _cumulative(part: Expr) -> tuple[Expr, str] | None:
    """`month <= @month` (either way round) as (source expression, grain column)."""
    if part.op == "le" and part.args[1].op == "at" and not part.args[0].names("at"):
        mine, grain = part.args
    elif part.op == "ge" and part.args[0].op == "at" and not part.args[1].names("at"):
        grain, mine = part.args
    else:
        return None
    return (mine, grain.value) if grain.value in ("month", "quarter") else None


_FUNCTIONS = frozenset({"sum", "count", "rows", "distinct", "min", "max", "any", "all"})
BOOL_TYPE = Type("bool")
