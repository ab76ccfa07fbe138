"""Reads the form files: the product's (`ingest/forms/*.yaml`) and a home's own (`<home>/forms`).

Every mistake is told with file, line, and what to write. A home may add forms; an id of the product
stays the product's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from budget_watch.tables import Contract, ContractError
from budget_watch.tables import contract as contract_of
from budget_watch.tables.strict_yaml import YamlFileError, line_of, read_mapping
from ingest.bind.form import Form, Shape
from ingest.errors import FormError

FOLDER = Path(__file__).parents[1] / "forms"
Keys = tuple[str | int, ...]


@dataclass(frozen=True)
class _Entry:
    """One form of a file: where it stands, and its keys from the file's top."""

    path: Path
    keys: Keys
    data: Mapping[str, Any]

    def error(self, loc: Keys, text: str) -> FormError:
        line = line_of(self.path, (*self.keys, *loc))
        where = ".".join(str(key) for key in loc)
        named = f"表样 {self.data.get('id', '（没有 id）')}"
        return FormError(f"{self.path}:{line}: {named}{'的 ' + where if where else ''}{text}")


def forms(own: Path | None = None) -> tuple[Form, ...]:
    """Return all forms, the most particular first: the product's, and those of the folder `own`.

    Raises FormError with file, line and remedy.
    """
    product = _product()
    if own is None or not own.is_dir():
        return _ranked(product)
    return _ranked({**product, **_read(own, product)})


def origin_of(form_id: str, own: Path | None = None) -> str:
    """Return in which file a form stands."""
    for folder in (FOLDER, own):
        for entry in _entries(folder) if folder is not None and folder.is_dir() else ():
            if entry.data.get("id") == form_id:
                return str(entry.path)
    return ""


def _ranked(found: Mapping[str, Form]) -> tuple[Form, ...]:
    return tuple(sorted(found.values(), key=lambda form: -form.priority))


@cache
def _product() -> dict[str, Form]:
    return _read(FOLDER, {})


def _read(folder: Path, known: Mapping[str, Form]) -> dict[str, Form]:
    found: dict[str, Form] = {}
    for entry in _entries(folder):
        form = _form(entry)
        if form.id in known or form.id in found:
            whose = "本系统" if form.id in known else "另一处"
            raise entry.error(("id",), f" 已由{whose}使用；请另取一个 id")
        found[form.id] = form
    return found


def _entries(folder: Path) -> Iterator[_Entry]:
    for path in sorted(folder.glob("*.yaml")):
        try:
            data = read_mapping(path)
        except YamlFileError as error:
            raise FormError(
                str(error).replace("请从 code: 一行写起", "请从 id: 或 forms: 写起")
            ) from error
        if "forms" not in data:
            yield _Entry(path, (), data)
            continue
        listed = data["forms"]
        if not isinstance(listed, list) or len(data) > 1:
            line = line_of(path, ("forms",))
            raise FormError(
                f"{path}:{line}: forms 应为列表，其下每个表样以“- id: …”开头，别的键写在表样里"
            )
        for at, one in enumerate(listed):
            if not isinstance(one, dict):
                line = line_of(path, ("forms", at))
                raise FormError(f"{path}:{line}: 表样应写成“- id: …”，后面各键与 id 对齐")
            yield _Entry(path, ("forms", at), one)


def _form(entry: _Entry) -> Form:
    try:
        form = Form.model_validate(entry.data)
    except ValidationError as error:
        first = error.errors()[0]
        loc = tuple(first["loc"])
        raise entry.error(loc, "：" + _chinese(first, loc)) from error
    _check_patterns(entry, form.model_dump(), ())
    _check_columns(entry, form)
    return form


_PATTERNS = frozenset(
    [
        "title",
        "not_title",
        "headers",
        "not_headers",
        "header",
        "pattern",
        "path",
        "match",
        "main",
        "empty",
    ]
)
_WORDS = (("title",), ("constants",), ("figures",))  # begin what is plain text under such a key


def _check_patterns(entry: _Entry, value: Any, loc: Keys) -> None:
    """Raise FormError for the first text that should be a regular expression and is none."""
    if isinstance(value, dict):
        for key, one in value.items():
            if loc in (("funds",), ("rows",)):
                _compile(entry, (*loc, key), key)
            _check_patterns(entry, one, (*loc, key))
    elif isinstance(value, list | tuple):
        for at, one in enumerate(value):
            _check_patterns(entry, one, (*loc, at))
    elif isinstance(value, str) and loc[:1] not in _WORDS and _names_pattern(loc):
        _compile(entry, loc, value)


def _names_pattern(loc: Keys) -> bool:
    key = next((key for key in reversed(loc) if isinstance(key, str)), "")
    return key in _PATTERNS and not (loc[0] == "fields" and key == "title")


def _compile(entry: _Entry, loc: Keys, text: str) -> None:
    try:
        re.compile(text)
    except re.error as error:
        raise entry.error(
            loc,
            f"：“{text}”不是正则表达式（{error}）；括号、加号等照字面写时前面加 \\，"
            "整段用单引号括起",
        ) from error


def _check_columns(entry: _Entry, form: Form) -> None:
    """Raise FormError where a table or a column is named that there is not."""
    tables: dict[str | None, Keys] = {form.table: ("table",)}
    tables |= {table: ("targets", table) for table in form.targets}
    known: dict[str, Contract] = {}
    for code, loc in tables.items():
        if code is None:
            continue
        try:
            known[code] = contract_of(code)
        except ContractError as error:
            raise entry.error(loc, f"：{error}") from error
    if form.table is None:
        return
    names = [*known[form.table].names, "data_status", "round_fen"]
    every = [*names, *(n for one in known.values() for n in one.names)]
    for name, loc in _columns_named(form):
        if name not in every:
            near = get_close_matches(name, names, n=3, cutoff=0.5)
            hint = f"；是否指 {'、'.join(near)}" if near else ""
            raise entry.error(
                loc,
                f"：报表 {form.table} 没有列 {name}{hint}；"
                f"用 budget-watch tables show {form.table} 可列出各列",
            )


def _columns_named(form: Form) -> Iterator[tuple[str, Keys]]:
    templates = " ".join(pick.template or "" for pick in form.columns.values())
    for name in form.columns:
        if f"{{{name}}}" not in templates:  # else a helper of another column
            yield name, ("columns", name)
    for name in form.constants:
        yield name, ("constants", name)
    for at, cell in enumerate(form.cells):
        if cell.column:
            yield cell.column, ("cells", at, "column")
    for at, path in enumerate(form.paths):
        if path.column:
            yield path.column, ("paths", at, "column")
        for name in path.constants:
            yield name, ("paths", at, "constants", name)
    for name in form.figures:
        yield name, ("figures", name)


def _chinese(found: Any, loc: Keys) -> str:
    """What pydantic found, in words that say what to write."""
    kind = str(found["type"])
    name = str(loc[-1]) if loc else ""
    if kind == "extra_forbidden":
        near = get_close_matches(name, _keys_at(loc), n=2, cutoff=0.5)
        return (
            "没有这个键"
            + (f"；是否指 {'、'.join(near)}" if near else "；请核对拼写或删去")
            + "（各键见 docs/add-a-form.md）"
        )
    allowed = get_args(Shape) if name == "shape" else ("收入", "支出")
    known = {
        "missing": "缺少这一项；请补写",
        "literal_error": f"应为 {'、'.join(allowed)} 之一",
        "string_type": "应为文字；像数字的文字要加引号",
        "bool_type": "应为 true 或 false",
        "bool_parsing": "应为 true 或 false",
        "int_parsing": "应为整数",
        "int_type": "应为整数",
        "float_parsing": "应为数",
        "tuple_type": "应为列表，如 ['第一条', '第二条']",
        "dict_type": "应为“键: 值”",
        "model_type": "应为“键: 值”，如 {title: '…'}",
    }
    return known.get(kind, str(found["msg"]).removeprefix("Value error, "))


def _keys_at(loc: Keys) -> list[str]:
    """Return the keys that may stand where an unknown one does."""
    model: type[BaseModel] = Form
    for key in loc[:-1]:
        field = model.model_fields.get(str(key)) if isinstance(key, str) else None
        nested = _model_in(field.annotation) if field is not None else None
        model = nested or model
    return list(model.model_fields)


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for one in get_args(annotation) if (found := _model_in(one))), None)
