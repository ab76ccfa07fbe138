"""Tables: real `<table>` elements, so that they read aloud, select, print and fold on a phone.

Cells arrive as text made by the formatter. On a screen narrower than 768 px each row
becomes a list of label–number pairs (CSS, class ``listed``); columns marked `minor`
are left out there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from budget_watch.views import formats as fmt
from dashboard import elements as html
from dashboard.address import Address
from dashboard.parts import Node, attrs, link


@dataclass(frozen=True)
class Column:
    """One column.

    Attributes:
        key: name of the sort setting; empty = cannot be sorted by.
        number: right-aligned, never wrapped.
        minor: not shown on a phone.
        long: running text; on a phone it takes the whole width, without its label.
    """

    title: str
    key: str = ""
    number: bool = False
    minor: bool = False
    width: str = ""
    hint: str = ""
    long: bool = False


@dataclass(frozen=True)
class Listed:
    """What a table was made from; it stays at the table for whoever takes the page away."""

    caption: str
    columns: Sequence[Column]
    lines: Sequence[Line]


@dataclass(frozen=True)
class Line:
    """One row: its cells, and what kind of row it is (``total``, ``gap``, ``rest`` or plain).

    A row of kind ``heading`` heads the rows below it: one cell over all columns.
    """

    cells: Sequence[Node]
    kind: str = ""
    depth: int = 0


def table(
    caption: str,
    columns: Sequence[Column],
    lines: Sequence[Line],
    *,
    at: Address | None = None,
    sort: str = "",
    wide: bool = True,
    folding: str = "",
) -> html.Div:
    """A table with its caption; headers sort through the address when `at` is given.

    Args:
        folding: what a heading's rows say. On a phone they are folded behind this word, except
            name and first figure of the rows of kind ``open``; wider screens and paper show all.
    """
    groups = _groups(lines) if folding else [list(lines)]
    made: Any = html.Div(
        html.Table(
            [
                html.Caption(caption, className="sr"),
                html.Thead(html.Tr([_head(column, at, sort) for column in columns])),
                *(html.Tbody(_rows(columns, group, folding)) for group in groups),
            ],
            className="listed folding" if folding else "listed",
        ),
        className="scroll" if wide else "",
        role="region",
        tabIndex="0" if wide else None,
        **attrs({"aria-label": caption}),
    )
    made.listed = Listed(caption, columns, lines)
    return made  # type: ignore[no-any-return]


def _groups(lines: Sequence[Line]) -> list[list[Line]]:
    """The rows from each heading to the next."""
    groups: list[list[Line]] = []
    for line in lines:
        if not groups or line.kind.startswith("heading"):
            groups.append([])
        groups[-1].append(line)
    return groups


def _rows(columns: Sequence[Column], lines: Sequence[Line], folding: str) -> list[html.Tr]:
    made = [_row(columns, line) for line in lines]
    below = sum(not line.kind.startswith("heading") for line in lines)
    if folding and below and below < len(lines):
        fold = html.Details(html.Summary(f"{folding}（{below}条）"), className="row-fold")
        head = made[0].children
        head.children = [head.children, fold]
    return made


def unit_of(lines: Sequence[Line]) -> str:
    """“单位：万元” of the amounts in a table; empty where a cell holds none by itself."""
    found = (cell for line in lines for cell in line.cells if isinstance(cell, fmt.Money))
    first = next(found, None)
    return f"单位：{fmt.UNIT_TITLES[first.unit]}" if first is not None else ""


def _head(column: Column, at: Address | None, sort: str) -> html.Th:
    classes = " ".join(name for name, on in (("n", column.number), ("minor", column.minor)) if on)
    extra: dict[str, Any] = {"className": classes} if classes else {}
    if column.width:
        extra["style"] = {"width": column.width}
    if column.hint:
        extra["title"] = column.hint
    if at is None or not column.key:
        return html.Th(column.title, scope="col", **extra)
    down, up = sort == f"-{column.key}", sort == column.key
    mark = " ▼" if down else " ▲" if up else ""
    extra["aria-sort"] = "descending" if down else "ascending" if up else "none"
    wanted = column.key if down else f"-{column.key}"
    return html.Th(
        link(column.title + mark, at.with_query(sort=wanted, after=None), replace=True),
        scope="col",
        **extra,
    )


def _row(columns: Sequence[Column], line: Line) -> html.Tr:
    if line.kind.startswith("heading"):
        return html.Tr(
            html.Th(line.cells[0], colSpan=str(len(columns)), scope="colgroup"), className=line.kind
        )
    cells: list[Node] = []
    for at, (column, cell) in enumerate(zip(columns, line.cells, strict=True)):
        classes = " ".join(
            name
            for name, on in (("name", at == 0), ("n", column.number), ("minor", column.minor))
            if on
        )
        if isinstance(cell, str) and len(cell) <= 12:  # a day, a word: never broken in two
            classes = f"{classes} s".strip()
        if cell == fmt.NOT_APPLICABLE:
            classes = f"{classes} na".strip()
        if column.long:
            classes = f"{classes} long".strip()
        if at == 0 and column.width.endswith("px"):
            classes = classes.replace("name", "slim")
        if at == 0:
            inside = html.Div(cell, className=f"line indent-{line.depth}" if line.depth else "line")
            cells.append(html.Th(inside, scope="row", className=classes))
        else:
            label = html.Span(
                column.title, className="cell-label", **attrs({"aria-hidden": "true"})
            )
            cells.append(html.Td([label, html.Span(cell)], className=classes or None))
    return html.Tr(cells, className=line.kind or None)
