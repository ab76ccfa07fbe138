"""问询清单 as an Excel workbook: one a unit and month, to be filled in and handed back.

Only the three columns that the unit fills are open. Texts are written as texts, never as formulas.
The level of a finding does not stand here: there is no verdict before the answer.
"""

from __future__ import annotations

from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import xlsxwriter

from budget_watch.casework.cases import Actor
from budget_watch.casework.checking import rule_book
from budget_watch.casework.inquiries import HEAD, HEAD_ROW, SHEET, YES, Row, listed
from budget_watch.casework.workflow import workflow_of
from budget_watch.digest.errors import DigestError
from budget_watch.digest.letter import place_name, told
from budget_watch.digest.repack import repack
from budget_watch.lake import Home

_WIDTHS = (12, 18, 60, 36, 12, 16, 30, 48, 8, 10, 6)
_OPEN = ("答复", "异议", "非本单位")
_HOW = (
    "填“答复”；对口径、数据有异议，另在“异议”一栏选种类；不是本单位的事，在“非本单位”一栏填“是”。"
    "其余各栏勿改，没有填的行不处理。"
)


def inquiry_sheet(home: Home, actor: Actor, unit: str, month: str) -> bytes:
    """The list of a unit and month.

    Raises:
        DigestError: nothing was transferred to the unit in this month, as far as the reader sees.
    """
    rows = listed(home, actor, unit, month)
    if not rows:
        raise DigestError(f"{month} 没有转交给 {unit} 的事项，或您没有查看权限。")
    book = rule_book(home.root)
    lines, name = [], unit
    for row in rows:
        names, sentences = told(home, actor, row.case, book)
        name = place_name(names, unit)
        lines.append(_line(row, "；".join(sentences)))
    return _written(f"{name} {month} 问询清单", lines, workflow_of(home.root).objections, rows)


def _line(row: Row, sentence: str) -> tuple[Any, ...]:
    case = row.case
    known = (case.id, case.number or "", sentence, row.asked, row.due, row.state, row.earlier)
    return (*known, "", "", "", case.version)


def _written(
    title: str, lines: list[tuple[Any, ...]], objections: tuple[str, ...], rows: list[Row]
) -> bytes:
    out = BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(out, options) as book:
        changed = max(datetime.fromisoformat(row.case.changed_at) for row in rows)
        created = changed.astimezone(UTC).replace(tzinfo=None)
        book.set_properties({"title": title, "created": created})
        bold = book.add_format({"bold": True})
        fixed = book.add_format({"text_wrap": True, "valign": "top", "border": 1})
        free = book.add_format(
            {"text_wrap": True, "valign": "top", "border": 1, "locked": False, "num_format": "@"}
        )
        sheet = book.add_worksheet(SHEET)
        sheet.write_string(0, 0, title, bold)
        sheet.write_string(1, 0, _HOW)
        for column, (text, width) in enumerate(zip(HEAD, _WIDTHS, strict=True)):
            sheet.write_string(HEAD_ROW - 1, column, text, bold)
            sheet.set_column(column, column, width)
        for at, line in enumerate(lines, HEAD_ROW):
            for column, value in enumerate(line):
                form = free if HEAD[column] in _OPEN else fixed
                if isinstance(value, int):
                    sheet.write_number(at, column, value, form)
                elif value:
                    sheet.write_string(at, column, value, form)
                else:
                    sheet.write_blank(at, column, None, form)
        last = HEAD_ROW + len(lines) - 1
        for name, choices in (("异议", objections), ("非本单位", (YES,))):
            column = HEAD.index(name)
            offered = {"validate": "list", "source": list(choices), "ignore_blank": True}
            sheet.data_validation(HEAD_ROW, column, last, column, offered)
        sheet.freeze_panes(HEAD_ROW, 1)
        sheet.protect("", {"format_columns": True, "format_rows": True})
    return repack(out.getvalue())
