"""Example accounts of the demo: one of each role, clearly marked, their password printed once.

They sign in on this machine alone, and no more once the first real account is there.
"""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Any

from budget_watch.access import Grant, Scope, accounts, assigning, signing_in
from budget_watch.access.accounts import EXAMPLE
from budget_watch.access.store import Store
from budget_watch.audit import Who
from budget_watch.casework.accounts import store_of
from budget_watch.lake import Home, Reader

BY = Who("operator", "", "", "示范")
WHY = "示范账号"
MATTER = ("ZX15", "carryover", "carryover_position")


def example_accounts(home: Home) -> tuple[str | None, list[dict[str, Any]]]:
    """Make them: the password they share, and one record each; no password where they are there."""
    store = store_of(home)
    names = {each.name for each in accounts.accounts(store)}
    if any(name.startswith(EXAMPLE) for name in names):
        return None, []
    password = "-".join(secrets.token_hex(2) for _ in range(4))
    made = []
    for role in store.roles:
        name = EXAMPLE + role.replace("_", "-")
        title = store.roles[role].title
        accounts.add(store, BY, name, f"示范·{title}", example=True)
        _assign(store, home, name, role)
        signing_in.set_password(store, Who(name, role, "", WHY), name, password)
        made.append({"user": name, "role": title})
    return password, made


def _assign(store: Store, home: Home, name: str, role: str) -> None:
    wanted = store.roles[role].rows
    place = _place(home)
    assigning.assign(
        store,
        BY,
        name,
        role,
        WHY,
        Scope(*(place[each] if each in wanted else None for each in place)),
        matter=MATTER if "matter" in wanted else None,
        until=store.today + timedelta(days=365) if "until" in wanted else None,
    )


def _place(home: Home) -> dict[str, frozenset[str]]:
    """The city's region, its first department with several units, and one of them."""
    units = Reader(home, Grant.operator(WHY)).scan("unit").collect()
    region = min(units["mof_div_code"].drop_nulls().to_list())
    here = units.filter(units["mof_div_code"] == region).sort("dept_code", "agency_code")
    of = here.group_by("dept_code", maintain_order=True).len()
    dept = str(of.sort("len", descending=True, maintain_order=True)["dept_code"][0])
    own = here.filter((here["dept_code"] == dept) & (here["agency_code"] != dept))
    unit = str(own["agency_code"][0])
    return {
        "regions": frozenset({str(region)}),
        "departments": frozenset({dept}),
        "units": frozenset({unit}),
    }
