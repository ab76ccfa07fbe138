"""What the committee's office is called on papers, exports and printed pages."""

from __future__ import annotations

import tomllib

from budget_watch.lake import Home

OFFICE = "人大常委会预算工作委员会"


def issuer(home: Home, city: str = "") -> str:
    """The office, as `[committee] name` of the settings says; else the city's, if it is known."""
    path = home.root / "budget_watch.toml"
    if not path.exists():
        return f"{city}{OFFICE}"
    named = tomllib.loads(path.read_text(encoding="utf-8")).get("committee", {}).get("name")
    return named if isinstance(named, str) else f"{city}{OFFICE}"
