"""Reads tables whose rows are accounts: revenue, expenditure by function or economic class, funds.

Coded (or code-findable) rows of the form's own kind go to its table; totals, transfers, debt and
carry-over rows of the same sheet go to the balance table (FIN-07), a record for each figure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ingest.bind.accounts import UNCODED, CodeFinder, plain
from ingest.bind.context import TableContext
from ingest.bind.form import Form
from ingest.bind.layout import Block
from ingest.bind.records import Money, Records
from ingest.bind.stages import DRAFT, Stage, of_figure
from ingest.bind.words import (
    Figure,
    FigureKind,
    figure_in,
    is_grand_total,
    is_note,
    is_subtotal,
    item_name,
)
from ingest.sources.grid import indent, label

BALANCE = "FIN-07"
_EMBEDDED = re.compile(r"^[\[(【]?(\d{3,11})[\])】]?[-—_:：.]?([\u4e00-\u9fa5].*)$")
_BETWEEN_LEVELS = re.compile(
    r"转移|上解|补助下级|调入|调出|结转|结余|债务|还本|动用|安排预算|补充|上年|账务|转贷|下级"
)
_YEAR_END = 12


@dataclass(frozen=True)
class Item:
    """One row: its sheet row from 0, name without numbering, label as printed, code, side."""

    row: int
    name: str
    label: str
    code: str | None
    side: str
    total: str | None  # T: total of the side, S: subtotal


@dataclass(frozen=True)
class Emission:
    """One fiscal year and stage that a table speaks of, and the columns that give its figures."""

    year: int
    stage: Stage
    columns: dict[str, int]


def read(block: Block, form: Form, context: TableContext, money: Money) -> list[Records]:
    """Return the rows of the form's table and of the balance table."""
    figures = figure_columns(block)
    spoken = emissions(block, form, context, figures)
    sheet = block.grid.sheet
    own = {table: Records(table, sheet, form.id) for table in targets(form)}
    other = Records(BALANCE, sheet, form.id)
    outside: list[Item] = []
    for item in items_of(block, form, context):
        table = _target(item, form)
        if table is not None:
            for emission in spoken:
                _add(own[table], block, form, context, item, emission, money)
        else:
            outside.append(item)
    if form.balance and sum(item.total is None for item in outside) >= 1:
        for item in outside:
            _add_balance(other, block, form, context, item, figures, money)
    return [
        *(records for records in own.values() if records.rows),
        *([other] if other.rows else []),
    ]


def targets(form: Form) -> dict[str, str]:
    """Return table → pattern of the codes that belong to it."""
    return form.targets or {str(form.table): form.main or ""}


def figure_columns(block: Block) -> dict[tuple[FigureKind, Figure], int]:
    """Return the figure columns by (kind, figure); of several the total (合计) or first counts."""
    found: dict[tuple[FigureKind, Figure], int] = {}
    totals: set[tuple[FigureKind, Figure]] = set()
    for column in block.columns:
        figure = figure_in(column.path) if column.levels else None
        if figure is None or column.index == block.item or column.index in block.codes:
            continue
        key = (figure.kind, figure)
        if key not in found or (re.search(r"合计|小计", column.leaf) and key not in totals):
            found[key] = column.index
        if re.search(r"合计|小计", column.leaf):
            totals.add(key)
    return found


def items_of(block: Block, form: Form, context: TableContext) -> Iterator[Item]:
    """Yield the rows that are accounts or totals, from top to bottom."""
    finders = _finders(block, form, context)
    ended = False
    above: list[tuple[str, int]] = []  # the form's own accounts that are open, with indentation
    side = form.side or _side_of(block)
    for row in range(block.start, block.end):
        shown = label(block.grid.at(row, block.item))
        text = block.grid.text(row, block.item)
        code = "".join(block.grid.text(row, column) for column in block.codes)
        code = re.sub(r"\D", "", code)
        embedded = _EMBEDDED.match(text)
        if embedded and not code:
            code, text = embedded.group(1), embedded.group(2)
            shown = re.sub(r"^\W*\d+\W*", "", shown)
        if not text or is_note(text):
            continue
        name = item_name(text)
        total = "T" if is_grand_total(name) else "S" if not code and is_subtotal(name) else None
        if code:
            side = "收入" if code.startswith("1") else "支出"
            finders[side].seen(code)
        elif total is None:
            side, looked_up = _looked_up(finders, side, text, form)
            code = looked_up or ""
            parent = next((one for one, depth in reversed(above) if depth < _depth(block, row)), "")
            if not code and parent:
                code = f"{parent}{UNCODED}{plain(name)}"
            elif not code and form.loose and not ended and not _BETWEEN_LEVELS.search(name):
                code = UNCODED + plain(name)
        elif re.search(r"收入", name) and not re.search(r"支出", name):
            side = "收入"
        elif re.search(r"支出", name):
            side = "支出"
        ended = ended or total is not None
        item = Item(row, name, _printed(shown), code or None, side, total)
        if _target(item, form) is None:
            above = []
        elif UNCODED not in code:
            above = [one for one in above if one[1] < _depth(block, row)]
            above.append((code, _depth(block, row)))
        yield item


def _depth(block: Block, row: int) -> int:
    return indent(block.grid.at(row, block.item))


def _printed(shown: str) -> str:
    return item_name(shown.strip()) or shown


def _finders(block: Block, form: Form, context: TableContext) -> dict[str, CodeFinder]:
    year = context.year
    spending = "gov_economic" if form.system == "gov_economic" else "functional"
    return {"收入": CodeFinder("revenue", year), "支出": CodeFinder(spending, year)}


def _looked_up(
    finders: dict[str, CodeFinder], side: str, text: str, form: Form
) -> tuple[str, str | None]:
    """Look a name up on the current side, then on the other one unless the form has one side."""
    code = finders[side].find(text)
    if code is None and form.side is None:
        other = "支出" if side == "收入" else "收入"
        code = finders[other].find(text)
        side = other if code else side
    return side, code


def _side_of(block: Block) -> str:
    """Return the side that item header, then title name; income when both stand there."""
    header = next(column.path for column in block.columns if column.index == block.item)
    for text in (header, block.title):
        income, spending = "收入" in text, "支出" in text
        if income != spending:
            return "收入" if income else "支出"
    return "收入"


def _target(item: Item, form: Form) -> str | None:
    if item.total is not None or item.code is None:
        return None
    return next((t for t, main in targets(form).items() if re.match(main, item.code)), None)


def emissions(
    block: Block,
    form: Form,
    context: TableContext,
    figures: dict[tuple[FigureKind, Figure], int],
) -> list[Emission]:
    """Return what the table speaks of: execution of its year, or the draft of its year, or both."""
    by_year: dict[int, dict[FigureKind, int]] = {}
    for (kind, figure), column in figures.items():
        by_year.setdefault(figure.of(context.year), {}).setdefault(kind, column)
    found: list[Emission] = []
    last = max(by_year, default=context.year)
    for year in sorted(by_year):
        kinds = by_year[year]
        done: FigureKind | None = "exec" if "exec" in kinds else None
        done = "final" if done is None and "final" in kinds else done
        earlier = by_year.get(year - 1, {})
        past = earlier.get("exec", earlier.get("final"))
        past = earlier.get("final", past)
        both = (
            year == last - 1
            and "执行" in block.title
            and not {"exec", "final"} & set(by_year[last])
        )
        if done and (year == last or both):
            stage = of_figure(done, year, context.year, block.title)
            columns = {
                "budget_amt": kinds.get("budget"),
                "adj_amt": kinds.get("adjusted"),
                "ytd_amt": kinds[done],
                "ly_ytd": past,
            }
        elif year == last and ("budget" in kinds or "adjusted" in kinds):
            stage = DRAFT
            columns = {
                "budget_amt": kinds.get("budget"),
                "adj_amt": kinds.get("adjusted"),
                "ly_ytd": past,
            }
        else:
            continue
        named = {name: column for name, column in columns.items() if column is not None}
        found.append(Emission(year, stage, _renamed(named, block, form)))
    return found


def _renamed(columns: dict[str, int], block: Block, form: Form) -> dict[str, int]:
    """Apply the form's own columns: `figures` maps a column to header patterns or other figures."""
    if not form.figures:
        return columns
    result: dict[str, int] = {}
    for name, sources in form.figures.items():
        for source in sources:
            if source in columns:
                result[name] = columns[source]
            else:
                for column in block.columns:
                    if re.search(source, column.path) and column.index != block.item:
                        result.setdefault(name, column.index)
    return result


def _add(
    records: Records,
    block: Block,
    form: Form,
    context: TableContext,
    item: Item,
    emission: Emission,
    money: Money,
) -> None:
    reasons: list[str] = []
    values: dict[str, Any] = {
        "fiscal_year": emission.year,
        "month": _YEAR_END,
        "mof_div_code": context.place.code,
        "scope_kind": context.scope,
        "stage": emission.stage.stage,
        "data_status": emission.stage.data_status,
        "item_name": item.label,
        "side": item.side,
        **(form.constants if records.table != "FIN-02" else {"level_flag": "本级支出"}),
    }
    key = next(
        name
        for name in ("rev_code", "exp_func_code", "gov_bgt_eco_code", "code")
        if _has(records.table, name)
    )
    values[key] = item.code
    for name, column in emission.columns.items():
        what = _column_label(block, column)
        values[name] = money.read(block.grid.at(item.row, column), what, item.row + 1, reasons)
    records.add(values, block.grid.first_row + item.row + 1, reasons)


def _add_balance(
    records: Records,
    block: Block,
    form: Form,
    context: TableContext,
    item: Item,
    figures: dict[tuple[FigureKind, Figure], int],
    money: Money,
) -> None:
    """One balance record a figure; the budget of a year without execution is the draft."""
    done = {figure.of(context.year) for kind, figure in figures if kind in ("exec", "final")}
    last = max(figure.of(context.year) for _, figure in figures)
    for (kind, figure), column in figures.items():
        year = figure.of(context.year)
        stage = of_figure(kind, year, context.year, block.title)
        if kind == "budget" and year == last and year not in done:
            stage = DRAFT
        reasons: list[str] = []
        what = _column_label(block, column)
        amount = money.read(block.grid.at(item.row, column), what, item.row + 1, reasons)
        values = {
            "fiscal_year": year,
            "mof_div_code": context.place.code,
            "scope_kind": context.scope,
            "book": form.book,
            "stage": stage.stage,
            "data_status": stage.data_status,
            "side": item.side,
            "code": item.total or item.code or UNCODED + plain(item.name),
            "item_name": item.label,
            "amt": amount,
        }
        if amount is not None or reasons:
            records.add(values, block.grid.first_row + item.row + 1, reasons)


def _has(table: str, column: str) -> bool:
    from budget_watch.tables import contract

    return column in contract(table).names


def _column_label(block: Block, index: int) -> str:
    return next(column.leaf for column in block.columns if column.index == index)
