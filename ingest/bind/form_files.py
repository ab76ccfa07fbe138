"""Reads the form files: the product's (`ingest/forms/*.yaml`) and a home's own (`<home>/forms`).

Every mistake is told with file, line, and what to write. A home may add forms; an id of the product
stays the product's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from dataclasses import field as dataclass_field
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


@dataclass(frozen=True)
class FormBook:
    """All forms, the most particular first, and what is wrong with those of a home.

    Attributes:
        origins: form id → the file it stands in.
        mistakes: a sentence a wrong form, with file, line and remedy; such a form is left out.
    """

    forms: tuple[Form, ...]
    origins: Mapping[str, Path]
    mistakes: tuple[str, ...] = ()


def forms() -> tuple[Form, ...]:
    """Return the product's forms, the most particular first."""
    return form_book().forms


def form_book(own: Path | None = None) -> FormBook:
    """Return the product's forms and those of the folder `own` (`<home>/forms`).

    A form of the home that is wrong is left out and told; the others are used.
    Raises FormError when one of the product's own is wrong.
    """
    product = _product()
    if own is None or not own.is_dir():
        return _ranked(product)
    return _ranked(product, _read(own, product.forms))


def _ranked(*shelves: _Shelf) -> FormBook:
    found = {id_: form for shelf in shelves for id_, form in shelf.forms.items()}
    origins = {id_: path for shelf in shelves for id_, path in shelf.origins.items()}
    mistakes = tuple(text for shelf in shelves for text in shelf.mistakes)
    ranked = sorted(found.values(), key=lambda form: -form.priority)
    return FormBook(tuple(ranked), origins, mistakes)


@dataclass
class _Shelf:
    """The forms of one folder while they are read."""

    forms: dict[str, Form] = dataclass_field(default_factory=dict)
    origins: dict[str, Path] = dataclass_field(default_factory=dict)
    mistakes: list[str] = dataclass_field(default_factory=list)


@cache
def _product() -> _Shelf:
    shelf = _read(FOLDER, {})
    if shelf.mistakes:
        raise FormError(shelf.mistakes[0])
    return shelf


def _read(folder: Path, known: Mapping[str, Form]) -> _Shelf:
    shelf = _Shelf()
    for path in sorted(folder.glob("*.y*ml")):
        try:
            entries = _entries(path)
        except FormError as error:
            shelf.mistakes.append(str(error))
            continue
        for entry in entries:
            try:
                form = _form(entry)
                if form.id in known or form.id in shelf.forms:
                    whose = "本系统" if form.id in known else shelf.origins[form.id].name
                    raise entry.error(("id",), f" 已由{whose}使用；请另取一个 id")
            except FormError as error:
                shelf.mistakes.append(str(error))
                continue
            shelf.forms[form.id] = form
            shelf.origins[form.id] = path
    return shelf


def _entries(path: Path) -> list[_Entry]:
    try:
        data = read_mapping(path)
    except YamlFileError as error:
        said = str(error).replace("请从 code: 一行写起", "请从 id: 或 forms: 写起")
        raise FormError(said) from error
    if "forms" not in data:
        return [_Entry(path, (), data)]
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
    return [_Entry(path, ("forms", at), one) for at, one in enumerate(listed)]


def _form(entry: _Entry) -> Form:
    try:
        form = Form.model_validate(entry.data)
    except ValidationError as error:
        told = sorted(error.errors(), key=lambda one: one["type"] != "extra_forbidden")
        first = told[0]  # a mistyped key explains the one that is missing
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
