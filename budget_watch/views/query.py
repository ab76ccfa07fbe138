"""A frozen question: one sum over one table or mart, as data.

The query a figure prints is the query that made it: `Desk` runs it with polars, `Query.sql`
writes it for anybody with DuckDB and the snapshot's files. Nothing here knows what a figure
means.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, cast

import polars as pl

if TYPE_CHECKING:
    from budget_watch.lake import Reader

Value = str | int | bool | date | tuple[str, ...] | tuple[int, ...] | tuple[date, date]
# (column, sign, value); signs: = < <= > >= in, begins (with one of several equally long heads),
# is not (NULL-safe), to (up to a day, or on the second day: the year's end of yearly things).
Term = tuple[str, str, Value]

# Voucher-sized marts are summed once by these columns; every question is then asked of the sums.
CUBES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "payment": (
        (
            "month",
            "mof_div_code",
            "scope_kind",
            "dept_code",
            "agency_code",
            "fund_type_code",
            "exp_func_code",
            "dep_bgt_eco_code",
        ),
        ("pay_amt",),
    ),
    "budget_line": (
        (
            "month",
            "mof_div_code",
            "scope_kind",
            "dept_code",
            "agency_code",
            "fund_type_code",
            "exp_func_code",
            "dep_bgt_eco_code",
            "entry",
            "cause",
        ),
        ("initial_amt", "approved_amt", "current_amt"),
    ),
}


@dataclass(frozen=True)
class Query:
    """``SELECT sum(column) FROM table WHERE …``; column ``*`` counts rows."""

    table: str
    column: str
    where: tuple[Term, ...]

    def narrow(self, *terms: Term) -> Query:
        """The same question about fewer rows."""
        return replace(self, where=self.where + terms)

    def of(self, column: str) -> Query:
        """The same rows, another column."""
        return replace(self, column=column)

    def sql(self) -> str:
        """The question in SQL (DuckDB), complete and runnable on the snapshot's tables."""
        what = "count(*)" if self.column == "*" else f"sum({self.column})"
        return f"SELECT {what} FROM {self.table}" + (
            f" WHERE {self.condition}" if self.where else ""
        )

    @property
    def condition(self) -> str:
        """What stands after WHERE."""
        return " AND ".join(_sql_term(term) for term in self.where)


@dataclass(frozen=True)
class Answer:
    """What a query found: the sum, how many rows, how many of them blank."""

    value: int | None
    rows: int
    blanks: int


class Desk:
    """Asks one reader, and keeps the small frames it has already read."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self._frames: dict[tuple[str, tuple[Term, ...]], pl.DataFrame] = {}
        self._delivered: set[tuple[object, ...]] | None = None

    @property
    def snapshot(self) -> str:
        """Id of the snapshot every answer comes from."""
        return str(getattr(self.reader.snapshot, "id", self.reader.snapshot))

    def ask(self, query: Query) -> Answer:
        """The sum of one query. No rows gives ``value=None``: the caller decides if that is 0."""
        found = self._grouped(query, ())
        return Answer(None, 0, 0) if found.is_empty() else _answer(found.row(0, named=True))

    def by(self, query: Query, column: str) -> dict[str, Answer]:
        """The same sum for every value of a column, in one pass."""
        found = self._grouped(query, (column,)).sort(column, nulls_last=True)
        return {
            "" if row[column] is None else str(row[column]): _answer(row)
            for row in found.iter_rows(named=True)
        }

    def rows(self, table: str, *terms: Term) -> pl.DataFrame:
        """Rows of a small table (a period or reference table, never vouchers)."""
        return _only(self._frame(table, ()).lazy(), terms).collect()

    def distinct(self, table: str, column: str, *terms: Term) -> list[str | int]:
        """Values of a column under a condition, sorted."""
        name, cuts, rest = _split(table, terms)
        frame = _only(self._frame(name, cuts).lazy(), rest).select(column).collect()
        return cast("list[str | int]", frame[column].drop_nulls().unique().sort().to_list())

    def any_rows(self, table: str, *terms: Term) -> bool:
        """Whether a table or mart has any row under a condition."""
        return self.ask(Query(table, "*", terms)).rows > 0

    def delivered(self, table: str, fiscal_year: int, month: int) -> bool:
        """Whether the ledger says a table was delivered for that month (or the whole year)."""
        if self._delivered is None:
            known = self.reader.coverage().filter(pl.col("delivered"))
            self._delivered = set(known.select("table", "fiscal_year", "month").iter_rows())
        return any((table, fiscal_year, at) in self._delivered for at in (month, 0))

    def _grouped(self, query: Query, keys: tuple[str, ...]) -> pl.DataFrame:
        table, cuts, rest = _split(query.table, query.where)
        frame = _only(self._frame(table, cuts).lazy(), rest).collect()
        if query.column == "*":
            sums = [pl.len().cast(pl.Int64).alias("value"), pl.lit(0, pl.Int64).alias("blanks")]
        else:
            blank = f"{query.column}·blank"
            sums = [
                pl.col(query.column).sum().alias("value"),
                (
                    pl.col(blank).sum()
                    if blank in frame.columns
                    else pl.col(query.column).is_null().sum()
                )
                .cast(pl.Int64)
                .alias("blanks"),
            ]
        sums.append(pl.len().cast(pl.Int64).alias("rows"))
        if not keys:
            return frame.select(sums).filter(pl.col("rows") > 0)
        return frame.group_by(keys).agg(sums)

    def _frame(self, table: str, cuts: tuple[Term, ...]) -> pl.DataFrame:
        key = (table, cuts)
        if key not in self._frames:
            lazy = _only(self.reader.scan(table), cuts)
            if table in CUBES:
                keys, values = CUBES[table]
                lazy = lazy.group_by(keys).agg(
                    [pl.col(value).sum() for value in values]
                    + [pl.col(value).is_null().sum().alias(f"{value}·blank") for value in values]
                )
            self._frames[key] = lazy.collect(engine="streaming")
        return self._frames[key]


def _split(table: str, terms: tuple[Term, ...]) -> tuple[str, tuple[Term, ...], tuple[Term, ...]]:
    """Terms on columns a cube does not keep are applied before it is summed."""
    if table not in CUBES:
        return table, (), terms
    keys = CUBES[table][0]
    cuts = tuple(term for term in terms if term[0] not in keys)
    return table, cuts, tuple(term for term in terms if term[0] in keys)


def _answer(row: dict[str, object]) -> Answer:
    blanks, rows = cast("int", row["blanks"]), cast("int", row["rows"])
    return Answer(None if blanks else cast("int", row["value"]), rows, blanks)


def _only(rows: pl.LazyFrame, terms: tuple[Term, ...]) -> pl.LazyFrame:
    """The rows for which every term is true (polars cannot stream a filter without terms)."""
    return rows.filter([_term(term) for term in terms]) if terms else rows


def _term(term: Term) -> pl.Expr:
    column, sign, value = term
    left = pl.col(column)
    if sign == "to":
        end, whole = cast("tuple[date, date]", value)
        return (left <= end) | (left == whole)
    if sign == "in":
        return left.is_in(list(cast("tuple[str, ...]", value)))
    if sign == "begins":
        heads = cast("tuple[str, ...]", value)
        return left.str.slice(0, len(heads[0])).is_in(list(heads))
    compare: dict[str, Callable[[pl.Expr, pl.Expr], pl.Expr]] = {
        "=": pl.Expr.eq,
        "is not": pl.Expr.ne_missing,
        "<": pl.Expr.lt,
        "<=": pl.Expr.le,
        ">": pl.Expr.gt,
        ">=": pl.Expr.ge,
    }
    return compare[sign](left, pl.lit(value))


def _sql_term(term: Term) -> str:
    column, sign, value = term
    match sign:
        case "is not":
            return f"{column} IS DISTINCT FROM {_literal(value)}"
        case "to":
            end, whole = cast("tuple[date, date]", value)
            return f"({column} <= {_literal(end)} OR {column} = {_literal(whole)})"
        case "in":
            return f"{column} IN ({_literals(cast('tuple[str, ...]', value))})"
        case "begins":
            heads = cast("tuple[str, ...]", value)
            return f"left({column}, {len(heads[0])}) IN ({_literals(heads)})"
    return f"{column} {sign} {_literal(value)}"


def _literals(values: tuple[str, ...]) -> str:
    return ", ".join(_literal(value) for value in values) or "NULL"


def _literal(value: Value) -> str:
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, date):
        return f"DATE '{value.isoformat()}'"
    return "'" + str(value).replace("'", "''") + "'"
