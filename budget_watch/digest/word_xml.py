"""The pieces of Word that python-docx has no call for: fields, locked figures, EMF pictures.

Source: ECMA-376 Part 1, §17.16 (fields), §17.5.2 (structured document tags), §20.4 (drawings).
"""

from __future__ import annotations

from typing import Any
from xml.sax.saxutils import escape, quoteattr

from docx.opc.packuri import PackURI
from docx.opc.part import Part
from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import nsdecls, qn

IMAGE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/image"
CUSTOM = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/customXml"
EMU_PER_MM = 36_000


def field(paragraph: Any, code: str, shown: str, dirty: bool = False) -> None:
    """A field with what it shows until it is updated."""
    begin(paragraph, code, dirty)
    paragraph.add_run(shown)
    end(paragraph)


def begin(paragraph: Any, code: str, dirty: bool = False) -> None:
    """The first half of a field, up to where its shown text begins."""
    mark = _mark("begin")
    if dirty:
        mark.set(qn("w:dirty"), "true")
    paragraph.add_run()._r.append(mark)
    text = OxmlElement("w:instrText")
    text.set(qn("xml:space"), "preserve")
    text.text = code
    paragraph.add_run()._r.append(text)
    paragraph.add_run()._r.append(_mark("separate"))


def end(paragraph: Any) -> None:
    """The end of a field."""
    paragraph.add_run()._r.append(_mark("end"))


def bookmark(paragraph: Any, name: str, number: int) -> None:
    """A bookmark around a whole paragraph."""
    start, stop = OxmlElement("w:bookmarkStart"), OxmlElement("w:bookmarkEnd")
    for mark in (start, stop):
        mark.set(qn("w:id"), str(number))
    start.set(qn("w:name"), name)
    children = list(paragraph._p)
    first = 1 if children and children[0].tag == qn("w:pPr") else 0
    paragraph._p.insert(first, start)
    paragraph._p.append(stop)


def figure(
    paragraph: Any, text: str, tag: str, label: str, number: int, leads_to: str = ""
) -> None:
    """A machine's number: a content control that cannot be edited, tagged with the figure's key.

    Args:
        number: of the control, unique in the file. leads_to: a bookmark that a click goes to.
    """
    shown = f'<w:r><w:t xml:space="preserve">{escape(text)}</w:t></w:r>'
    if leads_to:
        shown = f'<w:hyperlink w:anchor={quoteattr(leads_to)} w:history="0">{shown}</w:hyperlink>'
    paragraph._p.append(
        parse_xml(
            f"<w:sdt {nsdecls('w')}><w:sdtPr><w:alias w:val={quoteattr(label)}/>"
            f'<w:tag w:val={quoteattr(tag)}/><w:id w:val="{number}"/>'
            '<w:lock w:val="sdtContentLocked"/></w:sdtPr>'
            f"<w:sdtContent>{shown}</w:sdtContent></w:sdt>"
        )
    )


def blank(paragraph: Any, text: str, name: str, number: int, face: str = "") -> None:
    """A place for people to fill in: a content control of plain text, tagged with its name.

    Args:
        number: as of `figure`. face: of its Chinese, where it is not the paragraph's.
    """
    font = f"<w:rPr><w:rFonts w:eastAsia={quoteattr(face)}/></w:rPr>" if face else ""
    paragraph._p.append(
        parse_xml(
            f"<w:sdt {nsdecls('w')}><w:sdtPr>{font}<w:alias w:val={quoteattr(name)}/>"
            f'<w:tag w:val={quoteattr(name)}/><w:id w:val="{number}"/><w:text/></w:sdtPr>'
            f'<w:sdtContent><w:r>{font}<w:t xml:space="preserve">{escape(text)}</w:t></w:r>'
            "</w:sdtContent></w:sdt>"
        )
    )


def fill(document: Any, name: str, text: str) -> None:
    """Write into the place of this name."""
    for control in document.element.body.iter(qn("w:sdt")):
        tag = control.find(f"{qn('w:sdtPr')}/{qn('w:tag')}")
        if tag is not None and tag.get(qn("w:val")) == name:
            control.find(f"{qn('w:sdtContent')}/{qn('w:r')}/{qn('w:t')}").text = text


def picture(
    document: Any, paragraph: Any, data: bytes, number: int, size_mm: tuple[float, float], alt: str
) -> None:
    """An EMF picture in line with the text, with its words for screen readers."""
    name = PackURI(f"/word/media/chart{number}.emf")
    part = Part(name, "image/x-emf", data, document.part.package)
    rel = document.part.relate_to(part, IMAGE)
    wide, high = (round(length * EMU_PER_MM) for length in size_mm)
    run = paragraph.add_run()
    run._r.append(
        parse_xml(
            f"<w:drawing {nsdecls('w', 'wp', 'a', 'pic', 'r')}>"
            '<wp:inline distT="0" distB="0" distL="0" distR="0">'
            f'<wp:extent cx="{wide}" cy="{high}"/>'
            f'<wp:docPr id="{number}" name="chart{number}" descr={quoteattr(alt)}/>'
            '<a:graphic><a:graphicData uri="http://schemas.openxmlformats.org/drawingml/2006/picture">'
            f'<pic:pic><pic:nvPicPr><pic:cNvPr id="{number}" name="chart{number}.emf"/>'
            "<pic:cNvPicPr/>"
            f'</pic:nvPicPr><pic:blipFill><a:blip r:embed="{rel}"/><a:stretch><a:fillRect/>'
            '</a:stretch></pic:blipFill><pic:spPr><a:xfrm><a:off x="0" y="0"/>'
            f'<a:ext cx="{wide}" cy="{high}"/></a:xfrm><a:prstGeom prst="rect"><a:avLst/>'
            "</a:prstGeom></pic:spPr></pic:pic></a:graphicData></a:graphic></wp:inline></w:drawing>"
        )
    )


def attach(document: Any, text: str) -> None:
    """A text for programs, kept inside the file (custom XML), not shown."""
    data = f'<ledger xmlns="urn:budget-watch:digest">{escape(text)}</ledger>'
    part = Part(
        PackURI("/customXml/figures.xml"), "application/xml", data.encode(), document.part.package
    )
    document.part.relate_to(part, CUSTOM)


def border(paragraph: Any, side: str, colour: str, eighths: int) -> None:
    """A rule above or below a paragraph."""
    properties = paragraph._p.get_or_add_pPr()
    edges = OxmlElement("w:pBdr")
    edge = OxmlElement(f"w:{side}")
    for name, value in (("val", "single"), ("sz", str(eighths)), ("space", "4"), ("color", colour)):
        edge.set(qn(f"w:{name}"), value)
    edges.append(edge)
    properties.insert_element_before(
        edges,
        "w:shd",
        "w:tabs",
        "w:suppressAutoHyphens",
        "w:spacing",
        "w:ind",
        "w:jc",
        "w:outlineLvl",
        "w:rPr",
    )


def _mark(kind: str) -> Any:
    mark = OxmlElement("w:fldChar")
    mark.set(qn("w:fldCharType"), kind)
    return mark
