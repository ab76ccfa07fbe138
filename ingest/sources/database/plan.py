"""What is asked of a database for one table: columns bound to the contract, and the statements."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import polars as pl
import sqlalchemy as sa

from budget_watch.tables import Contract
from ingest.bind.contract_file import bind_names
from ingest.source import SourceFault
from ingest.sources.database.marks import Clock, Value
from ingest.sources.database.settings import TableSettings
from ingest.sources.database.shaping import text

SINCE, DAY, DELETED = "_since", "_day", "_deleted"


@dataclass(frozen=True)
class Plan:
    """A table of the settings, bound to what the database has.

    Attributes:
        columns: contract column → column of the database, in the contract's order.
        since, day, deleted: columns of the database, None where the settings name none.
        unknown: columns of the database that the contract does not have.
    """

    settings: TableSettings
    contract: Contract
    rows: sa.FromClause
    columns: dict[str, str]
    since: str | None
    day: str | None
    deleted: str | None
    unknown: tuple[str, ...] = ()

    @property
    def labels(self) -> list[str]:
        """The names of the columns of `select`, in order."""
        extra = ((SINCE, self.since), (DAY, self.day), (DELETED, self.deleted))
        return [*self.columns, *(label for label, column in extra if column)]

    @property
    def given(self) -> set[str]:
        """The contract columns that parcels will have."""
        hashed = {c.delivered_as: c.name for c in self.contract.columns if c.delivered_as}
        return {hashed.get(name, name) for name in (*self.columns, *self.settings.constants)}

    @property
    def key(self) -> list[str]:
        """The contract columns of the key, as the gate will find them in a parcel."""
        as_delivered = {c.name: c.delivered_as or c.name for c in self.contract.columns}
        given = {*self.columns, *self.settings.constants}
        return [name if name in given else as_delivered[name] for name in self.contract.key]

    def select(self, *where: sa.ColumnElement[bool]) -> sa.Select[Any]:
        """All columns of the rows that meet the conditions, by day and key."""
        asked = [*self.columns.values(), *(c for c in (self.since, self.day, self.deleted) if c)]
        labelled = [
            column(name).label(f"c{at}") for at, name in enumerate(asked)
        ]  # short: Oracle allows 30 bytes
        order = dict.fromkeys([*([self.day] if self.day else []), *self._key_columns()])
        return self._from(labelled, where).order_by(*(column(name) for name in order))

    def count(self, *where: sa.ColumnElement[bool]) -> sa.Select[Any]:
        """How many rows meet the conditions."""
        return self._from([sa.func.count()], where)

    def keys(self) -> sa.Select[Any]:
        """The keys of all rows there are, with the mark of deletion where there is one."""
        asked = [self.columns[name] for name in self.key if name in self.columns]
        asked += [self.deleted] if self.deleted else []
        return self._from([column(n).label(f"c{at}") for at, n in enumerate(asked)], ())

    def newest(self, name: str, *where: sa.ColumnElement[bool]) -> sa.Select[Any]:
        """The largest value of a column."""
        return self._from([sa.func.max(column(name))], where)

    def is_deleted(self, marks: pl.Series) -> pl.Series:
        """Which rows the column of deletion marks as deleted."""
        wanted = [value.lower() for value in self.settings.deleted_values]
        told = text(marks).str.strip_chars().str.to_lowercase()
        return told.is_in(wanted).fill_null(False)

    def grown(
        self, clock: Clock | None, low: Value | None, end: datetime | None
    ) -> list[sa.ColumnElement[bool]]:
        """Rows that grew after `low` (with it) and before `end`; those without a mark always."""
        if self.since is None or clock is None:
            return []
        mark, bounds = column(self.since), []
        if low is not None:
            bounds.append(mark >= bound(low))
        if end is not None and clock.is_time:
            bounds.append(mark < bound(clock.at(end)))
        return [sa.or_(sa.and_(*bounds), mark.is_(None))] if bounds else []

    def within(self, clock: Clock | None, first: date, last: date) -> list[sa.ColumnElement[bool]]:
        """Rows of a period (both days belong to it), by the columns that the settings name."""
        told = self.settings
        if told.period == "all":
            return []
        if told.period_date is not None and clock is None:
            return [sa.false()]  # no row has a date
        if told.period_date is not None and clock is not None:
            start = clock.at(datetime(first.year, first.month, first.day))
            after = last + timedelta(days=1)
            end = clock.at(datetime(after.year, after.month, after.day))
            mark = column(told.period_date)
            return [mark >= bound(start), mark < bound(end)]
        found = []
        if told.period_year is not None:
            found.append(column(told.period_year) == bound(first.year))
        if told.period_month is not None:
            found.append(column(told.period_month) == bound(first.month))
        return found

    def _from(
        self, columns: Sequence[Any], where: Sequence[sa.ColumnElement[bool]]
    ) -> sa.Select[Any]:
        own = [raw(f"({self.settings.where})")] if self.settings.where else []
        return sa.select(*columns).select_from(self.rows).where(*own, *where)

    def _key_columns(self) -> list[str]:
        return [self.columns[name] for name in self.key if name in self.columns]


def rows_of(settings: TableSettings, schema: str | None) -> sa.FromClause:
    """The table, view or query that the rows come from."""
    if settings.from_ is not None:
        return sa.table(settings.from_, schema=settings.schema_ or schema)
    query = (settings.query or "").strip().rstrip(";")
    # FROM (…) q: Oracle knows no AS here
    return raw(f"({query}) q")  # type: ignore[return-value]


def everything(rows: sa.FromClause) -> sa.Select[Any]:
    """No row, but all columns."""
    return sa.select(raw("*")).select_from(rows).where(raw("1 = 0"))


def plan_for(
    settings: TableSettings, rows: sa.FromClause, names: Sequence[str], source: str
) -> Plan:
    """Bind the columns that the database has.

    Raises:
        SourceFault: a column that the settings name is not there, or a required one is not bound.
    """
    contract = settings.contract
    where = f"数据源“{source}”的 {settings.place}"

    def own(name: str, key: str) -> str:
        return _own(name, names, f"{where} 没有 {key} 写的列“{name}”")

    told = {target: own(name, "columns") for target, name in settings.columns.items()}
    bound_names, unknown = bind_names(contract, names)
    found = {**bound_names, **told}
    ordered = [
        name for column in contract.columns for name in _as(column.delivered_as, column.name)
    ]
    ordered += [name for name in found if name not in ordered]
    columns = {
        name: found[name] for name in ordered if name in found and name not in settings.constants
    }
    _check_required(contract, {*columns, *settings.constants}, unknown, where)
    extra = {
        key: None if name is None else own(columns.get(name, name), key)
        for key, name in (
            ("since", settings.since),
            ("business_date", settings.business_date),
            ("deleted", settings.deleted),
        )
    }
    used = {*columns.values(), *(name for name in extra.values() if name)}
    return Plan(
        settings,
        contract,
        rows,
        columns,
        extra["since"],
        extra["business_date"],
        extra["deleted"],
        tuple(name for name in unknown if name not in used),
    )


def column(name: str) -> sa.ColumnClause[Any]:
    """A column by the name that the database itself gave: quoted where it must be."""
    return sa.column(name)


def raw(text: str) -> sa.TextClause:
    """SQL as the settings write it; a colon is no parameter."""
    return sa.text(text.replace(":", "\\:"))


def bound(mark: Value) -> sa.BindParameter[Any]:
    """A value to compare with, of its own type."""
    kinds: tuple[tuple[type, Any], ...] = (
        (datetime, sa.DateTime()),
        (date, sa.Date()),
        (int, sa.BigInteger()),
    )
    kind = next((sql for python, sql in kinds if isinstance(mark, python)), sa.String())
    return sa.bindparam(None, mark, type_=kind, unique=True)


def _as(delivered: str | None, name: str) -> tuple[str, ...]:
    return (delivered, name) if delivered else (name,)


def _own(name: str, names: Sequence[str], wrong: str) -> str:
    """The name as the database writes it, whatever the case in the settings."""
    if name in names:
        return name
    same = [one for one in names if one.lower() == name.lower()]
    if len(same) == 1:
        return same[0]
    shown = "、".join(names[:30])
    raise SourceFault(f"{wrong}；它的列有：{shown}。")


def _check_required(contract: Contract, given: set[str], unknown: list[str], where: str) -> None:
    missing = [
        f"{column.title} {column.name}"
        for column in contract.columns
        if column.required and not {column.name, column.delivered_as} & given
    ]
    if missing:
        have = f"；对不上的列有：{'、'.join(unknown[:20])}" if unknown else ""
        raise SourceFault(
            f"{where} 缺少 {contract.code}（{contract.title}）的必填列 {'、'.join(missing)}{have}。"
            "请在设置的 columns 里写“约定的列 = 库里的列”，所有行相同的值写在 constants。"
        )
