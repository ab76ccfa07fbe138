"""What the settings say of a database: how to reach it, which tables, how they grow."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict, Field, model_validator

from budget_watch.tables import Contract, contracts
from ingest.settings import SourceSettings
from ingest.sources.database.dialects import DIALECTS

Scalar = str | int | bool


class TableSettings(BaseModel):
    """One `[[source.tables]]`: a contract's table and where its rows are.

    Attributes:
        table: contract code, such as FIN-15.
        part: tells two entries of the same contract apart (a table a year, two systems).
        from_: table or view; or `query`, a SELECT. Exactly one of them.
        schema_: of `from`, where it is not the source's own.
        columns: contract column → column of the database, where names do not bind by themselves.
        constants: contract column → value that all rows have (the region of a county's database).
        where: SQL condition for rows that are asked for at all.
        since: growing column (time of change, or number): only what grew is read. Without it the
            whole table is read.
        overlap_hours, overlap_numbers: how far behind the cursor is read again, for rows whose
            transaction ended after later ones had been read.
        start: cursor's first value; without it the first read takes everything.
        business_date: column of the day that a row belongs to; parcels are made for each day.
        deleted: column that marks deleted rows, by one of `deleted_values`.
        compare_days: after so many days the keys of all rows are compared; what is gone leaves.
        period: what the whole table is one version of.
        period_date, period_year, period_month: columns by which the period's rows are asked for.
        periods_back: how many earlier periods are read again.
        regions: divisions for which the day counts as delivered, also without rows.
        count: whether the database counts the rows once more, against those that came.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    table: str
    part: Annotated[str, Field(pattern=r"^[\w一-鿿-]{0,20}$")] = ""
    from_: Annotated[str | None, Field(alias="from")] = None
    query: str | None = None
    schema_: Annotated[str | None, Field(alias="schema")] = None
    columns: dict[str, str] = {}
    constants: dict[str, Scalar] = {}
    where: str | None = None
    since: str | None = None
    overlap_hours: Annotated[float, Field(ge=0, le=24 * 400)] = 24.0
    overlap_numbers: Annotated[int, Field(ge=0)] = 100_000
    start: str | int | None = None
    business_date: str | None = None
    deleted: str | None = None
    deleted_values: list[str] = ["1", "true", "t", "y", "yes", "是"]
    compare_days: Annotated[int, Field(ge=1)] | None = None
    period: Literal["all", "year", "month", "day"] = "all"
    period_date: str | None = None
    period_year: str | None = None
    period_month: str | None = None
    periods_back: Annotated[int, Field(ge=0, le=36)] = 0
    regions: list[str] = []
    count: bool = True

    @property
    def contract(self) -> Contract:
        """The contract of the table."""
        return next(one for one in contracts().values() if one.code == self.table)

    @property
    def place(self) -> str:
        """What people know it by: table or beginning of the query."""
        if self.from_:
            return f"{self.schema_}.{self.from_}" if self.schema_ else self.from_
        return f"查询“{' '.join((self.query or '').split())[:40]}…”"

    @property
    def id(self) -> str:
        """Name of its memory and of its slots' part."""
        return f"{self.table}@{self.part}" if self.part else self.table

    @model_validator(mode="after")
    def _whole(self) -> Self:
        known = {one.code: one for one in contracts().values()}
        if self.table not in known:
            raise ValueError(f"没有报表 {self.table}；代码见 budget-watch tables list")
        if (self.from_ is None) == (self.query is None):
            raise ValueError(f"{self.table} 要写 from（表或视图）或 query（查询），只写一个")
        self._check_columns(known[self.table])
        if self.since is None and (self.deleted or self.compare_days or self.start is not None):
            raise ValueError(f"{self.table} 的 deleted、compare_days、start 只与 since 同用")
        if self.since is not None and (self.period != "all" or self.periods_back):
            raise ValueError(f"{self.table} 有 since 就是增量，不能再写 period")
        self._check_period()
        return self

    def _check_columns(self, contract: Contract) -> None:
        names = set(contract.names) | {c.delivered_as for c in contract.columns if c.delivered_as}
        names |= {"data_status", "src_dept", "secret_flag"}
        unknown = [name for name in (*self.columns, *self.constants) if name not in names]
        if unknown:
            raise ValueError(f"{self.table}（{contract.title}）没有列 {'、'.join(unknown)}")

    def _check_period(self) -> None:
        by = (self.period_date, self.period_year, self.period_month)
        if self.period == "all" and (any(by) or self.periods_back):
            raise ValueError(f"{self.table} 写了期间的列，还要写 period = year、month 或 day")
        if self.period == "all":
            return
        fits = self.period_date or (self.period == "year" and self.period_year)
        if not fits and not (self.period == "month" and self.period_year and self.period_month):
            raise ValueError(
                f"{self.table} 的 period = {self.period} 要写 period_date（日期列），"
                "或按年写 period_year，按月写 period_year 和 period_month"
            )


class DatabaseSettings(SourceSettings):
    """A `[[source]]` of kind database.

    Attributes:
        url: `postgresql://user@host:5432/name`, without the password.
        encoding: of texts in a database that does not say itself (SQL_ASCII, SQLite): gb18030.
        driver: `auto` reads PostgreSQL by ADBC where installed; `sqlalchemy` never does.
        batch_rows: rows held in memory at once.
        statement_minutes: after that the database ends a statement of ours.
        retries: how often a lost connection is made anew before the fetch is given up.
    """

    kind: Literal["database"]
    url: str
    password: str | None = None
    password_env: str | None = None
    password_file: Path | None = None
    schema_: Annotated[str | None, Field(alias="schema")] = None
    tables: Annotated[list[TableSettings], Field(min_length=1)]
    encoding: str | None = None
    driver: Literal["auto", "sqlalchemy"] = "auto"
    batch_rows: Annotated[int, Field(ge=100, le=1_000_000)] = 50_000
    statement_minutes: Annotated[float, Field(gt=0, le=24 * 60)] = 30.0
    connect_seconds: Annotated[int, Field(ge=1, le=600)] = 15
    retries: Annotated[int, Field(ge=0, le=20)] = 3

    @property
    def address(self) -> sa.URL:
        """The address, without a password."""
        return sa.make_url(self.url)

    @property
    def shown(self) -> str:
        """The address as people may see it."""
        url = self.address
        where = f"{url.host}:{url.port}" if url.port else url.host or ""
        return f"{url.get_backend_name()} {where}/{url.database or ''}".strip()

    @model_validator(mode="after")
    def _reachable(self) -> Self:
        try:
            url = self.address
        except sa.exc.ArgumentError as error:
            raise ValueError("url 应写成 postgresql://用户@主机:端口/库名") from error
        if url.password is not None:
            raise ValueError("密码不要写在 url 里；请用 password_env 或 password_file")
        if url.get_backend_name() not in DIALECTS:
            known = "、".join(DIALECTS)
            raise ValueError(f"不认识 url 开头的 {url.get_backend_name()}；可用 {known}")
        if self.encoding is not None:
            _codec(self.encoding)
        ids = [one.id for one in self.tables]
        twice = sorted({one for one in ids if ids.count(one) > 1})
        if twice:
            raise ValueError(f"{'、'.join(twice)} 写了两次；同一报表的几处来源请用 part 区分")
        return self


def _codec(name: str) -> None:
    try:
        "".encode(name)
    except LookupError as error:
        raise ValueError(f"encoding 不认识“{name}”；可写 gb18030、gbk、utf-8") from error
