"""A document as plain data for the typesetter: what `report.typ` reads, in its words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from budget_watch.digest import exempted
from budget_watch.digest.document import (
    Block,
    Column,
    Document,
    Note,
    Number,
    Paragraph,
    Run,
    Table,
)
from budget_watch.digest.ledger import anchor_text, ledger
from budget_watch.digest.svg import svg
from budget_watch.digest.table_widths import fitted
from budget_watch.digest.word import gap_line, gaps_line
from budget_watch.digest.word_page import title_size

FACE = "Noto Sans SC"
TEXT = 156 / 25.4 * 72  # width of the text area, points
SIZES = (16, 14, 12)  # of the body in points: 三号, and smaller where pages are counted
CELL, SMALL = 10.5, 7.5  # sizes of type in tables, points
PAD = 9.0  # between columns, points
_BREAKS = str.maketrans({mark: f"{mark}\u200b" for mark in "._,=/"})


def as_data(document: Document) -> dict[str, Any]:
    """Everything that is printed, in the order of the page."""
    book = ledger(document)
    number = {entry.key: entry.number for entry in book.entries}
    head = document.masthead
    return {
        "head": {
            "mark": head.mark,
            "title": head.title,
            "big": title_size(head.title, brief=document.pages is not None),
            "subtitle": head.subtitle,
            "issue": head.issue,
            "signed": head.signature.printed if head.signature else None,
            "issuer": head.issuer,
            "date": head.date,
            "facts": list(head.facts),
        },
        "day": [int(part) for part in document.frozen[:10].split("-")],
        "gap_count": len(document.gaps),
        "gaps": _gaps(document),
        "summary": _blocks(document.summary, number),
        "whole": document.pages is None,
        "size": SIZES[0],
        "sections": [
            {
                "title": section.title,
                "level": section.level,
                "blocks": _blocks(section.blocks, number),
            }
            for section in document.sections
        ],
        "definitions": list(document.definitions),
        "exemptions": _exemptions(document),
        "figures": {
            "note": f"数据快照 {document.snapshot}。每个数字对应一行；金额到分，"
            "比率列出分子和分母；查询在该快照上重新运行应得同一结果。"
            "点正文里的数字到这里的一行；整份清单另附在本文件内（figures.json）。",
            "anchor": _split(anchor_text(document)),
            "rows": [
                {
                    "number": e.number,
                    "name": f"{e.label}（{_split(e.key)}）",
                    "value": _split(e.value),
                    "scope": e.scope,
                    "formula": e.formula
                    + (f"［{'；'.join(_split(u.text) for u in e.queries)}］" if e.queries else ""),
                }
                for e in book.entries
            ],
            "queries": [_split(sql) for sql in book.queries],
        },
    }


def _gaps(document: Document) -> list[str]:
    if document.pages is not None:
        return [gaps_line(document.gaps)] if document.gaps else []
    return [gap_line(at, gap) for at, gap in enumerate(document.gaps, start=1)]


def _split(text: str) -> str:
    """Codes and queries may be broken after their marks, else a column would be overrun."""
    return text.translate(_BREAKS)


def _blocks(blocks: tuple[Block, ...], number: dict[str, int]) -> list[dict[str, Any]]:
    return [_block(block, number) for block in blocks]


def _block(block: Block, number: dict[str, int]) -> dict[str, Any]:
    if isinstance(block, Paragraph):
        return {"kind": "paragraph", "runs": [_run(run, number) for run in block.runs]}
    if isinstance(block, Note):
        return {"kind": "note", "runs": [_run(run, number) for run in block.runs]}
    if isinstance(block, Table):
        return {
            "kind": "table",
            "caption": block.caption,
            "unit": block.unit,
            "columns": _columns(block.columns, block.rows, CELL),
            "rows": [[[_run(run, number)] for run in row] for row in block.rows],
            "strong": sorted(block.strong),
            "source": block.source,
        }
    return {
        "kind": "chart",
        "caption": block.caption,
        "svg": svg(block.drawing, "", "t").replace("<svg ", f'<svg font-family="{FACE}" ', 1),
        "alt": block.alt,
        "source": block.source,
    }


def _run(run: Run, number: dict[str, int]) -> list[str | int]:
    return [run.text, number[run.key]] if isinstance(run, Number) else [run]


def _columns(
    columns: Sequence[Column], rows: Sequence[Sequence[Run]], size: float
) -> list[dict[str, Any]]:
    return [
        {"head": column.head, "numeric": column.numeric, "wide": round(wide, 2)}
        for column, wide in zip(columns, fitted(columns, rows, TEXT, size, PAD), strict=True)
    ]


def _exemptions(document: Document) -> dict[str, Any]:
    rows, day = document.exemptions, document.frozen[:10]
    columns = [
        Column(head, at == len(exempted.COLUMNS) - 1, wide)
        for at, (head, wide) in enumerate(zip(exempted.COLUMNS, exempted.WIDTHS, strict=True))
    ]
    return {
        "title": exempted.TITLE,
        "note": exempted.note(len(rows), day) if rows else exempted.NONE,
        "columns": _columns(columns, rows, SMALL),
        "rows": [[[[_split(cell)]] for cell in row] for row in rows],
    }
