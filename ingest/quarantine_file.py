"""The file in which quarantined rows leave the house to be corrected, and come back.

First column 隔离行, then 来源行, 工作表, 原因, then the table's columns by their Chinese titles, as
the gate binds them. Cells that a spreadsheet would take for a formula begin with an apostrophe.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from budget_watch.lake.quarantine import Bundle
from budget_watch.tables import Contract
from ingest.bind.contract_file import bind
from ingest.errors import Refused, Unreadable
from ingest.sources.grid import Cell
from ingest.sources.kind import kind_of
from ingest.sources.text import open_text, rows_of
from ingest.sources.workbook import sheets_of

LINE = "隔离行"
_BESIDE = {"src_row": "来源行", "sheet": "来源工作表", "reason": "隔离原因"}
_FORMULA = r"^[=+@\-\t\r]"
_FIGURE = r"^[-+]?[0-9.,，]+%?$"


def write_file(rows: pl.DataFrame, bundle: Bundle, contract: Contract, path: Path) -> None:
    """Write rows (as `quarantined` gives them) as CSV or workbook, by the path's ending.

    Raises:
        Refused: another ending.
    """
    present = [name for name in contract.names if name in rows.columns]
    missing = [name for name in contract.names if name not in rows.columns]
    titles = {name: contract.column(name).title for name in contract.names}
    frame = rows.select(
        pl.format("{}:{}", pl.lit(bundle.name), pl.col("line")).alias(LINE),
        *(pl.col(name).cast(pl.String).alias(title) for name, title in _BESIDE.items()),
        *(_safe(name).alias(titles[name]) for name in present),
        *(pl.lit(None, pl.String).alias(titles[name]) for name in missing),
    )
    match path.suffix.lower():
        case ".csv":
            frame.write_csv(path, include_bom=True)
        case ".xlsx":
            import xlsxwriter

            with xlsxwriter.Workbook(path, {"strings_to_formulas": False}) as book:
                frame.write_excel(book, worksheet=contract.code, autofit=True)
        case _:
            raise Refused(f"“{path.name}”：只能导出为 .csv 或 .xlsx。")


def read_file(path: Path, bundle: Bundle, contract: Contract) -> pl.DataFrame:
    """Read a corrected file: `隔离行` (line in the bundle) and the contract's columns as text.

    Raises:
        Refused: no such file of this bundle, or a line stands twice.
        Unreadable: it cannot be read.
    """
    if not path.exists():
        raise Unreadable(f"找不到“{path.name}”；请核对路径。")
    rows = _cells(path)
    binding = bind(rows[:40], path.name, contract)
    head = [str(cell or "").strip() for cell in rows[binding.header]]
    if LINE not in head:
        raise Refused(
            f"“{path.name}”没有“{LINE}”一列；请用 budget-watch quarantine export 导出的文件更正。"
        )
    at = head.index(LINE)
    body = [row for row in rows[binding.start :] if any(str(cell or "").strip() for cell in row)]
    lines = [_line(row[at] if at < len(row) else None, bundle, path.name) for row in body]
    twice = sorted({line for line in lines if lines.count(line) > 1}) if len(lines) < 5_000 else []
    if twice or len(set(lines)) != len(lines):
        which = f" {bundle.name}:{twice[0]} " if twice else ""
        raise Refused(f"“{path.name}”里同一隔离行{which}出现了两次；请删去一行。")
    columns = {
        name: [_text(row[position]) if position < len(row) else None for row in body]
        for name, position in binding.columns.items()
    }
    return pl.DataFrame({LINE: lines, **columns}, schema_overrides=_schema(columns))


def _schema(columns: dict[str, list[str | None]]) -> dict[str, pl.DataType]:
    return {LINE: pl.Int32(), **dict.fromkeys(columns, pl.String())}


def _cells(path: Path) -> list[list[Cell]]:
    kind = kind_of(path)
    if kind == "csv":
        text = open_text(path, path.parent)
        return [list(row) for row in rows_of(text)]
    if kind in ("xlsx", "xls"):
        for grid in sheets_of(path, kind, path.name):
            if any(LINE in [str(cell or "") for cell in row] for row in grid.rows[:5]):
                return [list(row) for row in grid.rows]
    raise Refused(f"“{path.name}”不是导出的 CSV 或 Excel 文件。")


def _line(cell: object, bundle: Bundle, name: str) -> int:
    text = str(cell or "").strip()
    number, _, line = text.partition(":")
    if number != bundle.name or not line.isdigit():
        raise Refused(f"“{name}”的隔离行“{text}”不属于 {bundle.name}；请用它导出的文件更正。")
    return int(line)


def _text(cell: object) -> str | None:
    if cell is None:
        return None
    text = str(cell).strip()
    if text.startswith("'") and len(text) > 1:
        text = text[1:]
    return text or None


def _safe(name: str) -> pl.Expr:
    """A cell that no spreadsheet takes for a formula; figures with a sign stay figures."""
    text = pl.col(name).cast(pl.String)
    risky = text.str.contains(_FORMULA) & ~text.str.contains(_FIGURE)
    return pl.when(risky).then(pl.lit("'") + text).otherwise(text)
