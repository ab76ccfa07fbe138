"""Which opinions wait for whom: the steps that lead on, apart from those that are always there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

ASIDE = frozenset(("note", "extend", "remind", "publish", "edit", "withdraw", "forward"))


def leads_on(told: Mapping[str, Any]) -> list[str]:
    """Titles of the steps in a record that lead on; a rating that was given is not waited for."""
    rated = any(each["round"] == told["round"] for each in told.get("ratings", ()))
    return [
        each["title"]
        for each in told.get("next", [])
        if each["step"] not in ASIDE and not (rated and each["step"] == "rate")
    ]
