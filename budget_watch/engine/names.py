"""Names of codes for sentences: departments, units, projects, regions, classifications."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from functools import cache, cached_property

import polars as pl

from budget_watch.codes import name_of
from budget_watch.engine.sources import Reader
from budget_watch.tables import contracts

SYSTEMS = {
    "mof_div_code": "region",
    "sub_mof_div_code": "region",
    "exp_func_code": "functional",
    "rev_code": "revenue",
    "dep_bgt_eco_code": "dept_economic",
    "gov_bgt_eco_code": "gov_economic",
    "fund_type_code": "fund_type",
    "budget_level_code": "budget_level",
    "kind": "dept_economic",  # of FIN-22; the kinds of other tables are words, not codes
    "func_class": "functional",
}

_OWN = ("agency_code", "dept_code", "pro_code", "table_code", "column_name")


class Names(Mapping[str, Mapping[str, str]]):
    """Column → code → name, read once from the snapshot when first needed.

    Reading goes through the reader, so that its grant holds here too.
    """

    def __init__(self, reader: Reader, as_of: date) -> None:
        self.reader, self.as_of = reader, as_of

    @cached_property
    def _units(self) -> pl.DataFrame:
        columns = ["agency_code", "agency_name", "dept_code", "dept_name", "mof_div_code"]
        return (
            self.reader.scan("unit")
            .filter(pl.col("valid_from").is_null() | (pl.col("valid_from") <= self.as_of))
            .sort("valid_from")
            .select(columns)
            .collect()
        )

    @cached_property
    def _agencies(self) -> dict[str, str]:
        return _pairs(self._units, "agency_code", "agency_name")

    @cached_property
    def _departments(self) -> dict[str, str]:
        named = _pairs(self._units, "dept_code", "dept_name")
        return {**_pairs(self._units.filter(pl.col("agency_code") == pl.col("dept_code")),
                         "agency_code", "agency_name"), **named}  # fmt: skip

    @cached_property
    def _projects(self) -> dict[str, str]:
        rows = self.reader.scan("project").select("pro_code", "pro_name").collect()
        return _pairs(rows, "pro_code", "pro_name")

    @cached_property
    def _regions(self) -> dict[str, str]:
        rows = (
            self.reader.scan("debt_limit")
            .select("mof_div_code", "region_name")
            .unique()
            .sort("mof_div_code", "region_name")
            .collect()
        )
        return _pairs(rows, "mof_div_code", "region_name")

    def __getitem__(self, column: str) -> Mapping[str, str]:
        """The names of one column's codes. Raises KeyError for a column without names."""
        if column == "agency_code":
            return self._agencies
        if column == "dept_code":
            return self._departments
        if column == "pro_code":
            return self._projects
        if column in ("table_code", "column_name"):
            return _contract_titles(column)
        if column in SYSTEMS:
            extra = self._regions if column.endswith("mof_div_code") else {}
            return _CodeNames(SYSTEMS[column], self.as_of.year, extra)
        raise KeyError(column)

    def __iter__(self) -> Iterator[str]:
        """The columns that have names."""
        return iter((*_OWN, *SYSTEMS))

    def __len__(self) -> int:
        """How many columns have names."""
        return len(_OWN) + len(SYSTEMS)


class _CodeNames(Mapping[str, str]):
    """The names of one code system in one year; what the table lacks may come from the data."""

    def __init__(self, system: str, year: int, extra: Mapping[str, str]) -> None:
        self.system, self.year, self.extra = system, year, extra

    def __getitem__(self, code: str) -> str:
        found = name_of(self.system, self.year, code) or self.extra.get(code)
        if found is None:
            raise KeyError(code)
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self.extra)

    def __len__(self) -> int:
        return len(self.extra)


@cache
def _contract_titles(column: str) -> Mapping[str, str]:
    """Titles of report tables by code, or of their columns by name."""
    known = contracts().values()
    if column == "table_code":
        return {each.code: each.title for each in known}
    return {each.name: each.title for contract in known for each in contract.columns}


class Aliased(Mapping[str, Mapping[str, str]]):
    """Names also under the names that a rule's joins give to columns they take."""

    def __init__(self, names: Mapping[str, Mapping[str, str]], alias: Mapping[str, str]) -> None:
        self.names, self.alias = names, alias

    def __getitem__(self, column: str) -> Mapping[str, str]:
        return self.names[self.alias.get(column, column)]

    def __iter__(self) -> Iterator[str]:
        return iter((*self.names, *self.alias))

    def __len__(self) -> int:
        return len(self.names) + len(self.alias)


def _pairs(rows: pl.DataFrame, code: str, name: str) -> dict[str, str]:
    known = rows.filter(pl.col(code).is_not_null() & pl.col(name).is_not_null())
    return dict(zip(known[code].to_list(), known[name].to_list(), strict=True))
