"""A year of daily deliveries of a made-up city, laid down at four sources as it comes.

The city's tables are cut into deliveries of a day (payments, accounts, …), a month or a year.
Each table comes from one source: a PostgreSQL database, an HTTP interface, a folder with a list, an
SFTP server with markers. A plan says on which day what is laid down; a disturbed plan has
deliveries that come twice, late, or first wrong and then right, in a random order.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import polars as pl
import psycopg
import pyarrow as pa
import pyarrow.parquet as pq

from budget_watch.tables import contract
from fixtures.interface import Faults, Interface
from fixtures.interface.answers import Style
from fixtures.interface.records import City, milliseconds
from fixtures.places import REGIONS
from tests.ingest.drop.server import PASSWORD as SFTP_PASSWORD
from tests.ingest.drop.server import USER as SFTP_USER
from tests.ingest.drop.server import Server, serving
from tests.servers.postgres import PASSWORD as DATABASE_PASSWORD
from tests.servers.postgres import Postgres

START, END = date(2025, 11, 20), date(2026, 11, 20)
DAY = timedelta(days=1)
# tables that come day by day, with the column of their day
DAILY = {
    "FIN-11": "adj_date", "FIN-14": "create_date", "FIN-15": "pay_date", "FIN-16": "pay_date",
    "FIN-17": "vou_date", "FIN-18": "pay_date", "FIN-20": "pay_date", "TRE-01": "book_date",
    "TRE-02": "book_date", "TRE-03": "book_date",
}  # fmt: skip
DATABASE = ("FIN-12", "FIN-13", "FIN-15")
HTTP = ("FIN-14", "FIN-16")
SFTP = ("FIN-11", "FIN-17", "FIN-18", "FIN-20", "TRE-01", "TRE-02", "TRE-03")
_KINDS = {"money": "numeric", "ratio": "numeric", "number": "numeric", "int": "bigint",
          "date": "date", "bool": "boolean"}  # fmt: skip


@dataclass(frozen=True)
class Final:
    """What a slot holds in the end: a Parquet file, and the line of deliveries.json that tells."""

    path: Path
    entry: dict[str, Any]

    @property
    def table(self) -> str:
        return str(self.entry["table"])

    @property
    def period(self) -> str:
        return str(self.entry["period"])

    @property
    def day(self) -> date:
        return date.fromisoformat(self.entry["biz_date"])


@dataclass(frozen=True)
class Coming:
    """One delivery as it is laid down: on a day, of a revision; `path` may hold wrong rows."""

    final: Final
    path: Path
    on: date
    revision: int = 1
    again: int = 0  # how many-th time the same is laid down


def daily_city(city: Path, out: Path, since: date = START) -> list[Final]:
    """Cut a generated city into the deliveries of a year; write deliveries.json of all.

    since: from this day on daily tables come day by day; before it by month or year.
    """
    last: dict[tuple[str, str], dict[str, Any]] = {}
    for entry in json.loads((city / "deliveries.json").read_text(encoding="utf-8")):
        last[entry["table"], entry["period"]] = entry  # a correction takes its place
    finals: list[Final] = []
    for (table, period), entry in last.items():
        rows = pq.read_table(city / entry["file"])
        cut = table in DAILY and len(period) != len("2026-11-18")
        parts = _parts(rows, DAILY[table], since) if cut else [(None, None, rows)]
        for name, day, part in parts:
            arrives = date.fromisoformat(entry["biz_date"])
            came = day or max(min(arrives, since) if cut else arrives, START - DAY)
            path = out / table / f"{table}_{name or period}.parquet"
            assert not path.exists(), path
            path.parent.mkdir(parents=True, exist_ok=True)
            pq.write_table(part, path)
            told = {**entry, "file": f"{table}/{path.name}", "biz_date": came.isoformat()}
            told |= {"rows": part.num_rows, "period": name or period}
            if day is not None:
                told["months"] = [day.month]
            finals.append(Final(path, told))
    finals.sort(key=lambda one: (one.day, not one.table.startswith("REF"), one.table, one.period))
    listing = json.dumps([one.entry for one in finals], ensure_ascii=False)
    (out / "deliveries.json").write_text(listing, encoding="utf-8")
    return finals


def _parts(
    rows: pa.Table, column: str, since: date
) -> Iterator[tuple[str | None, date | None, pa.Table]]:
    """The rows that are older than a day, and the others day by day."""
    days = pl.Series(rows[column].to_pylist(), dtype=pl.Date)
    old = (days < since).fill_null(True)
    yield None, None, rows.filter(pa.array(old.to_list()))
    for day in sorted(set(days.filter(~old).to_list())):
        yield day.isoformat(), day, rows.filter(pa.array((days == day).fill_null(False).to_list()))


def calm(finals: list[Final]) -> list[Coming]:
    """Everything comes once, on its day."""
    return [Coming(one, one.path, one.day) for one in finals]


def disturbed(finals: list[Final], seed: int, folder: Path) -> tuple[list[Coming], dict[str, int]]:
    """10 % come twice, 5 % late, 2 % first wrong and then right; and how many of each there are.

    Of what comes twice, some are laid down as a later revision of the same content. What is wrong
    comes, at files, now and then only after it was put right.
    """
    dice = Random(seed)
    plan: list[Coming] = []
    counts = {"twice": 0, "late": 0, "wrong": 0, "overtaken": 0}
    for one in finals:
        kind = dice.random() if one.day >= START else 1.0
        on = one.day
        if kind < 0.05:
            counts["late"] += 1
            on = min(END, on + DAY * dice.randint(1, 25))
        later = min(END, on + DAY * dice.randint(1, 25))
        if 0.05 <= kind < 0.07 and one.entry["rows"]:
            counts["wrong"] += 1
            files = one.table not in DATABASE + HTTP
            overtaken = files and dice.random() < 0.6 and later > on
            counts["overtaken"] += overtaken
            first, second = (later, on) if overtaken else (on, later)
            if first == second and not files:
                first -= DAY  # a database knows no two states of one moment
            plan.append(Coming(one, _wrong(one, folder), first, 1))
            plan.append(Coming(one, one.path, second, 2))
            continue
        plan.append(Coming(one, one.path, on))
        if 0.07 <= kind < 0.17:
            counts["twice"] += 1
            plan.append(Coming(one, one.path, later, dice.choice((1, 2)), again=1))
    dice.shuffle(plan)
    return sorted(plan, key=lambda one: one.on), counts  # shuffled within a day


def _wrong(one: Final, folder: Path) -> Path:
    """The delivery with its last row missing and amounts that are off."""
    rows = pq.read_table(one.path)
    spoiled = rows.slice(0, rows.num_rows - 1) if rows.num_rows > 1 else rows
    for column in contract(one.table).money_columns:
        if column.name in spoiled.column_names:
            at = spoiled.column_names.index(column.name)
            values = [v if v is None else v + 12_345 for v in spoiled[column.name].to_pylist()]
            kind = spoiled.schema.field(at)
            spoiled = spoiled.set_column(at, kind, pa.array(values, kind.type))
            break
    path = folder / one.table / one.path.name
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(spoiled, path)
    return path


@dataclass
class FolderDesk:
    """Files with a list that grows, put last."""

    root: Path
    listed: list[dict[str, Any]] = field(default_factory=list)

    def lay(self, one: Coming) -> None:
        name = f"{one.final.table}_{one.final.period}_{one.revision}_{len(self.listed)}.parquet"
        (self.root / name).write_bytes(one.path.read_bytes())
        told = {**one.final.entry, "file": name, "revision": one.revision}
        told["rows"] = pq.read_metadata(one.path).num_rows
        self.listed.append(told)

    def settle(self) -> None:
        half = self.root / ".half"
        half.write_text(json.dumps(self.listed, ensure_ascii=False), encoding="utf-8")
        half.replace(self.root / "deliveries.json")

    def section(self) -> str:
        return f'name = "文件夹"\nkind = "folder"\npath = "{self.root}"\nready = "list"\n'


@dataclass
class SftpDesk:
    """Files with the version in their name, each with a marker."""

    server: Server

    def lay(self, one: Coming) -> None:
        folder = self.server.root / "upload" / one.final.table
        folder.mkdir(parents=True, exist_ok=True)
        stem = f"{one.final.table}_{one.final.period}.v{one.revision}" + "重" * one.again
        for name, content in ((f"{stem}.parquet", one.path.read_bytes()), (f"{stem}.ok", b"")):
            (folder / name).write_bytes(content)
            noon = datetime(one.on.year, one.on.month, one.on.day, 4, tzinfo=UTC).timestamp()
            os.utime(folder / name, (noon, noon))

    def section(self) -> str:
        regions = json.dumps([region.code for region in REGIONS])
        return (
            'name = "财政SFTP"\nkind = "sftp"\nhost = "127.0.0.1"\n'
            f'port = {self.server.port}\nuser = "{SFTP_USER}"\npassword_env = "YEAR_SFTP"\n'
            f'host_key = "{self.server.host_key}"\npath = "/upload"\nready = "marker"\n'
            "[[source.files]]\n"
            'pattern = "**/{table}_{period}.v{revision}*.parquet"\n'
            f"regions = {regions}\n"
        )


class DatabaseDesk:
    """Tables that are written as an accounting system does: changed rows get a new time."""

    def __init__(self, server: Postgres, city: City) -> None:
        self.server, self.city = server, city
        self.database = server.new_database()
        self.upto = 0
        with server.connect(self.database) as connection:
            for code in DATABASE:
                columns = ", ".join(
                    f"{c.delivered_as or c.name} {_KINDS.get(c.type, 'text')}"
                    for c in contract(code).columns
                )
                key = ", ".join(contract(code).key)
                connection.execute(
                    f"CREATE TABLE {self.name(code)} ({columns}, data_status text, update_time"
                    f" timestamp(3), row_gone text DEFAULT '0', PRIMARY KEY ({key}))"
                )

    @staticmethod
    def name(code: str) -> str:
        return contract(code).name

    def write(self, now: int) -> None:
        """Bring the tables to a moment."""
        with self.server.connect(self.database) as connection, connection.transaction():
            for code in DATABASE:
                self._write(connection, code, now)
        self.upto = now

    def _write(self, connection: psycopg.Connection[Any], code: str, now: int) -> None:
        records = self.city.records(code)
        key = list(records.key)
        frame = records.frame
        new = frame.filter((pl.col("update_time") > self.upto) & (pl.col("update_time") <= now))
        new = new.sort("update_time").unique(key, keep="last", maintain_order=True)
        names = [*(c.delivered_as or c.name for c in contract(code).columns), "data_status"]
        held = ", ".join([*names, "update_time"])
        marks = ", ".join(["%s"] * len(names))
        taken = ", ".join(f"{n} = EXCLUDED.{n}" for n in [*names, "update_time"] if n not in key)
        at = "(to_timestamp(%s / 1000.0) AT TIME ZONE 'Asia/Shanghai')"
        with connection.cursor() as cursor:
            cursor.executemany(
                f"INSERT INTO {self.name(code)} ({held}) VALUES ({marks}, {at}) "
                f"ON CONFLICT ({', '.join(key)}) DO UPDATE SET {taken}, row_gone = '0'",
                new.select([*names, "update_time"]).rows(),
            )
        living = frame.filter((pl.col("update_time") <= now) & _open(now)).select(key)
        gone = frame.filter((pl.col("_to") > self.upto) & (pl.col("_to") <= now))
        gone = gone.join(living, on=key, how="anti").sort("_to").unique(key, keep="last")
        where = " AND ".join(f"{name}::text = %s" for name in key)
        for row in gone.select(["_to", *key]).rows():
            connection.execute(
                f"UPDATE {self.name(code)} SET row_gone = '1', update_time = {at} WHERE {where}",
                row,
            )

    def section(self) -> str:
        told = (
            f'name = "支付库"\nkind = "database"\nurl = "{self.server.address(self.database)}"\n'
            'password_env = "YEAR_DATABASE"\n'
        )
        for code in DATABASE:
            told += (
                f'[[source.tables]]\ntable = "{code}"\nfrom = "{self.name(code)}"\n'
                'since = "update_time"\ndeleted = "row_gone"\n'
            )
        return told


def _open(now: int) -> pl.Expr:
    return pl.col("_to").is_null() | (pl.col("_to") > now)


def _http_section(server: Interface) -> str:
    told = (
        f'name = "一体化接口"\nkind = "http"\nbase_url = "{server.url}"\n'
        f"start = {START - DAY}\npage_size = 2000\nwait_seconds = 0.01\n"
        "longest_wait_seconds = 0.05\ntries = 8\npasses = 8\n"
    )
    for code, path in (("FIN-14", "applications"), ("FIN-16", "details")):
        told += f'[[source.resource]]\ntable = "{code}"\npath = "{path}"\n'
    return told


@dataclass
class Year:
    """The four sources, filled up to a day; `settings` is the home's file."""

    plan: list[Coming]
    folder: FolderDesk
    sftp: SftpDesk
    database: DatabaseDesk
    http: Interface
    laid: int = 0

    @property
    def settings(self) -> str:
        sections = (
            self.folder.section(),
            self.sftp.section(),
            self.database.section(),
            _http_section(self.http),
        )
        return "".join(f"[[source]]\n{one}\n" for one in sections)

    def upto(self, day: date) -> None:
        """Lay down whatever comes up to the end of a day."""
        while self.laid < len(self.plan) and self.plan[self.laid].on <= day:
            one = self.plan[self.laid]
            if one.final.table in SFTP:
                self.sftp.lay(one)
            elif one.final.table not in DATABASE + HTTP:
                self.folder.lay(one)
            self.laid += 1
        self.folder.settle()
        now = milliseconds(day + DAY) - 1
        self.database.write(now)
        self.http.now = now


@contextmanager
def laid_out(
    folder: Path, plan: list[Coming], postgres: Postgres, faults: Faults | None = None
) -> Iterator[Year]:
    """The four sources, running while the block lasts."""
    recorded = folder / "recorded"
    recorded.mkdir(parents=True)
    entries = [
        {**one.final.entry, "file": str(one.path), "biz_date": one.on.isoformat()}
        for one in sorted(plan, key=lambda one: (one.on, one.revision))
        if one.final.table in DATABASE + HTTP
    ]
    (recorded / "deliveries.json").write_text(json.dumps(entries, default=str), encoding="utf-8")
    city = City(recorded)
    (folder / "server" / "upload").mkdir(parents=True)
    (folder / "inbox").mkdir()
    with ExitStack() as stack:
        server = stack.enter_context(serving(folder / "server"))
        told = faults or Faults()
        interface = Interface(city, 0, told, style=Style(marked=True))
        stack.enter_context(interface)
        database = DatabaseDesk(postgres, city)
        yield Year(plan, FolderDesk(folder / "inbox"), SftpDesk(server), database, interface)


def environment() -> dict[str, str]:
    """The passwords of the sources."""
    return {"YEAR_SFTP": SFTP_PASSWORD, "YEAR_DATABASE": DATABASE_PASSWORD}


__all__ = [
    "END", "START", "Coming", "Final", "Year", "calm", "daily_city", "disturbed", "environment",
    "laid_out",
]  # fmt: skip
