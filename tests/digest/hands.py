"""What people and office programs do to a report file after it was built."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from io import BytesIO
from typing import Any
from xml.sax.saxutils import escape
from zipfile import ZipFile

from lxml import etree

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
MAIN, LEDGER = "word/document.xml", "customXml/figures.xml"
Change = Callable[[Any], None]


def reworked(package: bytes, change: Change, rename: dict[str, str] | None = None) -> bytes:
    """The package with its main text changed, parts renamed as an office program renames them."""
    out = BytesIO()
    with ZipFile(BytesIO(package)) as old, ZipFile(out, "w") as new:
        for name in old.namelist():
            told = old.read(name)
            if name == MAIN:
                root = etree.fromstring(told)
                change(root)
                told = etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True)
            new.writestr((rename or {}).get(name, name), told)
    return out.getvalue()


def with_ledger(package: bytes, change: Callable[[dict[str, Any]], None]) -> bytes:
    """The package with the ledger inside changed."""
    out = BytesIO()
    with ZipFile(BytesIO(package)) as old, ZipFile(out, "w") as new:
        for name in old.namelist():
            told = old.read(name)
            if name == LEDGER:
                ledger = json.loads(etree.fromstring(told).text)
                change(ledger)
                text = escape(json.dumps(ledger, ensure_ascii=False))
                told = f'<ledger xmlns="urn:budget-watch:digest">{text}</ledger>'.encode()
            new.writestr(name, told)
    return out.getvalue()


def controls(root: Any, key: str) -> list[Any]:
    """The controls of a figure, in reading order."""
    return [s for s in root.iter(W + "sdt") if s.find(f"{W}sdtPr/{W}tag").get(W + "val") == key]


def retyped(root: Any, key: str, text: str, at: int = 0) -> None:
    """Another text in a figure's control."""
    first, *rest = controls(root, key)[at].iter(W + "t")
    first.text = text
    for each in rest:
        each.text = ""


def removed(root: Any, key: str, at: int = 0) -> None:
    """A figure's control deleted with its text."""
    control = controls(root, key)[at]
    control.getparent().remove(control)


def text_of(element: Any) -> str:
    """What an element prints."""
    return "".join(t.text or "" for t in element.iter(W + "t"))


def paragraph(root: Any, start: str) -> Any:
    """The first paragraph that begins with these words."""
    return next(p for p in root.iter(W + "p") if text_of(p).startswith(start))


def typed(paragraph: Any, text: str) -> None:
    """Words typed at the end of a paragraph."""
    run = etree.SubElement(paragraph, W + "r")
    etree.SubElement(run, W + "t").text = text


def new_paragraph(after: Any, text: str) -> Any:
    """A paragraph typed below another."""
    made = etree.Element(W + "p")
    after.addnext(made)
    typed(made, text)
    return made


def split_runs(root: Any) -> None:
    """Every run cut in two, with marks of the spelling check between, as Word saves text."""
    for run in list(root.iter(W + "r")):
        texts = run.findall(W + "t")
        if len(texts) != 1 or len(texts[0].text or "") < 2 or run.find(W + "tab") is not None:
            continue
        text = texts[0].text
        second = etree.fromstring(etree.tostring(run))
        texts[0].text, second.find(W + "t").text = text[:1], text[1:]
        run.addnext(second)
        run.addnext(etree.Element(W + "proofErr"))


def recounted(root: Any) -> None:
    """Other page numbers in the table of contents, as F9 fills them in."""
    for p in root.iter(W + "p"):
        style = p.find(f"{W}pPr/{W}pStyle")
        if style is not None and style.get(W + "val").startswith("TOC"):
            for t in p.iter(W + "t"):
                t.text = re.sub(r"^\d+$", "99", t.text or "")
