"""Code tables by fiscal year, and the check digit of the unified social credit code.

Function, revenue and the two economic classifications (政府收支分类科目), kinds of funds
(资金性质), budget levels, regions (GB/T 2260 with three digits behind). The tables are CSV in
`data/`; every row states the fiscal years it is good for. No rule lives here, and no table.
"""

from budget_watch.codes.systems import (
    SYSTEMS,
    CodesError,
    all_years,
    children,
    codes,
    name_of,
    names,
    parent_of,
    sha256,
    valid_codes,
    years,
)

__all__ = [
    "SYSTEMS",
    "CodesError",
    "all_years",
    "children",
    "codes",
    "name_of",
    "names",
    "parent_of",
    "sha256",
    "valid_codes",
    "years",
]
