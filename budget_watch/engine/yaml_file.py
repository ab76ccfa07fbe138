"""Reads a file of the rule book: strict YAML checked against a model, mistakes by line."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.constructor import DuplicateKeyError
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from budget_watch.engine.errors import BookError
from budget_watch.tables.strict_yaml import line_of

Model = TypeVar("Model", bound=BaseModel)


def read(path: Path) -> Any:
    """The plain values of a YAML file. Raises BookError with file and line."""
    try:
        return YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    except DuplicateKeyError as error:
        raise BookError(
            f"{path}:{_line(error)}", "同一个键写了两次；请删去其中一行", "duplicate-key"
        ) from error
    except MarkedYAMLError as error:
        problem = (error.problem or "无法解析").strip().splitlines()[0]
        raise BookError(
            f"{path}:{_line(error)}",
            f"YAML 语法有误（{problem}）；请检查缩进、冒号后的空格，含冒号、@ 或井号的文字要加引号",
            "yaml",
        ) from error
    except (YAMLError, UnicodeDecodeError) as error:
        raise BookError(
            str(path), f"不是 UTF-8 编码的 YAML（{error}）；请另存为 UTF-8", "yaml"
        ) from error


def read_items(path: Path, model: type[Model]) -> list[Model]:
    """The list of entries in a file, each checked against the model."""
    data = read(path)
    if data is None:
        return []
    if not isinstance(data, list):
        raise BookError(f"{path}:1", "文件应是一张列表；每项以“- id: …”开头", "shape")
    return [validated(path, entry, model, (at,)) for at, entry in enumerate(data)]


def read_one(path: Path, model: type[Model]) -> Model:
    """The one mapping of a file, checked against the model."""
    data = read(path)
    if not isinstance(data, dict):
        raise BookError(f"{path}:1", "文件应为“键: 值”的映射；请从 id: 一行写起", "shape")
    return validated(path, data, model, ())


def validated(path: Path, data: Any, model: type[Model], at: tuple[int | str, ...]) -> Model:
    """Check data against a model; a refusal names file, line and the wrong key."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        keys = (*at, *first["loc"])
        name = ".".join(str(key) for key in first["loc"]) or "此项"
        allowed = "、".join(each.alias or key for key, each in model.model_fields.items())
        message = {
            "extra_forbidden": f"没有键 {name}；可用的键：{allowed}",
            "missing": f"缺少键 {name}",
        }.get(first["type"], f"{name} 不合要求：{first['msg'].removeprefix('Value error, ')}")
        raise BookError(f"{path}:{line_of(path, keys)}", message, first["type"]) from error


def _line(error: MarkedYAMLError) -> int:
    mark = error.problem_mark or error.context_mark
    return 1 if mark is None else int(mark.line) + 1
