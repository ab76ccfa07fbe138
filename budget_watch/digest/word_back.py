"""Reads a Word report back, also after a person has worked on it in an office program.

Machine figures are content controls by their tag. Results of fields that an office program counts
anew (contents, numbers of pages and tables) are left out, and so is what a tracked change deleted.
Source: ECMA-376 Part 1, §17.5.2 (controls), §17.13.5 (revisions), §17.16 (fields).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from io import BytesIO
from typing import Any
from zipfile import BadZipFile, ZipFile

from docx.oxml import parse_xml
from docx.oxml.ns import qn

from budget_watch.digest.errors import DigestError
from budget_watch.digest.printed import Copy, Part, Passage, headed, known_ledger, passage

LARGEST = 64 << 20  # bytes of one part: no report of ours comes near
LEDGER = "{urn:budget-watch:digest}ledger"
TAG_LENGTH = 64  # Word's limit for w:tag
_COUNTED = ("TOC", "PAGE", "PAGEREF", "NUMPAGES", "SECTIONPAGES", "SEQ", "REF")
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_GONE = {qn("w:del"), qn("w:moveFrom"), _FALLBACK}
_BESIDE = (("footnotes", "脚注"), ("endnotes", "尾注"), ("header", "页眉"), ("footer", "页脚"))


def read(content: bytes) -> Copy:
    """The report in a .docx file.

    Raises:
        DigestError: it is no Word file, or carries no ledger of ours.
    """
    try:
        with ZipFile(BytesIO(content)) as package:
            parts = {info.filename: info for info in package.infolist()}
            xml = {
                name: package.read(name)
                for name, info in parts.items()
                if name.endswith(".xml") and info.file_size <= LARGEST
            }
        ledger = _ledger(xml)
        reading = _Reading(ledger["figures"], _styles(xml))
        passages = [*reading.body(parse_xml(xml["word/document.xml"]))]
        for start, name in _BESIDE:
            for part in sorted(n for n in xml if n.startswith(f"word/{start}")):
                passages += reading.beside(parse_xml(xml[part]), name)
    except (BadZipFile, KeyError, SyntaxError) as error:
        raise DigestError(f"不是完整的 Word 文件（{type(error).__name__}），不能核对。") from error
    return Copy(ledger, "docx", tuple(passages))


def _ledger(xml: Mapping[str, bytes]) -> Mapping[str, Any]:
    """Office programs rename the part it stands in, and keep what is in it."""
    for name in sorted(n for n in xml if n.startswith("customXml/")):
        root = parse_xml(xml[name])
        if root.tag != LEDGER:
            continue
        try:
            found = json.loads(root.text or "")
        except ValueError:
            continue
        if known_ledger(found):
            return dict(found)
    raise DigestError(
        "文件里没有数字清单：不是本系统生成的报告，或另存时清单被去掉了。"
        "请用下载的原件，或用 Word 保存为 docx。"
    )


def _styles(xml: Mapping[str, bytes]) -> dict[str, str]:
    """Style id → its name in lower case; office programs rename ids, not names."""
    root = parse_xml(xml["word/styles.xml"])
    return {
        style.get(qn("w:styleId")): style.find(qn("w:name")).get(qn("w:val")).lower()
        for style in root.iter(qn("w:style"))
        if style.find(qn("w:name")) is not None
    }


class _Reading:
    """Goes through a document once; knows the headings above and the fields it stands in."""

    def __init__(self, figures: Mapping[str, Any], styles: Mapping[str, str]) -> None:
        self.keys = {key[:TAG_LENGTH]: key for key in figures}
        self.styles = styles
        self.chapters: dict[int, str] = {}
        self.caption = ""
        self.fields: list[str] = []  # codes of open fields; "" while the code is being read

    def body(self, root: Any) -> Iterator[Passage]:
        """The passages of the main text."""
        yield from self._blocks(root.find(qn("w:body")))

    def beside(self, root: Any, name: str) -> Iterator[Passage]:
        """The passages of notes, headers or footers."""
        self.chapters, self.fields = {1: name}, []
        yield from self._blocks(root)

    def _blocks(self, parent: Any) -> Iterator[Passage]:
        for child in parent:
            if child.tag == qn("w:p"):
                yield from self._paragraph(child)
            elif child.tag == qn("w:tbl"):
                yield from self._table(child)
            elif child.tag not in _GONE and child.tag != qn("w:sdtPr"):
                yield from self._blocks(child)

    def _paragraph(self, p: Any, cell: str = "") -> Iterator[Passage]:
        style = self._style(p)
        found = passage(headed(self.chapters), self._parts(p), cell)
        if style.startswith("toc "):
            return
        if style.startswith("heading ") and found is not None and not cell:
            level = int(style.rpartition(" ")[2])
            self.chapters = {n: t for n, t in self.chapters.items() if n < level}
            self.chapters[level] = found.text
            found = Passage(headed(self.chapters), found.parts)
        if found is not None:
            self.caption = _all_text(p) if style == "caption" else self.caption
            yield found
        for box in p.iter(qn("w:txbxContent")):
            if not any(up.tag in _GONE for up in box.iterancestors()):
                yield from self._blocks(box)

    def _table(self, table: Any) -> Iterator[Passage]:
        heads: list[str] = []
        for at, row in enumerate(table.iter(qn("w:tr"))):
            cells = [c for c in row.iter(qn("w:tc")) if _nearest(c, qn("w:tr")) is row]
            texts = [_all_text(cell) for cell in cells]
            heads = texts if at == 0 else heads
            for column, each in enumerate(cells):
                head = heads[column] if column < len(heads) else f"第{column + 1}列"
                place = f"{self.caption} {texts[0]} {head}".strip()
                for p in each.iter(qn("w:p")):
                    if _nearest(p, qn("w:tc")) is each:
                        yield from self._paragraph(p, place)

    def _style(self, p: Any) -> str:
        found = p.find(f"{qn('w:pPr')}/{qn('w:pStyle')}")
        ident = "" if found is None else found.get(qn("w:val"))
        return self.styles.get(ident, ident.lower())

    def _parts(self, p: Any) -> Iterator[Part]:
        for key, element in self._inside(p, ""):
            if element.tag == qn("w:fldChar"):
                self._field(element.get(qn("w:fldCharType")))
            elif element.tag == qn("w:instrText"):
                if self.fields:
                    self.fields[-1] += element.text or ""
            elif any(_counted(code) for code in self.fields):
                continue
            elif element.tag == qn("w:t"):
                yield Part(element.text or "", key)
            elif element.tag in (qn("w:tab"), qn("w:br")):
                yield Part(" ", key)

    def _field(self, kind: str) -> None:
        if kind == "begin":
            self.fields.append("")
        elif kind == "end" and self.fields:
            self.fields.pop()

    def _inside(self, element: Any, key: str) -> Iterator[tuple[str, Any]]:
        """Leaves of a paragraph in order, each with the figure it stands in."""
        for child in element:
            if child.tag in _GONE or child.tag in (qn("w:pPr"), qn("w:sdtPr"), qn("w:rPr")):
                continue
            if child.tag == qn("w:txbxContent"):
                continue
            if child.tag == qn("w:fldSimple") and _counted(child.get(qn("w:instr")) or ""):
                continue
            inner = self._key(child) or key if child.tag == qn("w:sdt") else key
            if len(child):
                yield from self._inside(child, inner)
            else:
                yield inner, child

    def _key(self, control: Any) -> str:
        tag = control.find(f"{qn('w:sdtPr')}/{qn('w:tag')}")
        return "" if tag is None else self.keys.get(tag.get(qn("w:val")), "")


def _all_text(element: Any) -> str:
    """What an element prints, results of fields too."""
    return "".join(t.text or "" for t in element.iter(qn("w:t")))


def _counted(code: str) -> bool:
    name, *_ = code.split(maxsplit=1) or [""]
    return name.upper() in _COUNTED


def _nearest(element: Any, tag: str) -> Any:
    return next((up for up in element.iterancestors() if up.tag == tag), None)
