"""Writes a document as Word: masthead, gaps, contents, chapters, appendix.

Every figure is a locked content control tagged with its key; the ledger of all figures is inside
the file. Dates come from the snapshot and the package is repacked, so equal documents are equal
bytes.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from io import BytesIO
from math import ceil
from typing import Any

import docx
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_BREAK
from docx.oxml.ns import qn
from docx.shared import Mm, Pt
from docx.text.paragraph import Paragraph as TextParagraph

from budget_watch.digest import exempted
from budget_watch.digest.document import (
    Block,
    Chart,
    Column,
    Document,
    Gap,
    Masthead,
    Note,
    Number,
    Paragraph,
    Run,
    Table,
)
from budget_watch.digest.emf import emf
from budget_watch.digest.ledger import anchor_text, as_json, ledger
from budget_watch.digest.pagination import PAGE, pages, text_lines
from budget_watch.digest.repack import repack
from budget_watch.digest.signature import REACH, SIGNER, Signature
from budget_watch.digest.word_page import KAI, TEXT_MM, set_up, title_size
from budget_watch.digest.word_table import table
from budget_watch.digest.word_xml import (
    attach,
    begin,
    blank,
    bookmark,
    border,
    end,
    field,
    figure,
    fill,
    picture,
)

_CAPTION = re.compile(r"(表|图)(\d+)　(.*)")
_TAG_LENGTH = 64  # Word's limit for w:tag
_MARKS = 10_000  # bookmarks of the appendix are numbered from here, those of the contents below


def write(document: Document) -> bytes:
    """The .docx file."""
    return _Writer(document).bytes()


def filled(given: bytes, signed: Signature) -> bytes:
    """The same file with 签发人 and 报送范围 filled in."""
    opened: Any = docx.Document(BytesIO(given))
    for name, text in signed.printed.items():
        fill(opened, name, text)
    out = BytesIO()
    opened.save(out)
    return repack(out.getvalue())


def gap_line(at: int, gap: Gap) -> str:
    """One line of the list of gaps."""
    return f"{at}. {gap.text}（影响：{'、'.join(gap.chapters)}）"


def gaps_line(gaps: Sequence[Gap]) -> str:
    """All gaps in one paragraph, where there is no room for a list."""
    return "；".join(gap.text for gap in gaps) + "。"


class _Writer:
    """Appends to one python-docx document and counts what needs a number of its own."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.word: Any = docx.Document()
        self.labels = {key: found.label for key, found in document.figures.items()}
        self.book = ledger(document)
        entries = self.book.entries if document.pages is None else ()  # else no appendix
        self.marks = {entry.key: f"f{entry.number}" for entry in entries}
        self.controls = 0
        self.charts = 0

    def bytes(self) -> bytes:
        """The finished package."""
        body = self.word.element.body
        for child in list(body):
            if child.tag != qn("w:sectPr"):
                body.remove(child)
        set_up(self.word, brief=self.document.pages is not None)
        self._masthead()
        self._gaps()
        self._line("要点", "Heading 1")
        self._blocks(self.document.summary)
        if self.document.pages is None:
            self._contents()
        for at, section in enumerate(self.document.sections):
            paragraph = self._line(section.title, f"Heading {section.level}")
            bookmark(paragraph, f"_c{at}", at + 1)
            self._blocks(section.blocks)
        if self.document.pages is None:
            self._definitions()
            self._exemptions()
            self._appendix()
        attach(self.word, as_json(self.document))
        self._properties()
        out = BytesIO()
        self.word.save(out)
        return repack(out.getvalue())

    def _line(self, text: str, style: str) -> Any:
        return self.word.add_paragraph(text, style=style)

    def _masthead(self) -> None:
        head = self.document.masthead
        self._line(head.mark, "Mark")
        title = self._line(head.title, "Masthead")
        title.runs[0].font.size = Pt(title_size(head.title, self.document.pages is not None))
        self._issue(head)
        line = self._line(head.issuer, "Issuer")
        line.paragraph_format.tab_stops.add_tab_stop(Mm(TEXT_MM), 2)
        line.add_run(f"\t{head.date}")
        border(line, "bottom", "C00000", 16)
        if head.signature is not None:
            sent = self._line(f"{REACH}：", "Reach")
            self._blank(sent, head.signature, REACH)
        for at, fact in enumerate(head.facts):
            shown = self._line(fact, "Small")
            if at == 0:
                shown.paragraph_format.space_before = Mm(2)

    def _issue(self, head: Masthead) -> None:
        """期号, and on the same line 签发人, each one character from its edge."""
        told = f"{head.issue}（{head.subtitle}）"
        if head.signature is None:
            self._line(told, "Issue")
            return
        line = self._line(told, "Signed")
        line.paragraph_format.tab_stops.add_tab_stop(Mm(TEXT_MM) - line.style.font.size, 2)
        line.add_run(f"\t{SIGNER}：")
        self._blank(line, head.signature, SIGNER, KAI)

    def _blank(self, line: Any, signed: Signature, name: str, face: str = "") -> None:
        """What is filled in by hand where it is not known: a control that may be edited."""
        self.controls += 1
        blank(line, signed.printed[name], name, self.controls, face)

    def _gaps(self) -> None:
        gaps = self.document.gaps
        if not gaps:
            self._line("本期所用输入齐全。", "Small")
            return
        head = self._line(f"数据缺口（{len(gaps)}项，相关内容未写）", "Gap")
        head.runs[0].bold = True
        head.paragraph_format.space_before = Mm(2)
        border(head, "top", "7D8793", 4)
        if self.document.pages is not None:
            border(self._line(gaps_line(gaps), "Gap"), "bottom", "7D8793", 4)
            return
        for at, gap in enumerate(gaps, start=1):
            line = self._line(gap_line(at, gap), "Gap")
            if at == len(gaps):
                border(line, "bottom", "7D8793", 4)

    def _contents(self) -> None:
        """A table of contents field, its entries filled in; Word brings the pages up to date."""
        sections = self.document.sections
        used, high = self._front() % PAGE, 36 + 26 * len(sections)
        if used + high > PAGE:
            self._break()
        first = ceil(self._front() / PAGE) + (used + high > PAGE) + 1
        numbers = pages(self.document, first)
        self._line("目　录", "Contents").paragraph_format.space_before = Mm(4)
        for at, section in enumerate(sections):
            line = self._line("", "Normal")
            line._p.style = f"TOC{section.level}"
            if at == 0:
                begin(line, ' TOC \\o "1-2" \\h \\z \\u ', dirty=True)
            line.add_run(f"{section.title}\t")
            field(line, f" PAGEREF _c{at} \\h ", str(numbers[at]))
            if at == len(sections) - 1:
                end(line)
        self._break()

    def _front(self) -> float:
        """How high the masthead, the gaps and the summary are together, in points."""
        gaps = sum(
            text_lines(gap_line(at, gap), 10.5)
            for at, gap in enumerate(self.document.gaps, start=1)
        )
        body = sum(
            text_lines(block.text, 16, indent=2)
            for block in self.document.summary
            if isinstance(block, Paragraph)
        )
        facts = len(self.document.masthead.facts)
        signed = self.document.masthead.signature
        sent = text_lines(f"{REACH}：{signed.printed[REACH]}", 14) * 24 + 6 if signed else 0
        return 28 + 70 + 34 + 40 + sent + (facts + gaps + 1) * 16 + 34 + body * 28

    def _break(self) -> None:
        self.word.paragraphs[-1].add_run().add_break(WD_BREAK.PAGE)

    def _blocks(self, blocks: tuple[Block, ...]) -> None:
        for block in blocks:
            if isinstance(block, Paragraph):
                paragraph = self._line("", "Body")
                for run in block.runs:
                    self._run(paragraph, run)
            elif isinstance(block, Note):
                note = self._line("", "Gap")
                for run in block.runs:
                    self._run(note, run)
                border(note, "left", "7D8793", 12)
            elif isinstance(block, Table):
                self._table(block)
            else:
                self._chart(block)

    def _run(self, paragraph: Any, run: Run) -> None:
        if isinstance(run, Number):
            self.controls += 1
            tag, label = run.key[:_TAG_LENGTH], self.labels[run.key]
            figure(paragraph, run.text, tag, label, self.controls, self.marks.get(run.key, ""))
        else:
            paragraph.add_run(run)

    def _caption(self, text: str) -> Any:
        """表1　… with the number as a SEQ field, so that staff may add tables of their own."""
        paragraph = self._line("", "Caption")
        found = _CAPTION.fullmatch(text)
        if found is None:
            paragraph.add_run(text)
            return paragraph
        kind, number, words = found.groups()
        paragraph.add_run(kind)
        field(paragraph, f" SEQ {kind} \\* ARABIC ", number)
        paragraph.add_run(f"　{words}")
        return paragraph

    def _table(self, block: Table) -> None:
        self._caption(block.caption)
        if block.unit:
            unit = self._line(block.unit, "Small")
            unit.alignment = WD_ALIGN_PARAGRAPH.RIGHT
            unit.paragraph_format.keep_with_next = True
        table(self.word, block.columns, block.rows, TEXT_MM, "Cell", block.strong, self._run)
        self._source(block.source)

    def _chart(self, block: Chart) -> None:
        self.charts += 1
        drawing = block.drawing
        paragraph = self._line("", "Picture")
        paragraph.paragraph_format.space_before = Mm(3)
        size = (TEXT_MM, TEXT_MM * drawing.height / drawing.width)
        picture(self.word, paragraph, emf(drawing, TEXT_MM), self.charts, size, block.alt)
        caption = self._caption(block.caption)
        caption.paragraph_format.keep_with_next = True
        self._source(block.source)

    def _source(self, text: str) -> None:
        source = self._line(text, "Small")
        source.paragraph_format.space_after = Mm(3)

    def _definitions(self) -> None:
        if not self.document.definitions:
            return
        self._line("口径说明", "Heading 1")
        for text in self.document.definitions:
            self._line(text, "Small")

    def _exemptions(self) -> None:
        """The register of exemptions as it held on the business date."""
        rows, day = self.document.exemptions, self.document.frozen[:10]
        self._line(exempted.TITLE, "Heading 1")
        if not rows:
            self._line(exempted.NONE, "Small")
            return
        self._line(exempted.note(len(rows), day), "Small")
        columns = [
            Column(head, at == len(rows[0]) - 1, wide)
            for at, (head, wide) in enumerate(zip(exempted.COLUMNS, exempted.WIDTHS, strict=True))
        ]
        table(self.word, columns, rows, TEXT_MM, "Ledger", frozenset(), self._run)

    def _appendix(self) -> None:
        """Every figure with its exact value and queries; small type, a new page."""
        self._break()
        book = self.book
        self._line("附录　数据出处", "Heading 1")
        self._line(
            f"数据快照 {self.document.snapshot}。每个数字对应一行；金额到分，比率列出分子和分母；"
            "查询在该快照上重新运行应得同一结果。正文数字为锁定域，标记即下表的编码，"
            "按住 Ctrl 键点击到表中一行。",
            "Small",
        )
        self._line(anchor_text(self.document), "Small")
        columns = (
            Column("编号", False, 2),
            Column("指标（编码）", False, 9),
            Column("数值", True, 7),
            Column("口径", False, 7),
            Column("公式与查询", False, 8),
        )
        rows = [
            (
                str(e.number),
                f"{e.label}（{e.key}）",
                e.value,
                e.scope,
                f"{e.formula}［{'；'.join(u.text for u in e.queries)}］"
                if e.queries
                else e.formula,
            )
            for e in book.entries
        ]
        made = table(self.word, columns, rows, TEXT_MM, "Ledger", frozenset(), self._run)
        for entry, line in zip(book.entries, made._tbl.tr_lst[1:], strict=True):
            number = TextParagraph(line.tc_lst[0].p_lst[0], made)
            bookmark(number, self.marks[entry.key], _MARKS + entry.number)
        self._line("查询语句", "Small").paragraph_format.space_before = Mm(3)
        for at, sql in enumerate(book.queries, start=1):
            self._line(f"查询{at}　{sql}", "Ledger")

    def _properties(self) -> None:
        head, core = self.document.masthead, self.word.core_properties
        when = datetime.fromisoformat(self.document.frozen.removesuffix("Z"))
        core.author = core.last_modified_by = head.issuer
        core.title, core.subject = f"{head.title} {head.issue}", head.subtitle
        core.comments, core.keywords = f"数据快照 {self.document.snapshot}", head.mark
        core.created = core.modified = when
        core.language, core.revision = "zh-CN", 1
