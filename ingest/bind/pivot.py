"""Reads tables whose rows are figures of one record: debt limit, issue, balance by item.

Columns give year and scope (全市/2025年执行数, 本级); an item without words of its own (其中：一般
债务) is read with the item above it. A year in the item's text wins over the column's.
"""

from __future__ import annotations

import re
from typing import Any

from ingest.bind.context import TableContext
from ingest.bind.form import Form
from ingest.bind.layout import Block
from ingest.bind.records import Money, Records
from ingest.bind.stages import DRAFT, EXPRESS, Stage, of_figure, of_position
from ingest.bind.words import figure_in, is_note, is_ratio, scope_in, years_in
from ingest.sources.grid import label

_NEW_ITEM = re.compile(r"^[一二三四五六七八九十]+[、.]")
_YEAR_END = 12


def read(block: Block, form: Form, context: TableContext, money: Money) -> list[Records]:
    """Return one record for each year, stage and scope that the table's columns name."""
    records = Records(str(form.table), block.grid.sheet, form.id)
    gathered: dict[tuple[int, str, str], dict[str, Any]] = {}
    rows: dict[tuple[int, str, str], int] = {}
    reasons: dict[tuple[int, str, str], list[str]] = {}
    items = _items(block)
    final = any("决算" in text for _, text in items)
    title = block.title + ("决算" if final and "决算" not in block.title else "")
    for row, text in items:
        cell = next((cell for cell in form.cells if re.search(cell.match, text)), None)
        if cell is None or cell.skip or cell.column is None:
            continue
        for column in block.columns:
            place = place_of(block, column.index, context, text, title)
            if place is None:
                continue
            year, stage, scope = place
            key = (year, stage.stage, scope)
            values = gathered.setdefault(key, {"data_status": stage.data_status})
            wrong = reasons.setdefault(key, [])
            amount = money.read(block.grid.at(row, column.index), label(text), row + 1, wrong)
            if values.get(cell.column) is None:
                values[cell.column] = amount
            rows.setdefault(key, block.grid.first_row + row + 1)
    for (year, stage_name, scope), values in gathered.items():
        if all(value is None for name, value in values.items() if name != "data_status"):
            continue
        key = (year, stage_name, scope)
        identity = {
            "fiscal_year": year,
            "month": _YEAR_END,
            "mof_div_code": context.place.code,
            "scope_kind": scope,
            "stage": stage_name,
            "region_name": context.place.name,
        }
        records.add({**identity, **values, **form.constants}, rows[key], reasons[key])
    return [records]


def _items(block: Block) -> list[tuple[int, str]]:
    """Return (row, full text): a sub-item carries the numbered item it stands under."""
    found: list[tuple[int, str]] = []
    head = ""
    for row in range(block.start, block.end):
        text = block.grid.text(row, block.item)
        if not text or is_note(text):
            continue
        if _NEW_ITEM.match(text):
            head = text
            found.append((row, text))
        else:
            found.append((row, f"{head}|{text}" if head else text))
    return found


def place_of(
    block: Block, index: int, context: TableContext, item: str, title: str
) -> tuple[int, Stage, str] | None:
    """Return year, stage and scope of a column for an item; None if it holds no figure."""
    column = next(column for column in block.columns if column.index == index)
    if not column.levels or index == block.item or index in block.codes:
        return None
    if is_ratio(column.path):
        return None
    figure = figure_in(column.path)
    scope = scope_in(column.path)
    if figure is None and scope is None:
        return None
    if scope == "全市" and context.place.level == "县":
        scope = "县区"
    named = years_in(item)
    year = named[-1] if named else figure.of(context.year) if figure else context.year
    if figure is None and re.search(r"预计|执行|快报", item):
        stage = EXPRESS
    elif figure is None and "预算" in item:
        stage = DRAFT
    elif figure is None or figure.kind in ("limit", "balance") or (named and year != context.year):
        stage = of_position(year, context.year, title)
    elif figure.kind == "budget":
        stage = DRAFT
    else:
        stage = of_figure(figure.kind, year, context.year, title)
    return year, stage, scope or context.scope
