"""Finds and loads the contracts: `contracts()`, `contract(code_or_name)`.

All files together take about a quarter of a second; they are read once in a process.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pydantic import ValidationError

from budget_watch.refusals import refused
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
        raise ContractError(
            f"{path}:1: 文件名应与 code 相同：把 code 改为 {path.stem}，"
            f"或请改名为 {contract.code}.yaml"
        )
    return contract


@cache
def contracts(folder: Path = FOLDER) -> Mapping[str, Contract]:
    """Return all contracts by English name, in the order of their codes.

    Raises ContractError if a file is wrong or two files claim one name.
    """
    paths = sorted(folder.glob("*.yaml"))
    if not paths:
        raise ContractError(f"{folder} 中没有报表约定（*.yaml）；安装不完整，请重新安装")
    found: dict[str, Contract] = {}
    for path in paths:
        contract = read_contract(path)
        if contract.name in found:
            other = found[contract.name].code
            raise ContractError(f"{path}: name {contract.name} 已由 {other} 使用，请另取一个")
        found[contract.name] = contract
    return MappingProxyType(found)


def contract(code_or_name: str, others: Iterable[str] = ()) -> Contract:
    """Return the contract with this code (`FIN-15`) or name (`payment_voucher`).

    Raises ContractError that offers the nearest known names, and of these others.
    """
    known = contracts()
    if code_or_name in known:
        return known[code_or_name]
    wanted = code_or_name.upper()
    for candidate in known.values():
        if candidate.code == wanted:
            return candidate
    names = [*known, *(candidate.code for candidate in known.values()), *others]
    near = get_close_matches(code_or_name, names, n=3, cutoff=0.5)
    hint = f"；是否指 {'、'.join(near)}" if near else "；用 budget-watch tables list 可列出全部报表"
    raise ContractError(f"没有名为 {code_or_name} 的报表{hint}")


def _validated(path: Path, data: Mapping[str, Any]) -> Contract:
    try:
        return Contract.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        keys = tuple(first["loc"])
        where = ".".join(str(key) for key in keys) or "全文"
        message = refused(first)
        line = line_of(path, keys)
        raise ContractError(f"{path}:{line}: {where} 不合要求：{message}") from error
