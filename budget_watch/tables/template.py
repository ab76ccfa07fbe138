"""Empty Excel workbooks to hand to a department: one for each contract.

Sheet 填报: title, unit, headers (Chinese title above, column name below), then empty rows with
validation. Sheet 说明: every column explained. Sheet 代码: the code tables of the year.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import xlsxwriter
from xlsxwriter.worksheet import Worksheet

from budget_watch.codes import names, years
from budget_watch.tables.contract import Column, Contract
from budget_watch.tables.wording import (
    CODE_TITLES,
    allowed_words,
    money_units,
    protection_words,
    type_words,
)

FIRST_ROW = 4
_NOTES, _CODES = "说明", "代码"
_NOTES_HEAD = ("列名", "名称", "类型（单位）", "必填", "取值", "保护")
_LAST_ROW = 5000
_LIST_LIMIT = 255  # Excel's limit for a validation list written into the cell
_UNLISTED = ("region", "uscc")  # too long for a sheet, or no list at all
_RANGES: dict[str, tuple[Any, Any]] = {
    "month": (1, 12),
    "date": (date(1990, 1, 1), date(2099, 12, 31)),
    "money": (-1e15, 1e15),
    "ratio": (-1e6, 1e6),
    "number": (-1e15, 1e15),
}
_NUMBERS = {"money": "#,##0.00", "date": "yyyy-mm-dd", "ratio": "0.00%", "int": "0", "str": "@"}


def write(contract: Contract, path: Path, year: int | None = None) -> None:
    """Write the template of a table to `path` (.xlsx), with the code tables of fiscal year `year`.

    Without a year the last one that the code tables cover.
    """
    with xlsxwriter.Workbook(path) as book:
        book.set_properties({"title": contract.title, "created": datetime(2026, 1, 1, tzinfo=UTC)})
        formats = _formats(book)
        _entry_sheet(book.add_worksheet("填报"), contract, formats, book)
        _notes_sheet(book.add_worksheet(_NOTES), contract, formats)
        _codes_sheet(book, contract, formats, year)


def delivered_name(column: Column) -> str:
    """The name a column has in a delivery (an identity number is hashed only at the gate)."""
    return column.delivered_as or column.name


def is_companion(sheet: str, first_row: Sequence[object]) -> bool:
    """Tell whether a sheet is the 说明 or 代码 of a template, which hold no data."""
    cells = tuple("" if cell is None else str(cell) for cell in first_row)
    if sheet == _NOTES:
        return cells[: len(_NOTES_HEAD)] == _NOTES_HEAD
    titles = tuple(f"{title}（" for title in CODE_TITLES.values())
    return sheet == _CODES and cells[0:1] != () and cells[0].startswith(titles)


def _formats(book: xlsxwriter.Workbook) -> dict[str, Any]:
    head = {
        "bold": True,
        "bg_color": "#E8EDF3",
        "border": 1,
        "text_wrap": True,
        "valign": "vcenter",
    }
    return {
        "title": book.add_format({"bold": True, "font_size": 14}),
        "unit": book.add_format({"font_color": "#555555"}),
        "head": book.add_format(head),
        "required": book.add_format({**head, "font_color": "#A61B1B"}),
        "name": book.add_format({"font_color": "#777777", "border": 1, "font_size": 9}),
        "text": book.add_format({"text_wrap": True, "valign": "top"}),
    }


def _entry_sheet(
    sheet: Worksheet, contract: Contract, formats: dict[str, Any], book: xlsxwriter.Workbook
) -> None:
    unit = money_units(contract)
    sheet.write(0, 0, f"{contract.title}（{contract.code}）", formats["title"])
    facts = [f"单位：{unit}"] if unit else []
    facts += [f"送数部门：{contract.delivering_dept}", f"报送时限：{'、'.join(contract.due)}"]
    sheet.write(1, 0, "　".join(facts), formats["unit"])
    for place, column in enumerate(contract.columns):
        style = formats["required" if column.required else "head"]
        sheet.write(FIRST_ROW - 2, place, column.title, style)
        sheet.write(FIRST_ROW - 1, place, delivered_name(column), formats["name"])
        sheet.write_comment(FIRST_ROW - 2, place, _comment(column), {"x_scale": 2, "y_scale": 1.5})
        number = book.add_format({"num_format": _number_format(column)})
        sheet.set_column(place, place, max(12, 2 * len(column.title) + 2), number)
        rule = _validation(column)
        if rule:
            sheet.data_validation(FIRST_ROW, place, _LAST_ROW, place, rule)
    sheet.freeze_panes(FIRST_ROW, 0)


def _comment(column: Column) -> str:
    lines = [
        f"{type_words(column)}，{'必填' if column.required else '可空'}",
        allowed_words(column),
        protection_words(column),
        column.note or "",
    ]
    return "\n".join(line for line in lines if line)


def _number_format(column: Column) -> str:
    if column.type == "number":
        return f"#,##0.{'0' * column.scale}" if column.scale else "#,##0"
    return _NUMBERS.get(column.type, "General")


def _validation(column: Column) -> dict[str, Any] | None:
    rule = _listed(column) or _ranged(column)
    if rule is None:
        return None
    message = f"{column.title}：{type_words(column)}"
    return {"error_title": column.title, "error_message": message, **rule}


def _listed(column: Column) -> dict[str, Any] | None:
    choices = ("是", "否") if column.type == "bool" else column.values or column.usual
    if not choices or len(",".join(choices)) > _LIST_LIMIT:
        return None
    closed = column.type == "bool" or bool(column.values)
    kind = "stop" if closed else "information"
    return {"validate": "list", "source": list(choices), "error_type": kind}


def _ranged(column: Column) -> dict[str, Any] | None:
    low, high = _RANGES.get("month" if column.name == "month" else column.type, (None, None))
    if low is None:
        return None
    kind = {date: "date", int: "integer", float: "decimal"}[type(low)]
    return {"validate": kind, "criteria": "between", "minimum": low, "maximum": high}


def _notes_sheet(sheet: Worksheet, contract: Contract, formats: dict[str, Any]) -> None:
    sheet.write_row(0, 0, _NOTES_HEAD, formats["head"])
    for row, column in enumerate(contract.columns, start=1):
        required = "是" if column.required else ""
        words = (allowed_words(column), protection_words(column))
        cells = (delivered_name(column), column.title, type_words(column), required, *words)
        sheet.write_row(row, 0, cells, formats["text"])
    for place, width in enumerate((22, 22, 18, 6, 60, 30)):
        sheet.set_column(place, place, width)
    if contract.note:
        sheet.write(len(contract.columns) + 2, 0, contract.note)


def _codes_sheet(
    book: xlsxwriter.Workbook, contract: Contract, formats: dict[str, Any], year: int | None
) -> None:
    used = dict.fromkeys(system for column in contract.columns for system in column.codes)
    listed = [system for system in used if system not in _UNLISTED]
    if not listed:
        return
    sheet = book.add_worksheet(_CODES)
    for block, system in enumerate(listed):
        of_year = year or years(system)[-1]
        place = 3 * block
        sheet.write(0, place, f"{CODE_TITLES[system]}（{of_year} 年）", formats["head"])
        sheet.write(0, place + 1, "名称", formats["head"])
        for row, (code, name) in enumerate(names(system, of_year).items(), start=1):
            sheet.write_string(row, place, code)
            sheet.write_string(row, place + 1, name)
        sheet.set_column(place, place, 24)
        sheet.set_column(place + 1, place + 1, 44)
    sheet.freeze_panes(1, 0)
