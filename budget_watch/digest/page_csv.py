"""One table of a page as CSV: UTF-8 with a mark at its head, so that spreadsheets read Chinese.

Money is 元 with two decimals, exact to the fen, whatever unit the page was shown in; the column
says so. Other numbers lose their thousands marks. A text that a spreadsheet would take for a
formula gets an apostrophe in front. Who took it, when and what for stands below the table.
"""

from __future__ import annotations

import csv
from datetime import date
from io import StringIO

from budget_watch.digest.page_book import Cell, PageBook, Sheet, measured

BOM = "\ufeff"
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def write_csv(page: PageBook, sheet: Sheet, mark: str) -> bytes:
    """The table; `mark` is the watermark."""
    out = StringIO()
    lines = csv.writer(out, lineterminator="\r\n")
    money = [
        any(row.cells[at].fen is not None for row in sheet.rows) for at in range(len(sheet.columns))
    ]
    lines.writerow(
        harmless(f"{title.text}（元）" if paid else title.text)
        for title, paid in zip(sheet.columns, money, strict=True)
    )
    for row in sheet.rows:
        lines.writerow(
            _shown(cell, title.number) for cell, title in zip(row.cells, sheet.columns, strict=True)
        )
    lines.writerow([])
    said = [f"{page.title}：{sheet.title}", sheet.sub, f"数据截至 {page.as_of}", sheet.source]
    said += [f"范围 {page.extent}", "金额单位：元（两位小数）" if any(money) else "", mark]
    for each in said:
        if each:
            lines.writerow([harmless(each)])
    return (BOM + out.getvalue()).encode()


def harmless(text: str) -> str:
    """A text that no spreadsheet reads as a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def _shown(cell: Cell, number: bool) -> str:
    """A cell in a line of text."""
    if cell.fen is not None:
        sign, fen = ("-" if cell.fen < 0 else ""), abs(cell.fen)
        return f"{sign}{fen // 100}.{fen % 100:02}"
    found = measured(cell, number)
    if found is None:
        return harmless(cell.text)
    if isinstance(found.value, date):
        return cell.text
    return cell.text.replace(",", "").removeprefix("+")
