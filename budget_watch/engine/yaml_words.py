"""What a YAML reader or a model complains of, in Chinese, with what to write instead."""

from __future__ import annotations

import re
import types
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from ruamel.yaml.error import MarkedYAMLError

# Problems as ruamel words them → what is wrong and what to write.
_SYNTAX: tuple[tuple[str, str], ...] = (
    (r"expected ',' or '([}\]])'", "括号中缺逗号，或缺右括号 {0}；各项用逗号隔开，有冒号的加引号"),
    (r"mapping values are not allowed", "多了一个冒号，或这一行缩进不对；文字里有冒号就加引号"),
    (r"unexpected end of stream", "引号没有配成对"),
    (r"character '(.)' that cannot start", "文字不能以 {0} 开头；请加引号"),
    (r"unknown escape character", "双引号里不能用反斜杠；请改用单引号"),
    (r"tag '(\S+)'", "不能用 {0} 这样的标签；文字以叹号开头就加引号"),
    (r"could not find expected ':'", "上一行缺冒号，或多行文字没有缩进"),
    (r"found '([}\]])'", "多了一个 {0}"),
    (r"found another document", "一个文件只能写一份；请删去 --- 以下，或另存为文件"),
    (r"sequence entries are not allowed", "短横“- ”开头的项要另起一行"),
    (r"expected <block end>", "这一行与上面的缩进不齐，或混写了列表和“键: 值”"),
    (r"document start", "第一行不能以 % 开头；请加引号"),
)  # fmt: skip


def syntax(error: MarkedYAMLError) -> str:
    """What is wrong with the form of a YAML file."""
    problem = " ".join(filter(None, (error.context, error.problem)))
    for pattern, said in _SYNTAX:
        found = re.search(pattern, problem)
        if found:
            return said.format(*found.groups())
    return "请检查缩进、冒号后的空格，含冒号、@ 或井号的文字要加引号"


def duplicate(problem: str | None) -> str:
    """The key that was written twice; empty if it is not said."""
    found = re.search(r'duplicate key "([^"]+)"', problem or "")
    return found[1] if found else ""


def place(loc: Sequence[str | int]) -> str:
    """A place in an entry, counted from one: ("levels", 0, "level") → levels 第 1 项的 level."""
    said = ""
    for key in loc:
        if isinstance(key, int):
            said += f" 第 {key + 1} 项"
        else:
            said += ("的 " if said.endswith("项") else "." if said else "") + key
    return said.strip()


def missing(model: type[BaseModel], loc: Sequence[str | int]) -> str:
    """A key that lacks, its place, and the values it may have where they are few."""
    *before, key = loc
    values = literals(model, loc)
    lead = f"{place(before)}" if before else ""
    return f"{lead}缺少键 {key}" + (f"（应写 {'、'.join(values)} 之一）" if values else "")


def similar(key: str, lacking: Sequence[str]) -> str:
    """The lacking key that an unknown one was probably meant to be; empty if none is plain."""
    if len(lacking) == 1:
        return lacking[0]
    return next(iter(get_close_matches(key, lacking, n=1, cutoff=0.5)), "")


def keys(model: type[BaseModel], loc: Sequence[str | int]) -> str:
    """The keys that may stand where an unknown one was written."""
    kind: Any = model
    for key in loc[:-1]:
        kind = _inner(kind, key)
    kind = _bare(kind)
    if not (isinstance(kind, type) and issubclass(kind, BaseModel)):
        kind = model
    return "、".join(each.alias or key for key, each in kind.model_fields.items())


def literals(model: type[BaseModel], loc: Sequence[str | int]) -> list[str]:
    """The values that a key may have, where the model lists them."""
    kind: Any = model
    for key in loc:
        kind = _inner(kind, key)
    kind = _bare(kind)
    return [str(each) for each in get_args(kind)] if get_origin(kind) is Literal else []


def _inner(kind: Any, key: str | int) -> Any:
    kind = _bare(kind)
    if isinstance(key, int):
        return next(iter(get_args(kind)), None)
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        for name, field in kind.model_fields.items():
            if key in (name, field.alias):
                return field.annotation
    return None


def _bare(kind: Any) -> Any:
    """A type without `Annotated` and `| None`."""
    while True:
        if get_origin(kind) is Annotated:
            kind = get_args(kind)[0]
        elif get_origin(kind) in (Union, types.UnionType):
            kind = next(each for each in get_args(kind) if each is not type(None))
        else:
            return kind
