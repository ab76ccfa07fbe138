"""Files in a rules folder that nobody reads: a wrong ending, a wrong folder, a test without a rule.

They look as if they held, and do not: loading names each with the place where it should stand.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from budget_watch.engine.errors import BookError
from budget_watch.engine.model import AREAS

LISTS = {"params": "参数", "groups": "代码组", "words": "词表", "exemptions": "例外情形登记"}
UNREAD = ("calendar", "glossary", "workflow")  # read by other rooms, not by the engine
WORDS_FOR_PEOPLE = (".md",)
ENDING, TESTS = ".yaml", ".test.yaml"


def strays(folder: Path) -> Iterator[tuple[Path, BookError]]:
    """The files of a rules folder that are not read, each with what to do.

    Pages for people (`.md`), hidden files and an editor's copies (`~`) are left alone.
    """
    for path in sorted(each for each in folder.rglob("*") if each.is_file()):
        parts = path.relative_to(folder).parts
        hidden = any(part.startswith(".") for part in parts) or path.name.endswith("~")
        if hidden or parts[0] in UNREAD or path.suffix in WORDS_FOR_PEOPLE:
            continue
        said = _wrong(path, parts)
        if said:
            yield path, BookError(f"{path}:1", f"这个文件没有读入：{said}", "misplaced")


def _wrong(path: Path, parts: tuple[str, ...]) -> str:
    """Why a file is not read; empty if it is."""
    if path.suffix != ENDING:
        return f"扩展名应为 {ENDING}，请改名为 {path.stem}{ENDING}；不是规则库的文件请移到别处"
    if len(parts) == 1:
        return "" if parts[0] == "laws.yaml" else f"规则库的顶层只读 laws.yaml；{_folders()}"
    if parts[0] not in AREAS and parts[0] not in LISTS:
        return f"没有 {parts[0]} 这个文件夹；{_folders()}"
    if len(parts) > 2:
        return f"{parts[0]}/ 里不再分文件夹；请直接放在 {parts[0]}/ 中"
    rule = path.name.removesuffix(TESTS) + ENDING
    if parts[0] in AREAS and path.name.endswith(TESTS) and not path.with_name(rule).is_file():
        return f"旁边没有 {rule}；测试文件要与它的规则放在一起"
    return ""


def _folders() -> str:
    areas = "、".join(f"{name}（{title}）" for name, title in AREAS.items())
    lists = "、".join(f"{name}（{title}）" for name, title in LISTS.items())
    return f"规则放在 {areas} 中，清单放在 {lists} 中"
