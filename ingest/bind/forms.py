"""Knows published forms on a sheet and reads them: match, context, assemble, blank templates."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

import polars as pl

from ingest.bind import funds, items, listing, matrix, pivot, regional
from ingest.bind.context import BookContext, TableContext, read_table
from ingest.bind.form import Form
from ingest.bind.layout import Block, blocks_of, flat_block, strip_block
from ingest.bind.owners import Owner
from ingest.bind.places import NOWHERE
from ingest.bind.records import Money, Records
from ingest.bind.words import FEN, is_note
from ingest.sources.grid import Grid, number, squeeze

_NO_FIGURE = re.compile(r"序号|编码|代码|行次|栏次|打印|(?:^|/)[类款项]$|^项目$")
_READERS: dict[str, Callable[[Block, Form, TableContext, Money], list[Records]]] = {
    "items": items.read,
    "funds": funds.read,
    "pivot": pivot.read,
    "regional": regional.read,
    "listing": listing.read,
    "matrix": matrix.read,
}


@dataclass(frozen=True)
class Bound:
    """Rows that one sheet gives for one table. `unit` is the unit the sheet names.

    `owner` is whose form it is, where it is a department's or a unit's.
    """

    table: str
    form: Form
    sheet: str
    unit: str
    frame: pl.DataFrame
    owner: Owner | None = None


@dataclass
class SheetResult:
    """What became of a sheet: rows by table, or a sentence why there are none."""

    sheet: str
    bound: list[Bound] = field(default_factory=list)
    form: Form | None = None
    reason: str | None = None
    refused: bool = False  # False with a reason: not recognised, or a blank template


def read_sheet(grid: Grid, book: BookContext) -> SheetResult:
    """Return what a sheet holds."""
    result = SheetResult(grid.sheet)
    if not any(not grid.is_blank(row) for row in range(len(grid.rows))):
        result.reason = "空白工作表"
        return result
    blocks = blocks_on(grid, book.forms)
    if not blocks:
        result.reason = _kind_of_text(grid)
        if result.reason is None:
            result.form = _named_only(grid, book.forms)
            result.reason = result.form.reason if result.form else _NO_HEADER
        return result
    reasons: list[str] = []
    for block in blocks:
        matched = matching(block, book.forms)
        if not matched:
            reasons.append(_why_unknown(block))
        for form in matched:
            result.form = result.form or form
            reason = read_block(block, form, book, result)
            if reason:
                reasons.append(reason)
    result.bound = sorted(_joined(result.bound), key=lambda one: one.table == items.BALANCE)
    if not result.bound:
        result.reason = next(iter(dict.fromkeys(reasons)), None) or _NO_HEADER
    elif result.refused:
        result.reason = reasons[0]
    return result


def blocks_on(grid: Grid, known: tuple[Form, ...]) -> list[Block]:
    """Return the tables on a sheet: those with a header of items, or what some form takes."""
    return blocks_of(grid) or _without_items(grid, known)


def _without_items(grid: Grid, known: tuple[Form, ...]) -> list[Block]:
    """Return a sheet whose header names no item: figures in one row, or a plain data file."""
    strip = strip_block(grid)
    if strip is not None and any(form.one_row for form in matching(strip, known)):
        return [strip]
    flat = flat_block(grid)
    return [flat] if flat is not None and matching(flat, known) else []


def matching(block: Block, known: tuple[Form, ...]) -> list[Form]:
    """Return the form of a block (the most particular one that fits), or nothing."""
    head = f"{block.title}/{squeeze(block.grid.sheet)}"
    paths = [column.path for column in block.columns if column.levels]
    found = [form for form in known if _fits(form, block.title, head, paths)]
    return found[:1]


def _fits(form: Form, title: str, head: str, paths: list[str]) -> bool:
    return not _misfits(form, title, head, paths)


def misfits(form: Form, block: Block) -> list[str]:
    """Return why a block is not this form, a sentence a condition; [] where it is."""
    head = f"{block.title}/{squeeze(block.grid.sheet)}"
    return _misfits(form, block.title, head, [c.path for c in block.columns if c.levels])


def _misfits(form: Form, title: str, head: str, paths: list[str]) -> list[str]:
    match = form.match
    found: list[str] = []
    if not re.search(match.title, title) and not re.search(match.title, head):
        found.append(f"标题和工作表名“{head}”里找不到 title: '{match.title}'")
    if match.not_title and re.search(match.not_title, title):
        found.append(f"标题“{title}”里有 not_title: '{match.not_title}'")
    for wanted in match.headers:
        if not any(re.search(wanted, path) for path in paths):
            found.append(f"没有一条表头路径符合 headers: '{wanted}'")
    if match.not_headers and (bad := [p for p in paths if re.search(match.not_headers, p)]):
        found.append(f"表头路径“{bad[0]}”符合 not_headers: '{match.not_headers}'")
    return found


def read_block(block: Block, form: Form, book: BookContext, result: SheetResult) -> str | None:
    """Add the block's rows to the result; return a sentence when there are none."""
    if form.shape == "none":
        return _blank(block) or form.reason
    blank = _blank(block)
    if blank and (form.shape != "matrix" or matrix.empty_note(block, form) is None):
        return blank
    owned = form.shape == "matrix"
    context = read_table(block, book, form.constants.get("scope_kind"), owned)
    if isinstance(context, str) and {"mof_div_code", "fiscal_year"} <= set(form.columns):
        context = TableContext(0, NOWHERE, "全市")  # every row says its own year and place
    if isinstance(context, str):
        result.refused = True
        return f"已识别为{form.title}，但{context}；请在标题中写明后重新送达"
    if blank:
        empty = matrix.empty(block, form, context)
        if empty is not None:
            frame = empty.frame({"round_fen": 1})
            sheet = block.grid.sheet
            result.bound.append(Bound(empty.table, form, sheet, "元", frame, context.owner))
        return None
    unit = block.unit or form.unit
    if unit is None or unit not in FEN:
        result.refused = True
        return f"已识别为{form.title}，但没有写金额单位；请写明“单位：万元”等后重新送达"
    money = Money(unit)
    for records in _READERS[form.shape](block, form, context, money):
        if records.rows:
            rounding = _rounding(form) or money.round_fen
            frame = records.frame({"round_fen": rounding})
            sheet = block.grid.sheet
            result.bound.append(Bound(records.table, form, sheet, unit, frame, context.owner))
    return None if result.bound else f"已识别为{form.title}，但没有可载入的行"


def _rounding(form: Form) -> int | None:
    if form.rounding is None:
        return None
    found = re.fullmatch(r"([\d.]+)(亿元|万元|元)", form.rounding)
    return round(float(found.group(1)) * FEN[found.group(2)]) if found else None


def _joined(bound: Iterable[Bound]) -> list[Bound]:
    """Put the rows of one table together that stand in blocks side by side."""
    merged: dict[tuple[str, str], Bound] = {}
    for one in bound:
        key = (one.table, one.form.id if one.table != items.BALANCE else "")
        if key in merged:
            before = merged[key]
            frame = pl.concat([before.frame, one.frame])
            merged[key] = replace(before, frame=frame)
        else:
            merged[key] = one
    return [one for one in merged.values() if one.frame.height]


def _blank(block: Block) -> str | None:
    """Return a sentence when the table has no figure at all: an unfilled official form."""
    for row in range(block.start, block.end):
        if is_note(block.grid.text(row, block.item)):
            continue
        for column in block.columns:
            if column.index == block.item or column.index in block.codes or not column.levels:
                continue
            if _NO_FIGURE.search(column.path):
                continue
            try:
                value = number(block.grid.at(row, column.index))
            except ValueError:
                continue
            if value:
                return None
    return f"空白表样（{block.title or block.grid.sheet}），没有填写数字，未载入"


def _named_only(grid: Grid, forms: tuple[Form, ...]) -> Form | None:
    """A table without a header that we know, that is named by its sheet or its first line."""
    lines = [squeeze(cell) for row in grid.rows[:2] for cell in row]
    head = "/".join([squeeze(grid.sheet), *(text for text in lines if 3 < len(text) < 50)])
    known = (form for form in forms if form.shape == "none")
    return next((form for form in known if re.search(form.match.title, head)), None)


_NO_HEADER = "没有找到表头（项目、科目、地区等列名），不是可识别的数据表"


def _kind_of_text(grid: Grid) -> str | None:
    """Say what kind of text a sheet without a table is, by its name; None if it does not tell."""
    name = squeeze(grid.sheet)
    for pattern, kind in (
        (r"封面|封皮|首页", "封面"),
        (r"目录|索引", "目录"),
        (r"说明|注释|名词|解释|职能|机构", "文字说明"),
    ):
        if re.search(pattern, name):
            return f"{kind}，不是数据表"
    return None


def _why_unknown(block: Block) -> str:
    shown = "、".join(column.path for column in block.columns[:6] if column.levels)
    title = f"标题“{block.title}”、" if block.title else ""
    return (
        f"未识别：{title}表头“{shown[:60]}”与已知表样都不相符；"
        "用 budget-watch forms try 看差在哪里，可按 docs/add-a-form.md 增加表样"
    )
