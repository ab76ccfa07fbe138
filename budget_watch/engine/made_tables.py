"""A reader over a few rows written by hand: for rule tests and for the tests of the engine."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

import polars as pl

from budget_watch.engine.errors import ExpressionError
from budget_watch.engine.sources import Source, sources
from budget_watch.engine.units import parse_value

DTYPES: dict[str, pl.DataType] = {
    "num": pl.Int64(),
    "date": pl.Date(),
    "text": pl.String(),
    "bool": pl.Boolean(),
    "null": pl.String(),
}


class MadeReader:
    """Rows by table; every table counts as delivered for every period unless told otherwise."""

    snapshot = "made"

    def __init__(self, rows: Mapping[str, pl.DataFrame], not_delivered: Iterable[str] = ()) -> None:
        self.rows = dict(rows)
        self.not_delivered = frozenset(not_delivered)
        self._coverage: pl.DataFrame | None = None

    def scan(
        self, name: str, year: int | None = None, key: tuple[str, str] | None = None
    ) -> pl.LazyFrame:
        """The rows of a table; empty with its schema if none were made."""
        found = self.rows.get(name)
        return (frame_of(sources()[name], []) if found is None else found).lazy()

    def schema(self, name: str) -> pl.Schema:
        """The schema of `scan`."""
        return self.scan(name).collect_schema()

    def coverage(self) -> pl.DataFrame:
        """Whole years 2000–2050 of every table for every region that occurs."""
        if "ledger_coverage" in self.rows:
            return self.rows["ledger_coverage"]
        if self._coverage is None:
            self._coverage = self._whole_years()
        return self._coverage

    def _whole_years(self) -> pl.DataFrame:
        regions = {None}
        for frame in self.rows.values():
            if "mof_div_code" in frame.columns:
                regions |= set(frame["mof_div_code"].to_list())
        names = [name for name in sources() if name not in self.not_delivered]
        grid = pl.DataFrame({"table": names}, schema={"table": pl.String})
        grid = grid.join(
            pl.DataFrame({"mof_div_code": list(regions)}, schema={"mof_div_code": pl.String}),
            how="cross",
        )
        years = pl.DataFrame({"fiscal_year": list(range(2000, 2051))})
        return grid.join(years, how="cross").select(
            "table",
            "fiscal_year",
            pl.lit(0, dtype=pl.Int64).alias("month"),
            "mof_div_code",
            pl.lit(True).alias("delivered"),
        )


def frame_of(source: Source, rows: Iterable[Mapping[str, Any]]) -> pl.DataFrame:
    """Stored rows from written ones (`pay_amt: 100万元`).

    Raises:
        ExpressionError: an unknown column, or a value that does not fit its column.
    """
    stored: list[dict[str, Any]] = []
    for row in rows:
        made: dict[str, Any] = {}
        for name, text in row.items():
            if name not in source.columns:
                raise ExpressionError(f"{source.name} 没有列 {name}", "column")
            column = source.columns[name]
            try:
                made[name] = parse_value(text, column.type, column.den)
            except ExpressionError as error:
                raise ExpressionError(f"{source.name}.{name}：{error}", error.code) from error
        stored.append(made)
    schema = {name: DTYPES[column.type.base] for name, column in source.columns.items()}
    return (
        pl.DataFrame(stored, schema=schema, orient="row") if stored else pl.DataFrame(schema=schema)
    )


def day_of(text: object) -> date:
    """A date from a test file."""
    return text if isinstance(text, date) else date.fromisoformat(str(text))
