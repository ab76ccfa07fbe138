"""What a workbook says about itself: year, division, and where each sheet deviates from it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from ingest.bind.layout import Block
from ingest.bind.places import Place, in_title, most_named
from ingest.bind.words import Scope, scope_in, years_in
from ingest.sources.grid import Grid, squeeze

_TOP = 12  # rows at the top of a sheet in which titles stand


@dataclass(frozen=True)
class BookContext:
    """Year and division that most titles of the workbook name."""

    year: int | None
    place: Place | None


@dataclass(frozen=True)
class TableContext:
    """Year, division and scope kind of one table; `issues` say what could not be found."""

    year: int
    place: Place
    scope: Scope


def read_book(grids: Iterable[Grid], filename: str) -> BookContext:
    """Return what the workbook is about, from titles, sheet names and the file's name."""
    texts = [squeeze(filename)]
    for grid in grids:
        texts.append(squeeze(grid.sheet))
        for row in range(min(_TOP, len(grid.rows))):
            if row in grid.hidden_rows:
                continue
            texts.extend(text for cell in grid.rows[row] if 4 < len(text := squeeze(cell)) < 60)
    years = Counter(year for text in texts for year in years_in(text))
    year = years.most_common(1)[0][0] if years else None
    return BookContext(year, most_named(texts, year))


def read_table(block: Block, book: BookContext, scope: Scope | None) -> TableContext | str:
    """Return the table's context, or a sentence saying what is missing.

    `scope` is what a form declares; the title's word wins, then the form's, then 全市 (县区 for a
    county).
    """
    head = block.title + "/" + squeeze(block.grid.sheet)
    years = years_in(block.title) or years_in(head)
    year = max(years) if years else _column_year(block) or book.year
    if year is None:
        return "标题、表头和文件名都没有写年度"
    place = in_title(block.title, year)
    for text in block.heads:
        place = place or in_title(text, year)
    place = place or book.place
    if place is None:
        return "标题、工作簿和文件名都没有写是哪个地区"
    found = scope_in(block.title) or scope or ("县区" if place.level == "县" else "全市")
    if found == "全市" and place.level == "县":
        found = "县区"
    return TableContext(year, place, found)


def _column_year(block: Block) -> int | None:
    years = [year for column in block.columns for year in years_in(column.path)]
    return max(years) if years else None
