"""What a workbook says about itself: year, division, and where each sheet deviates from it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from ingest.bind.form import Form
from ingest.bind.form_files import forms
from ingest.bind.layout import Block
from ingest.bind.owners import NOBODY, Owner, Units, first_owner, named_owner
from ingest.bind.places import Place, by_code, in_title, most_named
from ingest.bind.words import Scope, scope_in, years_in
from ingest.sources.grid import Grid, squeeze

_TOP = 12  # rows at the top of a sheet in which titles stand


@dataclass(frozen=True)
class BookContext:
    """Year and division that most titles of the workbook name, and whose book it is.

    `forms` are those that its sheets are held against, `units` the unit table for owners' names.
    """

    year: int | None
    place: Place | None
    owner: str | None = None
    forms: tuple[Form, ...] = ()
    units: Units = NOBODY


@dataclass(frozen=True)
class TableContext:
    """Year, division and scope kind of one table; `issues` say what could not be found."""

    year: int
    place: Place
    scope: Scope
    owner: Owner | None = None


def read_book(
    grids: Iterable[Grid],
    filename: str,
    known: tuple[Form, ...] | None = None,
    units: Units | None = None,
) -> BookContext:
    """Return what the workbook is about, from titles, sheet names and the file's name."""
    texts = [squeeze(filename)]
    sheets: list[list[str]] = []
    for grid in grids:
        texts.append(squeeze(grid.sheet))
        rows = [row for row in range(min(_TOP, len(grid.rows))) if row not in grid.hidden_rows]
        top = [text for row in rows for cell in grid.rows[row] if (text := squeeze(cell))]
        sheets.append(top)
        texts.extend(text for text in top if 4 < len(text) < 60)
    years = Counter(year for text in texts for year in years_in(text))
    year = years.most_common(1)[0][0] if years else None
    owner = first_owner(sheets)
    known = forms() if known is None else known
    return BookContext(year, most_named(texts, year), owner, known, units or NOBODY)


def read_table(
    block: Block, book: BookContext, scope: Scope | None, owned: bool = False
) -> TableContext | str:
    """Return the table's context, or a sentence saying what is missing.

    `owned`: the form is a department's or a unit's, whose name must stand on it (or on another
    sheet of the workbook). `scope` is what a form declares; the title's word wins, then the form's,
    then 全市 (县区 for a county).
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
    owner = _owner(block, book, year, place) if owned else None
    if owned and owner is None:
        return "没有写编制部门（单位）"
    if owner is not None and owner.division is not None:
        place = by_code(owner.division[:6]) or place
    if place is None:
        return "标题、工作簿和文件名都没有写是哪个地区"
    found = scope_in(block.title) or scope or ("县区" if place.level == "县" else "全市")
    if found == "全市" and place.level == "县":
        found = "县区"
    return TableContext(year, place, found, owner)


def _owner(block: Block, book: BookContext, year: int, place: Place | None) -> Owner | None:
    name = named_owner(block.heads) or book.owner
    if name is None:
        return None
    of_unit = bool(re.search(r"单位", block.title)) and "部门" not in block.title
    return book.units.find(name, year, of_unit, place.code6.rstrip("0") if place else "")


def _column_year(block: Block) -> int | None:
    years = [year for column in block.columns for year in years_in(column.path)]
    return max(years) if years else None
