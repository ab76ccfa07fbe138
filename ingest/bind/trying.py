"""Shows what forms make of a workbook without loading it: `try_workbook(path, book, units)`.

For each table on each sheet: title, unit, header paths; which form takes it, or why none does;
which column gives which column of the contract; the first rows; and every row and column that is
left out, with the reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from budget_watch.tables import contract as contract_of
from ingest.bind import funds, items, listing, matrix, pivot
from ingest.bind.context import BookContext, TableContext, read_book, read_table
from ingest.bind.form import Form
from ingest.bind.forms import SheetResult, blocks_on, matching, misfits, read_block, read_sheet
from ingest.bind.layout import Block, Column
from ingest.bind.owners import Units
from ingest.bind.records import REASON
from ingest.bind.words import is_grand_total, is_note, is_ratio, is_subtotal, item_name
from ingest.gate.relations import relations
from ingest.sources.grid import Grid, label
from ingest.sources.kind import kind_of
from ingest.sources.workbook import sheets_of

FIRST = 3  # rows shown
_HIDDEN_NAMES = frozenset({"src_row", "round_fen", "_sheet", REASON})


@dataclass
class Tried:
    """What became of one table on a sheet (or of a sheet without any: `block` is 0)."""

    sheet: str
    block: int
    title: str = ""
    unit: str | None = None
    form: str | None = None
    table: str | None = None
    rows: int = 0
    reason: str | None = None
    about: dict[str, Any] = field(default_factory=dict)
    columns: list[dict[str, str | None]] = field(default_factory=list)
    first: list[dict[str, Any]] = field(default_factory=list)
    left_out: list[dict[str, Any]] = field(default_factory=list)
    wrong: list[dict[str, Any]] = field(default_factory=list)
    checks: list[dict[str, Any]] = field(default_factory=list)

    def record(self) -> dict[str, Any]:
        """Return the JSON line."""
        return dict(self.__dict__)


def try_workbook(
    path: Path, forms: tuple[Form, ...], units: Units, only: str | None = None
) -> Iterator[Tried]:
    """Yield what becomes of each table of a workbook. With `only`, one form alone is tried.

    Raises Unreadable when the file cannot be opened, KeyError when there is no form `only`.
    """
    chosen = tuple(form for form in forms if only in (None, form.id))
    if only is not None and not chosen:
        raise KeyError(only)
    grids = [grid for grid in sheets_of(path, kind_of(path)) if not grid.hidden]
    book = read_book(grids, path.name, chosen, units)
    for grid in grids:
        yield from _sheet(grid, book, chosen[0] if only is not None else None)


def _sheet(grid: Grid, book: BookContext, wanted: Form | None) -> Iterator[Tried]:
    blocks = blocks_on(grid, book.forms)
    if not blocks:
        result = read_sheet(grid, book)
        yield Tried(grid.sheet, 0, form=result.form.id if result.form else None,
                    reason=result.reason)  # fmt: skip
        return
    for number, block in enumerate(blocks, 1):
        yield _block(number, block, book, wanted)


def _block(number: int, block: Block, book: BookContext, wanted: Form | None) -> Tried:
    tried = Tried(block.grid.sheet, number, block.title, block.unit)
    tried.columns = [{"path": c.path, "bound": None, "why": None} for c in _named(block)]
    matched = matching(block, book.forms)
    if not matched:
        near = [wanted] if wanted is not None else _near(block, book)
        tried.reason = (
            "；".join(f"表样 {form.id}：{'，'.join(misfits(form, block))}" for form in near)
            or "没有相符的表样，也没有只差一个条件的；可按 docs/add-a-form.md 增加"
        )
        return tried
    form = matched[0]
    tried.form, tried.table = form.id, form.table or "、".join(form.targets) or None
    if form.shape == "none":
        tried.reason = form.reason
        return tried
    context = read_table(block, book, form.constants.get("scope_kind"), form.shape == "matrix")
    if isinstance(context, str):
        tried.reason = f"{context}；请在标题中写明"
        return tried
    tried.about = _about(context)
    _fill_columns(tried, block, form, context)
    result = SheetResult(block.grid.sheet)
    tried.reason = read_block(block, form, book, result)
    taken: set[int] = set()
    for bound in result.bound:
        taken |= set(bound.frame["src_row"].to_list())
        tried.rows += bound.frame.height
        tried.first += [_shown(row) for row in bound.frame.head(FIRST).iter_rows(named=True)]
        wrong = bound.frame.filter(pl.col(REASON).is_not_null())
        tried.wrong += [
            {"row": row["src_row"], "why": row[REASON]} for row in wrong.iter_rows(named=True)
        ]
        good = bound.frame.filter(pl.col(REASON).is_null())
        found = relations(contract_of(bound.table), good, frozenset(form.skip_checks))
        tried.checks += [one.record() for one in found]
    tried.left_out = list(_left_out(block, taken))
    return tried


def _named(block: Block) -> list[Column]:
    return [column for column in block.columns if column.levels]


def _near(block: Block, book: BookContext) -> list[Form]:
    """Return the forms that miss least: those of which one condition alone does not hold."""
    return [form for form in book.forms if len(misfits(form, block)) == 1][:3]


def _about(context: TableContext) -> dict[str, Any]:
    found: dict[str, Any] = {
        "fiscal_year": context.year,
        "place": f"{context.place.code} {context.place.name}",
        "scope_kind": context.scope,
    }
    if context.owner is not None:
        found |= {"owner": context.owner.name, "agency_code": context.owner.agency_code}
    return found


def _fill_columns(tried: Tried, block: Block, form: Form, context: TableContext) -> None:
    bound = bound_columns(block, form, context)
    for column, entry in zip(_named(block), tried.columns, strict=True):
        entry["bound"] = bound.get(column.index)
        if entry["bound"] is None:
            entry["why"] = "比率或增减，不载入" if is_ratio(column.path) else "表样没有用到这一列"


def bound_columns(block: Block, form: Form, context: TableContext) -> dict[int, str]:
    """Return column number → what it gives, in words, for the columns that a form uses."""
    found = {block.item: "项目（行的名称）", **{index: "编码" for index in block.codes}}
    by_shape = {
        "items": _items_columns,
        "matrix": _matrix_columns,
        "listing": _listing_columns,
        "regional": _regional_columns,
        "pivot": _pivot_columns,
        "funds": _funds_columns,
    }
    return found | by_shape[form.shape](block, form, context)


def _items_columns(block: Block, form: Form, context: TableContext) -> dict[int, str]:
    found: dict[int, list[str]] = {}
    figures = items.figure_columns(block)
    table = next(iter(items.targets(form)))
    for emission in items.emissions(block, form, context, figures):
        for name, index in emission.columns.items():
            word = f"{emission.year}年{emission.stage.stage}·{_title(table, name)}"
            found.setdefault(index, []).append(word)
    if form.balance:
        for (_, figure), index in figures.items():
            found.setdefault(index, [f"{figure.of(context.year)}年（收支平衡表 FIN-07）"])
    return {index: "，".join(words) for index, words in found.items()}


def _matrix_columns(block: Block, form: Form, context: TableContext) -> dict[int, str]:
    return {
        column.index: f"栏次 {field.code}" + (f"，行次 {field.row}" if field.row else "")
        for column, field in matrix.fields_of(block, form)
    }


def _listing_columns(block: Block, form: Form, context: TableContext) -> dict[int, str]:
    paths = [column.path if column.levels else "" for column in block.columns]
    offset = block.columns[0].index if block.columns else 0
    found: dict[int, list[str]] = {}
    for name, position in listing.bind_headers(form, paths).items():
        found.setdefault(position + offset, []).append(_title(str(form.table), name))
    return {index: "，".join(words) for index, words in found.items()}


def _regional_columns(block: Block, form: Form, context: TableContext) -> dict[int, str]:
    found: dict[int, str] = {}
    for column in _named(block):
        path = next((one for one in form.paths if re.search(one.path, column.path)), None)
        if path is None or column.index == block.item:
            continue
        if path.column:
            found[column.index] = _title(str(form.table), path.column)
        elif path.constants:
            found[column.index] = "，".join(str(value) for value in path.constants.values())
    return found


def _pivot_columns(block: Block, form: Form, context: TableContext) -> dict[int, str]:
    found: dict[int, str] = {}
    for column in _named(block):
        place = pivot.place_of(block, column.index, context, "", block.title)
        if place is not None:
            year, stage, scope = place
            found[column.index] = f"{year}年{stage.stage}·{scope}"
    return found


def _funds_columns(block: Block, form: Form, context: TableContext) -> dict[int, str]:
    words = {"budget": "预算数", "exec": "执行数", "final": "决算数"}
    return {
        index: "·".join(filter(None, (f"{year}年{stage}", fund, words.get(kind, kind))))
        for (year, stage, fund), kinds in funds.slots(block, form, context).items()
        for kind, index in kinds.items()
    }


def _title(table: str, name: str) -> str:
    contract = contract_of(table)
    return f"{contract.column(name).title} {name}" if name in contract.names else name


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    """Return a record as it will be stored, without what is blank. Money is fen."""
    return {
        name: value
        for name, value in row.items()
        if value is not None and name not in _HIDDEN_NAMES
    }


def _left_out(block: Block, taken: set[int]) -> Iterator[dict[str, Any]]:
    """Yield the rows that give no record, with the reason; blank rows are not told."""
    for row in range(block.start, block.end):
        number = block.grid.first_row + row + 1
        texts = [
            label(block.grid.at(row, column.index))
            for column in block.columns
            if block.grid.text(row, column.index)
        ]
        if number in taken or not texts:
            continue
        name = item_name(block.grid.text(row, block.item))
        why = "这一行没有可载入的数，或者没有编码、名称"
        if is_note(texts[0]):
            why = "注释"
        elif is_grand_total(name) or is_subtotal(name):
            why = "合计行，用于核对，不作为一行"
        elif not name:
            why = f"“项目”一列（第{block.item + 1}列）是空的"
        yield {"row": number, "text": texts[0][:40], "why": why}
