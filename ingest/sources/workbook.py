"""Opens Excel workbooks: sheets as grids, cached values only.

.xlsx is read by openpyxl where the layout (merged and hidden cells) matters and the workbook is of
a person's size; .xls and very large sheets by calamine (fastexcel), which has values only.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fastexcel
import polars as pl

from ingest.errors import Unreadable
from ingest.sources.archive import WORKBOOK_LIMITS, check_limits
from ingest.sources.grid import Cell, Grid
from ingest.sources.kind import Kind

# Unpacked sheet XML above this is read by calamine: openpyxl needs about 50 times the bytes.
_LAYOUT_BYTES = 60 << 20
_MAX_COLUMNS = 512
_INDENTED = 6  # names stand in the first columns


def sheets_of(path: Path, kind: Kind, name: str | None = None) -> Iterator[Grid]:
    """Yield every sheet of the workbook in order. Raises Unreadable when it is damaged."""
    shown = name or path.name
    if kind == "xlsx":
        members = check_limits(path, WORKBOOK_LIMITS)
        if sum(member.file_size for member in members) <= _LAYOUT_BYTES:
            yield from _with_layout(path, shown)
            return
    yield from _values_only(path, shown)


def large(path: Path, kind: Kind) -> bool:
    """Tell whether the workbook is too large to be held as grids. Raises Unreadable for a bomb."""
    if kind == "xls":
        return path.stat().st_size > 30 << 20
    members = check_limits(path, WORKBOOK_LIMITS)
    return sum(member.file_size for member in members) > _LAYOUT_BYTES


def _with_layout(path: Path, shown: str) -> Iterator[Grid]:
    import openpyxl

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            book = openpyxl.load_workbook(path, data_only=True, keep_links=False)
    except Exception as error:  # openpyxl raises whatever its parser met
        try:
            yield from _values_only(path, shown)
        except Unreadable:
            raise Unreadable(
                f"“{shown}”不完整或已损坏（{_short(error)}），打不开；请用 Excel 打开核对、"
                "另存后重新送达。"
            ) from error
        return
    for sheet in book.worksheets:
        yield _grid(sheet, shown)
    book.close()


def _grid(sheet: Any, shown: str) -> Grid:
    width = min(sheet.max_column or 0, _MAX_COLUMNS)
    rows: list[list[Cell]] = [
        list(row) for row in sheet.iter_rows(max_col=width or None, values_only=True)
    ]
    _indent(sheet, rows)
    while rows and all(cell is None or cell == "" for cell in rows[-1]):
        rows.pop()
    hidden_columns: set[int] = set()
    for dimension in sheet.column_dimensions.values():
        if dimension.hidden and dimension.min:
            last = min(dimension.max or dimension.min, width)
            hidden_columns.update(range(dimension.min - 1, last))
    return Grid(
        workbook=shown,
        sheet=sheet.title,
        rows=rows,
        merged=[
            (area.min_row - 1, area.min_col - 1, area.max_row - 1, area.max_col - 1)
            for area in sheet.merged_cells.ranges
        ],
        hidden_rows=frozenset(
            row - 1 for row, dimension in sheet.row_dimensions.items() if dimension.hidden
        ),
        hidden_columns=frozenset(hidden_columns),
        laid_out=True,
        hidden=sheet.sheet_state != "visible",
    )


def _indent(sheet: Any, rows: list[list[Cell]]) -> None:
    """Write an indentation that is only formatting as blanks before the text."""
    for at, cells in enumerate(sheet.iter_rows(max_col=_INDENTED)):
        for column, cell in enumerate(cells):
            text = rows[at][column] if column < len(rows[at]) else None
            if isinstance(text, str) and cell.has_style and cell.alignment.indent:
                rows[at][column] = "  " * int(cell.alignment.indent) + text


def _values_only(path: Path, shown: str) -> Iterator[Grid]:
    for name, frame, hidden in frames_of(path, shown):
        rows: list[list[Cell]] = [list(row) for row in frame.iter_rows()]
        yield Grid(workbook=shown, sheet=name, rows=rows, hidden=hidden)


def frames_of(path: Path, shown: str) -> Iterator[tuple[str, pl.DataFrame, bool]]:
    """Yield (sheet, cells as text, hidden) of a workbook, without layout. Raises Unreadable."""
    try:
        book = fastexcel.read_excel(path)
    except Exception as error:  # calamine's errors share no useful base
        raise Unreadable(
            f"“{shown}”不完整或已损坏（{_short(error)}），打不开；请用 Excel 打开核对、"
            "另存后重新送达。"
        ) from error
    for name in book.sheet_names:
        try:
            frame, hidden = values_frame(book, name)
        except Exception as error:
            raise Unreadable(
                f"“{shown}”的工作表“{name}”读不出（{_short(error)}）；请用 Excel 打开核对、"
                "另存后重新送达。"
            ) from error
        yield name, frame, hidden


def values_frame(book: Any, sheet: str) -> tuple[pl.DataFrame, bool]:
    """Return a sheet as text cells, without taking a row for the header, and if it is hidden."""
    loaded = book.load_sheet(sheet, header_row=None, dtypes="string", skip_rows=0)
    return pl.DataFrame(loaded.to_polars()), loaded.visible != "visible"


def _short(error: Exception) -> str:
    return str(error).strip().splitlines()[0][:80] if str(error).strip() else type(error).__name__
