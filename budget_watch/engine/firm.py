"""Which rows of a query stand on 快报, 初步 or third-party figures.

A query says nothing of the rows behind its answer, so it is asked again without the provisional
ones: what it then answers just the same does not depend on them, the rest is provisional.
"""

from __future__ import annotations

import polars as pl

from budget_watch.engine.frames import Frames, provisional_row
from budget_watch.engine.sources import Reader, sources
from budget_watch.engine.sql import CheckedQuery


class FirmReader:
    """A reader without provisional rows."""

    def __init__(self, whole: Reader) -> None:
        self.whole = whole

    def scan(
        self, name: str, year: int | None = None, key: tuple[str, str] | None = None
    ) -> pl.LazyFrame:
        """The rows that are neither 快报 nor 初步 nor a third party's."""
        return self.whole.scan(name, year, key).filter(~provisional_row(sources()[name]))

    def coverage(self) -> pl.DataFrame:
        """The ledger, as it is."""
        return self.whole.coverage()


def firm_frames(query: CheckedQuery, frames: Frames) -> Frames | None:
    """Frames without provisional rows; none if no table of the query has any."""
    if not any(frames.doubtful(sources()[name]) for name in query.tables):
        return None
    return Frames(FirmReader(frames.reader), frames.setting, looked=frames.looked)


def marked(returned: pl.DataFrame, firm: pl.DataFrame) -> pl.DataFrame:
    """The returned rows with `__p_row`: whether the firm answer lacks them."""
    columns = returned.columns
    same = firm.select(columns).unique().with_columns(pl.lit(False).alias("__p_row"))
    joined = returned.join(same, on=columns, how="left", nulls_equal=True, maintain_order="left")
    return joined.with_columns(pl.col("__p_row").fill_null(True))
