"""The accounts of one home: its Store, and the Grant of a person of it.

The access room knows no home; here it is given this home's database, audit log, key and roles.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

from budget_watch.access import Grant
from budget_watch.access.accounts import accounts, any_accounts
from budget_watch.access.errors import AccessError
from budget_watch.access.granting import grant_of
from budget_watch.access.register import Register, UnitRow
from budget_watch.access.roles import roles
from budget_watch.access.sessions import HOUR, MINUTE, Lasting
from budget_watch.access.store import Store, key_file
from budget_watch.audit import Who, key_of
from budget_watch.lake import Home, Reader
from budget_watch.lake.home import CONFIGURATION
from budget_watch.lake.snapshot import Snapshot
from budget_watch.lake.state import engine, writing


def store_of(home: Home, clock: Callable[[], datetime] | None = None) -> Store:
    """The store of a home.

    Raises:
        AccessError: its own `permissions.yaml` cannot be read.
    """
    return Store(
        reading=lambda: engine(home).connect(),
        writing=lambda: writing(home),
        audit=key_of(home.root),
        key=lambda: key_file(home.root / "keys" / "access.key"),
        roles=roles(home.root),
        clock=clock or (lambda: datetime.now(UTC)),
        register=lambda: register_of(home),
    )


def register_of(home: Home) -> Register:
    """The unit table (REF-01) of the latest snapshot, as codes of grants are looked up in it.

    三员 read no business data; that a code exists and what body it names is told them for this
    purpose alone, by the machine's own reading.
    """
    snapshot = Snapshot.latest(home) if home.exists else None
    return Register() if snapshot is None else _register(home, snapshot.id)


@lru_cache(maxsize=4)
def _register(home: Home, snapshot: str) -> Register:
    wanted = ("mof_div_code", "dept_code", "dept_name", "agency_code", "agency_name")
    rows = Reader(home, Grant.system("授权时核对代码"), snapshot).scan("unit")
    found = rows.sort("valid_from", "agency_code").select(wanted).collect()
    return Register(tuple(UnitRow(*row) for row in found.iter_rows()))


def people(home: Home) -> dict[str, str]:
    """Account → what its person is called."""
    return {each.name: each.display for each in accounts(store_of(home))}


def grant_as(home: Home, user: str | None, purpose: str) -> Grant:
    """Whose eyes a command reads with: `--as USER` or `USER:ROLE`; the local operator without.

    That somebody reads with another's eyes is written down.

    Raises:
        UnknownUserError: no such account. NoRoleError: no role in force, or not this one.
    """
    if user is None:
        return Grant.operator(purpose)
    name, _, role = user.partition(":")
    under, _, number = role.partition("#")
    store = store_of(home)
    approval = int(number) if number.isdigit() else None
    grant = grant_of(store, name, purpose, under or None, approval)
    with store.writing() as connection:
        who = Who(name, grant.role or "", "", f"命令行 {purpose}")
        store.note(connection, who, "command_as", name, command=purpose, approval=approval)
    return grant


def has_accounts(home: Home) -> bool:
    """Whether anybody must sign in here."""
    return home.exists and any_accounts(store_of(home))


def lasting(home: Home) -> Lasting:
    """How long sessions last: `[access] idle_minutes`, `longest_hours` of the settings.

    Raises:
        AccessError: a value is no number of a sensible size.
    """
    said = settings(home.root)
    idle, longest = said.get("idle_minutes", 30), said.get("longest_hours", 12)
    if not isinstance(idle, int) or not 1 <= idle <= 24 * 60:
        raise AccessError("设置 [access] idle_minutes 应为 1 至 1440 的整数（分钟）。")
    if not isinstance(longest, int) or not 1 <= longest <= 24 * 7:
        raise AccessError("设置 [access] longest_hours 应为 1 至 168 的整数（小时）。")
    return Lasting(idle * MINUTE, longest * HOUR)


def settings(root: Path) -> dict[str, object]:
    """The `[access]` table of budget_watch.toml; empty where there is none."""
    path = root / CONFIGURATION
    if not path.exists():
        return {}
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8")).get("access", {})
    except tomllib.TOMLDecodeError as error:
        raise AccessError(f"设置文件 {path} 不能读取：{error}。请改正后重新运行。") from error
    return found if isinstance(found, dict) else {}
