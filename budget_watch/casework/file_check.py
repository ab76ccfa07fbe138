"""What may be attached to a case: type by content, size, and nothing that could run.

Files are never opened by this program beyond the look taken here, never rendered, and handed out
as downloads only. The look refuses what is known to carry code (macros, embedded objects, scripts
in PDF); it is no virus scanner, and says so in `docs/casework.md`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from io import BytesIO
from zipfile import BadZipFile, ZipFile

from budget_watch.casework.errors import CaseworkError

MOST_BYTES = 20 * 1024 * 1024
_MOST_UNPACKED = 300 * 1024 * 1024
_MOST_ENTRIES = 5000
_MOST_RATIO = 200
_NAME = re.compile(r"[^\\/:*?\"<>|\x00-\x1f\x7f]{1,120}")
# invisible signs that turn a name round: 报告\u202efdp.exe reads 报告exe.pdf
_TURNED = re.compile(r"[\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
_PDF_ACTIVE = re.compile(rb"/(JavaScript|JS|Launch|EmbeddedFiles?|RichMedia|XFA|SubmitForm)\b")
_ACTIVE_PARTS = re.compile(
    r"(vbaproject|vbadata)\.bin$|/activex/|/embeddings/|/externallinks/|\.(exe|dll|js|vbs|bat)$",
    re.I,
)


class FileRefusedError(CaseworkError):
    """A file cannot be attached. Says which and why."""


@dataclass(frozen=True)
class Kind:
    """A kind of file: media type, and what is wrong with the content if anything."""

    title: str
    media: str
    flaw: Callable[[bytes], str | None]


def checked_file(name: str, content: bytes) -> tuple[str, Kind]:
    """The name as it is kept, and the kind.

    Raises:
        FileRefusedError: the name, type, size or content is not taken.
    """
    plain = name.strip()
    if not _NAME.fullmatch(plain) or plain.startswith(".") or _TURNED.search(plain):
        raise FileRefusedError(f"文件名“{_shown(name)}”不对：不能有路径和特殊符号，最多 120 个字。")
    extension = plain.rpartition(".")[2].lower() if "." in plain else ""
    kind = KINDS.get(extension)
    if kind is None:
        known = "、".join(sorted(KINDS))
        raise FileRefusedError(f"“{plain}”的类型不收；可以传 {known}。")
    if not content:
        raise FileRefusedError(f"“{plain}”是空的。")
    if len(content) > MOST_BYTES:
        size = f"{len(content) / 1048576:.1f} MB"
        most = f"{MOST_BYTES // 1048576} MB"
        raise FileRefusedError(f"“{plain}”有 {size}，最多 {most}；请压缩或分开。")
    flaw = kind.flaw(content)
    if flaw:
        raise FileRefusedError(f"“{plain}”不能收：{flaw}。")
    return plain, kind


def _shown(name: str) -> str:
    return "".join(sign if sign.isprintable() else "?" for sign in name)[:120]


def _pdf(content: bytes) -> str | None:
    if not content.startswith(b"%PDF-"):
        return "内容不是 PDF"
    if b"%%EOF" not in content[-2048:]:
        return "PDF 不完整"
    if b"/Encrypt" in content:
        return "PDF 加了密，无法检查；请去掉密码"
    # names may be written with #xx for a letter
    plain = re.sub(rb"#([0-9A-Fa-f]{2})", lambda found: bytes([int(found[1], 16)]), content)
    return "PDF 里有脚本、附件或可执行的动作" if _PDF_ACTIVE.search(plain) else None


def _png(content: bytes) -> str | None:
    whole = content.startswith(b"\x89PNG\r\n\x1a\n") and content[-12:-4].endswith(b"IEND")
    return None if whole else "内容不是完整的 PNG"


def _jpeg(content: bytes) -> str | None:
    whole = content.startswith(b"\xff\xd8\xff") and content.rstrip(b"\0").endswith(b"\xff\xd9")
    return None if whole else "内容不是完整的 JPEG"


def _text(content: bytes) -> str | None:
    if b"\0" in content:
        return "内容不是文字"
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            content.decode(encoding)
            return None
        except UnicodeDecodeError:
            continue
    return "文字编码读不懂；请存为 UTF-8 或 GB18030"


def _office(part: str) -> Callable[[bytes], str | None]:
    def flaw(content: bytes) -> str | None:
        try:
            with ZipFile(BytesIO(content)) as package:
                return _package_flaw(package, part, len(content))
        except (BadZipFile, NotImplementedError, OSError, RuntimeError, ValueError):
            return "文件损坏、加了密，或不是这种类型"

    return flaw


def _package_flaw(package: ZipFile, part: str, packed: int) -> str | None:
    entries = package.infolist()
    names = [entry.filename for entry in entries]
    total = sum(entry.file_size for entry in entries)
    if "[Content_Types].xml" not in names or part not in names:
        return "内容与扩展名不符"
    if len(entries) > _MOST_ENTRIES or total > min(_MOST_UNPACKED, packed * _MOST_RATIO):
        return "展开后过大"
    if any(name.startswith("/") or ".." in name.split("/") for name in names):
        return "包内有越界的路径"
    active = any(_ACTIVE_PARTS.search(name) for name in names)
    if active or b"macroEnabled" in package.read("[Content_Types].xml"):
        return "里面有宏、嵌入对象或外部链接"
    return "文件损坏" if package.testzip() is not None else None


KINDS: Mapping[str, Kind] = {
    "pdf": Kind("PDF", "application/pdf", _pdf),
    "docx": Kind(
        "Word",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        _office("word/document.xml"),
    ),
    "xlsx": Kind(
        "Excel",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        _office("xl/workbook.xml"),
    ),
    "png": Kind("图片", "image/png", _png),
    "jpg": Kind("图片", "image/jpeg", _jpeg),
    "jpeg": Kind("图片", "image/jpeg", _jpeg),
    "txt": Kind("文字", "text/plain", _text),
    "csv": Kind("表格", "text/csv", _text),
}
