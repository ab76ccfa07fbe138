"""Reads social-insurance tables: funds as rows with their items below, or funds as columns.

A row's fund is what its text names, else the fund named last; its row code (R00 收入合计, R01
保险费收入 …) is what the form's `rows` patterns find. Totals of all funds go to the balance table.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ingest.bind.context import TableContext
from ingest.bind.form import Form
from ingest.bind.items import BALANCE
from ingest.bind.layout import Block, Column
from ingest.bind.records import Money, Records
from ingest.bind.stages import ADJUSTED, APPROVED, DRAFT, Stage, of_figure
from ingest.bind.words import FigureKind, figure_in, is_note, is_ratio, item_name
from ingest.sources.grid import label

_ALL = "合计"
_YEAR_END = 12
_TOTAL = {
    "R00": ("收入", "R00"),
    "E00": ("支出", "E00"),
    "B01": ("支出", "B01"),
    "B02": ("支出", "B02"),
}


def read(block: Block, form: Form, context: TableContext, money: Money) -> list[Records]:
    """Return fund rows, and the totals of all funds as rows of the balance table."""
    own = Records(str(form.table), block.grid.sheet, form.id)
    totals = Records(BALANCE, block.grid.sheet, form.id)
    columns = slots(block, form, context)
    fund_rows = ""
    for row in range(block.start, block.end):
        text = item_name(block.grid.text(row, block.item))
        if not text or is_note(text):
            continue
        named = _fund(text, form)
        if named:
            fund_rows = named
        elif re.match(
            r"^(?:收入|支出|本年收支|年末滚存|社会保险基金)?(?:小计|合计|总计|结余)", text
        ):
            fund_rows = _ALL
        code = _row_code(text, block.title, form)
        if code is None:
            continue
        shown = label(block.grid.at(row, block.item))
        _add(own, totals, block, form, context, money, columns, row, code, fund_rows, shown)
    return [own, *([totals] if totals.rows else [])]


def slots(
    block: Block, form: Form, context: TableContext
) -> dict[tuple[int, str, str], dict[FigureKind, int]]:
    """Return (year, stage, fund) → columns by figure kind; fund '' where rows name it."""
    found: dict[tuple[int, str, str], dict[FigureKind, int]] = {}
    years: dict[int, set[FigureKind]] = {}
    read_: list[tuple[Column, int, FigureKind, str]] = []
    for column in block.columns:
        if not column.levels or column.index == block.item or is_ratio(column.path):
            continue
        fund = _fund(column.path, form) or (_ALL if re.search(r"^合计|/合计", column.path) else "")
        figure = figure_in(re.sub(r"合计", "", column.path)) if fund else figure_in(column.path)
        if figure is None and not fund:
            continue
        default: FigureKind = _title_kind(block.title)
        kind = figure.kind if figure and figure.kind not in ("limit", "balance") else default
        year = figure.of(context.year) if figure else context.year
        years.setdefault(year, set()).add(kind)
        read_.append((column, year, kind, fund))
    for column, year, kind, fund in read_:
        stage = _stage(year, years[year], context, block.title, max(years))
        if stage is not None:
            found.setdefault((year, stage.stage, fund), {}).setdefault(kind, column.index)
    return found


def _title_kind(title: str) -> FigureKind:
    if "决算" in title:
        return "final"
    return "exec" if re.search(r"执行|完成", title) else "budget"


def _stage(
    year: int, kinds: set[FigureKind], context: TableContext, title: str, last: int
) -> Stage | None:
    """Earlier years stand beside for comparison only; they are their own year's tables' matter."""
    if year != last:
        return None
    if "exec" in kinds:
        return of_figure("exec", year, context.year, title)
    if "final" in kinds:
        return of_figure("final", year, context.year, title)
    return DRAFT


def _fund(text: str, form: Form) -> str | None:
    return next((name for pattern, name in form.funds.items() if re.search(pattern, text)), None)


def _row_code(text: str, title: str, form: Form) -> str | None:
    """Return the row code; a bare fund name is the total of the side that the title names."""
    for pattern, code in form.rows.items():
        if re.search(pattern, text):
            return code
    if _fund(text, form) is None and not re.search(r"合计|小计|总计", text):
        return None
    if "收入" in title and "支出" not in title:
        return "R00"
    return "E00" if "支出" in title and "收入" not in title else None


def _add(
    own: Records,
    totals: Records,
    block: Block,
    form: Form,
    context: TableContext,
    money: Money,
    slots: dict[tuple[int, str, str], dict[FigureKind, int]],
    row: int,
    code: str,
    fund_rows: str,
    shown: str,
) -> None:
    for (year, stage, slot_fund), columns in slots.items():
        fund = slot_fund or fund_rows
        reasons: list[str] = []
        amounts: dict[FigureKind, int | None] = {
            kind: money.read(block.grid.at(row, column), shown, row + 1, reasons)
            for kind, column in columns.items()
        }
        if not fund or (all(value is None for value in amounts.values()) and not reasons):
            continue
        identity: dict[str, Any] = {
            "fiscal_year": year,
            "month": _YEAR_END,
            "mof_div_code": context.place.code,
            "scope_kind": context.scope,
            "stage": stage,
            "data_status": {"草案": "初步", "快报": "快报", "决算草案": "初步"}.get(stage, "正式"),
            **form.constants,
        }
        done = amounts.get("exec", amounts.get("final"))
        planned = amounts.get("budget")
        src_row = block.grid.first_row + row + 1
        if fund != _ALL:
            values = {
                "fund_kind": fund,
                "row_code": code,
                "row_name": item_name(shown.strip()),
                "budget_amt": planned,
                "exec_amt": done,
            }
            own.add({**identity, **values}, src_row, reasons)
        elif code in _TOTAL:
            side, total = _TOTAL[code]
            total = "S" if "小计" in shown else total
            values = {"book": "社会保险基金", "side": side, "code": total}
            for at, amount in _stated(amounts, Stage(stage, str(identity["data_status"]))):
                own_stage = {"stage": at.stage, "data_status": at.data_status, "amt": amount}
                told = {**identity, **values, **own_stage, "item_name": shown.strip()}
                totals.add(told, src_row, reasons)


def _stated(
    amounts: Mapping[FigureKind, int | None], stage: Stage
) -> Iterator[tuple[Stage, int | None]]:
    """What a total says of each stage: the draft's budget, or budget, adjusted budget and done."""
    if stage.stage == DRAFT.stage:
        yield stage, amounts.get("budget")
        return
    approved, adjusted = amounts.get("budget"), amounts.get("adjusted")
    if approved is not None:
        yield APPROVED, approved
    if adjusted is not None:
        yield ADJUSTED, adjusted
    yield stage, amounts.get("exec", amounts.get("final"))
