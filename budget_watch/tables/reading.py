"""Finds and loads the contracts: `contracts()`, `contract(code_or_name)`.

YAML is slow to read (seconds for all files), so what was read is kept as JSON in `__pycache__`
beside the files, under the hash of file content and code, as Python keeps its own byte code. Where
that folder cannot be written, a single table is read at a time and nothing is kept.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pydantic import ValidationError

from budget_watch.tables.contract import Contract
from budget_watch.tables.strict_yaml import YamlFileError, line_of, read_mapping

FOLDER = Path(__file__).parent


class ContractError(ValueError):
    """A contract file is wrong, or no such table exists. Says file, line, and what to write."""


def read_contract(path: Path) -> Contract:
    """Read one contract file. Raises ContractError with file, line and remedy."""
    try:
        data = read_mapping(path)
    except YamlFileError as error:
        raise ContractError(str(error)) from error
    contract = _validated(path, data)
    if path.stem != contract.code:
        raise ContractError(f"{path}:1: 文件名应与 code 相同，请改名为 {contract.code}.yaml")
    return contract


@cache
def contracts(folder: Path = FOLDER) -> Mapping[str, Contract]:
    """Return all contracts by English name, in the order of their codes.

    Raises ContractError if a file is wrong or two files claim one name.
    """
    found: dict[str, Contract] = {}
    for path, data in _all_data(folder):
        contract = _validated(path, data)
        if path.stem != contract.code:
            raise ContractError(f"{path}:1: 文件名应与 code 相同，请改名为 {contract.code}.yaml")
        if contract.name in found:
            other = found[contract.name].code
            raise ContractError(f"{path}: name {contract.name} 已由 {other} 使用，请另取一个")
        found[contract.name] = contract
    return MappingProxyType(found)


def contract(code_or_name: str) -> Contract:
    """Return the contract with this code (`FIN-15`) or name (`payment_voucher`).

    Raises ContractError that offers the nearest known names.
    """
    known = contracts()
    if code_or_name in known:
        return known[code_or_name]
    wanted = code_or_name.upper()
    for candidate in known.values():
        if candidate.code == wanted:
            return candidate
    from difflib import get_close_matches

    names = [*known, *(candidate.code for candidate in known.values())]
    near = get_close_matches(code_or_name, names, n=3, cutoff=0.5)
    hint = f"；是否指 {'、'.join(near)}" if near else "；用 contracts() 可列出全部报表"
    raise ContractError(f"没有名为 {code_or_name} 的报表{hint}")


def _validated(path: Path, data: Mapping[str, Any]) -> Contract:
    try:
        return Contract.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        keys = tuple(first["loc"])
        where = ".".join(str(key) for key in keys) or "全文"
        message = first["msg"].removeprefix("Value error, ")
        line = line_of(path, keys)
        raise ContractError(f"{path}:{line}: {where} 不合要求：{message}") from error


def _all_data(folder: Path) -> list[tuple[Path, dict[str, Any]]]:
    paths = sorted(folder.glob("*.yaml"))
    if not paths:
        raise ContractError(f"{folder} 中没有报表约定（*.yaml）；安装不完整，请重新安装")
    kept = folder / "__pycache__" / f"contracts-{_digest(paths)}.json"
    with suppress(OSError, ValueError):
        held = json.loads(kept.read_text(encoding="utf-8"))
        return [(path, held[path.name]) for path in paths]
    try:
        data = [(path, read_mapping(path)) for path in paths]
    except YamlFileError as error:
        raise ContractError(str(error)) from error
    with suppress(OSError):
        _keep(kept, {path.name: content for path, content in data})
    return data


def _digest(paths: list[Path]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        content = path.read_bytes()
        digest.update(f"{path.name}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()[:24]


def _keep(path: Path, content: Mapping[str, Any]) -> None:
    path.parent.mkdir(exist_ok=True)
    for old in path.parent.glob("contracts-*.json"):
        with suppress(OSError):
            old.unlink()
    handle, name = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(content, file, ensure_ascii=False)
    Path(name).replace(path)
