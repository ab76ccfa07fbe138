"""The report as a document, before it is Word or HTML: chapters, paragraphs, tables, charts.

Every number is a `Number`: text that leads to its figure. Writers only lay out what is here.
"""

from __future__ import annotations

from dataclasses import dataclass

from budget_watch.digest.drawing import Drawing
from budget_watch.digest.signature import Signature
from budget_watch.views import Figure


@dataclass(frozen=True)
class Number:
    """A figure as printed.

    Attributes:
        key: the figure's name in this document; leads to the appendix.
        text: as printed, with its words and unit.
    """

    key: str
    text: str


Run = str | Number


@dataclass(frozen=True)
class Paragraph:
    """Running text."""

    runs: tuple[Run, ...]

    @property
    def text(self) -> str:
        """The paragraph without its links."""
        return "".join(run if isinstance(run, str) else run.text for run in self.runs)


@dataclass(frozen=True)
class Column:
    """Head of a table column; `wide` is its share of the table's width."""

    head: str
    numeric: bool
    wide: int


@dataclass(frozen=True)
class Table:
    """A native table with caption, unit and source line.

    Attributes:
        strong: indexes of rows that are totals.
        quoted: whether it prints what people have decided, word for word.
    """

    caption: str
    unit: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Run, ...], ...]
    source: str
    strong: frozenset[int] = frozenset()
    quoted: bool = False


@dataclass(frozen=True)
class Chart:
    """A drawing with its caption; `alt` says the same numbers in words."""

    caption: str
    drawing: Drawing
    alt: str
    source: str


@dataclass(frozen=True)
class Note:
    """A framed remark: insufficient data, an empty list, a definition; may print figures."""

    runs: tuple[Run, ...]
    gap: bool = False

    @property
    def text(self) -> str:
        """The remark without its links."""
        return "".join(run if isinstance(run, str) else run.text for run in self.runs)


Block = Paragraph | Table | Chart | Note


@dataclass(frozen=True)
class Section:
    """A heading and what stands below it; level 1 (一、) or 2 ((一))."""

    title: str
    level: int
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Gap:
    """An input that is missing, and the chapters that would have used it."""

    text: str
    chapters: tuple[str, ...]


@dataclass(frozen=True)
class Masthead:
    """Page one above the text.

    Attributes:
        mark: 内部资料. issuer: the committee. date: as printed. facts: lines below the title.
        signature: None where the report is not one that is signed and sent.
    """

    mark: str
    title: str
    subtitle: str
    issue: str
    issuer: str
    date: str
    facts: tuple[str, ...]
    signature: Signature | None = None


@dataclass(frozen=True)
class Document:
    """A whole report.

    Attributes:
        summary: blocks of page one. gaps: printed on page one.
        sections: headings and blocks in order.
        figures: every figure printed, by key; the appendix is made from it.
        snapshot: id. frozen: the date files carry as created and modified, ISO.
        exemptions: those in force on the business date, a row each (`exempted.COLUMNS`).
        anchor: of the audit log, in one line; empty where there is none yet.
        report, period, region: what it is built from again: template, period as asked for, the
            government's code as settings name it (empty: none).
        content: the snapshot's fingerprint.
        pages: at most so many, without contents and printed appendices; None = as many as it takes.
    """

    masthead: Masthead
    summary: tuple[Block, ...]
    gaps: tuple[Gap, ...]
    sections: tuple[Section, ...]
    figures: dict[str, Figure]
    snapshot: str
    frozen: str
    definitions: tuple[str, ...] = ()
    exemptions: tuple[tuple[str, ...], ...] = ()
    anchor: str = ""
    report: str = ""
    period: str = ""
    region: str = ""
    content: str = ""
    pages: int | None = None
