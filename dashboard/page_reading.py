"""Reads a rendered page as plain data: its key figures, tables, charts, and what it says instead.

Every page is built of the same parts (`dashboard.parts`, `dashboard.table`, `dashboard.chart`),
so one reader serves all of them, also those still to come. It reads what the page shows and
nothing behind it: what is masked or left out there is masked or left out here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from dash.development.base_component import Component

from budget_watch.digest.page_book import Cell, KeyFigure, Plot, Row, Sheet, Title
from budget_watch.views.formats import Money
from dashboard.plot_reading import plot_of
from dashboard.table import unit_of

_SILENT = frozenset(
    {"sr", "cell-label", "bullet", "pick", "pop", "menu", "no-fold", "limit-bar", "step-form"}
)
_SILENT_KINDS = frozenset({"Button", "Input", "Form", "Nav"})
_LINES = frozenset({"Div", "P", "Li", "Dt", "Dd", "Tr", "H3", "Br", "Summary"})
_SPACES = re.compile(r"[ \u00a0]+")
_APART = frozenset({"code", "note", "tag"})
NEXT, ALL = "下一页", "显示全部"  # how links to the rest of a list are worded


@dataclass
class Block:
    """What stands around the tables of one block."""

    title: str = ""
    sub: str = ""
    unit: str = ""
    source: str = ""
    terms: tuple[tuple[str, str], ...] = ()


@dataclass
class Reading:
    """What a page shows.

    Attributes:
        more: the table that goes on, and the address where.
        whole: the address that shows its shortened lists whole.
        total: how many rows its long list has, where it says so.
        rest: whether a table sums rows that it does not list.
        cells: whether the tables' cells are read, or only what tables there are.
    """

    figures: list[KeyFigure] = field(default_factory=list)
    sheets: list[Sheet] = field(default_factory=list)
    told: list[tuple[str, str]] = field(default_factory=list)
    more: tuple[str, str] | None = None
    whole: str | None = None
    total: int | None = None
    rest: bool = False
    cells: bool = True

    @property
    def plots(self) -> list[Plot]:
        """The page's charts, in order."""
        return [sheet.plot for sheet in self.sheets if sheet.plot is not None]


def read(body: Any, *, cells: bool = True) -> Reading:
    """The figures, tables and charts of a page's body, in its order."""
    found = Reading(cells=cells)
    _visit(body, Block(), found, None)
    return found


def words(node: Any) -> str:
    """What a part says: without what only helpers see, a line for each of its lines."""
    lines = (_SPACES.sub(" ", line).strip() for line in _said(node).split("\n"))
    return "\n".join(line for line in lines if line)


def _visit(node: Any, around: Block, found: Reading, drawn: tuple[str, str, Any] | None) -> None:
    if isinstance(node, list | tuple):
        for part in node:
            _visit(part, around, found, drawn)
        return
    if not isinstance(node, Component) or _silent(node):
        if isinstance(node, Component) and type(node).__name__ == "Nav":
            _ways(node, found)
        return
    names = _classes(node)
    if "pager" in names:
        _ways(node, found)
    elif hasattr(node, "listed"):
        _table(node.listed, around, found, drawn)
    elif "figure" in names:
        found.figures.append(_figure(node, around))
    elif names & {"insufficient", "empty"}:
        found.told.append((around.title, words(node).replace("\n", " ")))
    elif type(node).__name__ == "Dl" and "facts" in names:
        _facts(node, around, found)
    elif "block" in names and type(node).__name__ == "Section":
        _visit(node.children[1:], _block(node), found, None)
    elif type(node).__name__ == "Figure":
        _visit(node.children, around, found, _drawn(node) or drawn)
    else:
        _visit(getattr(node, "children", None), around, found, drawn)


def _block(section: Any) -> Block:
    head, *rest = section.children
    made = Block()
    for part in _parts(head):
        names = _classes(part)
        if type(part).__name__ == "H2":
            made.title = words(part).replace("\n", " ")
        elif "sub" in names:
            made.sub = words(part)
        elif "unit" in names:
            made.unit = words(part)
    foot = next((part for part in rest if type(part).__name__ == "Footer"), None)
    if foot is not None:
        said = (words(part) for part in _parts(foot))
        made.source = " · ".join(each for each in said if each)
        made.terms = _terms(foot)
    return made


def _table(listed: Any, around: Block, found: Reading, drawn: tuple[str, str, Any] | None) -> None:
    columns = tuple(Title(words(column.title), column.number) for column in listed.columns)
    rows = tuple(
        Row(_filled(tuple(cell_of(cell) for cell in line.cells), columns), line.kind, line.depth)
        for line in (listed.lines if found.cells else ())
    )
    plot, sub = None, around.sub
    if drawn is not None:
        plot, sub = plot_of(*drawn), drawn[1]
    for line in listed.lines:
        _ways(line.cells[0], found)
    found.rest = found.rest or any(line.kind == "rest" for line in listed.lines)
    title = _unique(found, around.title or listed.caption, listed.caption)
    unit = around.unit or unit_of(listed.lines)
    found.sheets.append(Sheet(title, columns, rows, sub, unit, around.source, around.terms, plot))


def _filled(cells: tuple[Cell, ...], columns: Sequence[Title]) -> tuple[Cell, ...]:
    """The cells of a row; one cell that stands over all columns is followed by blank ones."""
    return (*cells, *(Cell("") for _ in columns[len(cells) :]))


def _unique(found: Reading, title: str, caption: str) -> str:
    used = {sheet.title for sheet in found.sheets}
    if title in used and caption != title:
        title = f"{title}·{caption}"
    name, again = title, 2
    while name in used:
        name, again = f"{title}（{again}）", again + 1
    return name


def _facts(node: Any, around: Block, found: Reading) -> None:
    """A list of terms as a table of two columns."""
    rows: list[Row] = []
    name = ""
    for part in _deep(node):
        if type(part).__name__ == "Dt":
            name = words(part)
        elif type(part).__name__ == "Dd":
            rows.append(Row((Cell(name), cell_of(part))))
    title = _unique(found, around.title or "内容", "内容")
    columns = (Title("项目"), Title("内容"))
    found.sheets.append(
        Sheet(title, columns, tuple(rows), around.sub, around.unit, around.source, around.terms)
    )


def _figure(node: Any, around: Block) -> KeyFigure:
    label, number, notes = "", "", ""
    for part in _deep(node):
        names = _classes(part)
        if "figure-label" in names:
            label = words(part)
        elif names & {"figure-number", "missing"} and not number:
            number = words(part)
        elif "with" in names:
            notes = "；".join(words(note) for note in _parts(part))
    return KeyFigure(around.title, label, number, notes, _terms(node))


def _terms(node: Any) -> tuple[tuple[str, str], ...]:
    """The 口径 of a part: what stands in its card."""
    found: list[tuple[str, str]] = []
    name = ""
    card = next((part for part in _deep(node) if "defs" in _classes(part)), None)
    for part in _parts(card):
        if type(part).__name__ == "Dt":
            name = words(part)
        else:
            found.append((name, words(part)))
    return tuple(found)


def _drawn(figure: Any) -> tuple[str, str, Any] | None:
    """A chart's sentence, its subtitle and what is drawn."""
    graph = next((part for part in _deep(figure) if type(part).__name__ == "Graph"), None)
    if graph is None:
        return None
    title = next((words(p) for p in _deep(figure) if type(p).__name__ == "Strong"), "")
    sub = next((words(p) for p in _deep(figure) if "note" in _classes(p)), "")
    return title, sub, graph.figure


def _ways(node: Any, found: Reading) -> None:
    """Where a list goes on, and where it is shown whole."""
    for part in _deep(node):
        rows = getattr(part, "data-rows", None)
        if rows is not None:
            found.total = int(rows)
        if type(part).__name__ != "A":
            continue
        said = words(part)
        if said.startswith(NEXT) and found.sheets:
            found.more = (found.sheets[-1].title, part.href)
        elif ALL in said:
            found.whole = part.href


def cell_of(node: Any) -> Cell:
    """A cell's text, with the exact amount where an amount is all it says."""
    leaves = [leaf for leaf in _leaves(node) if leaf.strip()]
    if len(leaves) == 1 and isinstance(leaves[0], Money):
        return Cell(str(leaves[0]), leaves[0].fen, leaves[0].unit)
    return Cell(words(node))


def _said(node: Any) -> str:
    if node is None or (isinstance(node, Component) and _silent(node)):
        return ""
    if isinstance(node, list | tuple):
        return "".join(_said(part) for part in node)
    if not isinstance(node, Component):
        return str(node)
    inside = _said(getattr(node, "children", None))
    if type(node).__name__ in _LINES:
        return f"\n{inside}\n"
    return f" {inside} " if _classes(node) & _APART else inside


def _leaves(node: Any) -> Iterator[str]:
    if isinstance(node, list | tuple):
        for part in node:
            yield from _leaves(part)
    elif isinstance(node, Component):
        if not _silent(node):
            yield from _leaves(getattr(node, "children", None))
    elif node is not None:
        yield node if isinstance(node, str) else str(node)


def _deep(node: Any) -> Iterator[Any]:
    if isinstance(node, list | tuple):
        for part in node:
            yield from _deep(part)
    elif isinstance(node, Component):
        yield node
        yield from _deep(getattr(node, "children", None))


def _parts(node: Any) -> list[Any]:
    children = getattr(node, "children", None)
    if children is None:
        return []
    return [*children] if isinstance(children, list | tuple) else [children]


def _silent(node: Any) -> bool:
    return type(node).__name__ in _SILENT_KINDS or bool(_classes(node) & _SILENT)


def _classes(node: Any) -> set[str]:
    return set((getattr(node, "className", None) or "").split())
