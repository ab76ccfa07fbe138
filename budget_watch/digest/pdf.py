"""Writes a document as PDF: the look of the Word file, fonts embedded, charts as vectors.

Set by typst from `report.typ`. The machine's own fonts are not used: Chinese is set in 思源宋体
and 思源黑体 (Noto Serif SC, Noto Sans SC; SIL Open Font License 1.1), which a package brings. The
file is PDF/A-3a, to be kept for long: a character without a glyph is an error, and so is whatever
the typesetter warns of. The date comes from the snapshot: equal documents are equal bytes.
"""

from __future__ import annotations

import json
import re
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import pylopdf_fonts_zh_cn as faces
import typst

from budget_watch.digest.document import Document
from budget_watch.digest.errors import DigestRefusedError
from budget_watch.digest.ledger import as_json
from budget_watch.digest.pdf_data import SIZES, as_data
from budget_watch.digest.signature import Signature

_NO_GLYPH = re.compile(r'the text `"(.*?)"` could not be displayed')
LAYOUT = Path(__file__).with_name("report.typ")


def write(document: Document) -> bytes:
    """The .pdf file.

    Raises:
        DigestRefusedError: the typesetter warned, a character has no glyph, or the pages do not do.
    """
    return set_frame(frame(document))


def frame(document: Document) -> str:
    """Everything the typesetter is given of a document, as JSON."""
    told = {"data": as_data(document), "ledger": as_json(document)}
    return _json({**told, "frozen": document.frozen, "pages": document.pages})


def set_frame(told: str, signed: Signature | None = None) -> bytes:
    """The file that a frame is of.

    Args:
        signed: printed instead of the frame's own 签发人 and 报送范围.

    Raises:
        DigestRefusedError: as `write`.
    """
    given, layout = json.loads(told), LAYOUT.read_bytes()
    data, most = given["data"], given["pages"]
    if signed is not None:
        data["head"]["signed"] = signed.printed
    inputs = {"data": _json(data), "ledger": given["ledger"]}
    if most is not None:
        inputs["data"] = _json({**data, "size": _fitting(layout, inputs, data, most)})
    return set_pages(layout, inputs, given["frozen"])


def _fitting(layout: bytes, inputs: dict[str, str], data: dict[str, Any], most: int) -> int:
    """The largest size of type at which everything stands on so many pages."""
    for size in SIZES[1:]:
        tried = {**inputs, "data": _json({**data, "size": size})}
        count = typst.query(
            layout,
            "<pages>",
            field="value",
            one=True,
            font_paths=_fonts(),
            ignore_system_fonts=True,
            sys_inputs=tried,
        )
        if int(count) <= most:
            return size
    raise DigestRefusedError(
        f"内容超过{most}页，PDF 没有写出。请在模板里删减句子或表格，或把 pages 写大。"
    )


def _json(data: dict[str, Any]) -> str:
    return json.dumps(data, ensure_ascii=False, sort_keys=True)


def set_pages(layout: bytes, inputs: dict[str, str], frozen: str) -> bytes:
    """Set a layout with its inputs; `frozen` is the time the file carries, ISO.

    Raises:
        DigestRefusedError: as `write`.
    """
    try:
        made, warnings = typst.compile_with_warnings(
            layout,
            font_paths=_fonts(),
            ignore_system_fonts=True,
            format="pdf",
            pdf_standards=["a-3a"],
            sys_inputs=inputs,
            timestamp=datetime.fromisoformat(frozen),
        )
    except typst.TypstError as error:
        raise DigestRefusedError(_said(error.message)) from error
    if warnings:
        raise DigestRefusedError(f"PDF 没有写出，排版有提示：{warnings[0].message}")
    return bytes(made)


def _said(message: str) -> str:
    found = _NO_GLYPH.search(message)
    if found is None:
        return f"PDF 没有写出：{message}"
    return f"PDF 没有写出：“{found[1]}”里有字体没有的字。请在来源或模板里换一种写法。"


@cache
def _fonts() -> Any:
    """The two faces, read once a process."""
    folder = str(Path(faces.serif_path()).parent)
    return typst.Fonts(
        include_system_fonts=False, include_embedded_fonts=False, font_paths=[folder]
    )
