"""The oracle: each rule on its own, naively, in DuckDB. For tests and benchmarks only.

Unfused, unpartitioned, measures as correlated sub-queries; duckdb (a test dependency) is imported
when first used, extension install and load are off. Gives the same observations as the engine.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any

import polars as pl

from budget_watch.engine.as_of import as_of_reader
from budget_watch.engine.check import Aggregate, CheckedJoin, CheckedRule
from budget_watch.engine.errors import RunError
from budget_watch.engine.exempting import PLACES, CheckedExemption, covered_by
from budget_watch.engine.expression import Expr
from budget_watch.engine.frames import PROVISIONAL
from budget_watch.engine.load import Book
from budget_watch.engine.model import LEVELS
from budget_watch.engine.peers_sql import peers_ctes
from budget_watch.engine.recovery_walk import held_rows
from budget_watch.engine.result import canonical
from budget_watch.engine.run import selected
from budget_watch.engine.sources import Reader, Source, sources
from budget_watch.engine.sql import CheckedQuery
from budget_watch.engine.to_sql import SqlCompiler, name, text
from budget_watch.engine.units import Column

_EXACT = "正式"


@dataclass(frozen=True)
class Seen:
    """One observation as the oracle sees it; comparable with the engine's."""

    rule: str
    outcome: str
    level: str | None
    provisional: bool
    grain: str
    values: str
    recovered: bool = False


def seen(observations: pl.DataFrame) -> list[Seen]:
    """The engine's observations in the oracle's form, sorted."""
    found = [
        Seen(
            row["rule"],
            row["outcome"],
            row["level"],
            bool(row["provisional"]),
            canonical(json.loads(row["grain"])),
            canonical(json.loads(row["values"])),
            bool(row["recovered"]),
        )
        for row in observations.to_dicts()
    ]
    return sorted(found, key=lambda each: (each.rule, each.grain, each.outcome, each.values))


class Oracle:
    """Judges rules over a reader's rows in DuckDB."""

    def __init__(
        self,
        reader: Reader,
        book: Book,
        as_of: date,
        overrides: Mapping[str, Fraction] | None = None,
    ) -> None:
        import duckdb

        self.reader, self.book, self.as_of = as_of_reader(reader, as_of), book, as_of
        self.overrides = overrides or {}
        self.exemptions: dict[str, list[CheckedExemption]] = defaultdict(list)
        for each in book.exemptions:
            self.exemptions[each.said.rule].append(each)
        self.con = duckdb.connect(":memory:", config={"autoinstall_known_extensions": False})
        self.con.execute("SET autoload_known_extensions = false")
        self.known: set[str] = set()
        self._coverage()

    @property
    def today(self) -> str:
        """The run's day in SQL."""
        return f"DATE '{self.as_of.isoformat()}'"

    def run(self, rules: Iterable[str] | None = None) -> list[Seen]:
        """The observations of the rules (default: all that are trial or active), sorted."""
        chosen = selected(self.book, None if rules is None else list(rules))
        found = [each for rule in chosen for each in self.judge(rule)]
        return sorted(found, key=lambda each: (each.rule, each.grain, each.outcome, each.values))

    def judge(self, rule: CheckedRule) -> list[Seen]:
        """One rule's hits, insufficient data and errors."""
        sql = self.sql(rule)
        cursor = self.con.execute(sql)
        names = [each[0] for each in cursor.description]
        rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
        if rule.window is not None:
            rows = _merged(rule, rows)
        if rule.clear is not None:
            rows = held_rows(rule, rows, self.exemptions[rule.id], self.as_of)
        found = []
        for row in rows:
            outcome, _, at = str(row["__o"]).partition("|")
            level, provisional = None, False
            if outcome == "hit":
                reached = rule.levels[int(at)]
                provisional = bool(row["__p"])
                level = "orange" if provisional and reached.cap == "red" else reached.cap
                if covered_by(self.exemptions[rule.id], row, int(at), self.as_of):
                    outcome, level, provisional = "not_applicable", None, False
            found.append(
                Seen(
                    rule.id,
                    outcome,
                    level,
                    provisional,
                    canonical({each: _plain(row[each]) for each in rule.grain}),
                    canonical({each: _plain(row[each]) for each in rule.inputs}),
                    bool(row.get("__recovered")),
                )
            )
        return found

    # ---- data ---------------------------------------------------------------------------------
    def table(self, source: Source) -> str:
        """The name of a source's view in DuckDB, made when first asked for."""
        if source.name not in self.known:
            self._make(source)
            self.known.add(source.name)
        return name(source.name)

    def _make(self, source: Source) -> None:
        if source.name == "ledger_coverage":
            self.con.execute(f"CREATE VIEW {name(source.name)} AS SELECT * FROM __coverage")
            return
        files = getattr(self.reader, "files", None)
        paths = files(source.name) if files is not None else []
        if paths:
            schema = self.reader.scan(source.name).collect_schema()
            listed = ", ".join(text(path) for path in paths)
            have = self.con.execute(
                f"SELECT * FROM read_parquet([{listed}], union_by_name = true) LIMIT 0"
            ).description
            present = {each[0] for each in have}
            columns = ", ".join(
                name(each) if each in present else f"NULL AS {name(each)}" for each in schema
            )
            self.con.execute(
                f"CREATE VIEW {name(source.name)} AS SELECT {columns} "
                f"FROM read_parquet([{listed}], union_by_name = true)"
            )
            return
        frame = self.reader.scan(source.name).collect()
        self.con.register(f"__{source.name}", frame.to_arrow())
        self.con.execute(f"CREATE VIEW {name(source.name)} AS SELECT * FROM __{source.name}")

    def _coverage(self) -> None:
        from budget_watch.engine.workdays import calendar_of

        self.con.register("__coverage", self.reader.coverage().to_arrow())
        days = calendar_of(self.reader).frame.select("date", "wd")
        self.con.register("__days", days.to_arrow())

    # ---- SQL ----------------------------------------------------------------------------------
    def compiler(
        self, columns: Mapping[str, Column], prefix: str, date_column: str | None
    ) -> SqlCompiler:
        """A compiler over rows with these columns."""
        return SqlCompiler(
            columns,
            self.as_of,
            self.book.params,
            self.book.named,
            self.overrides,
            prefix,
            {},
            f"coalesce({_period_end(columns, prefix, date_column)}, {self.today})",
            f"{prefix}mof_div_code" if "mof_div_code" in columns else None,
            f"{prefix}fiscal_year" if "fiscal_year" in columns else None,
        )

    def over(self, source: Source, prefix: str = "s.") -> SqlCompiler:
        """A compiler over a source's rows."""
        return self.compiler(source.columns, prefix, source.date_column)

    def sql(self, rule: CheckedRule) -> str:
        """The whole query of a rule: rows that hit, lack data, or fail."""
        base = {
            "aggregate": self._grains,
            "row": self._row,
            "within": self._within,
            "query": self._query,
        }[rule.rule.shape](rule)
        date_column = None
        if rule.rule.shape == "row" and rule.source is not None:
            date_column = rule.source.date_column
        if rule.window is not None:
            from budget_watch.engine.windows import _date_value

            date_column = _date_value(rule)
        step = f"WITH g AS ({base})"
        last = "g"
        measured = f"SELECT g.*, {_end(rule, date_column, self.as_of)} AS __end FROM g"
        step += f", h AS ({measured}), v AS (SELECT * FROM h WHERE {self._valid(rule)})"
        last = "v"
        for at, measure in enumerate(rule.measures.values()):
            following = f"m{at}"
            step += f", {following} AS ({self._measured(rule, measure, last)})"
            last = following
        for at, join in enumerate(rule.joins.values()):
            following = f"j{at}"
            step += f", {following} AS ({self._joined(join, last)})"
            last = following
        flags = [f"__p_{each}" for each in rule.measures] + ["__p_row"]
        for at, peers in enumerate(rule.peers.values()):
            step += peers_ctes(self._over_rule(rule), peers, last, flags, at)
            last = f"p{at}"
            flags.append(f"__p_{peers.name}")
        verdict = self._verdict(rule)
        provisional = " OR ".join(f"coalesce({name(each)}, FALSE)" for each in flags)
        fine = "NULL" if rule.clear is None else self._over_rule(rule).sql(rule.clear.when)
        judged = f"SELECT *, {verdict} AS __o, ({provisional}) AS __p, {fine} AS __fine FROM {last}"
        quiet = (
            ""
            if rule.window is not None or rule.clear is not None
            else " WHERE split_part(__o, '|', 1) NOT IN ('clear', 'not_applicable')"
        )
        wanted = dict.fromkeys([*rule.grain, *rule.inputs])
        if rule.window is not None:
            wanted |= dict.fromkeys([*rule.window.by, "first_order", "last_order"])
        wanted |= dict.fromkeys(each for each in PLACES if each in rule.columns)
        columns = ", ".join(name(each) for each in wanted)
        return f"{step} SELECT {columns}, __end, __fine, __o, __p FROM ({judged}){quiet}"

    def _valid(self, rule: CheckedRule) -> str:
        since, until = rule.rule.valid.since, rule.rule.valid.until
        test = f"__end >= DATE '{since.isoformat()}'"
        return test if until is None else f"{test} AND __end <= DATE '{until.isoformat()}'"

    def _grains(self, rule: CheckedRule) -> str:
        universe = rule.universe
        if universe is None:
            raise RunError(f"{rule.id} 没有 universe")
        build = self.over(universe.source)
        columns = ", ".join(
            f"CAST({_stored(build, tree)} AS {_CASTS[tree.type.base]}) AS {name(each)}"
            for each, tree in universe.columns.items()
        )
        where = f" WHERE {build.sql(universe.condition)}" if universe.condition is not None else ""
        inner = f"SELECT DISTINCT {columns} FROM {self.table(universe.source)} s{where}"
        if universe.periods is None:
            return f"SELECT u.*, FALSE AS __p_row FROM ({inner}) u"
        kind, _, how = universe.periods.partition("_")
        length = {"months": 12, "quarters": 4, "years": 1}[kind]
        span = 12 // length
        first = f"make_date(u.fiscal_year, ((p.n - 1) * {span} + 1)::BIGINT, 1)"
        ends = f"last_day(make_date(u.fiscal_year, (p.n * {span})::BIGINT, 1))"
        test = f"{first if how == 'started' else ends} <= DATE '{self.as_of.isoformat()}'"
        extra = {"months": ", p.n AS month", "quarters": ", p.n AS quarter", "years": ""}[kind]
        return (
            f"SELECT u.*{extra}, FALSE AS __p_row FROM ({inner}) u, "
            f"(SELECT unnest(range(1, {length + 1})) AS n) p WHERE {test}"
        )

    def _row(self, rule: CheckedRule) -> str:
        source = rule.source
        if source is None:
            raise RunError(f"{rule.id} 没有 each")
        where = ""
        if rule.condition is not None:
            where = f" WHERE {self.over(source).sql(rule.condition)}"
        marked = f"{_provisional(source, 's.')} AS __p_row"
        return f"SELECT s.*, {marked} FROM {self.table(source)} s{where}"

    def _query(self, rule: CheckedRule) -> str:
        query = rule.query
        if query is None:
            raise RunError(f"{rule.id} 没有 query")
        every = self._asked(rule, query, "")
        kinds = {"num": "::BIGINT", "text": "::VARCHAR", "date": "::DATE", "bool": "::BOOLEAN"}
        columns = ", ".join(
            f"q.{name(each)}{kinds.get(column.type.base, '')} AS {name(each)}"
            for each, column in query.columns.items()
        )
        if not any(self._doubtful(each) for each in query.tables):
            return f"SELECT {columns}, FALSE AS __p_row FROM ({every}) q"
        firm = self._asked(rule, query, " WHERE NOT {provisional}")
        same = " AND ".join(
            f"f.{name(each)} IS NOT DISTINCT FROM q.{name(each)}" for each in query.columns
        )
        return (
            f"SELECT {columns}, NOT EXISTS (SELECT 1 FROM ({firm}) f WHERE {same}) AS __p_row "
            f"FROM ({every}) q"
        )

    def _doubtful(self, table: str) -> bool:
        source = sources()[table]
        test = f"SELECT coalesce(bool_or({_provisional(source, 's.')}), FALSE)"
        found = self.con.execute(f"{test} FROM {self.table(source)} s").fetchone()
        return bool(found and found[0])

    def _asked(self, rule: CheckedRule, query: CheckedQuery, where: str) -> str:
        """The query over views of its tables, cut by `where`."""
        known = sources()
        views = {}
        for table in query.tables:
            build = self.over(known[table])
            extra = "".join(
                f", {_stored(build, tree)} AS {name(each)}"
                for each, tree in query.extras.get(table, {}).items()
            )
            view = f"__q{'_firm' if where else ''}_{rule.id}_{table}"
            kept = where.format(provisional=_provisional(known[table], "s."))
            self.con.execute(
                f"CREATE OR REPLACE VIEW {name(view)} AS "
                f"SELECT s.*{extra} FROM {self.table(known[table])} s{kept}"
            )
            views[table] = view
        import sqlglot
        from sqlglot import exp

        tree: Any = sqlglot.parse_one(query.sql, dialect="duckdb")
        for table in list(tree.find_all(exp.Table)):
            if table.name in views:
                alias = table.alias or table.name
                table.replace(exp.alias_(exp.to_table(views[table.name]), alias, table=True))
        return str(tree.sql(dialect="duckdb"))

    def _within(self, rule: CheckedRule) -> str:
        window = rule.window
        if window is None:
            raise RunError(f"{rule.id} 没有 within")
        source = window.source
        build = self.over(source)
        where = f" WHERE {build.sql(window.condition)}" if window.condition is not None else ""
        order = build.pair(window.order)[0]
        rows = (
            f"SELECT s.*, ({order})::BIGINT AS __order, {_provisional(source, 's.')} AS __prov "
            f"FROM {self.table(source)} s{where}"
        )
        by = ", ".join(name(each) for each in window.by)
        over = (
            f"OVER (PARTITION BY {by} ORDER BY __order RANGE BETWEEN {window.length - 1} PRECEDING "
            "AND CURRENT ROW)"
        )
        inner = self.over(source, "r.")
        values = ", ".join(
            f"{_windowed(inner, value, over)} AS {name(value.name)}"
            for value in window.values.values()
        )
        return (
            f"SELECT DISTINCT {by}, __order AS last_order, min(__order) {over} AS first_order, "
            f"{values}, "
            f"bool_or(__prov) {over} AS __p_row FROM ({rows}) r WHERE __order IS NOT NULL"
        )

    def _measured(self, rule: CheckedRule, measure: Aggregate, last: str) -> str:
        source = measure.source
        build = self.over(source)
        value, rows, blanks, provisional = _aggregate(build, measure)
        tests = [
            f"{_stored(build, tree)} IS NOT DISTINCT FROM {_shifted(measure, each, rule)}"
            for each, tree in measure.keys.items()
        ]
        at = {
            each: (_shifted(measure, each, rule), column.den)
            for each, column in rule.columns.items()
            if each not in rule.measures
        }
        at["period_end"] = ("g.__end", 1)
        build.at = at
        if measure.condition is not None:
            tests.append(build.sql(measure.condition))
        if measure.cumulative is not None:
            tests.append(
                f"{_stored(build, measure.cumulative[0])} <= "
                f"{_shifted(measure, measure.cumulative[1], rule)}"
            )
        if measure.at_condition is not None:
            tests.append(build.sql(measure.at_condition))
        where = f" WHERE {' AND '.join(tests)}" if tests else ""
        packed = f"{{'a': {value}, 'n': {rows}, 'z': {blanks}, 'p': {provisional}}}"
        inner = f"(SELECT {packed} FROM {self.table(source)} s{where})"
        mine = name(measure.name)
        zero = measure.empty == "zero" and measure.function not in ("min", "max")
        empty = "NULL"
        if zero:
            nothing = {"any": "FALSE", "all": "TRUE"}.get(measure.function, "0")
            empty = f"CASE WHEN {self._delivered(rule, measure)} THEN {nothing} END"
        any_true = measure.function == "any"
        blank = "x.r.z > 0"
        if measure.function in ("any", "all"):
            open_ = "FALSE" if any_true else "TRUE"  # what a blank could still change
            blank = f"x.r.z > 0 AND coalesce(x.r.a, {open_}) = {open_}"
        cast = _CASTS[measure.column.type.base]
        return (
            f"SELECT x.* EXCLUDE (r), CASE WHEN x.r.n > 0 THEN CASE WHEN {blank} THEN NULL "
            f"ELSE x.r.a END ELSE {empty} END::{cast} AS {mine}, coalesce(x.r.p, FALSE) AS "
            f"{name('__p_' + measure.name)} FROM (SELECT g.*, {inner} AS r FROM {last} g) x"
        )

    def _delivered(self, rule: CheckedRule, measure: Aggregate) -> str:
        tables = ", ".join(text(each) for each in measure.source.tables) or "''"
        tests = [f'c."table" IN ({tables})', "c.delivered"]
        if not measure.source.tables:
            return "TRUE"
        by_year = "fiscal_year" in measure.keys
        year = _shifted(measure, "fiscal_year", rule).replace("g.", "x.") if by_year else ""
        if by_year:
            tests.append(f"c.fiscal_year = {year}")
        if "mof_div_code" in measure.keys:
            tests.append("c.mof_div_code IS NOT DISTINCT FROM x.mof_div_code")
        where = " AND ".join(tests)
        bound = set(measure.keys) | ({measure.cumulative[1]} if measure.cumulative else set())
        need = "12"
        if "month" in bound:
            need = _shifted(measure, "month", rule).replace("g.", "x.")
        elif "quarter" in bound:
            need = f"({_shifted(measure, 'quarter', rule).replace('g.', 'x.')} * 3)"
        if not by_year:
            if "mof_div_code" not in measure.keys:
                return f"(SELECT count(*) > 0 FROM __coverage c WHERE {where})"
        else:
            need = (
                f"(CASE WHEN {year} < {self.as_of.year} THEN {need} "
                f"WHEN {year} = {self.as_of.year} "
                f"THEN least({need}, {self.as_of.month - 1}) ELSE 13 END)"
            )
        return (
            f"(SELECT coalesce(bool_or(coalesce(c.month, 0) = 0), FALSE) OR "
            f"count(DISTINCT CASE WHEN c.month BETWEEN 1 AND {need} THEN c.month END) >= {need} "
            f"FROM __coverage c WHERE {where})"
        )

    def _joined(self, join: CheckedJoin, last: str) -> str:
        build = self.over(join.source)
        where = f" WHERE {build.sql(join.condition)}" if join.condition is not None else ""
        keys = ", ".join(f"s.{name(each)}" for each in join.on)
        columns = "".join(
            f", s.{name(theirs)} AS {name('__t_' + ours)}" for ours, theirs in join.take.items()
        )
        kept = ", ".join(
            [f"s.{name(theirs)} AS {name(f'__on_{at}')}" for at, theirs in enumerate(join.on)]
        )
        rank = "1 AS __rank"
        if join.last_by is not None:
            order = [join.last_by, *join.source.key]
            terms = ", ".join(f"s.{name(each)} DESC NULLS LAST" for each in order)
            rank = f"row_number() OVER (PARTITION BY {keys} ORDER BY {terms}) AS __rank"
        inner = f"SELECT {kept}{columns}, {rank} FROM {self.table(join.source)} s{where}"
        on = " AND ".join(
            f"t.{name(f'__on_{at}')} = g.{name(ours)}" for at, ours in enumerate(join.on.values())
        )
        taken = "".join(f", t.{name('__t_' + ours)} AS {name(ours)}" for ours in join.take)
        return (
            f"SELECT g.*{taken}, t.__rank IS NOT NULL AS {name(join.name + '_found')} "
            f"FROM {last} g LEFT JOIN ({inner}) t ON {on} AND t.__rank = 1"
        )

    def _over_rule(self, rule: CheckedRule) -> SqlCompiler:
        build = self.compiler(rule.columns, "", None)
        build.day = "__end"
        return build

    def _verdict(self, rule: CheckedRule) -> str:
        build = self._over_rule(rule)
        whens: list[tuple[str, str]] = []
        for each in rule.skip:
            whens.append((build.sql(each.when), "not_applicable|"))
        for each in rule.requires:
            whens.append((f"NOT coalesce({build.sql(each.when)}, FALSE)", "insufficient_data|"))
        for each in rule.undecided:
            whens.append((build.sql(each.when), "insufficient_data|"))
        for at, level in enumerate(rule.levels):
            build.bad_divisors.clear()
            when = build.sql(level.when)
            for _, bad in build.bad_divisors:
                whens.append((f"({when}) IS NULL AND {bad}", "not_applicable|"))
            whens.append((f"({when}) IS NULL", "insufficient_data|"))
            whens.append((when, f"hit|{at}"))
        body = " ".join(f"WHEN {when} THEN {text(what)}" for when, what in whens)
        return f"(CASE {body} ELSE 'clear|' END)"


def _aggregate(build: SqlCompiler, measure: Aggregate) -> tuple[str, str, str, str]:
    source = measure.source
    provisional = f"coalesce(bool_or({_provisional(source, 's.')}), FALSE)"
    if measure.argument is None:
        return ("count(*)", "count(*)", "0", provisional)
    value = _stored(build, measure.argument)
    function = {
        "sum": f"sum({value})",
        "count": f"count({value})",
        "distinct": f"count(DISTINCT {value})",
        "min": f"min({value})",
        "max": f"max({value})",
        "any": f"bool_or({value})",
        "all": f"bool_and({value})",
    }[measure.function]
    blanks = "0"
    if measure.function not in ("count", "distinct"):
        blanks = f"count(*) FILTER (WHERE {value} IS NULL)"
    return (function, "count(*)", blanks, provisional)


def _windowed(build: SqlCompiler, value: Aggregate, over: str) -> str:
    if value.argument is None:
        return f"count(*) {over}"
    tree = _stored(build, value.argument)
    function = {"any": "bool_or", "all": "bool_and"}.get(value.function, value.function)
    found = f"{function}({tree}) {over}"
    if value.function == "count":
        return found
    cast = _CASTS[value.column.type.base]
    return f"(CASE WHEN count(*) FILTER (WHERE {tree} IS NULL) {over} = 0 THEN {found} END)::{cast}"


_CASTS = {"num": "BIGINT", "date": "DATE", "text": "VARCHAR", "bool": "BOOLEAN", "null": "VARCHAR"}


def _stored(build: SqlCompiler, tree: Expr) -> str:
    """A tree as it is stored: the numerator over its fixed denominator."""
    return build.pair(tree)[0] if tree.type.base == "num" else build.sql(tree)


def _shifted(measure: Aggregate, column: str, rule: CheckedRule) -> str:
    shift = measure.shift
    years = shift.get("fiscal_year", 0)
    for part, length in (("month", 12), ("quarter", 4)):
        if part in shift and part in rule.columns:
            at = f"((g.fiscal_year + {years}) * {length} + g.{part} - 1 + {shift[part]})"
            if column == "fiscal_year":
                return f"({at} // {length})"
            if column == part:
                return f"({at} % {length} + 1)"
    if column == "fiscal_year" and years:
        return f"(g.fiscal_year + {years})"
    return f"g.{name(column)}"


def _provisional(source: Source, prefix: str) -> str:
    listed = ", ".join(text(each) for each in PROVISIONAL)
    tests = ["FALSE"]
    if "data_status" in source.columns:
        tests.append(f"coalesce({prefix}data_status IN ({listed}), FALSE)")
    if "stage" in source.columns:
        tests.append(f"coalesce({prefix}stage = '快报', FALSE)")
    return "(" + " OR ".join(tests) + ")"


def _period_end(columns: Mapping[str, Column], prefix: str, date_column: str | None) -> str:
    tests = []
    if date_column is not None and date_column in columns:
        tests.append(prefix + name(date_column))
    if "fiscal_year" in columns:
        year = f"{prefix}fiscal_year"
        month = "12"
        if "month" in columns:
            month = f"(CASE WHEN {prefix}month BETWEEN 1 AND 12 THEN {prefix}month ELSE 12 END)"
        elif "quarter" in columns:
            month = (
                f"(CASE WHEN {prefix}quarter BETWEEN 1 AND 4 THEN {prefix}quarter * 3 ELSE 12 END)"
            )
        tests.append(
            f"(CASE WHEN {year} BETWEEN 1 AND 9999 "
            f"THEN last_day(make_date({year}, {month}, 1)) END)"
        )
    return f"coalesce({', '.join([*tests, 'NULL::DATE'])})"


def _end(rule: CheckedRule, date_column: str | None, as_of: date) -> str:
    later = set(rule.measures) | {new for join in rule.joins.values() for new in join.take}
    columns = {each: column for each, column in rule.columns.items() if each not in later}
    return f"coalesce({_period_end(columns, 'g.', date_column)}, DATE '{as_of.isoformat()}')"


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def _merged(rule: CheckedRule, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Overlapping windows of one outcome become one, by hand: row after row."""
    window = rule.window
    if window is None:
        return rows
    loud = [row for row in rows if row["__o"].split("|")[0] not in ("clear", "not_applicable")]
    loud.sort(key=lambda row: row["last_order"])
    groups: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for row in loud:
        mark = (row["__o"].split("|")[0], *[row[each] for each in window.by])
        groups.setdefault(mark, []).append(row)
    found: list[dict[str, Any]] = []
    for group in groups.values():
        run: list[dict[str, Any]] = []
        for row in group:
            if run and row["first_order"] > run[-1]["last_order"]:
                found.append(_best(run))
                run = []
            run.append(row)
        found.append(_best(run))
    return found


def _best(run: list[dict[str, Any]]) -> dict[str, Any]:
    def weight(row: dict[str, Any]) -> tuple[int, Any]:
        _, _, at = row["__o"].partition("|")
        return (-int(at) if at else -len(LEVELS) * 9, row["last_order"])

    best = sorted(run, key=weight)[-1]
    return {**best, "first_order": min(row["first_order"] for row in run)}
