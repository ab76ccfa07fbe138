"""Reads tables whose rows are entries with named columns: projects, bonds, reserve items."""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from budget_watch.tables import contract as contract_of
from budget_watch.tables.contract import Column
from ingest.bind.context import TableContext
from ingest.bind.form import Form, Pick
from ingest.bind.layout import Block
from ingest.bind.places import by_code
from ingest.bind.records import Money, Records
from ingest.bind.words import is_note
from ingest.sources.grid import Cell, label, number, squeeze


def read(block: Block, form: Form, context: TableContext, money: Money) -> list[Records]:
    """Return a record for each entry of the table."""
    records = Records(str(form.table), block.grid.sheet, form.id)
    contract = contract_of(str(form.table))
    bound = bind_headers(form, [column.path if column.levels else "" for column in block.columns])
    offset = block.columns[0].index if block.columns else 0
    number_ = 0
    for row in range(block.start, block.end):
        text = block.grid.text(row, block.item)
        if not text or is_note(text, long=False) or re.fullmatch(r"合计|小计|总计", text):
            continue
        cells = {name: block.grid.at(row, offset + position) for name, position in bound.items()}
        if form.keep and not squeeze(cells.get(form.keep)):
            continue
        number_ += 1
        reasons: list[str] = []
        defaults = {
            "fiscal_year": context.year,
            "month": 12,
            "mof_div_code": context.place.code,
            "scope_kind": context.scope,
            "seq": number_,
            "title": block.title,
        }
        values = entry(form, contract.columns, cells, defaults, money, row + 1, reasons)
        records.add(values, block.grid.first_row + row + 1, reasons)
    return [records]


def bind_headers(form: Form, paths: list[str]) -> dict[str, int]:
    """Return column → position of the header that its pattern finds, each header once."""
    bound: dict[str, int] = {}
    for name, pick in form.columns.items():
        if pick.header is None:
            continue
        for position, path in enumerate(paths):
            if path and re.search(pick.header, path):
                bound[name] = position
                break
    return bound


def entry(
    form: Form,
    columns: tuple[Column, ...],
    cells: dict[str, Cell],
    defaults: dict[str, Any],
    money: Money,
    row: int,
    reasons: list[str],
) -> dict[str, Any]:
    """Return one record from cells by column name; what cannot be read adds a reason."""
    types = {column.name: column for column in columns}
    values: dict[str, Any] = {**defaults, **form.constants}
    texts = {name: squeeze(cell) for name, cell in cells.items()}
    for name, pick in form.columns.items():
        column = types.get(name)
        if pick.header is not None:
            cell = cells.get(name)
            if column is not None and column.type == "money":
                values[name] = money.read(cell, pick.header, row, reasons)
                continue
            values[name] = _typed(cell, pick, column, row, reasons)
        elif pick.template is not None:
            values[name] = pick.template.format_map(_Blank({**values, **texts}))
        elif pick.place is not None:
            place = by_code(str(values.get(pick.place) or "")[:6])
            values[name] = place.name if place else None
    return values


class _Blank(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return ""


def _typed(  # noqa: PLR0911 (one way out a type)
    cell: Cell, pick: Pick, column: Column | None, row: int, reasons: list[str]
) -> Any:
    if pick.pattern is not None:
        found = re.search(pick.pattern, squeeze(cell))
        if found is None:
            if squeeze(cell):
                reasons.append(f"第{row}行“{label(cell)[:20]}”的写法不合要求")
            return None
        text = found.group(1).ljust(pick.pad, "0")
    else:
        text = label(cell)
    mapped = pick.map.get(text, text)
    if column is None or column.type == "str" or mapped is None:
        return mapped or None
    if column.type == "int":
        try:
            return int(mapped)
        except (TypeError, ValueError):
            reasons.append(f"第{row}行“{text[:20]}”不是整数")
            return None
    if column.type == "date":
        return _date(cell, text, row, reasons)
    if column.type == "bool":
        return {"是": True, "否": False, "true": True, "false": False}.get(str(mapped).lower())
    try:
        value = number(mapped)
    except ValueError as error:
        reasons.append(f"第{row}行{error}")
        return None
    return _scaled(value, column)


def _scaled(value: Decimal | None, column: Column) -> int | None:
    if value is None:
        return None
    try:
        return round(value * (10**6 if column.type == "ratio" else 10**column.scale))
    except InvalidOperation:
        return None


def _date(cell: Cell, text: str, row: int, reasons: list[str]) -> date | None:
    """Return a date; a month alone (2021-04) is its first day."""
    if isinstance(cell, datetime):
        return cell.date()
    if isinstance(cell, date):
        return cell
    if not text:
        return None
    found = re.match(r"(20\d\d)[-/.年]?(\d{1,2})(?:[-/.月]?(\d{1,2}))?", text)
    if found:
        year, month, day = found.groups()
        try:
            return date(int(year), int(month), int(day or 1))
        except ValueError:
            pass
    reasons.append(f"第{row}行“{text[:20]}”不是日期")
    return None
