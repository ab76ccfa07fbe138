"""Unpacks zip archives into a folder, within limits that a zip bomb cannot pass.

Limits are checked against the directory before anything is written, and again while writing,
because the sizes in a directory may lie.
"""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from ingest.errors import Unreadable

_BLOCK = 1 << 20
_SMALL = 10 << 20  # below this unpacked size no ratio is suspicious


@dataclass(frozen=True)
class Limits:
    """What an archive may hold: bytes in all, files, unpacked ÷ packed, archives in archives."""

    total_bytes: int = 8 << 30
    files: int = 5_000
    ratio: int = 200
    depth: int = 2


ZIP_LIMITS = Limits()
WORKBOOK_LIMITS = Limits(total_bytes=2 << 30, files=20_000, ratio=400, depth=1)


def check_limits(path: Path, limits: Limits) -> list[zipfile.ZipInfo]:
    """Return the members of an archive. Raises Unreadable: beyond a limit, or with a password."""
    with zipfile.ZipFile(path) as archive:
        members = [member for member in archive.infolist() if not member.is_dir()]
    total = sum(member.file_size for member in members)
    if len(members) > limits.files:
        raise Unreadable(
            f"“{path.name}”内有 {len(members):,} 个文件，超过上限 {limits.files:,} 个，未解压；"
            "请分批送达。"
        )
    if total > limits.total_bytes:
        raise Unreadable(
            f"“{path.name}”解压后为 {_size(total)}，超过上限 {_size(limits.total_bytes)}，未解压；"
            "请核对文件或分批送达。"
        )
    packed = max(1, sum(member.compress_size for member in members), path.stat().st_size // 2)
    if total > _SMALL and total > limits.ratio * packed:
        raise Unreadable(
            f"“{path.name}”解压后为 {_size(total)}，是压缩后的 {total // packed:,} 倍，"
            "疑似压缩炸弹，未解压；请核对文件来源。"
        )
    if any(member.flag_bits & 1 for member in members):
        raise Unreadable(f"“{path.name}”设有密码，不能解压；请去掉密码后重新送达。")
    return members


def unpack(path: Path, folder: Path, limits: Limits = ZIP_LIMITS) -> Iterator[tuple[str, Path]]:
    """Yield (name inside the archive, path of the unpacked file) for each member.

    Nested archives are unpacked too, up to `limits.depth`. Names that would leave `folder` lose
    their leading parts; hidden and system files are passed over.
    """
    yield from _unpack(path, folder, limits, depth=1, budget=[limits.total_bytes])


def _unpack(
    path: Path, folder: Path, limits: Limits, depth: int, budget: list[int]
) -> Iterator[tuple[str, Path]]:
    members = check_limits(path, limits)
    try:
        with zipfile.ZipFile(path) as archive:
            for number, member in enumerate(members):
                name = _readable(member)
                parts = [part for part in PurePosixPath(name).parts if part not in ("/", "..")]
                if not parts or parts[0] == "__MACOSX" or parts[-1].startswith((".", "~$")):
                    continue
                target = folder / f"{depth}-{number}" / parts[-1]
                target.parent.mkdir(parents=True, exist_ok=True)
                _copy(archive, member, target, path.name, budget)
                if target.suffix.lower() != ".zip":
                    yield "/".join(parts), target
                elif depth >= limits.depth:
                    raise Unreadable(
                        f"“{path.name}”内的“{name}”嵌套超过 {limits.depth} 层压缩包，未解压；"
                        "请解压后送达。"
                    )
                else:
                    inner = folder / f"{depth}-{number}-inner"
                    for inner_name, found in _unpack(target, inner, limits, depth + 1, budget):
                        yield f"{'/'.join(parts)}/{inner_name}", found
                target.unlink(missing_ok=True)
    except (zipfile.BadZipFile, EOFError, OSError, NotImplementedError, ValueError) as error:
        raise Unreadable(
            f"“{path.name}”不完整或已损坏（{error}），可能传输中断；请重新送达。"
        ) from error


def _copy(
    archive: zipfile.ZipFile,
    member: zipfile.ZipInfo,
    target: Path,
    name: str,
    budget: list[int],
) -> None:
    """Write one member, counting real bytes against the budget of the whole archive."""
    with archive.open(member) as source, target.open("wb") as sink:
        while block := source.read(_BLOCK):
            budget[0] -= len(block)
            if budget[0] < 0:
                target.unlink(missing_ok=True)
                raise Unreadable(
                    f"“{name}”解压后的大小超过目录所写，疑似压缩炸弹，已停止；请核对文件来源。"
                )
            sink.write(block)


def _readable(member: zipfile.ZipInfo) -> str:
    """Names without the UTF-8 flag come from Chinese Windows as GBK bytes read as cp437."""
    if member.flag_bits & 0x800:
        return member.filename
    try:
        return member.filename.encode("cp437").decode("gb18030")
    except (UnicodeEncodeError, UnicodeDecodeError):
        return member.filename


def _size(count: int) -> str:
    for unit, factor in (("GB", 1 << 30), ("MB", 1 << 20), ("KB", 1 << 10)):
        if count >= factor:
            return f"{count / factor:,.1f} {unit}"
    return f"{count} 字节"


def clear(folder: Path) -> None:
    """Remove the folder that archives were unpacked into."""
    shutil.rmtree(folder, ignore_errors=True)
