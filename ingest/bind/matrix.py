"""Reads disclosed department forms cell by cell: one record for each row × column of a form.

A row's code is what its code columns say, else what the form's `lines` give its text, else what the
code list finds for its name, else `~name`. A column's code is what the form's `fields` give its
header path. Forms of one row (三公经费) name rows and columns in their header alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from budget_watch.tables import contract as contract_of
from ingest.bind.accounts import UNCODED, CodeFinder, plain
from ingest.bind.context import TableContext
from ingest.bind.form import Field, Form
from ingest.bind.layout import Block, Column
from ingest.bind.owners import Owner
from ingest.bind.records import Money, Records
from ingest.bind.words import is_note, item_name
from ingest.sources.grid import Cell, label, number, squeeze

TOTAL = "T"
_CHINESE = re.compile(r"[\u4e00-\u9fa5]")
_NO_NAME = re.compile(r"^(?:[一二三四五六七八九十]+、)?[….·—-]*$")


@dataclass(frozen=True)
class Row:
    """One row of a form: its row in the grid, code, name as printed."""

    row: int
    code: str
    name: str
    expected: bool  # a code or a total is printed: a blank cell of it is told as blank


def read(block: Block, form: Form, context: TableContext, money: Money) -> list[Records]:
    """Return the cells of the form. The context names the owner."""
    records = Records(str(form.table), block.grid.sheet, form.id)
    identity = identity_of(form, context, block)
    columns = fields_of(block, form)
    if form.one_row:
        for row in _filled_rows(block, columns):
            for column, field in columns:
                _add(records, block, identity, row, (str(field.row), str(field.name)), column,
                     field, money)  # fmt: skip
        return [records]
    for line in rows_of(block, form, context):
        cells = [block.grid.at(line.row, column.index) for column, _ in columns]
        if not line.expected and not any(_is_filled(cell) for cell in cells):
            continue
        for column, field in columns:
            _add(records, block, identity, line.row, (line.code, line.name), column, field, money)
    return [records]


def empty(block: Block, form: Form, context: TableContext) -> Records | None:
    """Return the one blank total of a form without figures that says why it is empty."""
    note = empty_note(block, form)
    if note is None:
        return None
    records = Records(str(form.table), block.grid.sheet, form.id)
    values = {**identity_of(form, context, block), "row_code": TOTAL, "row_name": "合计"}
    records.add({**values, "col_code": "1", "col_name": "合计", "amt": None, "note": note}, 1)
    return records


def empty_note(block: Block, form: Form) -> str | None:
    """Return the sentence by which a form says that there is nothing to put into it."""
    if form.empty is None:
        return None
    lines = (cell for cells in block.grid.rows for cell in cells)
    return next((label(cell) for cell in lines if re.search(form.empty, squeeze(cell))), None)


def identity_of(form: Form, context: TableContext, block: Block) -> dict[str, Any]:
    """Return year, division, owner, stage and the form's constants."""
    owner = context.owner or Owner("", "", "")
    values: dict[str, Any] = {
        "fiscal_year": context.year,
        "mof_div_code": owner.division or context.place.code,
        "dept_code": owner.dept_code,
        "agency_code": owner.agency_code,
        "owner_name": owner.name,
        **form.constants,
    }
    names = contract_of(str(form.table)).names
    if "草案" in block.title and "stage" in names:
        values["stage"] = "草案"
    return {name: value for name, value in values.items() if name in names}


def fields_of(block: Block, form: Form) -> list[tuple[Column, Field]]:
    """Return the figure columns with what the form calls them; the first that fits a field."""
    found: list[tuple[Column, Field]] = []
    taken: set[tuple[str, str | None]] = set()
    for column in block.columns:
        if not column.levels or column.index == block.item or column.index in block.codes:
            continue
        field = next((one for one in form.fields if re.search(one.path, column.path)), None)
        if field is None or field.code is None or (field.code, field.row) in taken:
            continue
        taken.add((field.code, field.row))
        found.append((column, field))
    return found


def rows_of(block: Block, form: Form, context: TableContext) -> Iterator[Row]:
    """Yield the rows of a form with their codes, from top to bottom."""
    item = next((c.path for c in block.columns if c.index == block.item), "")
    finder = CodeFinder(form.system, context.year) if form.system else None
    for row in range(block.start, block.end):
        parts = [block.grid.text(row, column) for column in block.codes]
        text = block.grid.text(row, block.item)
        if not text:  # 合计 stands in the merged code columns
            spread = (_merged_text(block, row, column) for column in (*block.codes, block.item))
            text = next((one for one in (*parts, *spread) if _CHINESE.search(one)), "")
        printed = "".join(parts)
        code = printed if re.fullmatch(r"\d{3,11}", printed) else ""
        if is_note(text) or (not code and _NO_NAME.match(text)):
            continue
        line = next((one for one in form.lines if re.search(one.match, f"{item}|{text}")), None)
        if line is not None and line.code is None:
            continue
        name = item_name(_printed(block, row, text)) or text
        if code and finder is not None:
            finder.seen(code)
        found = code or (line.code if line else None) or (finder.find(text) if finder else None)
        yield Row(row, found or UNCODED + plain(text), name, bool(code or line))


def _printed(block: Block, row: int, text: str) -> str:
    return label(block.grid.at(row, block.item)) or text


def _merged_text(block: Block, row: int, column: int) -> str:
    """Return the text of the merged cell that spreads over a cell of one row."""
    left = _merge_at(block, row, column)
    return "" if left is None else block.grid.text(row, left)


def _merge_at(block: Block, row: int, column: int) -> int | None:
    """Return the first column of the merged cell that a cell of one row is part of."""
    for top, left, bottom, right in block.grid.merged:
        if top == row == bottom and left <= column <= right:
            return left
    return None


def _filled_rows(block: Block, columns: list[tuple[Column, Field]]) -> list[int]:
    """Return the rows of a one-row form that hold a figure."""
    return [
        row
        for row in range(block.start, block.end)
        if any(_is_figure(block.grid.at(row, column.index)) for column, _ in columns)
    ]


def _is_figure(cell: Cell) -> bool:
    try:
        return number(cell) is not None
    except ValueError:
        return False


def _is_filled(cell: Cell) -> bool:
    """Tell whether a cell holds a figure, or text that should have been one."""
    try:
        return number(cell) is not None
    except ValueError:
        return True


def _add(
    records: Records,
    block: Block,
    identity: dict[str, Any],
    row: int,
    line: tuple[str, str],
    column: Column,
    field: Field,
    money: Money,
) -> None:
    if _merge_at(block, row, column.index) not in (None, column.index):
        return  # part of a merged cell that begins further left: the figure stands elsewhere
    reasons: list[str] = []
    amount = money.read(block.grid.at(row, column.index), column.leaf, row + 1, reasons)
    values = {
        **identity,
        "row_code": line[0],
        "row_name": line[1],
        "col_code": field.code,
        "col_name": field.title or column.path,
        "amt": amount,
    }
    records.add(values, block.grid.first_row + row + 1, reasons)
