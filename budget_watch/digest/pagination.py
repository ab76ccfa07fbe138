"""Reckons on which page each heading of the Word report will stand, for the table of contents.

Word brings the numbers up to date when the file is opened; other programs show what is written
here. Every style has an exact line height, so lines can be counted: a Chinese character is as wide
as its size, a Latin one half of it, and an eighth of it is put between the two.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from budget_watch.digest.document import Block, Chart, Document, Note, Paragraph, Run, Table
from budget_watch.digest.word_table import KEPT

PAGE = 225 * 72 / 25.4  # height of the text area, points
WIDE = 156 * 72 / 25.4
BODY, LINE = 16.0, 28.0
SMALL, SMALL_LINE = 10.5, 16.0
CELL_LINE, CELL_PAD = 15.0, 3.0
MM = 72 / 25.4


@dataclass
class _Piece:
    """Something set: its height, whether it may be split by lines, whether the next must follow."""

    height: float
    line: float = 0.0
    keep: bool = False


def pages(document: Document, first: int) -> list[int]:
    """Page of each section's heading; the text begins at the top of page `first`."""
    found: list[int] = []
    page, used = first, 0.0
    chain: list[_Piece] = []
    marks: list[int] = []  # headings waiting in the chain
    for mark, piece in _pieces(document):
        if mark:
            marks.append(len(chain))
        chain.append(piece)
        if piece.keep:
            continue
        height = sum(p.height for p in chain)
        last = chain[-1]
        if used + height > PAGE:
            room = PAGE - used - sum(p.height for p in chain[:-1])
            lines = int(room // last.line) if last.line else 0
            if lines >= 2 and last.height - lines * last.line >= 2 * last.line:
                found += [page] * len(marks)
                rest = last.height - lines * last.line
                page, used = page + 1, rest
                while used > PAGE:
                    page, used = page + 1, used - PAGE
                chain, marks = [], []
                continue
            page, used = page + 1, 0.0
        found += [page] * len(marks)
        used += height
        chain, marks = [], []
    return found


def text_lines(text: str, size: float, wide: float = WIDE, indent: float = 0.0) -> int:
    """How many lines a text takes."""
    x, count, before = indent * size, 1, None
    for character in text:
        chinese = ord(character) >= 0x2E80 or character in "—“”‘’…·"
        step = size * (1.0 if chinese else 0.5)
        if before is not None and before != chinese and character not in "，。；：、（）％%":
            step += size * 0.12  # half of it: none is put where a locked figure begins
        if x + step > wide and character not in "，。；：、）":
            x, count = 0.0, count + 1
        x += step
        before = chinese
    return count


def _pieces(document: Document) -> Iterator[tuple[bool, _Piece]]:
    for section in document.sections:
        yield (
            True,
            _Piece(
                LINE + (6 if section.level == 1 else 0),
                keep=bool(section.blocks) or section.level == 1,
            ),
        )
        for block in section.blocks:
            for piece in _block(block):
                yield False, piece


def _block(block: Block) -> Iterator[_Piece]:
    if isinstance(block, Paragraph):
        lines = text_lines(block.text, BODY, indent=2)
        yield _Piece(lines * LINE, LINE)
    elif isinstance(block, Note):
        yield _Piece(text_lines(block.text, SMALL) * SMALL_LINE, SMALL_LINE)
    elif isinstance(block, Table):
        yield from _table(block)
    else:
        yield from _chart(block)


def _chart(chart: Chart) -> Iterator[_Piece]:
    high = WIDE * chart.drawing.height / chart.drawing.width
    yield _Piece(high + 3 * MM + 4, keep=True)
    yield _Piece(28, keep=True)
    yield _Piece(_source(chart.source), SMALL_LINE)


def _table(table: Table) -> Iterator[_Piece]:
    yield _Piece(28, keep=True)
    if table.unit:
        yield _Piece(SMALL_LINE, keep=True)
    whole = sum(column.wide for column in table.columns)
    widths = [WIDE * column.wide / whole - 5 for column in table.columns]
    yield _Piece(_row([c.head for c in table.columns], widths), keep=True)
    for at, row in enumerate(table.rows):
        kept = len(table.rows) <= KEPT or at == len(table.rows) - 1
        yield _Piece(_row([_text(run) for run in row], widths), keep=kept)
    yield _Piece(_source(table.source), SMALL_LINE)


def _row(cells: list[str], widths: list[float]) -> float:
    lines = max(text_lines(cell, SMALL, wide) for cell, wide in zip(cells, widths, strict=True))
    return lines * CELL_LINE + CELL_PAD


def _source(text: str) -> float:
    return text_lines(text, SMALL) * SMALL_LINE + 3 * MM


def _text(run: Run) -> str:
    return run if isinstance(run, str) else run.text
