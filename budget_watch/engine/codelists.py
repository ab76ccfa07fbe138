"""The code tables that `known_code(code, 'list', fiscal_year)` may ask about, by list and year."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from budget_watch.codes import SYSTEMS, valid_codes, years


@cache
def code_lists() -> Mapping[str, Mapping[int, frozenset[str]]]:
    """Code system → year → codes (`functional`, `dept_economic`, `revenue`, `fund_type` …)."""
    return {
        system: {year: valid_codes(system, year) for year in years(system)} for system in SYSTEMS
    }
