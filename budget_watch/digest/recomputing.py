"""The figures of a report once more, from one snapshot of the lake, as the views give them today.

Files that are no longer what was published are read as they lie there, so that what depends on them
can be named; that they are damaged is told apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from budget_watch.access import Grant
from budget_watch.digest.build import material_of
from budget_watch.digest.errors import DigestError
from budget_watch.digest.period import Period
from budget_watch.digest.writing import Material
from budget_watch.lake import DamagedError, Home, Reader, Snapshot, UnknownTableError
from budget_watch.lake.layout import layout
from budget_watch.views import Figure


@dataclass(frozen=True)
class Recomputed:
    """What a snapshot says now.

    Attributes:
        figures: every figure a template of the report could print, by key.
        damages: table or mart → in which way its files are not what was published.
    """

    figures: Mapping[str, Figure]
    damages: Mapping[str, str]


def recomputed(
    home: Home, grant: Grant, snapshot: Snapshot, report: str, period: Period, region: str | None
) -> Recomputed:
    """Read a report's figures again.

    Raises:
        DigestError: files are in such a state that nothing can be read from them.
    """
    damages = _damages(snapshot)
    reader = Reader(home, grant, snapshot, as_it_lies=bool(damages))
    try:
        material = material_of(report, reader, period, region)
    except pl.exceptions.PolarsError as error:
        said = "；".join(damages.values()) or str(error)
        raise DigestError(f"快照 {snapshot.id} 的数据读不出，没有核对：{said}") from error
    return Recomputed(by_key(material), damages)


def by_key(material: Material) -> dict[str, Figure]:
    """Every figure of a material under the key that a ledger names it by."""
    rows = (
        value
        for lines in material.lists.values()
        for row in lines
        for value in row.values()
        if isinstance(value, Figure)
    )
    return {**{material.key_of(figure): figure for figure in rows}, **material.figures}


def of_the_lake(queries: list[str] | tuple[str, ...], figure: Figure | None) -> bool:
    """Whether a figure follows from a snapshot alone, and not from findings and their handling."""
    tables = figure.tables if figure else tuple(_table(sql) for sql in queries)
    return all(_stored(table) for table in tables)


def _table(sql: str) -> str:
    return sql.partition(" FROM ")[2].partition(" ")[0]


def _stored(table: str) -> bool:
    try:
        layout(table)
    except UnknownTableError:
        return False
    return True


def _damages(snapshot: Snapshot) -> dict[str, str]:
    found = {}
    for name in snapshot.tables:
        try:
            snapshot.check(name)
        except DamagedError as damage:
            found[name] = str(damage)
        except pl.exceptions.PolarsError as error:
            found[name] = f"数据快照 {snapshot.id}：{name} 的文件读不出（{type(error).__name__}）。"
    return found
