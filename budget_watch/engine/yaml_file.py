"""Reads a file of the rule book: strict YAML checked against a model, mistakes by line."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.constructor import DuplicateKeyError
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import AliasEvent

from budget_watch.engine.errors import BookError
from budget_watch.engine.yaml_words import duplicate, missing, place, similar, syntax
from budget_watch.engine.yaml_words import keys as keys_of
from budget_watch.refusals import refused
from budget_watch.tables.strict_yaml import line_of

Model = TypeVar("Model", bound=BaseModel)
_ALIAS = re.compile(r"(?:^|[\s\[{,])[&*][A-Za-z0-9_]", re.M)
_DAY = re.compile(r"\b(\d{4})-(\d{1,2})-(\d{1,2})\b")


def read(path: Path) -> Any:
    """The plain values of a YAML file, not to be changed. Raises BookError with file and line."""
    text = _text(path)
    try:
        _without_aliases(path, text)
        return _plain(text)
    except BookError:
        raise
    except DuplicateKeyError as error:
        said = f"同一个键写了两次：{duplicate(error.problem)}；请删去其中一行"
        raise BookError(f"{path}:{_line(error)}", said, "duplicate-key") from error
    except MarkedYAMLError as error:
        raise BookError(f"{path}:{_line(error)}", _problem(text, error), "yaml") from error
    except RecursionError as error:
        raise BookError(f"{path}:1", "YAML 套叠太深；请写成平常的几层", "yaml") from error
    except (YAMLError, ValueError) as error:
        line, day = _no_day(text)
        said = f"日期 {day} 不存在；请写 2026-03-31 这样的日期" if day else f"读不懂（{error}）"
        raise BookError(f"{path}:{line}", said, "yaml") from error


@lru_cache(maxsize=1024)
def _plain(text: str) -> Any:
    """The values of a text; a book that is loaded again has them at once."""
    return YAML(typ="safe", pure=True).load(text)


def _text(path: Path) -> str:
    """The file's text. Raises BookError where it is not UTF-8, with the line of the first byte."""
    content = path.read_bytes()
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise BookError(
            f"{path}:{line}", "不是 UTF-8 编码；请另存为 UTF-8 再放回", "yaml"
        ) from error


def _without_aliases(path: Path, text: str) -> None:
    """Refuse anchors and aliases: a few lines of them can stand for gigabytes."""
    if not _ALIAS.search(text):
        return
    for event in YAML(typ="safe", pure=True).parse(text):
        if isinstance(event, AliasEvent) or getattr(event, "anchor", None):
            line = event.start_mark.line + 1
            raise BookError(f"{path}:{line}", "不能用 &、* 引用别处的值；请照写一遍", "yaml")


def _problem(text: str, error: MarkedYAMLError) -> str:
    line = text.splitlines()[_line(error) - 1 : _line(error)]
    if "\t" in "".join(line) or "'\\t'" in (error.problem or ""):
        return "缩进用了制表符（Tab）；请改为空格"
    return f"YAML 语法有误：{syntax(error)}"


def _no_day(text: str) -> tuple[int, str]:
    """Line and text of the first date that does not exist; (1, "") if all do."""
    for at, line in enumerate(text.splitlines(), 1):
        for found in _DAY.finditer(line):
            try:
                date(*(int(part) for part in found.groups()))
            except ValueError:
                return at, found.group()
    return 1, ""


def read_items(
    path: Path,
    model: Callable[[Any], type[Model]],
    wrong: Callable[[BookError], None] | None = None,
) -> list[tuple[int, Model]]:
    """The entries of a file's list with their places, each checked against its model.

    Args:
        model: of an entry as it is written.
        wrong: takes a mistake, whose entry or file is then left out; without it it is raised.
    """

    def refuse(error: BookError) -> None:
        if wrong is None:
            raise error
        wrong(error)

    try:
        data = read(path)
    except BookError as error:
        refuse(error)
        return []
    if data is None:
        if not _text(path).strip():
            refuse(BookError(f"{path}:1", "文件是空的；每项以“- id: …”开头，或删去文件", "shape"))
        return []
    if not isinstance(data, list):
        refuse(BookError(f"{path}:1", "文件应是一张列表；每项以“- id: …”开头", "shape"))
        return []
    found: list[tuple[int, Model]] = []
    for at, entry in enumerate(data):
        try:
            found.append((at, validated(path, entry, model(entry), (at,))))
        except BookError as error:
            refuse(error)
    return found


def read_one(path: Path, model: type[Model]) -> Model:
    """The one mapping of a file, checked against the model."""
    data = read(path)
    start = "从 id: 一行写起" if "id" in model.model_fields else "写 base: 和 cases:"
    if data is None:
        raise BookError(f"{path}:1", f"文件是空的；请{start}，或删去文件", "shape")
    if not isinstance(data, dict):
        raise BookError(f"{path}:1", f"文件应为“键: 值”的映射；请{start}", "shape")
    return validated(path, data, model, ())


def validated(path: Path, data: Any, model: type[Model], at: tuple[int | str, ...]) -> Model:
    """Check data against a model; a refusal names file, line and the wrong key."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        found = error.errors()
        first, code, keys = found[0], found[0]["type"], found[0]["loc"]
        if code == "missing":
            message, keys = _missing(path, found, model, at)
        elif code == "extra_forbidden":
            message = f"没有键 {place(keys)}；可用的键：{keys_of(model, keys)}"
        else:
            message = " ".join(filter(None, (place(keys), refused(first))))
        where = f"{path}:{line_of(path, (*at, *keys))}"
        raise BookError(where, message, code) from error


def _missing(
    path: Path, found: Sequence[Any], model: type[Model], at: tuple[int | str, ...]
) -> tuple[str, tuple[int | str, ...]]:
    """What is said of a key that lacks and where: an unknown key beside it was likely meant."""
    loc = found[0]["loc"]
    beside = [each for each in found if each["loc"][:-1] == loc[:-1]]
    lacking = [str(each["loc"][-1]) for each in beside if each["type"] == "missing"]
    for each in beside:
        if each["type"] != "extra_forbidden":
            continue
        key = str(each["loc"][-1])
        meant = similar(key, lacking)
        if meant:
            line = line_of(path, (*at, *each["loc"]))
            said = f"第 {line} 行的 {key} 不是可用的键，是否应为 {meant}"
            return f"{missing(model, (*loc[:-1], meant))}；{said}", each["loc"]
    return missing(model, loc), loc


def place_keys(place: str) -> tuple[str | int, ...]:
    """The keys of a place that a mistake names: `ZX06 levels[0]` → ("levels", 0)."""
    _, _, inner = place.partition(" ")
    inner = inner.replace("（", ".").replace("）", "")
    return tuple(int(each) if each.isdigit() else each for each in re.findall(r"\w+", inner))


def _line(error: MarkedYAMLError) -> int:
    mark = error.problem_mark or error.context_mark
    return 1 if mark is None else int(mark.line) + 1
