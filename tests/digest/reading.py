"""Reads a built Word report back: paragraphs, tables, locked figures, the ledger inside."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from zipfile import ZipFile

from lxml import etree

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"


def body(path: Path) -> Any:
    with ZipFile(path) as package:
        return etree.fromstring(package.read("word/document.xml"))


def text(element: Any) -> str:
    return "".join(t.text or "" for t in element.iter(W + "t"))


def paragraphs(path: Path) -> list[tuple[str, str]]:
    """(style id, text) of every paragraph outside tables."""
    found = []
    for p in body(path).find(W + "body").findall(W + "p"):
        style = p.find(f"{W}pPr/{W}pStyle")
        found.append(("" if style is None else style.get(W + "val"), text(p)))
    return found


def controls(path: Path) -> list[tuple[str, str, str]]:
    """(key, printed text, lock) of every figure's content control."""
    return [
        (
            s.find(f"{W}sdtPr/{W}tag").get(W + "val"),
            text(s.find(W + "sdtContent")),
            s.find(f"{W}sdtPr/{W}lock").get(W + "val"),
        )
        for s in figures_in(body(path))
    ]


def figures_in(root: Any) -> list[Any]:
    """The content controls that are figures; the blanks of page one are not."""
    blanks = ("签发人", "报送范围")
    return [
        s for s in root.iter(W + "sdt") if s.find(f"{W}sdtPr/{W}tag").get(W + "val") not in blanks
    ]


def ledger(path: Path) -> dict[str, Any]:
    with ZipFile(path) as package:
        root = etree.fromstring(package.read("customXml/figures.xml"))
    return dict(json.loads(root.text))
