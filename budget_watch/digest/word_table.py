"""Native tables of a Word report: fixed widths, repeated head, hairlines, totals in bold."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Pt

from budget_watch.digest.document import Column, Run
from budget_watch.digest.table_widths import fitted

CELL, PAD = 10.5, 12.0  # type of a cell, what Word leaves on both sides of it, in points
KEPT = 16  # tables of up to so many rows stay on one page
Fill = Callable[[Any, Run], None]


def table(
    document: Any,
    columns: Sequence[Column],
    rows: Sequence[Sequence[Run]],
    width_mm: float,
    style: str,
    strong: frozenset[int],
    fill: Fill,
) -> Any:
    """Append a table and return it; `fill` writes one run into a paragraph."""
    made = document.add_table(rows=1 + len(rows), cols=len(columns))
    made.alignment = WD_TABLE_ALIGNMENT.CENTER
    made.autofit = False
    _edges(made)
    widths = [Pt(wide) for wide in _widths(columns, rows, width_mm * 72 / 25.4, style)]
    for column, wide in zip(made.columns, widths, strict=True):
        column.width = wide
    _fill_row(made.rows[0], [column.head for column in columns], columns, widths, style, fill)
    _head(made.rows[0])
    for at, row in enumerate(rows):
        line = made.rows[at + 1]
        _fill_row(line, row, columns, widths, style, fill)
        _keep(line, whole=len(rows) <= KEPT or at == len(rows) - 1)
        if at in strong:
            _bold(line)
    return made


def _widths(
    columns: Sequence[Column], rows: Sequence[Sequence[Run]], total: float, style: str
) -> list[float]:
    """In points; of the long lists in small type by their shares alone."""
    if style == "Cell":
        return fitted(columns, rows, total, CELL, PAD)
    whole = sum(column.wide for column in columns)
    return [total * column.wide / whole for column in columns]


def _fill_row(
    line: Any,
    row: Sequence[Run],
    columns: Sequence[Column],
    widths: Sequence[Any],
    style: str,
    fill: Fill,
) -> None:
    for cell, run, column, wide in zip(line.cells, row, columns, widths, strict=True):
        cell.width = wide
        paragraph = cell.paragraphs[0]
        paragraph._p.style = style  # by id: looking it up by name costs a millisecond a cell
        if column.numeric:
            paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT
        fill(paragraph, run)


def _head(line: Any) -> None:
    properties = line._tr.get_or_add_trPr()
    properties.append(OxmlElement("w:cantSplit"))
    properties.append(OxmlElement("w:tblHeader"))
    for cell in line.cells:
        shade = OxmlElement("w:shd")
        for name, value in (("val", "clear"), ("color", "auto"), ("fill", "EDF0F3")):
            shade.set(qn(f"w:{name}"), value)
        cell._tc.get_or_add_tcPr().append(shade)
        cell.paragraphs[0].paragraph_format.keep_with_next = True
    _bold(line)


def _keep(line: Any, whole: bool) -> None:
    """No page break inside the row; none after it where the table is small or ends (its source)."""
    line._tr.get_or_add_trPr().append(OxmlElement("w:cantSplit"))
    if whole:
        for cell in line.cells:
            cell.paragraphs[0].paragraph_format.keep_with_next = True


def _bold(line: Any) -> None:
    for cell in line.cells:
        for run in cell._tc.iter(qn("w:r")):
            run.get_or_add_rPr().append(OxmlElement("w:b"))


def _edges(made: Any) -> None:
    """Hairlines between rows, firm lines above and below, no vertical lines; narrow margins."""
    properties = made._tbl.tblPr
    edges = OxmlElement("w:tblBorders")
    for side, size, colour in (
        ("top", 8, "000000"),
        ("bottom", 8, "000000"),
        ("insideH", 4, "9AA3AD"),
    ):
        edge = OxmlElement(f"w:{side}")
        for name, value in (
            ("val", "single"),
            ("sz", str(size)),
            ("space", "0"),
            ("color", colour),
        ):
            edge.set(qn(f"w:{name}"), value)
        edges.append(edge)
    margins = OxmlElement("w:tblCellMar")
    for side, twips in (("top", 30), ("left", 50), ("bottom", 30), ("right", 50)):
        margin = OxmlElement(f"w:{side}")
        margin.set(qn("w:w"), str(twips))
        margin.set(qn("w:type"), "dxa")
        margins.append(margin)
    look = properties.find(qn("w:tblLook"))
    for element in (edges, margins):
        if look is not None:
            look.addprevious(element)
        else:
            properties.append(element)
    layout = properties.find(qn("w:tblLayout"))
    if layout is not None:  # CT_TblPr wants borders, layout, cell margins in this order
        edges.addnext(layout)
