"""The PDF read back: its pages, bookmarks, contents, fonts, figures and the ledger inside."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pypdf
import pytest
from pypdf.generic import DictionaryObject

from budget_watch.access import Grant
from budget_watch.digest import DigestRefusedError, pdf
from budget_watch.digest.build import compose
from budget_watch.digest.document import Document, Number, Paragraph, Table
from budget_watch.digest.ledger import as_json
from budget_watch.digest.period import parse
from budget_watch.digest.template import read_template
from budget_watch.lake import Home

MM = 72 / 25.4


@pytest.fixture(scope="module")
def document(city: Home) -> Document:
    return compose(city, Grant.operator("test"), parse("2026Q3"), read_template("quarterly"))


@pytest.fixture(scope="module")
def made(quarterly: dict[str, Path]) -> pypdf.PdfReader:
    return pypdf.PdfReader(quarterly[".pdf"])


@pytest.fixture(scope="module")
def pages(made: pypdf.PdfReader) -> list[str]:
    return [bare(page.extract_text()) for page in made.pages]


def bare(text: str) -> str:
    return re.sub(r"[\s\u200b]", "", text)


def test_the_same_document_is_the_same_bytes(
    document: Document, quarterly: dict[str, Path]
) -> None:
    assert pdf.write(document) == quarterly[".pdf"].read_bytes()


def test_what_the_file_says_of_itself_comes_from_the_document(
    document: Document, made: pypdf.PdfReader
) -> None:
    head = document.masthead
    told = made.metadata
    assert told is not None
    assert (told.title, told.author, told.subject) == (
        f"{head.title} {head.issue}",
        head.issuer,
        head.subtitle,
    )
    assert (told.creation_date.date().isoformat(), told.modification_date) == (
        document.frozen[:10],
        told.creation_date,
    )
    identified = made.xmp_metadata
    assert identified is not None
    assert (identified.pdfaid_part, identified.pdfaid_conformance) == ("3", "A")


def test_pages_are_a4_and_numbered_at_the_outer_edge(
    made: pypdf.PdfReader, pages: list[str]
) -> None:
    for at, page in enumerate(made.pages, start=1):
        box = page.mediabox
        assert (round(box.width / MM), round(box.height / MM)) == (210, 297)
        assert f"—{at}—" in pages[at - 1]


def test_every_printed_figure_stands_in_the_text(document: Document, pages: list[str]) -> None:
    whole = re.sub(r"—\d+—", "", "".join(pages))
    checked = 0
    for section in document.sections:
        for block in section.blocks:
            if isinstance(block, Paragraph):
                assert bare(block.text) in whole
                checked += sum(isinstance(run, Number) for run in block.runs)
            elif isinstance(block, Table):
                for row in block.rows:
                    cells = [run.text if isinstance(run, Number) else run for run in row]
                    assert bare("".join(cells[1:])) in whole, cells
                    checked += len(cells) - 1
    assert checked > 150


def test_bookmarks_are_the_headings_and_the_contents_give_their_pages(
    document: Document, made: pypdf.PdfReader, pages: list[str]
) -> None:
    flat: list[tuple[str, int]] = []

    def walk(items: list[object]) -> None:
        for item in items:
            if isinstance(item, list):
                walk(item)
            else:
                flat.append((item.title, made.get_destination_page_number(item) + 1))  # type: ignore[attr-defined]

    walk(made.outline)
    titles = [section.title for section in document.sections]
    own = [title for title, _ in flat if title in titles]
    assert own == titles
    assert {title for title, _ in flat} - set(titles) == {
        "口径说明",
        "附录　例外情形登记",
        "附录　数据出处",
    }
    contents = next(page for page in pages if "目录一、" in page)
    where = {title: page for title, page in flat}
    for title in titles:
        assert re.search(rf"{re.escape(bare(title))}\.+{where[title]}(?!\d)", contents), title
        assert bare(title) in pages[where[title] - 1]


def test_only_our_two_faces_are_used_and_both_are_embedded(made: pypdf.PdfReader) -> None:
    faces = {}
    for page in made.pages:
        for font in page["/Resources"].get("/Font", {}).values():
            below = font.get_object()["/DescendantFonts"][0].get_object()
            faces[below["/BaseFont"].split("+")[1]] = "/FontFile3" in below["/FontDescriptor"]
    assert faces == {"NotoSerifSC-Regular": True, "NotoSansSC-Regular": True}


def test_charts_are_vectors(made: pypdf.PdfReader) -> None:
    kinds = [
        each.get("/Subtype")
        for each in (made.get_object(at) for at in range(1, len(made.xref_objStm) + 1))
        if isinstance(each, DictionaryObject)
    ]
    assert "/Image" not in kinds


def test_the_ledger_travels_in_the_file(document: Document, made: pypdf.PdfReader) -> None:
    assert list(made.attachments) == ["figures.json"]
    assert json.loads(made.attachments["figures.json"][0]) == json.loads(as_json(document))


def test_a_number_leads_to_its_line_of_the_appendix(
    document: Document, made: pypdf.PdfReader, pages: list[str]
) -> None:
    number = {page.indirect_reference.idnum: at for at, page in enumerate(made.pages)}
    led = [
        number[note.get_object()["/Dest"][0].idnum]
        for page in made.pages
        for note in page.get("/Annots", [])
    ]
    first = next(at for at, page in enumerate(pages) if page.startswith("附录数据出处"))
    assert sum(at >= first for at in led) > 100
    (key,) = [run.key for run in document.summary[0].runs if isinstance(run, Number)][:1]  # type: ignore[union-attr]
    assert f"（{key}）" in pages[led[0]]


def test_a_character_without_a_glyph_stops_the_pdf(document: Document) -> None:
    head = replace(document.masthead, issuer="示范市\U00020bb7家")
    with pytest.raises(DigestRefusedError, match="字体没有的字。请在来源或模板里换一种写法"):
        pdf.write(replace(document, masthead=head))
