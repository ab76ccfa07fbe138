"""Binds files that are shaped like a contract: columns by name or by Chinese title.

Says which table it is, which columns are missing, written twice or unknown, and refuses a file
whose header or title names another unit of money than the contract declares.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from budget_watch.tables import TECHNICAL, Contract, contracts
from ingest.bind.words import unit_in
from ingest.errors import Refused, Unrecognised
from ingest.sources.grid import Cell, label, squeeze

_UNIT_TAIL = re.compile(r"[((](?:亿元|百万元|万元|千元|元|%|平方米|人|户|个|㎡)[))]$")
_SEARCH = 12
# Technical columns that a delivery may bring itself; the others are the gate's and are passed over.
_DELIVERABLE = frozenset({"data_status", "src_dept", "secret_flag", "round_fen"})


@dataclass(frozen=True)
class Binding:
    """A header bound to a contract.

    columns   contract column → position in the file
    header    row of the header, counted from 0
    start     first row of data: a template's column names below its titles are passed over
    unknown   headers that the contract does not have (they are not loaded)
    """

    contract: Contract
    header: int
    start: int
    columns: dict[str, int]
    unknown: tuple[str, ...] = ()
    titles: tuple[str, ...] = field(default=())  # texts above the header


def bind(rows: Sequence[Sequence[Cell]], name: str, table: Contract | None = None) -> Binding:
    """Bind the first rows of a file. `name` is the file's (and sheet's) name, for messages.

    Raises Unrecognised when no contract fits, Refused when one fits but columns are missing, stand
    twice, or are in another unit.
    """
    found = _best(rows, name, table)
    if found is None:
        raise Unrecognised(_why_none(rows, name, table))
    header, contract = found
    cells = [squeeze(cell) for cell in rows[header]]
    titles = tuple(squeeze(cell) for row in rows[:header] for cell in row if squeeze(cell))
    index = _index(contract)
    columns: dict[str, int] = {}
    unknown: list[str] = []
    twice: list[str] = []
    for position, cell in enumerate(cells):
        target = index.get(_plain(cell)) or index.get(cell.lower())
        if target is None:
            if cell and cell.lower() not in TECHNICAL:
                unknown.append(cell)
        elif target in columns:
            twice.append(cell)
        else:
            columns[target] = position
    _check_columns(contract, columns, unknown, twice, name)
    _check_units(contract, cells, titles, index, name)
    names_again = header + 1 < len(rows) and _says_the_same(rows[header + 1], columns, index)
    start = header + (2 if names_again else 1)
    return Binding(contract, header, start, columns, tuple(unknown), titles)


def bind_names(contract: Contract, names: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """Bind column names of a database: contract column → name there, and the names unknown to it.

    Of two names for one column the first that says it literally counts.
    """
    index = _index(contract)
    bound: dict[str, str] = {}
    unknown: list[str] = []
    for name in sorted(names, key=lambda one: one.lower() not in contract.names):
        plain = squeeze(name)
        target = index.get(_plain(plain)) or index.get(plain.lower())
        if target is None:
            unknown.append(name)
        else:
            bound.setdefault(target, name)
    return bound, unknown


def _says_the_same(row: Sequence[Cell], columns: dict[str, int], index: dict[str, str]) -> bool:
    """Tell whether a row repeats the header in other words, as the templates' row of names does."""
    at = {position: column for column, position in columns.items()}
    filled = {place: text for place, cell in enumerate(row) if (text := squeeze(cell))}
    return len(filled) > 1 and all(
        place in at and index.get(_plain(text)) == at[place] for place, text in filled.items()
    )


def fits(rows: Sequence[Sequence[Cell]]) -> bool:
    """Tell whether some row near the top is the header of a contract."""
    return _best(rows, "", None) is not None


def _index(contract: Contract) -> dict[str, str]:
    """Return header text → column (or delivered id column, or a technical one)."""
    index: dict[str, str] = {}
    for column in contract.columns:
        target = column.delivered_as or column.name
        for text in (column.name, column.title, column.delivered_as or column.name):
            index[_plain(squeeze(text))] = target if text != column.name else column.name
    for name in _DELIVERABLE:
        index[name] = name
    return index


def _plain(text: str) -> str:
    return _UNIT_TAIL.sub("", text).lower().lstrip("*")


def _best(
    rows: Sequence[Sequence[Cell]], name: str, table: Contract | None
) -> tuple[int, Contract] | None:
    """Return header row and contract with the most columns in common, if they are enough."""
    best: tuple[tuple[float, ...], int, Contract] | None = None
    for position, row in enumerate(rows[:_SEARCH]):
        cells = [squeeze(cell) for cell in row]
        filled = {_plain(cell) for cell in cells if cell} - set(TECHNICAL)
        if len(filled) < 2:
            continue
        above = "/".join(squeeze(cell) for other in rows[:position] for cell in other).lower()
        for contract in [table] if table else contracts().values():
            index = _index(contract)
            known = {index[cell] for cell in filled if cell in index}
            required = {c.delivered_as or c.name for c in contract.columns if c.required}
            share = len(known) / len(filled)
            have = len(known & required) / max(1, len(required))
            enough = len(known) >= 2 and (share >= 0.6 or have >= 0.8) and have >= 0.5
            if not enough and not (table and len(known) >= 2):
                continue
            code = contract.code.lower()
            named = code in name.lower() or contract.title in name or f"({code})" in above
            score = (float(named), have, share, len(known), -len(contract.columns), -position)
            if best is None or score > best[0]:
                best = (score, position, contract)
    if best is None:
        return None
    _refuse_ambiguous(best, rows, name, table)
    return best[1], best[2]


def _refuse_ambiguous(
    best: tuple[tuple[float, ...], int, Contract],
    rows: Sequence[Sequence[Cell]],
    name: str,
    table: Contract | None,
) -> None:
    """Two tables with the very same columns (FIN-04, FIN-05): only the file's name can tell."""
    if table or best[0][0]:
        return
    filled = {_plain(squeeze(cell)) for cell in rows[best[1]] if squeeze(cell)}
    equal = [
        contract
        for contract in contracts().values()
        if {_plain(squeeze(c.name)) for c in contract.columns} >= filled - set(TECHNICAL)
        or {_plain(squeeze(c.title)) for c in contract.columns} >= filled - set(TECHNICAL)
    ]
    required_only = [c for c in equal if _required(c) <= _targets(c, filled)]
    if len(required_only) > 1 and name:
        listed = "、".join(f"{c.code}（{c.title}）" for c in required_only[:4])
        raise Refused(
            f"“{name}”的列与 {listed} 都相符，分不清是哪一张；请用 --table 指明，"
            "或把报表代码写进文件名。"
        )


def _required(contract: Contract) -> set[str]:
    return {column.delivered_as or column.name for column in contract.columns if column.required}


def _targets(contract: Contract, filled: set[str]) -> set[str]:
    index = _index(contract)
    return {index[cell] for cell in filled if cell in index}


def _check_columns(
    contract: Contract,
    columns: dict[str, int],
    unknown: list[str],
    twice: list[str],
    name: str,
) -> None:
    shown = f"{contract.code}（{contract.title}）"
    if twice:
        raise Refused(
            f"“{name}”（{shown}）的列“{'、'.join(dict.fromkeys(twice))}”出现了两次，"
            "分不清以哪一列为准；请删去一列后重新送达，本文件未入库。",
            contract.code,
        )
    missing = [
        column.title
        for column in contract.columns
        if column.required and not {column.name, column.delivered_as} & set(columns)
    ]
    if missing:
        other = f"；文件中有未知的列“{'、'.join(unknown[:5])}”，是否改了列名" if unknown else ""
        raise Refused(
            f"“{name}”（{shown}）缺少必填列“{'、'.join(missing[:8])}”{other}；"
            "请补齐后重新送达，本文件未入库。",
            contract.code,
        )


def _check_units(
    contract: Contract,
    cells: list[str],
    titles: tuple[str, ...],
    index: dict[str, str],
    name: str,
) -> None:
    """Refuse a file that says 万元 where the contract declares 元 (or the other way round)."""
    declared = {column.name: column.unit for column in contract.money_columns}
    stated = next((unit for text in titles if (unit := unit_in(text))), None)
    if len(set(declared.values())) > 1:
        stated = None  # “单位：元、万元” speaks of no single column
    for cell in cells:
        target = index.get(_plain(cell))
        unit = unit_in(cell) or (stated if target in declared else None)
        if target in declared and unit and unit != declared[target]:
            raise Refused(
                f"“{name}”的“{_UNIT_TAIL.sub('', cell)}”写的单位是{unit}，"
                f"而 {contract.code}（{contract.title}）约定为{declared[target]}；"
                f"请改按{declared[target]}填报后重新送达，本文件未入库。",
                contract.code,
            )


def _why_none(rows: Sequence[Sequence[Cell]], name: str, table: Contract | None) -> str:
    """Say what is wrong with the header, or that no table has such columns."""
    header = next((row for row in rows if any(squeeze(cell) for cell in row)), [])
    cells = [squeeze(cell) for cell in header]
    while cells and not cells[-1]:
        cells.pop()
    problems: list[str] = []
    blank = [str(position + 1) for position, cell in enumerate(cells) if not cell]
    if blank:
        problems.append(f"第{'、'.join(blank[:5])}列没有列名")
    twice = [cell for cell, count in Counter(cells).items() if cell and count > 1]
    if twice:
        problems.append(f"列名“{'、'.join(twice[:5])}”重复")
    width = len(cells)
    ragged = [
        position + 1
        for position, row in enumerate(rows)
        if any(squeeze(cell) for cell in row) and len(row) > max(width, 1)
    ]
    if ragged and blank + twice:
        problems.append(f"第{ragged[0]}行的格数多于表头")
    shown = "、".join(text for cell in header if (text := label(cell)))[:60]
    what = f"，而且{'，'.join(problems)}" if problems else ""
    if table is not None:
        return (
            f"“{name}”的表头“{shown}”与指定的 {table.code}（{table.title}）不相符{what}；"
            f"请按 budget-watch tables template {table.code} 给出的模板填写。"
        )
    return (
        f"“{name}”的表头“{shown}”不是任何一张报表或已知表样{what}；请核对文件，"
        "或用 --table 指明报表、按模板改列名。"
    )
