"""Reads tables whose rows are divisions: debt limits and balances, transfers by county.

A division is found by name among those under the division above it (indentation, then the book's
own division); a machine code in a hidden column (AD_CODE) is used where the marker row names it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from ingest.bind.context import TableContext
from ingest.bind.form import Form
from ingest.bind.layout import Block
from ingest.bind.places import Place, by_code, find
from ingest.bind.records import Money, Records
from ingest.bind.stages import EXPRESS, of_position
from ingest.bind.words import is_grand_total, is_note, item_name, years_in
from ingest.sources.grid import indent, label

_OWN_LEVEL = re.compile(r"本级$|^(?:市|省|区|县|州|盟)级$")
_YEAR_END = 12


@dataclass(frozen=True)
class Area:
    """One row's division and scope; `issue` says why it could not be found."""

    row: int
    name: str
    place: Place | None
    scope: str
    section: str


def read(block: Block, form: Form, context: TableContext, money: Money) -> list[Records]:
    """Return a record for each division and year, or for each division and path constants."""
    records = Records(str(form.table), block.grid.sheet, form.id)
    for area in areas_of(block, context):
        if form.table == "FIN-08":
            _transfers(records, block, form, context, area, money)
        else:
            _positions(records, block, form, context, area, money)
    return [records]


def areas_of(block: Block, context: TableContext) -> list[Area]:
    """Return the divisions of a table, from top to bottom."""
    codes = _machine_codes(block)
    rows = [
        row
        for row in range(block.start, block.end)
        if block.grid.text(row, block.item) and not is_note(block.grid.text(row, block.item))
    ]
    found: list[Area] = []
    parent: Place | None = context.place
    section = ""
    for position, row in enumerate(rows):
        text = block.grid.text(row, block.item)
        name = item_name(text)
        place = by_code(codes[row].ljust(6, "0")) if row in codes else None
        if place is None:
            place = _named(name, parent, context)
        if place is None and (text != name or is_grand_total(name) or name in ("合计", "小计")):
            section = text
            continue
        own = bool(_OWN_LEVEL.search(name))
        deeper = position + 1 < len(rows) and _depth(block, rows[position + 1]) > _depth(block, row)
        if place is not None and not own and (place.level != "县" or deeper):
            parent = place
        found.append(Area(row, label(block.grid.at(row, block.item)), place, "", section))
        scope = "本级" if own else "县区" if place and place.level == "县" else "全市"
        found[-1] = Area(row, found[-1].name, place, scope, section)
    return found


def _depth(block: Block, row: int) -> int:
    return indent(block.grid.at(row, block.item))


def _named(name: str, parent: Place | None, context: TableContext) -> Place | None:
    """Return the division of this name: own level, under the parent, under the book, anywhere."""
    if re.fullmatch(r"[市省区县州盟旗]?本级|[市省县区州盟旗]级", name):
        return parent
    bare = re.sub(r"(?:本级|合计|小计)$", "", name)
    prefixes = [_prefix(place) for place in (parent, context.place) if place is not None]
    province = context.place.code6[:2]
    for prefix in dict.fromkeys([*prefixes, province, ""]):
        place = find(bare, prefix, context.year)
        if place is not None:
            return place
    return None


def _prefix(place: Place) -> str:
    return place.code6[:2] if place.level == "省" else place.code6[:4]


def _machine_codes(block: Block) -> dict[int, str]:
    """Return row → code from a column that a hidden marker row calls AD_CODE#."""
    grid = block.grid
    for row in range(block.header[0]):
        for column, cell in enumerate(grid.rows[row]):
            if str(cell).strip() == "AD_CODE#":
                return {
                    at: text
                    for at in range(block.start, block.end)
                    if re.fullmatch(r"\d{2,6}", text := grid.text(at, column))
                }
    return {}


def _positions(
    records: Records,
    block: Block,
    form: Form,
    context: TableContext,
    area: Area,
    money: Money,
) -> None:
    """Add a record for each year that the paths name."""
    by_year: dict[int, dict[str, Any]] = {}
    expected: set[int] = set()
    reasons: list[str] = []
    for column in block.columns:
        path = next(
            (p for p in form.paths if column.levels and re.search(p.path, column.path)), None
        )
        if path is None or path.column is None or column.index == block.item:
            continue
        years = years_in(column.path)
        year = years[-1] if years else context.year
        amount = money.read(
            block.grid.at(area.row, column.index), column.leaf, area.row + 1, reasons
        )
        by_year.setdefault(year, {}).setdefault(path.column, amount)
        if re.search(r"预计|执行|快报", column.path):
            expected.add(year)
    if area.place is None:
        reasons.append(f"第{area.row + 1}行地区“{area.name}”找不到区划代码")
    for year, values in by_year.items():
        stage = EXPRESS if year in expected else of_position(year, context.year, block.title)
        identity = {
            "fiscal_year": year,
            "month": _YEAR_END,
            "mof_div_code": area.place.code if area.place else None,
            "scope_kind": area.scope,
            "stage": stage.stage,
            "data_status": stage.data_status,
            "region_name": area.name,
        }
        row = block.grid.first_row + area.row + 1
        records.add({**identity, **values, **form.constants}, row, reasons)


def _transfers(
    records: Records,
    block: Block,
    form: Form,
    context: TableContext,
    area: Area,
    money: Money,
) -> None:
    """Add a record for each kind of transfer to the division."""
    if area.place is not None and area.place.code == context.place.code:
        return  # the table's own total line
    advance = bool(re.search(r"提前下达", area.section))
    for column in block.columns:
        path = next(
            (p for p in form.paths if column.levels and re.search(p.path, column.path)), None
        )
        if path is None or column.index == block.item:
            continue
        reasons: list[str] = []
        amount = money.read(
            block.grid.at(area.row, column.index), column.leaf, area.row + 1, reasons
        )
        if amount is None and not reasons:
            continue
        if area.place is None:
            reasons.append(f"第{area.row + 1}行地区“{area.name}”找不到区划代码")
        values = {
            "doc_no": block.title,
            "pro_code": f"~{column.leaf}",
            "pro_name": column.leaf + ("（提前下达）" if advance else ""),
            "sub_mof_div_code": area.place.code if area.place else None,
            "mof_div_code": context.place.code,
            "fiscal_year": context.year,
            "is_advance": advance or None,
            "amt": amount,
            "data_status": "初步",
            **form.constants,
            **path.constants,
        }
        records.add(values, block.grid.first_row + area.row + 1, reasons)
