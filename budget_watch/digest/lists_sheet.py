"""The four lists as an Excel workbook: a sheet each, marked with who took it, when and what for.

Whoever takes it must have the right to export, says why, and it is written down before the file is
made. Texts are written as texts, never as formulas.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from io import BytesIO
from typing import Any

import xlsxwriter

from budget_watch.access.granting import require
from budget_watch.audit import Note
from budget_watch.casework.accounts import store_of
from budget_watch.casework.auditing import noted
from budget_watch.casework.cases import HERE, Actor, today_of
from budget_watch.digest.reason import reason_of
from budget_watch.digest.repack import repack
from budget_watch.lake import Home
from budget_watch.views.four_lists import FourList, four_lists

HEAD_ROW = 3  # columns are named in the third line
_WIDE = {"事项": 32, "问题": 32, "标题": 32, "事实": 60, "说明": 48, "期限": 28, "针对": 28}


def lists_sheet(
    home: Home, actor: Actor, reason: str, year: int | None = None, now: datetime | None = None
) -> bytes:
    """The workbook.

    Args:
        reason: what it is for; goes into the audit log and onto every sheet.

    Raises:
        ForbiddenError: the reader's role does not export.
        DigestError: no reason.
    """
    require(store_of(home), actor.grant.role, "export")
    why = reason_of(reason)
    at = now or datetime.now(UTC)
    made = four_lists(home, actor, today_of(at), year)
    counts = {each.name: len(each.rows) for each in made}
    details: dict[str, Any] = {"reason": why, "year": year, "rows": counts}
    noted(home, Note(actor.who, "lists.export", "lists", "四张清单", details, at))
    return _written(made, actor.user, why, at, today_of(at))


def _written(
    lists: tuple[FourList, ...], user: str, reason: str, at: datetime, today: date
) -> bytes:
    out = BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    moment = f"{at.astimezone(HERE):%Y-%m-%d %H:%M}"
    mark = f"{user} {moment} 导出，用途：{reason}"
    with xlsxwriter.Workbook(out, options) as book:
        created = at.astimezone(UTC).replace(tzinfo=None)
        book.set_properties({"title": "四张清单", "created": created})
        bold = book.add_format({"bold": True})
        cell = book.add_format({"text_wrap": True, "valign": "top", "border": 1})
        for each in lists:
            sheet = book.add_worksheet(f"{each.name}清单")
            sheet.write_string(0, 0, f"{each.name}清单（{today}，{len(each.rows)}项）", bold)
            sheet.write_string(1, 0, mark)
            for column, title in enumerate(each.columns):
                sheet.write_string(HEAD_ROW - 1, column, title, bold)
                sheet.set_column(column, column, _WIDE.get(title, 16))
            for line, row in enumerate(each.rows, HEAD_ROW):
                for column, title in enumerate(each.columns):
                    sheet.write_string(line, column, row.cells[title][:32_000], cell)
            sheet.freeze_panes(HEAD_ROW, 1)
            sheet.set_landscape()
            sheet.repeat_rows(HEAD_ROW - 1)
            sheet.set_footer(f"&L{mark.replace('&', '&&')}&R第&P/&N页")
    return repack(out.getvalue())
