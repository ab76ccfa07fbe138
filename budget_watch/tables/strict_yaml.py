"""Reads YAML strictly: one meaning a file, every mistake named by file and line.

Duplicate keys are refused (the later one would win silently), and so is everything but one plain
mapping. The reader is pure Python: a few milliseconds a contract.
"""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.constructor import DuplicateKeyError
from ruamel.yaml.error import MarkedYAMLError, YAMLError


class YamlFileError(ValueError):
    """A YAML file cannot be read as one mapping. The message says file, line, and what to write."""


def read_mapping(path: Path) -> dict[str, Any]:
    """Return the mapping that the file holds, with plain Python values.

    Raises YamlFileError when the file is not UTF-8 YAML, repeats a key, or is no mapping.
    """
    yaml = YAML(typ="safe", pure=True)
    try:
        data = yaml.load(path.read_text(encoding="utf-8"))
    except DuplicateKeyError as error:
        where = f"{path}:{_line(error)}"
        raise YamlFileError(
            f"{where}: 键 {_key(error.problem)} 写了两次；同一个键只能写一次，请删去其中一行"
        ) from error
    except MarkedYAMLError as error:
        where = f"{path}:{_line(error)}"
        raise YamlFileError(
            f"{where}: YAML 语法有误（{_first_line(error.problem)}）；"
            "请检查缩进、冒号后的空格，含冒号或井号的文字要加引号"
        ) from error
    except (YAMLError, UnicodeDecodeError) as error:
        raise YamlFileError(f"{path}: 不是 UTF-8 编码的 YAML（{error}）；请另存为 UTF-8") from error
    if not isinstance(data, dict):
        raise YamlFileError(f"{path}:1: 文件应为“键: 值”的映射；请从 code: 一行写起")
    return data


def line_of(path: Path, keys: tuple[str | int, ...]) -> int:
    """Return the line (from 1) on which the value at `keys` stands; 1 if it cannot be found."""
    node = _with_lines(path.read_text(encoding="utf-8"))
    line = 1
    for key in keys:
        try:
            line = node.lc.data[key][0] + 1
            node = node[key]
        except (AttributeError, KeyError, IndexError, TypeError):
            return line
    return line


@lru_cache(maxsize=2)
def _with_lines(text: str) -> Any:
    """The nodes with their places: a list file is asked once for each of its entries."""
    return YAML().load(text)


def _line(error: MarkedYAMLError) -> int:
    mark = error.problem_mark or error.context_mark
    return 1 if mark is None else int(mark.line) + 1


def _key(text: str | None) -> str:
    named = re.search(r'duplicate key "([^"]+)"', text or "")
    return named[1] if named else ""


def _first_line(text: str | None) -> str:
    return (text or "").strip().splitlines()[0] if text else "无法解析"
