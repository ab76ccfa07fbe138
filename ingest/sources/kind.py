"""Says what kind of file lies at a path, by its content first and its name second."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Literal

from ingest.errors import Unreadable

Kind = Literal["csv", "xlsx", "xls", "parquet", "zip"]

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OTHER_FORMATS = {
    b"%PDF": "PDF",
    b"\x89PNG": "图片",
    b"\xff\xd8\xff": "图片",
    b"Rar!": "RAR 压缩包",
    b"7z\xbc\xaf": "7z 压缩包",
    b"\x1f\x8b": "gzip 压缩包",
    b"SQLite": "SQLite 数据库",
    b"{\\rtf": "RTF 文档",
}
_EXCEL_NAMES = {".xlsx", ".xlsm", ".xls", ".et", ".xltx"}
_TEXT_NAMES = {".csv", ".txt", ".tsv"}


def may_load(path: Path) -> bool:
    """Tell whether a file bears the name, or has the content, of what can be loaded."""
    if path.suffix.lower() in _EXCEL_NAMES | _TEXT_NAMES | {".zip", ".parquet"}:
        return True
    try:
        kind_of(path)
    except (Unreadable, OSError):
        return False
    return True


def kind_of(path: Path) -> Kind:
    """Return the kind of the file. Raises Unreadable when it can be none of ours."""
    size = path.stat().st_size
    if size == 0:
        raise Unreadable(f"“{path.name}”是空文件（0字节），没有可读的内容；请核对后重新送达。")
    with path.open("rb") as file:
        head = file.read(4096)
        file.seek(max(0, size - 4))
        tail = file.read()
    if head[:4] == b"PAR1":
        if tail != b"PAR1":
            raise Unreadable(f"“{path.name}”不完整（Parquet 文件缺尾），可能传输中断；请重新送达。")
        return "parquet"
    if head.startswith(_OLE):
        return _ole_kind(path)
    if head.startswith(b"PK"):
        return _zip_kind(path)
    for magic, name in _OTHER_FORMATS.items():
        if head.startswith(magic):
            raise Unreadable(
                f"“{path.name}”是{name}，不能载入；请提供 CSV、Excel、Parquet 或 zip 文件。"
            )
    return _text_kind(path, head)


def _ole_kind(path: Path) -> Kind:
    """Old .xls, or a password-protected .xlsx (both are OLE containers)."""
    import msoffcrypto
    from msoffcrypto.exceptions import FileFormatError

    with path.open("rb") as file:
        try:
            office = msoffcrypto.OfficeFile(file)
            encrypted = bool(office.is_encrypted())
        except FileFormatError as error:
            raise Unreadable(
                f"“{path.name}”不是 Excel 工作簿，或已损坏；请用 Excel 另存为 .xlsx 后重新送达。"
            ) from error
        except Exception as error:  # a damaged container fails in many ways inside the library
            raise Unreadable(
                f"“{path.name}”已损坏，打不开；请用 Excel 打开核对、另存为 .xlsx 后重新送达。"
            ) from error
        name = type(office).__name__
    if encrypted:
        raise Unreadable(f"“{path.name}”设有打开密码，不能读取；请去掉密码后重新送达。")
    if "Xls" not in name:
        raise Unreadable(
            f"“{path.name}”不是 Excel 工作簿；请提供 CSV、Excel、Parquet 或 zip 文件。"
        )
    return "xls"


def _zip_kind(path: Path) -> Kind:
    """A workbook (.xlsx is a zip) or an archive; a broken central directory is told apart."""
    excel = path.suffix.lower() in _EXCEL_NAMES
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        what = "工作簿" if excel else "压缩包"
        raise Unreadable(
            f"“{path.name}”不完整或已损坏（{what}缺少目录），可能传输中断；请重新送达。"
        ) from error
    if "xl/workbook.xml" in names:
        return "xlsx"
    if "[Content_Types].xml" in names:
        if excel:
            raise Unreadable(
                f"“{path.name}”缺少工作簿主体，或是 Excel 不常见的格式；请另存为 .xlsx 后重新送达。"
            )
        raise Unreadable(f"“{path.name}”是 Word 或演示文稿，不能载入；请提供其中的 Excel 表。")
    if excel:
        raise Unreadable(f"“{path.name}”的扩展名是 Excel，内容却是普通压缩包；请核对后重新送达。")
    return "zip"


def _text_kind(path: Path, head: bytes) -> Kind:
    suffix = path.suffix.lower()
    if suffix in _EXCEL_NAMES:
        raise Unreadable(
            f"“{path.name}”的扩展名是 Excel，内容却不是（或已损坏）；请用 Excel 打开核对、"
            "另存为 .xlsx 后重新送达。"
        )
    if suffix == ".zip":
        raise Unreadable(f"“{path.name}”不是压缩包，或已损坏；请核对后重新送达。")
    if suffix == ".parquet":
        raise Unreadable(f"“{path.name}”不是 Parquet 文件，或已损坏；请重新送达。")
    if suffix in _TEXT_NAMES:
        if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
            raise Unreadable(f"“{path.name}”是 UTF-16 编码；请另存为 UTF-8 或 GB18030 编码的 CSV。")
        if b"\x00" in head:
            raise Unreadable(f"“{path.name}”含有二进制内容，不是 CSV 文本；请核对后重新送达。")
        return "csv"
    kind = suffix.lstrip(".") or "无扩展名"
    raise Unreadable(
        f"“{path.name}”（{kind}）不是可载入的格式；请提供 CSV、Excel、Parquet 或 zip 文件。"
    )
