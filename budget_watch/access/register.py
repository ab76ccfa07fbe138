"""The codes that a grant may name: divisions, and departments and units of the unit table (REF-01).

The room stands below the lake, so the rows of the unit table are given to it by whoever makes the
Store. They are names of public bodies, looked up for this purpose alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from budget_watch.access.errors import AccessError
from budget_watch.access.grant import Scope
from budget_watch.codes import name_of, parent_of, years

REGIONS, DEPARTMENTS, UNITS = "regions", "departments", "units"
WORDS = {REGIONS: "区划", DEPARTMENTS: "部门", UNITS: "单位"}
NOT_DELIVERED = "预算单位表（REF-01）还没有报送，部门、单位代码没有核对。"
_MOST_NAMES = 3  # of one code, where several divisions use it for bodies of different names


@dataclass(frozen=True)
class UnitRow:
    """A row of the unit table: division, department, unit."""

    region: str
    department: str
    department_name: str | None
    unit: str
    name: str


@dataclass(frozen=True)
class Register:
    """The unit table as codes are looked up in it; without rows where none was delivered.

    Attributes:
        rows: the oldest first, so that the latest name of a body is the one told.
    """

    rows: tuple[UnitRow, ...] = ()

    def names(self, kind: str, code: str, regions: frozenset[str] | None = None) -> tuple[str, ...]:
        """What a code stands for; empty where there is no such code.

        Args:
            kind: `REGIONS`, `DEPARTMENTS` or `UNITS`.
            regions: only bodies of these divisions.
        """
        if kind == REGIONS:
            known = _division(code)
            if known is None and code in self._divisions:
                known = ""
            return () if known is None else (known,)
        named: dict[str, str] = {}
        for row in self._by_code[kind].get(code, ()):
            if regions is None or row.region in regions:
                of_department = row.department_name or row.name
                named[row.region] = of_department if kind == DEPARTMENTS else row.name
        return tuple(dict.fromkeys(named.values()))

    def told(self, kind: str, code: str, regions: frozenset[str] | None = None) -> str:
        """A code with its name beside it; the code alone where nothing is known of it."""
        found = [name for name in self.names(kind, code, regions) if name]
        more = "等" if len(found) > _MOST_NAMES else ""
        return f"{code} {'或'.join(found[:_MOST_NAMES])}{more}" if found else code

    def unknown(self, scope: Scope) -> list[str]:
        """A sentence for each code of a scope that does not exist."""
        said = []
        for kind, code in _codes(scope):
            if self.names(kind, code, scope.regions) or (kind != REGIONS and not self.rows):
                continue
            where = "区划代码表" if kind == REGIONS else "预算单位表（REF-01）"
            if kind != REGIONS and scope.regions and self.names(kind, code):
                where += f"的区划{'、'.join(sorted(scope.regions))}"
            said.append(f"{WORDS[kind]}代码 {code} 在{where}里没有")
        return said

    def unchecked(self, scope: Scope) -> str:
        """What could not be looked up, for whoever grants; empty where everything was."""
        return NOT_DELIVERED if scope.own and not self.rows else ""

    def check(self, scope: Scope) -> None:
        """See that every code of a scope exists. Raises AccessError, naming those that do not."""
        wrong = self.unknown(scope)
        if wrong:
            raise AccessError(f"{'；'.join(wrong)}。请核对代码后再办。")

    @cached_property
    def _divisions(self) -> frozenset[str]:
        return frozenset(row.region for row in self.rows)

    @cached_property
    def _by_code(self) -> dict[str, dict[str, list[UnitRow]]]:
        found: dict[str, dict[str, list[UnitRow]]] = {DEPARTMENTS: {}, UNITS: {}}
        for row in self.rows:
            found[DEPARTMENTS].setdefault(row.department, []).append(row)
            found[UNITS].setdefault(row.unit, []).append(row)
        return found


def _codes(scope: Scope) -> Iterator[tuple[str, str]]:
    for kind in WORDS:
        for code in sorted(getattr(scope, kind) or ()):
            yield kind, code


def _division(code: str) -> str | None:
    """The name of a division, the one above it in front; None where no year has such a code."""
    for year in sorted(years("region"), reverse=True):
        own = name_of("region", year, code)
        if own is not None:
            above = name_of("region", year, parent_of("region", year, code))
            return f"{above or ''}{own}"
    return None
