"""Page and styles of a Word report in the manner of GB/T 9704—2012 《党政机关公文格式》.

A4, 37/35/28/26 mm; body 仿宋 三号 on a grid of 28 pt; headings 黑体 and 楷体; page number “— 1 —”
in 四号, outer edge. Font names are those of the standard; Latin and digits in Times New Roman.
"""

from __future__ import annotations

import re
from typing import Any

from docx.enum.style import WD_STYLE_TYPE
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_LINE_SPACING
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt, RGBColor

from budget_watch.digest.drawing import width
from budget_watch.digest.word_xml import field

BODY, HEI, KAI, SONG, TITLE = "仿宋_GB2312", "黑体", "楷体_GB2312", "宋体", "方正小标宋简体"
LATIN = "Times New Roman"
TEXT_MM = 210 - 28 - 26
RED = RGBColor(0xC0, 0x00, 0x00)
INK = RGBColor(0, 0, 0)
# Digits of 宋体 faces are wider than half a square, and typesetters part them from Chinese.
_DIGIT, _APART = 0.06, 0.25
_BESIDE = re.compile(r"(?<=[!-~])(?=[^ -~])|(?<=[^ -~])(?=[!-~])")
GREY = RGBColor(0x4A, 0x55, 0x63)


def set_up(document: Any, brief: bool = False) -> None:
    """Page size, margins, footers and all styles the writer uses.

    Args:
        brief: set tighter, 四号 on 22 pt, for a report of few pages.
    """
    section = document.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.top_margin, section.bottom_margin = Mm(37), Mm(35)
    section.left_margin, section.right_margin = Mm(28), Mm(26)
    section.header_distance, section.footer_distance = Mm(15), Mm(25)
    document.settings.odd_and_even_pages_header_footer = True
    _footer(section.footer, WD_ALIGN_PARAGRAPH.RIGHT)
    _footer(section.even_page_footer, WD_ALIGN_PARAGRAPH.LEFT)
    _styles(document.styles)
    if brief:
        _tighten(document.styles)


def title_size(title: str, brief: bool = False) -> float:
    """Of a report's title in points: on one line where 22 points (二号) do."""
    wide = width(title, 1.0) + _DIGIT * sum(each.isascii() for each in title)
    wide += _APART * len(_BESIDE.findall(title))
    return max(22.0, min(24.0 if brief else 30.0, (TEXT_MM * 72 / 25.4) // wide))


def _styles(styles: Any) -> None:
    language = styles.element.find(f".//{qn('w:lang')}")
    language.set(qn("w:val"), "en-US")
    language.set(qn("w:eastAsia"), "zh-CN")
    normal = styles["Normal"]
    _font(normal, BODY, 16)
    _spacing(normal, 28)
    _style(styles, "Body", BODY, 16, indent=True, align=WD_ALIGN_PARAGRAPH.JUSTIFY)
    _style(styles, "Mark", HEI, 16)
    _style(
        styles,
        "Masthead",
        TITLE,
        30,
        colour=RED,
        align=WD_ALIGN_PARAGRAPH.CENTER,
        line=44,
        before=16,
        after=10,
    )
    _style(styles, "Issue", BODY, 16, align=WD_ALIGN_PARAGRAPH.CENTER, after=6)
    _style(styles, "Signed", BODY, 16, after=6)
    styles["Signed"].paragraph_format.left_indent = Pt(16)
    _style(styles, "Issuer", BODY, 16)
    _style(styles, "Reach", BODY, 14, line=24, before=6)
    _style(styles, "Small", SONG, 10.5, line=16, colour=GREY)
    _style(styles, "Gap", SONG, 10.5, line=16)
    _style(styles, "Contents", HEI, 16, align=WD_ALIGN_PARAGRAPH.CENTER, after=8)
    _style(styles, "Cell", SONG, 10.5, line=15)
    _style(styles, "Ledger", SONG, 7.5, line=11)
    _style(styles, "Picture", SONG, 10.5, line=0, align=WD_ALIGN_PARAGRAPH.CENTER, keep=True)
    for name, face in (("Heading 1", HEI), ("Heading 2", KAI)):
        style = styles[name]
        _font(style, face, 16, bold=False)
        _spacing(style, 28, before=6 if name == "Heading 1" else 0)
        _indent(style)
        style.paragraph_format.keep_with_next = True
    caption = styles["Caption"]
    _font(caption, HEI, 12, bold=False)
    _spacing(caption, 22, before=6)
    caption.paragraph_format.alignment = WD_ALIGN_PARAGRAPH.CENTER
    caption.paragraph_format.keep_with_next = True
    for name in ("TOC 1", "TOC 2"):
        _style(styles, name, BODY, 14, line=26)
        tab = styles[name].paragraph_format.tab_stops
        tab.add_tab_stop(Mm(TEXT_MM), 2, 1)
        if name == "TOC 2":
            styles[name].paragraph_format.left_indent = Pt(28)
        _built_in(styles[name])


def _tighten(styles: Any) -> None:
    for name in ("Normal", "Body", "Heading 1", "Heading 2", "Issue", "Signed", "Issuer", "Mark"):
        styles[name].font.size = Pt(14)
        styles[name].paragraph_format.line_spacing = Pt(22)
    styles["Masthead"].paragraph_format.space_before = Pt(4)
    styles["Masthead"].paragraph_format.space_after = Pt(4)
    styles["Reach"].font.size = Pt(10.5)
    styles["Reach"].paragraph_format.line_spacing = Pt(16)
    styles["Gap"].font.size = Pt(9)
    styles["Gap"].paragraph_format.line_spacing = Pt(13)


def _style(
    styles: Any,
    name: str,
    face: str,
    size: float,
    line: float = 28,
    indent: bool = False,
    colour: RGBColor = INK,
    align: Any = None,
    before: float = 0,
    after: float = 0,
    keep: bool = False,
) -> None:
    if name in [s.name for s in styles]:
        style = styles[name]
    else:
        style = styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
        style.base_style = styles["Normal"]
    _font(style, face, size, colour=colour)
    _spacing(style, line, before, after)
    style.paragraph_format.alignment = align
    style.paragraph_format.keep_with_next = keep
    if indent:
        _indent(style)


def _built_in(style: Any) -> None:
    """Word knows its contents styles by lower-case names; ours stand in for them."""
    style.element.find(qn("w:name")).set(qn("w:val"), style.name.lower())
    del style.element.attrib[qn("w:customStyle")]


def _font(style: Any, face: str, size: float, bold: bool = False, colour: RGBColor = INK) -> None:
    style.font.name, style.font.size = LATIN, Pt(size)
    style.font.bold, style.font.italic = bold, False
    style.font.color.rgb = colour
    fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
    for attribute in list(fonts.attrib):
        if attribute.lower().endswith("theme"):
            del fonts.attrib[attribute]
    for kind in ("w:ascii", "w:hAnsi", "w:cs"):
        fonts.set(qn(kind), LATIN)
    fonts.set(qn("w:eastAsia"), face)
    fonts.set(qn("w:hint"), "eastAsia")


def _spacing(style: Any, line: float, before: float = 0, after: float = 0) -> None:
    shape = style.paragraph_format
    shape.space_before, shape.space_after = Pt(before), Pt(after)
    if line:
        shape.line_spacing_rule = WD_LINE_SPACING.EXACTLY
        shape.line_spacing = Pt(line)
    else:
        shape.line_spacing_rule = WD_LINE_SPACING.SINGLE


def _indent(style: Any) -> None:
    """Two characters, whatever the size of the font."""
    properties = style.element.get_or_add_pPr()
    indent = OxmlElement("w:ind")
    indent.set(qn("w:firstLineChars"), "200")
    indent.set(qn("w:firstLine"), "640")
    for old in properties.findall(qn("w:ind")):
        properties.remove(old)
    properties.insert_element_before(
        indent,
        "w:contextualSpacing",
        "w:mirrorIndents",
        "w:suppressOverlap",
        "w:jc",
        "w:textDirection",
        "w:textAlignment",
        "w:textboxTightWrap",
        "w:outlineLvl",
        "w:rPr",
    )


def _footer(footer: Any, align: Any) -> None:
    footer.is_linked_to_previous = False
    paragraph = footer.paragraphs[0]
    paragraph.alignment = align
    paragraph.add_run("— ")
    field(paragraph, " PAGE ", "1")
    paragraph.add_run(" —")
    for run in paragraph.runs:
        run.font.size = Pt(14)
        run.font.name = SONG
