"""政府投资项目 through a year (NDRC-02): what was approved, how far it is by quarter, its money.

Progress and 累计支付 are as the department told them; what vouchers paid in the year is the drill's
own figure (`views.livelihood`). Money is fen, progress millionths.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import polars as pl

from budget_watch.lake import Reader

TABLE = "investment_project"


@dataclass(frozen=True)
class MajorProject:
    """One project as its newest row of the year tells it.

    Attributes:
        month: of that row. design: 核定概算. plan: of the year. paid: since it began.
        progress: quarter → 形象进度 of the last row in it; None where that row tells none. A
            quarter without a row is left out.
    """

    code: str
    name: str
    agency_code: str
    month: int
    design: int | None
    plan: int | None
    paid: int | None
    progress: Mapping[int, int | None]
    finish: date | None
    accepted: date | None


@dataclass(frozen=True)
class MajorProjects:
    """All projects of a year that the reader may see, the largest 概算 first."""

    year: int
    month: int | None
    projects: tuple[MajorProject, ...]

    @property
    def design(self) -> int | None:
        """概算 of all; None where one has none."""
        return _sum([each.design for each in self.projects])

    @property
    def plan(self) -> int | None:
        """The year's plans of all; None where one has none."""
        return _sum([each.plan for each in self.projects])

    @property
    def paid(self) -> int | None:
        """累计支付 of all; None where one has none."""
        return _sum([each.paid for each in self.projects])


def _sum(parts: Sequence[int | None]) -> int | None:
    known = [each for each in parts if each is not None]
    return sum(known) if known and len(known) == len(parts) else None


def major_projects(reader: Reader, year: int, upto: int, region: str | None) -> MajorProjects:
    """The projects of a year.

    Args:
        upto: last month that is looked at.
        region: of whose government; None for all that the reader may see.
    """
    own = (pl.col("fiscal_year") == year) & (pl.col("month") <= upto)
    own &= pl.lit(True) if region is None else pl.col("mof_div_code") == region
    rows = reader.scan(TABLE).filter(own).sort("pro_code", "month").collect()
    found: dict[str, list[dict[str, Any]]] = {}
    for row in rows.iter_rows(named=True):
        found.setdefault(row["pro_code"], []).append(row)
    made = sorted((_made(each) for each in found.values()), key=_weight)
    months = rows["month"].max()
    return MajorProjects(year, int(str(months)) if months is not None else None, tuple(made))


def _made(rows: Sequence[Mapping[str, Any]]) -> MajorProject:
    last = rows[-1]
    return MajorProject(
        code=last["pro_code"],
        name=last["pro_name"] or "",
        agency_code=last["agency_code"] or last["dept_code"] or "",
        month=last["month"],
        design=last["design_budget"],
        plan=last["plan_amt"],
        paid=last["paid_amt"],
        progress={(row["month"] + 2) // 3: row["progress_pct"] for row in rows},
        finish=last["finish_date"],
        accepted=last["accept_date"],
    )


def _weight(one: MajorProject) -> tuple[int, str]:
    return -(one.design or 0), one.code
