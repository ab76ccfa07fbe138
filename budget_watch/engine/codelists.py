"""The code tables that `known_code(code, 'list', fiscal_year)` may ask about, by list and year."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache


@cache
def code_lists() -> Mapping[str, Mapping[int, frozenset[str]]]:
    """List name → year → codes; none while no code table is installed."""
    return {}
