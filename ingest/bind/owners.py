"""Finds whose form a disclosed form is: “编制部门：示范市教育局” → department and unit code.

Names are looked up in the unit table (REF-01) of the latest snapshot. A name that it does not have
stays readable: its code is `~name`, as for accounts that no code list knows.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from budget_watch.access import Grant
from budget_watch.lake import Home, Reader
from ingest.bind.accounts import UNCODED

_OWNER = re.compile(
    r"^(?:编制|公开|填报|填制|预算|预算主管|主管|编报)?(部门|单位)(?:名称|\(公章\))?[::](?!.{0,4}元)(.*)$"
)
_PLACEHOLDER = re.compile(r"X{2}|×{2}|x{2}|某{2}|\*{2}|^[_…—-]*$")


@dataclass(frozen=True)
class Owner:
    """A department (`agency_code` is then its own code) or a unit. `division` has nine digits."""

    name: str
    dept_code: str
    agency_code: str
    division: str | None = None


@dataclass(frozen=True)
class Units:
    """The unit table as names are looked up in it; without rows where none was delivered."""

    rows: tuple[dict[str, Any], ...] = ()

    @classmethod
    def of(cls, home: Home) -> Units:
        """Return the units of the latest snapshot."""
        wanted = (
            "agency_code", "agency_name", "dept_code", "dept_name", "mof_div_code",
            "valid_from", "valid_to",
        )  # fmt: skip
        rows = Reader(home, Grant.system("公开表样的部门、单位代码")).scan("unit").select(wanted)
        return cls(tuple(rows.sort("agency_code", "valid_from").collect().iter_rows(named=True)))

    def find(self, name: str, year: int, of_unit: bool, within: str = "") -> Owner:
        """Return the department or (`of_unit`) unit of this name in a year.

        `within` begins the code of the division that the table speaks of. A name that is unknown,
        or that two units bear, gets the code `~name`.
        """
        here = [
            row
            for row in self.rows
            if str(row["mof_div_code"]).startswith(within) and _valid(row, year)
        ]
        own = [r for r in here if r["agency_name"] == name and r["agency_code"] != r["dept_code"]]
        whole = [r for r in here if name in (r["dept_name"], r["agency_name"])]
        whole = [r for r in whole if r["agency_code"] == r["dept_code"]]
        for rows in (own, whole) if of_unit else (whole, own):
            codes = {(row["dept_code"], row["agency_code"], row["mof_div_code"]) for row in rows}
            if len(codes) == 1:
                return Owner(name, *codes.pop())
        return Owner(name, UNCODED + name, UNCODED + name)


NOBODY = Units()


def _valid(row: dict[str, Any], year: int) -> bool:
    begun, ended = row["valid_from"], row["valid_to"]
    return (begun is None or begun.year <= year) and (ended is None or ended.year >= year)


def named_owner(texts: Sequence[str]) -> str | None:
    """Return the name behind “编制部门：”, in the same text or the next one; None if there is none.

    A template's own placeholder (XX局) is no name.
    """
    for at, text in enumerate(texts):
        found = _OWNER.match(text)
        if found is None:
            continue
        after = texts[at + 1] if at + 1 < len(texts) else ""
        name = found.group(2) or ("" if re.search(r"单位[::]|元$|^公开|表$", after) else after)
        if name and not _PLACEHOLDER.search(name):
            return name
    return None


def first_owner(sheets: Iterable[Sequence[str]]) -> str | None:
    """Return the first owner that some sheet of a workbook names (its cover, mostly)."""
    return next((name for texts in sheets if (name := named_owner(texts))), None)
