"""The reconciliation of a month as an Excel workbook: the statements, and the lines behind them.

Texts are written as texts, never as formulas; the file's date is the snapshot's, so that the same
snapshot gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import polars as pl
import xlsxwriter

from budget_watch.access.granting import require
from budget_watch.audit import Note
from budget_watch.casework.accounts import store_of
from budget_watch.casework.auditing import noted
from budget_watch.casework.cases import Actor
from budget_watch.codes import names, years
from budget_watch.digest.errors import DigestError
from budget_watch.digest.reason import reason_of
from budget_watch.digest.repack import repack
from budget_watch.lake import Home, Reader
from budget_watch.lake.snapshot import Snapshot
from budget_watch.views.reconciliation import PARTS, Statement, signed_lines, statements

_HEAD = ("区划", "范围", "功能类", "月报累计", *(name for _, name in PARTS), "表列差额",
         "财政签认的调节", "未解释差额", "情况")  # fmt: skip
_LINES = (
    "调节行",
    "区划",
    "功能类",
    "差异种类",
    "金额",
    "说明",
    "填列人",
    "填列日期",
    "签认人",
    "签认日期",
)
_YUAN = 100


def export(
    home: Home, actor: Actor, snapshot: Snapshot | None, year: int, month: int, reason: str
) -> bytes:
    """A month's statements as a workbook for whoever may export; the log says who and what for.

    Raises:
        ForbiddenError: the reader's role does not export.
        DigestError: no reason, or no report of this month.
    """
    require(store_of(home), actor.grant.role, "export")
    why = reason_of(reason)
    reader = Reader(home, actor.grant, snapshot)
    found = statements(reader, year, month) if reader.snapshot is not None else []
    if reader.snapshot is None or not found:
        raise DigestError(f"{year}-{month:02} 没有月报，没有可导出的调节表。")
    details = {"reason": why, "period": f"{year}-{month:02}", "rows": len(found)}
    noted(home, Note(actor.who, "paper.export", "paper", "调节表", details))
    out, signed = BytesIO(), signed_lines(reader, year, month)
    write(out, found, signed, reader.snapshot, f"{actor.user}（用途：{why}）", called(year))
    return repack(out.getvalue())


def called(year: int) -> dict[str, str]:
    """Names of regions and functional classes of a year."""
    known: dict[str, str] = {}
    for system in ("region", "functional"):
        covered = years(system)
        known |= names(system, min(max(year, covered[0]), covered[-1]))
    return known


def write(
    path: Path | BytesIO,
    statements: Sequence[Statement],
    lines: pl.DataFrame,
    snapshot: Snapshot,
    asked_by: str,
    known: Mapping[str, str],
) -> None:
    """Write statements and signed lines of a month to `path` (.xlsx, or a buffer). Amounts in yuan.

    Args:
        asked_by: whose copy it is; printed on every sheet.
        known: region and class codes → names.
    """
    period = statements[0].period if statements else ""
    options = {"strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(path, options) as book:
        day = snapshot.biz_date
        created = datetime(day.year, day.month, day.day, tzinfo=UTC)
        book.set_properties({"title": f"{period} 收支对账调节表", "created": created})
        bold, money = book.add_format({"bold": True}), book.add_format({"num_format": "#,##0.00"})
        mark = f"{asked_by} 导出 · 快照 {snapshot.id} · 业务日 {day} · 累计数，单位：元"
        sheet = book.add_worksheet("调节表")
        rows = [_row(one, known) for one in statements]
        _fill(sheet, f"{period} 收支对账调节表", mark, _HEAD, rows, bold, money)
        detail = book.add_worksheet("签认行")
        listed = [
            (
                row["line"], _name(row["mof_div_code"], known), _name(row["func_class"], known),
                row["kind"], row["amt"] / _YUAN, row["explanation"], row["filled_by"],
                str(row["filled_on"]), row["signed_by"], str(row["signed_on"]),
            )
            for row in lines.iter_rows(named=True)
        ]  # fmt: skip
        _fill(detail, f"{period} 调节表签认行", mark, _LINES, listed, bold, money)


def _row(one: Statement, names: Mapping[str, str]) -> tuple[Any, ...]:
    amounts = (one.reported, *one.parts, one.open, one.signed, one.left)
    shown = (None if fen is None else fen / _YUAN for fen in amounts)
    return (_name(one.mof_div_code, names), one.scope_kind, _name(one.func_class, names), *shown,
            one.state)  # fmt: skip


def _name(code: str, names: Mapping[str, str]) -> str:
    return f"{code} {names[code]}" if code in names else code


def _fill(
    sheet: Any,
    title: str,
    mark: str,
    head: Sequence[str],
    rows: Sequence[Sequence[Any]],
    bold: Any,
    money: Any,
) -> None:
    sheet.write_string(0, 0, title, bold)
    sheet.write_string(1, 0, mark)
    for column, text in enumerate(head):
        sheet.write_string(3, column, text, bold)
    for at, row in enumerate(rows, 4):
        for column, value in enumerate(row):
            if value is None:
                continue
            if isinstance(value, float):
                sheet.write_number(at, column, value, money)
            elif isinstance(value, int):
                sheet.write_number(at, column, value)
            else:
                sheet.write_string(at, column, str(value))
    sheet.set_column(0, len(head) - 1, 16)
    sheet.freeze_panes(4, 0)
