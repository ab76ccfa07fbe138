"""Whose an exemption is to see, and how far a person may register one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from budget_watch.access import Grant
from budget_watch.casework.rule_marks import visible_rules
from budget_watch.lake import Home


def seen_by(home: Home, grant: Grant, rule: str, scope: Mapping[str, Any]) -> bool:
    """Whether an entry is the reader's to see: its rule, and the places that it is about."""
    rules = visible_rules(home.root, grant)
    return (rules is None or rule in rules) and rows_inside(grant, scope)


def rows_inside(grant: Grant, scope: Mapping[str, Any]) -> bool:
    """Whether a scope names only places in the rows of a grant."""
    limits = {
        "mof_div_code": grant.scope.regions,
        "dept_code": grant.scope.departments,
        "agency_code": grant.scope.units,
    }
    for name, allowed in limits.items():
        if allowed is None:
            continue
        said = scope.get(name)
        values = said if isinstance(said, list) else [said]
        if said is None or not {str(each) for each in values} <= allowed:
            return False
    return True
