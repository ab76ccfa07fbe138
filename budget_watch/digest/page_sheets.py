"""A page as an Excel workbook: what it is and from when, then a sheet for each of its tables.

Numbers are numbers with a format, days are days, charts are Excel's own; texts are written as
texts, never as formulas. Every sheet says who took it, when and what for.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import xlsxwriter

from budget_watch.digest.page_book import (
    Cell,
    KeyFigure,
    Measured,
    PageBook,
    Row,
    Sheet,
    Title,
    measured,
)
from budget_watch.digest.page_chart import add_chart
from budget_watch.digest.repack import repack
from budget_watch.views import formats as fmt

HEAD = 5  # rows above a table's column titles
FIRST = "说明"
_LONGEST = 32_000  # characters of a cell; Excel takes 32,767
_NAME = re.compile(r"[\[\]:*?/\\']")
_AMOUNT = re.compile(r"([+-]?[0-9][0-9,]*(?:\.[0-9]+)?)(.*)")

_DRESS: dict[str, dict[str, Any]] = {
    "title": {"bold": True, "font_size": 14},
    "head": {"bold": True, "bg_color": "#EDF0F3", "bottom": 1, "text_wrap": True},
    "note": {"font_color": "#5C6774", "font_size": 9},
    "total": {"bold": True, "bottom": 1},
    "heading": {"bold": True},
    "gap": {"font_color": "#596472", "italic": True},
    "missing": {"pattern": 14, "fg_color": "#8A95A1", "align": "right"},
    "wrap": {"text_wrap": True, "valign": "top"},
}


def write_book(page: PageBook, mark: str, at: datetime) -> bytes:
    """The workbook.

    Args:
        mark: the watermark: who takes it, when, what for.
        at: when it is made, in the time zone of the file's properties.
    """
    out = BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(out, options) as book:
        created = at.astimezone(UTC).replace(tzinfo=None)
        book.set_properties({"title": page.title, "comments": mark, "created": created})
        pen = _Pen(book, mark)
        names = sheet_names(page.sheets)
        pen.first(page, names)
        for name, sheet in zip(names, page.sheets, strict=True):
            pen.table(name, sheet, page)
    return repack(out.getvalue())


def sheet_names(sheets: Sequence[Sheet]) -> list[str]:
    """Names that Excel takes: at most 31 characters, each once, none of its signs."""
    used, names = {FIRST}, []
    for sheet in sheets:
        plain = _NAME.sub(" ", sheet.title).strip()[:31] or "表"
        name, again = plain, 2
        while name in used:
            ending = f"（{again}）"
            name, again = plain[: 31 - len(ending)] + ending, again + 1
        used.add(name)
        names.append(name)
    return names


class _Pen:
    """Writes cells in one dress; formats are made once a book."""

    def __init__(self, book: Any, mark: str) -> None:
        self.book, self.mark = book, mark
        self._made: dict[tuple[str, str], Any] = {}

    def style(self, kind: str = "", shape: str = "") -> Any:
        """The format of a kind of row and a number format."""
        if (kind, shape) not in self._made:
            dress: dict[str, Any] = {"font_name": "微软雅黑", "font_size": 10, "valign": "vcenter"}
            dress |= _DRESS.get(kind, {})
            if shape:
                dress["num_format"] = shape
                dress["align"] = "left" if shape == "yyyy-mm-dd" else "right"
            self._made[kind, shape] = self.book.add_format(dress)
        return self._made[kind, shape]

    def text(self, sheet: Any, at: tuple[int, int], words: str, kind: str = "") -> None:
        """A text, as a text; nothing where there is none."""
        if not words:
            return
        sheet.write_string(*at, words[:_LONGEST], self.style(kind))

    def cell(self, sheet: Any, at: tuple[int, int], cell: Cell, number: bool, kind: str) -> None:
        """A cell as what it is: an amount, a number, a day, 缺, or text."""
        found = measured(cell, number)
        if found is not None:
            self.number(sheet, at, found, kind)
        elif cell.text == fmt.MISSING:
            self.text(sheet, at, cell.text, "missing")
        else:
            self.text(sheet, at, cell.text, kind)

    def number(self, sheet: Any, at: tuple[int, int], found: Measured, kind: str = "") -> None:
        """A number or a day."""
        style = self.style(kind, found.format)
        if isinstance(found.value, float):
            sheet.write_number(*at, found.value, style)
        else:
            sheet.write_datetime(*at, found.value, style)

    def page(self, sheet: Any) -> None:
        """How a sheet prints: landscape, one page wide, marked at its foot."""
        sheet.set_landscape()
        sheet.set_paper(9)
        sheet.fit_to_pages(1, 0)
        sheet.set_footer(f"&L&8{self.mark.replace('&', '&&')}&R&8第&P/&N页")
        sheet.hide_gridlines(2)

    def table(self, name: str, sheet: Sheet, page: PageBook) -> None:
        """A table with its head above, its 口径 below and its chart beside."""
        made = self.book.add_worksheet(name)
        self.page(made)
        self.text(made, (0, 0), sheet.title, "title")
        said = [sheet.sub, sheet.unit, f"数据截至 {page.as_of}"]
        self.text(made, (1, 0), " · ".join(part for part in said if part), "note")
        self.text(made, (2, 0), sheet.source or f"快照 {page.snapshot}", "note")
        self.text(made, (3, 0), self.mark, "note")
        for column, title in enumerate(sheet.columns):
            self.text(made, (HEAD, column), title.text, "head")
            made.set_column(column, column, _wide(sheet, column))
        for line, row in enumerate(sheet.rows, HEAD + 1):
            self.row(made, line, row, sheet.columns)
        made.freeze_panes(HEAD + 1, 1)
        made.repeat_rows(HEAD)
        line = HEAD + 2 + len(sheet.rows)
        for word, meaning in sheet.terms:
            self.text(made, (line, 0), f"{word}：{meaning}", "note")
            line += 1
        if sheet.plot is not None:
            add_chart(self.book, made, sheet.plot, (HEAD, len(sheet.columns) + 1), self)

    def row(self, made: Any, line: int, row: Row, columns: Sequence[Title]) -> None:
        """One row; how deep it stands is an indent of its name."""
        for at, (title, cell) in enumerate(zip(columns, row.cells, strict=True)):
            shown = cell
            if at == 0 and row.depth:
                shown = Cell("　" * row.depth + cell.text)
            self.cell(made, (line, at), shown, title.number, row.kind)

    def first(self, page: PageBook, names: Sequence[str]) -> None:
        """What was taken: page, day, snapshot, extent, what the page says, its key figures."""
        made = self.book.add_worksheet(FIRST)
        self.page(made)
        made.set_column(0, 1, 26)
        made.set_column(2, 2, 16)
        made.set_column(3, 3, 10)
        made.set_column(4, 5, 60)
        self.text(made, (0, 0), page.title, "title")
        self.text(made, (1, 0), page.lead)
        line = 3
        for word, said in (
            ("导出", self.mark),
            ("数据截至", page.as_of.isoformat()),
            ("快照", page.snapshot),
            ("金额单位", f"{page.money}（凭证和另有注明的表除外）"),
            ("范围", page.extent),
            ("地址", page.address),
        ):
            self.text(made, (line, 0), word, "note")
            self.text(made, (line, 1), said)
            line += 1
        for name, sheet in zip(names, page.sheets, strict=True):
            self.text(made, (line, 0), "工作表", "note")
            self.text(made, (line, 1), name)
            self.number(made, (line, 2), Measured(float(len(sheet.rows)), '#,##0"行"'))
            line += 1
        if page.figures:
            line = self.figures(made, line + 1, page.figures)
        for block, sentence in page.told:
            line += 1
            self.text(made, (line, 0), block, "note")
            self.text(made, (line, 1), sentence)

    def figures(self, made: Any, line: int, figures: Sequence[KeyFigure]) -> int:
        """The key figures, a row each; the last line used."""
        for column, word in enumerate(("区块", "指标", "数值", "单位", "说明", "口径")):
            self.text(made, (line, column), word, "head")
        for each in figures:
            line += 1
            self.text(made, (line, 0), each.block)
            self.text(made, (line, 1), each.label)
            number, unit = _apart(each.text)
            self.cell(made, (line, 2), Cell(number), True, "")
            self.text(made, (line, 3), unit)
            self.text(made, (line, 4), each.notes)
            self.text(made, (line, 5), "；".join(f"{word} {said}" for word, said in each.terms))
        return line


def _apart(text: str) -> tuple[str, str]:
    """A figure's number and its unit; a rate keeps its sign."""
    found = _AMOUNT.fullmatch(text)
    if found is None or text.endswith("%"):
        return text, ""
    return found[1], found[2]


def _wide(sheet: Sheet, column: int) -> float:
    """A width that holds most cells of a column, in characters."""
    texts = [sheet.columns[column].text, *(row.cells[column].text for row in sheet.rows[:200])]
    most = max(sum(2 if ord(sign) > 0x2E7F else 1 for sign in text) for text in texts)
    return min(max(most + 2, 10), 60)
