"""Opens CSV text: encoding (UTF-8 with or without BOM, GB18030), delimiter, shape of the rows."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ingest.errors import Unreadable

_BLOCK = 1 << 22
_LARGE = 4 * _BLOCK  # larger files that begin in UTF-8 are taken to go on so; polars finds out
_TELLING = 200  # signs beyond ASCII that no other encoding would decode by chance
_PREVIEW = 40  # rows read to find the header
_DELIMITERS = (",", "\t", ";", "|")


@dataclass(frozen=True)
class TextFile:
    """A CSV file ready for polars: always UTF-8 (a GB18030 file is rewritten beside)."""

    name: str
    path: Path
    delimiter: str
    preview: list[list[str]]
    encoding: str
    presumed: bool = False  # that it is UTF-8 to its end was not looked at

    @property
    def width(self) -> int:
        """Return the number of columns of the widest previewed row."""
        return max((len(row) for row in self.preview), default=0)


def open_text(path: Path, scratch: Path, name: str | None = None) -> TextFile:
    """Find encoding and delimiter, read the first rows. Raises Unreadable.

    `scratch` is a folder for the UTF-8 copy of a GB18030 file.
    """
    shown = name or path.name
    presumed = path.stat().st_size > _LARGE and _begins_in_utf8(path)
    encoding, position = ("utf-8", 0) if presumed else _encoding(path)
    if encoding is None:
        raise _undecodable(path, shown, position)
    utf8 = path if encoding in ("utf-8", "utf-8-sig") else _rewritten(path, scratch, encoding)
    with utf8.open(encoding="utf-8-sig", newline="") as file:
        head = "".join(line for _, line in zip(range(_PREVIEW), file, strict=False))
    delimiter = _delimiter(head)
    preview = list(csv.reader(io.StringIO(head, newline=""), delimiter=delimiter))
    if not any(cell.strip() for row in preview for cell in row):
        raise Unreadable(f"“{shown}”只有空白，没有可读的内容；请核对后重新送达。")
    return TextFile(shown, utf8, delimiter, preview, encoding, presumed)


def look_through(text: TextFile) -> None:
    """Make sure that a file presumed to be UTF-8 is; raises Unreadable with the line if not."""
    good, position = _decodes(text.path, "utf-8-sig") if text.presumed else (True, 0)
    if not good:
        raise _undecodable(text.path, text.name, position)


def _undecodable(path: Path, shown: str, position: int) -> Unreadable:
    line = _line_at(path, position)
    return Unreadable(
        f"“{shown}”第{line}行有既不是 UTF-8 也不是 GB18030 的字符，编码无法识别；"
        "请另存为 UTF-8 编码的 CSV 后重新送达。"
    )


def _begins_in_utf8(path: Path) -> bool:
    """Whether the first block is UTF-8 with enough Chinese in it that nothing else is likely."""
    with path.open("rb") as file:
        block = file.read(_BLOCK)
    try:
        text = codecs.getincrementaldecoder("utf-8-sig")("strict").decode(block)
    except UnicodeDecodeError:
        return False
    return len(block) - len(text) >= 2 * _TELLING


def rows_of(text: TextFile) -> Iterator[list[str]]:
    """Yield every row as it stands, as lists of text."""
    with text.path.open(encoding="utf-8-sig", newline="") as file:
        yield from csv.reader(file, delimiter=text.delimiter)


def ragged_line(text: TextFile, width: int) -> tuple[int, int] | None:
    """Return (line, cells) of the first row that has other than `width` cells; blank lines pass."""
    with text.path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file, delimiter=text.delimiter)
        for row in reader:
            if row and len(row) != width and any(row):
                return reader.line_num, len(row)
    return None


def _encoding(path: Path) -> tuple[str | None, int]:
    """Return the encoding, or None and the byte position at which the last candidate failed."""
    with path.open("rb") as file:
        if file.read(3) == codecs.BOM_UTF8:
            return ("utf-8-sig", 0) if _decodes(path, "utf-8-sig")[0] else (None, 0)
    good, position = _decodes(path, "utf-8")
    if good:
        return "utf-8", 0
    good, other = _decodes(path, "gb18030")
    return ("gb18030", 0) if good else (None, max(position, other))


def _decodes(path: Path, encoding: str) -> tuple[bool, int]:
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    done = 0
    strange = 0
    with path.open("rb") as file:
        try:
            while block := file.read(_BLOCK):
                text = decoder.decode(block)
                if encoding == "gb18030":
                    strange += sum(map(_is_strange, text[:20_000]))
                done += len(block)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError as error:
            return False, done + error.start
    return strange == 0, 0


def _is_strange(char: str) -> bool:
    """Characters that no Chinese office file holds: a sign that bytes were something else."""
    point = ord(char)
    return 0xE000 <= point <= 0xF8FF or (point < 0x20 and char not in "\t\r\n") or point == 0xFFFD


def _line_at(path: Path, position: int) -> int:
    with path.open("rb") as file:
        return file.read(max(0, position)).count(b"\n") + 1


def _rewritten(path: Path, scratch: Path, encoding: str) -> Path:
    scratch.mkdir(parents=True, exist_ok=True)
    target = scratch / f"{path.stem}.utf8.csv"
    with (
        path.open(encoding=encoding, newline="") as source,
        target.open("w", encoding="utf-8", newline="") as sink,
    ):
        while block := source.read(_BLOCK):
            sink.write(block)
    return target


def _delimiter(head: str) -> str:
    """Return the separator that splits the first lines most evenly; a comma if none does."""
    lines = [line for line in head.splitlines()[:10] if line.strip()]
    best = max(_DELIMITERS, key=lambda mark: min((line.count(mark) for line in lines), default=0))
    if min((line.count(best) for line in lines), default=0) > 0:
        return best
    return max(_DELIMITERS, key=lambda mark: sum(line.count(mark) for line in lines))
