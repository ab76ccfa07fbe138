"""Says which stage (阶段口径) and data status a figure of a published table has."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ingest.bind.words import FigureKind


@dataclass(frozen=True)
class Stage:
    """Stage and data status of a figure."""

    stage: str
    data_status: str


DRAFT = Stage("草案", "初步")
APPROVED = Stage("批准", "正式")
ADJUSTED = Stage("调整1", "正式")
EXPRESS = Stage("快报", "快报")
FINAL = Stage("决算批准", "正式")
FINAL_DRAFT = Stage("决算草案", "初步")


def of_figure(kind: FigureKind, year: int, table_year: int, title: str) -> Stage:
    """Return the stage of a figure of `year` in a table of `table_year`.

    A budget of the table's year is the draft where the table shows no execution of that year
    (decided by the caller); 决算 of the table's year is 决算草案 when the title says 草案.
    """
    if kind == "final":
        return FINAL_DRAFT if "草案" in title and year >= table_year else FINAL
    if kind == "exec":
        return EXPRESS
    if kind == "adjusted":
        return ADJUSTED
    if kind == "budget":
        return APPROVED
    return of_position(year, table_year, title)


def of_position(year: int, table_year: int, title: str) -> Stage:
    """Return the stage of a year-end position (限额, 余额) that names no figure kind."""
    if year < table_year or re.search(r"决算", title):
        return FINAL_DRAFT if "草案" in title and year >= table_year else FINAL
    if year > table_year or (re.search(r"预算|草案", title) and "执行" not in title):
        return DRAFT
    return EXPRESS
