"""A database as a source: one consistent read of its tables, parcels put, the cursor moved."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import polars as pl
import sqlalchemy as sa

from budget_watch.lake import Home
from ingest.errors import IngestError
from ingest.settings import read_as, secret
from ingest.source import Errand, Fetched, SourceFault, Stopped
from ingest.sources.database.comparing import gone_keys, known_keys
from ingest.sources.database.dialects import dialect_of
from ingest.sources.database.faults import Lost, fault, missing_driver
from ingest.sources.database.memory import lay_seen, recall
from ingest.sources.database.plan import everything, plan_for, rows_of
from ingest.sources.database.putting import Laid, end_what_was_begun, put
from ingest.sources.database.reading import Found, Reading
from ingest.sources.database.session import Session, cancelled_by, open_session
from ingest.sources.database.settings import DatabaseSettings, TableSettings
from ingest.spool import Parcel

_DRIVERS = (
    *("sqlalchemy", "psycopg", "pymysql", "oracledb", "dmPython", "sqlite3"),
    *("adbc_driver_manager", "pyarrow"),
)
_PAUSE_SECONDS = 2.0


def open_source(section: Mapping[str, Any], home: Home) -> DatabaseSource:
    """The source of a section of the settings.

    Raises:
        SettingError: the section is wrong; says which, what, and what to write.
    """
    return DatabaseSource(read_as(DatabaseSettings, section))


@dataclass(frozen=True)
class DatabaseSource:
    """A database. See `Source`."""

    settings: DatabaseSettings

    @property
    def name(self) -> str:
        """Its name in the settings."""
        return self.settings.name

    def fetch(self, errand: Errand) -> Fetched:
        """Read all tables and put what is new. See `Source.fetch`.

        A connection that breaks is made anew and everything is read again, in a new consistent
        read; nothing was put meanwhile. A table that cannot be read does not hold the others.
        """
        notes: list[str] = []
        begun = end_what_was_begun(errand.memory, errand.spool)
        for attempt in range(self.settings.retries + 1):
            errand.go_on()
            try:
                return self._once(errand, begun, notes)
            except Lost as lost:
                if attempt == self.settings.retries:
                    raise
                pause = _PAUSE_SECONDS * 2**attempt
                notes.append(f"{lost}（第 {attempt + 1} 次重试）")
                errand.tell(f"{self.name}：{lost}，{pause:g} 秒后重试")
                errand.stop.wait(pause)
        raise AssertionError  # pragma: no cover - the loop returns or raises

    def looked_at(self, errand: Errand) -> Iterator[str]:
        """Say of each table whether it can be read: rows, newest mark, columns. Nothing is fetched.

        Raises:
            SourceFault: the first table that cannot be read, and why.
        """
        with self._opened(errand) as session:
            yield f"连上了 {self.settings.shown}"
            for table in self.settings.tables:
                with self._asking(table.place, errand):
                    rows = rows_of(table, self.settings.schema_)
                    plan = plan_for(table, rows, session.names(everything(rows)), self.name)
                    count = session.one(plan.count())
                    told = f"{table.table} {table.place}：{count:,} 行，对上 {len(plan.columns)} 列"
                    if plan.since is not None:
                        told += f"，{plan.since} 最大是 {session.one(plan.newest(plan.since))}"
                    yield told
                lacking = [c.title for c in plan.contract.columns if c.name not in plan.given]
                if lacking:
                    yield f"  约定里有、这里没有的选填列：{'、'.join(lacking)}"
                if plan.unknown:
                    yield f"  约定里没有、不会读的列：{'、'.join(plan.unknown)}"

    def _once(self, errand: Errand, begun: list[Parcel], notes: list[str]) -> Fetched:
        found: list[tuple[TableSettings, Reading, Found]] = []
        wrong: list[SourceFault] = []
        try:
            with self._opened(errand) as session:
                for table in self.settings.tables:
                    errand.go_on()
                    try:
                        found.append((table, *self._read(table, session, errand)))
                    except Lost:
                        raise
                    except SourceFault as error:
                        wrong.append(error)
                        session.forget()
        except BaseException:
            for _, _, one in found:
                one.drop()
            raise
        laid = {table.id: self._laid(table, reading, one) for table, reading, one in found}
        parcels = put(errand.memory, errand.spool, laid)
        notes += [f"{table.table}：{note}" for table, _, one in found for note in one.notes]
        if wrong:
            told = "；".join(str(error).rstrip("。") for error in wrong)
            got = f"其余 {len(found)} 张报表已取到。" if found else ""
            raise SourceFault(f"{told}。{got}")
        return Fetched((*begun, *parcels), tuple(notes))

    @contextmanager
    def _opened(self, errand: Errand) -> Iterator[Session]:
        told = self.settings
        password = secret(told.name, told.password, told.password_env, told.password_file)
        dialect = dialect_of(told.address)
        with self._asking(dialect.title, errand):
            try:
                session = open_session(told, password)
            except (ImportError, sa.exc.NoSuchModuleError) as error:
                raise missing_driver(self.name, dialect.title, dialect.package) from error
        try:
            with cancelled_by(errand.stop, session):
                yield session
        finally:
            session.close()

    def _read(
        self, table: TableSettings, session: Session, errand: Errand
    ) -> tuple[Reading, Found]:
        """Read one table, as its next turn."""
        memory = recall(errand.memory, table.id, errand.spool, table.table)
        memory = replace(memory, turn=memory.turn + 1)
        errand.tell(f"{self.name}：读 {table.place}（{table.table}）")
        with self._asking(table.place, errand):
            session.mark()
            rows = rows_of(table, self.settings.schema_)
            plan = plan_for(table, rows, session.names(everything(rows)), self.name)
            reading = Reading(
                plan, session, errand, memory, errand.memory, self.settings.batch_rows
            )
            found = reading.whole() if plan.since is None else reading.grown()
        if plan.unknown:
            found.notes.append(f"列“{'、'.join(plan.unknown[:8])}”不在约定中，未读")
        errand.tell(f"{self.name}：{table.place} 读到 {found.rows:,} 行")
        return reading, found

    def _laid(self, table: TableSettings, reading: Reading, found: Found) -> Laid:
        """Lay what was staged, then what is gone; nothing of it counts yet."""
        memory, spool = found.memory, reading.errand.spool
        parcels = []
        for one in found.coming:
            parcel = spool.lay(one.staged, one.parcel)
            if parcel.whole:
                if memory.whole.get(parcel.period) == parcel.sha256:
                    continue  # as it was when it was put last
                memory = replace(memory, whole={**memory.whole, parcel.period: parcel.sha256})
            parcels.append(parcel)
        if found.keys is not None:
            parcels += self._compared(table, reading, found, parcels)
        memory = lay_seen(reading.folder, table.id, memory, found.seen)
        return Laid(memory, tuple(parcels))

    def _compared(
        self, table: TableSettings, reading: Reading, found: Found, laid: list[Parcel]
    ) -> list[Parcel]:
        key, spool = reading.plan.key, reading.errand.spool
        known = known_keys([*spool.parcels(), *laid], table.table, table.part, key)
        there = pl.scan_parquet(found.keys) if found.keys else pl.LazyFrame()
        gone = gone_keys(known, there, key)
        if found.keys:
            found.keys.unlink(missing_ok=True)
        if gone.is_empty():
            return []
        found.notes.append(f"全量比对：{table.place} 有 {gone.height:,} 行已被删除")
        coming = reading.gone(gone, f"比对#{reading.memory.turn}")
        return [spool.lay(coming.staged, coming.parcel)]

    @contextmanager
    def _asking(self, what: str, errand: Errand) -> Iterator[None]:
        """Turn a driver's error into ours; after a stop it is the stop."""
        try:
            yield
        except IngestError:
            raise
        except Exception as error:
            root = type(error).__module__.partition(".")[0]
            if root not in _DRIVERS and not isinstance(error, OSError):
                raise
            if errand.stop.is_set():
                raise Stopped("取数被取消或超过时限；下次运行从停下的地方继续。") from error
            raise fault(error, self.name, self.settings.shown, what) from error
