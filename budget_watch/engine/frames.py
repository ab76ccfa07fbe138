"""What a run reads: frames by name, and what it has worked out of them: counts, years, texts."""

from __future__ import annotations

import io
from dataclasses import dataclass, field

import polars as pl

from budget_watch.engine.expression import Expr
from budget_watch.engine.judge import Setting, compiler
from budget_watch.engine.sources import Reader, Source
from budget_watch.engine.to_polars import Compiler
from budget_watch.engine.wordmarks import FEW_ROWS, MOST_ROWS, Looked, Marks

PROVISIONAL = ("快报", "初步", "第三方")
YEAR = "fiscal_year"


@dataclass
class Frames:
    """The reader's frames, the ledger, and what has been computed of them in this run."""

    reader: Reader
    setting: Setting
    coverage: pl.DataFrame = field(init=False)
    counted: dict[str, int] = field(default_factory=dict)
    counted_years: dict[str, dict[int | None, int]] = field(default_factory=dict)
    doubted: dict[str, bool] = field(default_factory=dict)
    values: dict[tuple[str, str], int] = field(default_factory=dict)
    looked: Looked | None = None

    def __post_init__(self) -> None:
        self.coverage = self.reader.coverage()

    def scan(self, source: Source) -> pl.LazyFrame:
        """The rows of a source."""
        if source.name == "ledger_coverage":
            return self.coverage.lazy()
        return self.reader.scan(source.name)

    def rows(self, source: Source) -> int:
        """How many rows a source has."""
        if source.name not in self.counted:
            count = self.scan(source).select(pl.len()).collect(engine="streaming").item()
            self.counted[source.name] = int(count)
        return self.counted[source.name]

    def compiler(self, source: Source, marks: Marks | None = None) -> Compiler:
        """A compiler over the rows of a source, to which the marks will be added."""
        build = compiler(self.setting, source.columns, source.date_column)
        build.marks = marks
        return build

    def marks(self, source: Source) -> Marks:
        """An empty collection of word tests over a source."""
        self.looked = self.looked or Looked(self.setting.named)
        pays = FEW_ROWS < self.rows(source) <= MOST_ROWS
        return Marks(self.looked, source.name, source.columns, self.scan(source) if pays else None)

    def condition(self, source: Source, tree: Expr, marks: Marks | None = None) -> pl.Expr:
        """A condition over the rows of a source; unknown counts as false."""
        return self.compiler(source, marks).condition(tree).fill_null(False)

    def doubtful(self, source: Source) -> bool:
        """Whether any row of a source is provisional; mostly none is, and nobody need ask on."""
        if source.name not in self.doubted:
            found = self.scan(source).select(provisional_row(source).any())
            self.doubted[source.name] = bool(found.collect(engine="streaming").item())
        return self.doubted[source.name]

    def different(self, source: Source, column: str) -> int:
        """About how many different values a column has."""
        place = (source.name, column)
        if place not in self.values:
            about = self.scan(source).select(pl.col(column).approx_n_unique())
            self.values[place] = int(about.collect(engine="streaming").item())
        return self.values[place]

    def years(self, source: Source) -> dict[int | None, int]:
        """How many rows a source has of each fiscal year, in the order of the years."""
        if source.name not in self.counted_years:
            rows = self.scan(source).group_by(YEAR).len().collect(engine="streaming")
            self.counted_years[source.name] = dict(rows.sort(YEAR).iter_rows())
        return self.counted_years[source.name]


def provisional_row(source: Source) -> pl.Expr:
    """Whether a row's figures are 快报, 初步 or a third party's, of whatever kind its table is."""
    found = pl.lit(False)
    if "data_status" in source.columns:
        found = found | pl.col("data_status").is_in(PROVISIONAL).fill_null(False)
    if "stage" in source.columns:
        found = found | (pl.col("stage") == "快报").fill_null(False)
    return found


def apart(frame: pl.DataFrame) -> pl.DataFrame:
    """The same rows on memory of their own, of just their size.

    Filtered texts hold on to all texts of their batch, filtered flags to room for all its rows.
    """
    memory = io.BytesIO()
    frame.write_ipc_stream(memory, compat_level=pl.CompatLevel.oldest())
    memory.seek(0)
    return pl.read_ipc_stream(memory)
