"""Explains an observation: law, parameters, measures with their SQL, snapshot, evidence."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import Any

from budget_watch.engine.as_of import as_of_reader
from budget_watch.engine.authority import CUSTOM, strongest, taken, weakest
from budget_watch.engine.check import Aggregate, CheckedRule
from budget_watch.engine.errors import RunError
from budget_watch.engine.evaluate import Evaluator
from budget_watch.engine.evidence import Evidence, evidence_of, shifted
from budget_watch.engine.expression import Expr
from budget_watch.engine.judge import Setting
from budget_watch.engine.laws import Texts, article_name, cited
from budget_watch.engine.load import Book
from budget_watch.engine.model import Citation
from budget_watch.engine.render import Names, WorkState, default_format, show, told_apart
from budget_watch.engine.sources import Reader
from budget_watch.engine.to_sql import SqlCompiler, name, text
from budget_watch.engine.wording import (
    aliased,
    evaluator,
    limit_of,
    observed_values,
    render,
    setting_of,
)
from budget_watch.engine.workdays import counting_by


@dataclass(frozen=True)
class LawText:
    """A cited article; `text` is none where the law's text was not loaded."""

    law: str
    title: str
    article: str | None
    cited: str
    version: str | None
    text: str | None
    authority: str = "law"


@dataclass(frozen=True)
class UsedParameter:
    """A parameter as it held for this finding."""

    id: str
    title: str
    value: str
    since: date
    authority: str
    jurisdiction: str
    basis: tuple[str, ...]
    statutory: bool
    note: str | None = None


@dataclass(frozen=True)
class MeasuredValue:
    """One measure of the finding: stored value, shown text, and the query that gives it."""

    name: str
    title: str
    value: Any
    text: str
    source: str
    sql: str


@dataclass(frozen=True)
class Explanation:
    """Everything that a finding stands on."""

    rule: str
    title: str
    why: str
    message: str
    outcome: str
    level: str | None
    predicate: str
    laws: tuple[LawText, ...]
    parameters: tuple[UsedParameter, ...]
    measures: tuple[MeasuredValue, ...]
    named_values: Mapping[str, str]
    value: str | None
    limit: str | None
    snapshot: str
    book: str
    run: str
    as_of: date
    evidence: Evidence | None
    because: str | None = None
    notes: tuple[str, ...] = field(default=())
    titles: Mapping[str, str] = field(default_factory=dict)
    klass: str = ""
    limit_authority: str | None = None
    difference: str | None = None
    standard: str = CUSTOM

    def record(self) -> dict[str, Any]:
        """The JSON object of the `explain` command."""
        return {
            "rule": self.rule,
            "title": self.title,
            "why": self.why,
            "message": self.message,
            "outcome": self.outcome,
            "level": self.level,
            "predicate": self.predicate,
            "because": self.because,
            "laws": [vars(each) for each in self.laws],
            "parameters": [
                {**vars(each), "since": each.since.isoformat(), "basis": list(each.basis)}
                for each in self.parameters
            ],
            "measures": [{**vars(each), "value": _json(each.value)} for each in self.measures],
            "let": dict(self.named_values),
            "value": self.value,
            "limit": self.limit,
            "snapshot": self.snapshot,
            "book": self.book,
            "run": self.run,
            "as_of": self.as_of.isoformat(),
            "evidence": self._evidence(),
            "notes": list(self.notes),
            "titles": dict(self.titles),
            "class": self.klass,
            "limit_authority": self.limit_authority,
            "difference": self.difference,
            "standard": self.standard,
        }

    def _evidence(self) -> dict[str, Any] | None:
        found = self.evidence
        if found is None:
            return None
        return {
            "source": found.source,
            "rows": json.loads(found.rows.write_json()) if found.rows.height else [],
            "count": found.count,
            "sum": found.total,
            "measure": found.measure,
            "value": found.value,
            "difference": found.difference,
            "outside": found.outside,
            "outside_sum": found.outside_sum,
        }


def explain(
    reader: Reader,
    book: Book,
    observation: Mapping[str, Any],
    texts: Texts | None = None,
    names: Names | None = None,
    state: WorkState = "新触发",
) -> Explanation:
    """Explain one observation (a row of the observations).

    Args:
        reader: its grant decides which evidence rows are there.
        book: the book; if it is not the one of the run, a note says so.
        texts: loaded law texts, from `engine.laws.load_dir`.

    Raises:
        RunError: the rule is no longer in the book.
    """
    with counting_by(reader):
        return _explained(reader, book, observation, texts, names, state)


def _explained(
    reader: Reader,
    book: Book,
    observation: Mapping[str, Any],
    texts: Texts | None,
    names: Names | None,
    state: WorkState,
) -> Explanation:
    if observation["rule"] not in book.rules:
        raise RunError(f"规则库中已没有 {observation['rule']}；请用当时的规则库")
    rule = book.rules[observation["rule"]]
    as_of, end = _day(observation["as_of"]), _day(observation.get("period_end"))
    if as_of is None:
        raise RunError("观测没有业务日期（as_of）")
    setting = setting_of(book, as_of)
    values = observed_values(rule, observation)
    values["__period_end"] = end
    found = evaluator(book, rule, values, setting, end)
    at = observation.get("level_at")
    level = rule.levels[int(at)] if at is not None else None
    basis = level.basis if level is not None else rule.rule.basis
    names = aliased(rule, names)
    laws = tuple(_law(each, book, texts or {}) for each in basis)
    of_limit = taken(rule.limit, found)
    told = _told(rule, found, values, names)
    used = rule.params if level is None else level.when.names("param") | of_limit
    used |= taken(rule.value, found)
    if level is not None:
        named = level.when.names()
        for peers in rule.peers.values():
            used |= peers.params if named & set(peers.columns) else set()
    day, region = end or as_of, values.get("mof_div_code")
    parameters = tuple(_parameters(sorted(used), book, day, region))
    klass = level.klass if level is not None else rule.klass
    return Explanation(
        rule=rule.id,
        title=rule.title,
        why=rule.rule.why,
        message=render(book, observation, names, state),
        outcome=observation["outcome"],
        level=observation.get("level"),
        predicate=level.text if level is not None else "",
        laws=laws,
        parameters=parameters,
        measures=tuple(_measures(rule, book, values, setting, told)),
        named_values={key: told[key] for key in rule.let},
        value=told.get(VALUE),
        limit=told.get(LIMIT),
        difference=difference_said(rule, found),
        standard=CUSTOM
        if level is None
        else limit_of(book, rule, level, values, setting, end).standard,
        snapshot=str(observation.get("snapshot") or ""),
        book=str(observation.get("book") or ""),
        run=str(observation.get("run") or ""),
        as_of=as_of,
        evidence=evidence_of(as_of_reader(reader, as_of), book, rule, values, setting),
        because=observation.get("because"),
        notes=_notes(observation, book, reader),
        titles={name: rule.title_of(name) for name in (*rule.columns, *rule.let)},
        klass=klass,
        limit_authority=_limit_authority(
            klass, [p.authority for p in parameters if p.id in of_limit], laws
        )
        if rule.limit is not None
        else None,
    )


def _limit_authority(klass: str, params: list[str], laws: tuple[LawText, ...]) -> str:
    """Whose number the limit is: its own parameters', else that of what the level rests on."""
    if params:
        return weakest(params)
    if klass not in ("法", "规") or not laws:
        return "customary"
    return strongest(law.authority for law in laws)


def _notes(observation: Mapping[str, Any], book: Book, reader: Reader) -> tuple[str, ...]:
    notes: list[str] = []
    if observation.get("book") and observation["book"] != book.hash:
        then, now = str(observation["book"])[:12], book.hash[:12]
        notes.append(f"该次运行用的规则库（{then}）与现在的（{now}）不同，以下按现在的规则库说明")
    snapshot = getattr(reader, "snapshot", None)
    now = str(getattr(snapshot, "id", snapshot) if snapshot is not None else "none")
    if observation.get("snapshot") and observation["snapshot"] != now:
        notes.append(f"证据取自数据快照 {now}，该次运行用的是 {observation['snapshot']}")
    return tuple(notes)


def _law(citation: Citation, book: Book, texts: Texts) -> LawText:
    law = book.laws.get(citation.law)
    article = article_name(citation.article) if citation.article else None
    found = texts.get(citation.law, {}).get(citation.article or "")
    title = law.title if law else citation.law
    version = law.version if law else None
    authority = law.authority if law else "practice"
    said = cited(citation, book.laws)
    return LawText(citation.law, title, article, said, version, found, authority)


def _parameters(
    wanted: list[str], book: Book, day: date, region: str | None
) -> list[UsedParameter]:
    used: list[UsedParameter] = []
    for each in wanted:
        parameter = book.params[each]
        value = parameter.at(day, region)
        if value is None:
            continue
        said = value.said
        used.append(
            UsedParameter(
                each,
                parameter.param.title,
                str(said.value),
                said.since,
                said.authority,
                said.jurisdiction,
                tuple(cited(one, book.laws) for one in said.basis),
                parameter.param.statutory,
                said.note,
            )
        )
    return used


def _measures(
    rule: CheckedRule,
    book: Book,
    values: Mapping[str, Any],
    setting: Setting,
    told: Mapping[str, str],
) -> list[MeasuredValue]:
    found = []
    for measure in rule.measures.values():
        stored = values.get(measure.name)
        found.append(
            MeasuredValue(
                measure.name,
                measure.title,
                stored,
                told[measure.name],
                measure.source.name,
                measure_sql(measure, rule, book, values, setting),
            )
        )
    return found


def measure_sql(
    measure: Aggregate,
    rule: CheckedRule,
    book: Book,
    values: Mapping[str, Any],
    setting: Setting,
) -> str:
    """The query that gives a measure for one grain, with the grain's values put in."""
    source = measure.source
    build = SqlCompiler(source.columns, setting.as_of, book.params, book.named)
    wanted = shifted(measure, values)
    build.at = {
        each: (_constant(wanted.get(each)), rule.columns[each].den)
        for each in rule.columns
        if each not in rule.measures
    }
    build.at = {**build.at, "period_end": (_constant(values.get("__period_end")), 1)}
    tests = []
    for key, tree in measure.keys.items():
        stored = build.pair(tree)[0] if tree.type.base == "num" else build.sql(tree)
        value = wanted.get(key)
        tests.append(f"{stored} IS NULL" if value is None else f"{stored} = {_constant(value)}")
    tests += [build.sql(measure.condition)] if measure.condition is not None else []
    if measure.cumulative is not None:
        limit = _constant(wanted.get(measure.cumulative[1]))
        tests.append(f"{build.sql(measure.cumulative[0])} <= {limit}")
    tests += [build.sql(measure.at_condition)] if measure.at_condition is not None else []
    argument = "*"
    if measure.argument is not None:
        numeric = measure.argument.type.base == "num"
        argument = build.pair(measure.argument)[0] if numeric else build.sql(measure.argument)
    function = {
        "rows": "count({})",
        "distinct": "count(DISTINCT {})",
        "any": "bool_or({})",
        "all": "bool_and({})",
    }.get(measure.function, measure.function + "({})")
    where = f" WHERE {' AND '.join(tests)}" if tests else ""
    sql = f"SELECT {function.format(argument)} FROM {name(source.name)}{where}"
    return sql.replace("::HUGEINT", "")


def _constant(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, date):
        return f"DATE '{value.isoformat()}'"
    return str(value) if isinstance(value, int) else text(str(value))


VALUE, LIMIT = "=value", "=limit"  # no measure or let is named so


def _told(
    rule: CheckedRule, found: Evaluator, values: Mapping[str, Any], names: Names | None
) -> dict[str, str]:
    """Measures, named values, value and limit as texts; what differs never prints alike."""
    said: dict[str, tuple[str, Any, str]] = {}
    for measure in rule.measures.values():
        stored = values.get(measure.name)
        tree = Expr("col", (), measure.column.type, measure.name)
        exact = stored
        if isinstance(stored, int) and not isinstance(stored, bool):
            exact = Fraction(stored, measure.column.den)
        said[measure.name] = _said(exact, tree, names)
    for key, tree in rule.let.items():
        said[key] = _said(found.value(tree), tree, names)
    for key, shown in ((VALUE, rule.value), (LIMIT, rule.limit)):
        value = None if shown is None else found.value(shown)
        if shown is not None and value is not None:
            said[key] = _said(value, shown, names)
    return dict(zip(said, told_apart(list(said.values())), strict=True))


def _said(value: Any, tree: Expr, names: Names | None) -> tuple[str, Any, str]:
    form = default_format(tree)
    return form, value, show(value, tree, form, names)


def difference_said(rule: CheckedRule, found: Evaluator) -> str | None:
    """“超出0.01元”, “低于3日”, “超出不足0.01元”; none without a value or a limit."""
    if rule.value is None or rule.limit is None:
        return None
    value, limit = found.value(rule.value), found.value(rule.limit)
    if not isinstance(value, Fraction | int) or not isinstance(limit, Fraction | int):
        return None
    form = default_format(rule.value)
    text = show(abs(value - limit), rule.value, "pp" if form == "%" else form)
    if form == "money" and abs(Fraction(value) - Fraction(limit)) < 1:
        text = "不足0.01元"
    return "等于限值" if value == limit else f"{'超出' if value > limit else '低于'}{text}"


def _json(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def _day(value: Any) -> date | None:
    return date.fromisoformat(value) if isinstance(value, str) else value
