"""The roles and what each may see and do, as `permissions.yaml` says, with a home's own changes."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from budget_watch.access.errors import AccessError
from budget_watch.access.levels import Depth, Reached, Sensitivity
from budget_watch.refusals import refusals

RowLimit = Literal["regions", "departments", "units", "matter", "until"]
Act = Literal[
    "export", "digest", "papers", "accounts", "permissions", "sessions", "matrix", "audit"
]  # what this room and the reading commands ask for; casework has its own table of who may
OVERLAY = "permissions.yaml"


class Role(BaseModel):
    """One role.

    Attributes:
        rows: what must be given when the role is assigned.
        admin: one of 三员: no business data, and nobody holds two of them.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str = Field(min_length=1)
    group: str
    tables: Literal["公开", "内部", "敏感"] = "公开"
    rules: Literal["公开", "内部", "敏感"] = "公开"
    depth: Literal["department", "unit", "project", "indicator", "application", "voucher"] = (
        "department"
    )
    rows: tuple[RowLimit, ...] = ()
    findings: Literal["全部", "初核成立后", "转交后"] = "全部"
    names: bool = False
    sums: bool = True
    withheld: tuple[str, ...] = ()
    admin: bool = False
    acts: tuple[Act, ...] = ()

    @property
    def reach(self) -> Depth:
        """How deep the role reads."""
        return Depth.of(self.depth)

    @property
    def of_tables(self) -> Sensitivity:
        """The highest sensitivity of tables."""
        return Sensitivity.of(self.tables)

    @property
    def of_findings(self) -> Reached:
        """How far the handling of a finding must have come."""
        return Reached.of(self.findings)

    @property
    def of_rules(self) -> Sensitivity:
        """The highest sensitivity of rules."""
        return Sensitivity.of(self.rules)


@cache
def standard_roles() -> dict[str, Role]:
    """The product's roles by code."""
    return _roles(_read(Path(__file__).parent / OVERLAY)["roles"], OVERLAY)


def roles(root: Path) -> dict[str, Role]:
    """The roles of a home: the product's, changed by `<home>/permissions.yaml` where it is there.

    Raises:
        AccessError: the file is no YAML, names an unknown role, or makes an administrator a reader.
    """
    path = root / OVERLAY
    if not path.exists():
        return standard_roles()
    own = (_read(path) or {}).get("roles") or {}
    known = {name: role.model_dump() for name, role in standard_roles().items()}
    for name, changes in own.items():
        if name not in known:
            raise AccessError(f"{path}：没有角色 {name}；可改的有 {'、'.join(known)}。")
        if "admin" in changes:
            raise AccessError(f"{path}：角色 {name} 是否三员不能改。")
        known[name] = {**known[name], **changes}
    return _roles(known, str(path))


@cache
def groups() -> dict[str, tuple[str, ...]]:
    """Words for what is often approved together → the tables, marts and rules they stand for."""
    said = _read(Path(__file__).parent / OVERLAY)["groups"]
    return {word: tuple(names) for word, names in said.items()}


def find_role(known: dict[str, Role], text: str) -> str:
    """The code of a role by its code or Chinese title.

    Raises:
        AccessError: there is none.
    """
    for code, role in known.items():
        if text in (code, role.title):
            return code
    listed = "、".join(f"{code}（{role.title}）" for code, role in known.items())
    raise AccessError(f"没有角色“{text}”；可用 {listed}。")


def _roles(said: dict[str, Any], where: str) -> dict[str, Role]:
    found = {}
    for name, each in said.items():
        try:
            found[name] = Role.model_validate(each)
        except ValidationError as error:
            raise AccessError(f"{where}：角色 {name} 写错了：{refusals(error)}。") from error
    return found


def _read(path: Path) -> dict[str, Any]:
    try:
        loaded = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
    except YAMLError as error:
        raise AccessError(f"{path} 不是合格的 YAML：{error}") from error
    return loaded if isinstance(loaded, dict) else {}
