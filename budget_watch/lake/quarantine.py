"""The quarantine (隔离区): rows that the gate kept out, and what became of them.

The rows of one delivery lie in one Parquet file, written once under a name nobody has used and
named in the publishing transaction together with the ledger line of their batch: so a row is
accounted for as soon as its delivery is, and never before. What people then do (release, correct,
discard) and what later deliveries do (take a row's place) are acts, added, never changed. Nothing
here is ever deleted. The ledger's figures with the acts counted in are `ledger.accounted`.

A file holds what was delivered as text, identity numbers hashed, names and accounts as they came:
without them a row could not be released. It is readable by the service's account only, and every
read of it goes through a Grant (`lake.quarantined_rows`).
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Literal

import polars as pl
import sqlalchemy as sa

from budget_watch.lake import faults, records
from budget_watch.lake.errors import LakeError
from budget_watch.lake.files import make_durable
from budget_watch.lake.home import Home
from budget_watch.lake.state import engine, writing

Action = Literal["release", "correct", "discard", "supersede", "export"]
ACTIONS: dict[Action, str] = {
    "release": "照原样放行",
    "correct": "更正后放行",
    "discard": "作废",
    "supersede": "已由重新送达取代",
    "export": "导出",
}
STORED, CLOSED = ("release", "correct"), ("discard", "supersede")
FILE_SCHEMA = pl.Schema(
    {
        "line": pl.Int32(),
        "src_row": pl.Int32(),
        "sheet": pl.String(),
        "reason": pl.String(),
        "soft": pl.Boolean(),  # only what a person may let pass as it is
        "key": pl.String(),  # the contract's key as one text; null where a part is missing
        "row": pl.String(),  # JSON {column: text as delivered}
    }
)
KEY_SEPARATOR = "\x1f"
Spans = tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Kept:
    """A file of rows kept out of one delivery, on its way into the ledger.

    Attributes:
        path: relative to the home's quarantine folder.
        soft: how many rows a person may let pass as they are.
        reasons: rows by what is wrong, the most frequent first.
        whole: the delivery as a whole was not believed; no row of it is stored.
        codes: whether the gate asked that codes are in our lists (not of published forms).
        overtaken: lines whose key a newer delivery had brought right before this one came.
    """

    path: str
    rows: int
    soft: int
    reasons: Mapping[str, int] = field(default_factory=dict)
    whole: bool = False
    codes: bool = True
    overtaken: Spans = ()


@dataclass(frozen=True)
class Act:
    """What is done to some rows of a bundle (file), by whom and why."""

    bundle: int
    action: Action
    lines: Spans
    actor: str
    reason: str
    detail: Mapping[str, str] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """How many rows."""
        return count(self.lines)


@dataclass(frozen=True)
class Bundle:
    """The rows kept out of one delivery (`Q17`), as the ledger has them now.

    rows = open + released + discarded + superseded.
    """

    number: int
    table: str
    batch_seq: int
    batch_id: str
    source: str
    origin: str | None
    biz_date: date
    path: str
    rows: int
    soft: int
    whole: bool
    codes: bool
    reasons: Mapping[str, int]
    kept_at: datetime
    released: int = 0
    discarded: int = 0
    superseded: int = 0

    @property
    def name(self) -> str:
        """What people call it."""
        return f"Q{self.number}"

    @property
    def open(self) -> int:
        """Rows that wait for somebody."""
        return self.rows - self.released - self.discarded - self.superseded


@dataclass(frozen=True)
class Done:
    """An act as it was recorded."""

    bundle: int
    action: Action
    lines: Spans
    actor: str
    reason: str
    detail: Mapping[str, str]
    acted_at: datetime
    snapshot: str | None


# ---- files
def keep(
    home: Home,
    table: str,
    rows: pl.DataFrame,
    reasons: Mapping[str, int],
    whole: bool = False,
    codes: bool = True,
) -> Kept | None:
    """Write rows (FILE_SCHEMA without `line`) durably; None where there are none.

    Raises:
        LakeError: the disk would not take them.
    """
    if rows.is_empty():
        return None
    path = f"rows/{table}/{secrets.token_hex(8)}.parquet"
    target = home.quarantine / path
    try:
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            numbered = rows.with_columns(pl.int_range(1, pl.len() + 1).alias("line"))
            numbered.select(FILE_SCHEMA.names()).cast(FILE_SCHEMA).write_parquet(file)
        make_durable([target])
    except (OSError, pl.exceptions.PolarsError) as error:
        said = faults.told(error, target) or faults.full(target.parent)
        if said is None and not isinstance(error, OSError):
            raise
        with suppress(OSError):
            target.unlink(missing_ok=True)
        raise LakeError(
            said or f"隔离的行写不进 {target}：{error}。{faults.SAFE}。请检查磁盘，然后重新运行。"
        ) from error
    ordered = dict(sorted(reasons.items(), key=lambda one: -one[1]))
    return Kept(path, rows.height, int(rows["soft"].sum()), ordered, whole, codes)


def read(home: Home, bundle: Bundle) -> pl.DataFrame:
    """The rows of a bundle as they were kept, unmasked: for the system's own work only.

    Raises:
        LakeError: the file is not what was kept.
    """
    try:
        found = pl.read_parquet(home.quarantine / bundle.path)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise LakeError(
            f"隔离区文件 {home.quarantine / bundle.path} 读不出（{error}）；请从备份恢复。"
        ) from error
    if found.height != bundle.rows:
        raise LakeError(
            f"{bundle.name} 应有 {bundle.rows} 行，文件里有 {found.height} 行；请从备份恢复。"
        )
    return found


def sweep(home: Home) -> int:
    """Delete files that a killed writer left and no ledger line names; return how many."""
    folder = home.quarantine / "rows"
    if not folder.exists():
        return 0
    with engine(home).connect() as connection:
        named = set(connection.execute(sa.select(records.quarantine.c.path)).scalars())
    gone = [
        path
        for path in folder.rglob("*.parquet")
        if path.relative_to(home.quarantine).as_posix() not in named
    ]
    for path in gone:
        path.unlink()
    return len(gone)


def discard_files(home: Home, kept: Iterable[Kept]) -> None:
    """Remove the files of a delivery that was not published."""
    for one in kept:
        (home.quarantine / one.path).unlink(missing_ok=True)


# ---- lines as spans
def spans(lines: Iterable[int]) -> Spans:
    """1, 2, 3, 7 → (1, 3), (7, 7)."""
    found: list[list[int]] = []
    for line in sorted(set(lines)):
        if found and line == found[-1][1] + 1:
            found[-1][1] = line
        else:
            found.append([line, line])
    return tuple((first, last) for first, last in found)


def lines_of(some: Spans) -> list[int]:
    """(1, 3), (7, 7) → 1, 2, 3, 7."""
    return [line for first, last in some for line in range(first, last + 1)]


def count(some: Spans) -> int:
    """How many lines."""
    return sum(last - first + 1 for first, last in some)


# ---- the ledger's side
def bundles(
    home: Home,
    seq: int | None = None,
    table: str | None = None,
    numbers: Sequence[int] | None = None,
) -> list[Bundle]:
    """All bundles, newest first, as of a snapshot's number (default: now)."""
    if not home.exists:
        return []
    with engine(home).connect() as connection:
        return _bundles(connection, seq, table, numbers)


def _bundles(
    connection: sa.Connection,
    seq: int | None = None,
    table: str | None = None,
    numbers: Sequence[int] | None = None,
) -> list[Bundle]:
    q, a, s = records.quarantine, records.quarantine_act, records.snapshot
    query = sa.select(q).join(s, s.c.id == q.c.snapshot).order_by(q.c.number.desc())
    if seq is not None:
        query = query.where(s.c.seq <= seq)
    if table is not None:
        query = query.where(q.c.table_name == table)
    if numbers is not None:
        query = query.where(q.c.number.in_(list(numbers)))
    acts = (
        sa.select(a.c.bundle, a.c.action, sa.func.sum(a.c.row_count).label("n"))
        .join(s, s.c.id == a.c.snapshot)
        .group_by(a.c.bundle, a.c.action)
    )
    if seq is not None:
        acts = acts.where(s.c.seq <= seq)
    done: dict[tuple[int, str], int] = {
        (row.bundle, row.action): int(row.n) for row in connection.execute(acts)
    }
    found = []
    for row in connection.execute(query).mappings():
        number = row["number"]
        found.append(
            Bundle(
                number,
                row["table_name"],
                row["batch_seq"],
                row["batch_id"],
                row["source"],
                row["origin"],
                row["biz_date"],
                row["path"],
                row["row_count"],
                row["soft"],
                row["whole"],
                row["codes"],
                json.loads(row["reasons"]),
                row["kept_at"],
                released=sum(done.get((number, action), 0) for action in STORED),
                discarded=done.get((number, "discard"), 0),
                superseded=done.get((number, "supersede"), 0),
            )
        )
    return found


def tables(connection: sa.Connection) -> set[str]:
    """The tables of which anything was ever in quarantine."""
    return set(connection.execute(sa.select(records.quarantine.c.table_name).distinct()).scalars())


def acts(home: Home, bundle: int | None = None, seq: int | None = None) -> list[Done]:
    """What was done, oldest first; of one bundle where given."""
    with engine(home).connect() as connection:
        return _acts(connection, bundle, seq)


def _acts(
    connection: sa.Connection, bundle: int | None = None, seq: int | None = None
) -> list[Done]:
    a, s = records.quarantine_act, records.snapshot
    query = sa.select(a).order_by(a.c.seq)
    if bundle is not None:
        query = query.where(a.c.bundle == bundle)
    if seq is not None:
        query = query.join(s, s.c.id == a.c.snapshot).where(s.c.seq <= seq)
    return [
        Done(
            row["bundle"],
            row["action"],
            tuple((first, last) for first, last in json.loads(row["which"])),
            row["actor"],
            row["reason"],
            json.loads(row["detail"]),
            row["acted_at"],
            row["snapshot"],
        )
        for row in connection.execute(query).mappings()
    ]


def fates(done: Iterable[Done]) -> dict[int, Done]:
    """By line, the act that closed it; of one bundle's acts."""
    return {
        line: one
        for one in done
        if one.action in (*STORED, *CLOSED)
        for line in lines_of(one.lines)
    }


def open_lines(bundle: Bundle, done: Iterable[Done]) -> list[int]:
    """The lines of a bundle that wait for somebody."""
    closed = fates(done)
    return [line for line in range(1, bundle.rows + 1) if line not in closed]


def log_export(home: Home, act: Act) -> None:
    """Write down that rows were taken out of the house to be corrected."""
    with writing(home) as connection:
        _write_act(connection, act, None)


def write_bundle(
    connection: sa.Connection,
    snapshot: str,
    batch_seq: int,
    batch: tuple[str, str, str, str | None, date],
    kept: Kept,
) -> None:
    """Name a file in the ledger, beside the line of its batch (table, id, source, origin, day)."""
    table, batch_id, source, origin, day = batch
    made = connection.execute(
        sa.insert(records.quarantine).values(
            batch_seq=batch_seq,
            table_name=table,
            batch_id=batch_id,
            source=source,
            origin=origin,
            biz_date=day,
            path=kept.path,
            row_count=kept.rows,
            soft=kept.soft,
            whole=kept.whole,
            codes=kept.codes,
            reasons=json.dumps(dict(kept.reasons), ensure_ascii=False),
            kept_at=datetime.now(UTC),
            snapshot=snapshot,
        )
    )
    if kept.overtaken and made.inserted_primary_key is not None:
        number, reason = int(made.inserted_primary_key[0]), "更新的批次早已送来同主键的行，以它为准"
        _write_act(connection, Act(number, "supersede", kept.overtaken, "入库", reason), snapshot)


def write_acts(connection: sa.Connection, snapshot: str, wanted: Iterable[Act]) -> None:
    """Write acts of the publication.

    Raises:
        LakeError: a row was closed already; nothing is published.
    """
    for act in wanted:
        closed = fates(_acts(connection, act.bundle))
        again = [line for line in lines_of(act.lines) if line in closed]
        if again:
            raise LakeError(f"Q{act.bundle} 的第 {again[0]} 行已经处理过；没有发布，请重新查看。")
        _write_act(connection, act, snapshot)


def close_older(
    connection: sa.Connection,
    snapshot: str,
    batch_seq: int,
    batch: tuple[str, str, str, str | None, date],
) -> None:
    """Close what older deliveries of a slot left open: the newer one stands for all of it."""
    table, batch_id, source, origin, _ = batch
    for bundle in _bundles(connection, table=table):
        mine = bundle.batch_id == batch_id or (
            bundle.whole
            and bundle.origin == origin
            and bundle.source.partition("#")[0] == source.partition("#")[0]
        )
        if bundle.batch_seq >= batch_seq or not mine or not bundle.open:
            continue
        lines = spans(open_lines(bundle, _acts(connection, bundle.number)))
        reason = f"批次 {batch_id} 重新送达（{source}），以新送达的为准"
        _write_act(connection, Act(bundle.number, "supersede", lines, "入库", reason), snapshot)


def closed_by_key(
    home: Home,
    waiting: Sequence[Bundle],
    place: tuple[str, str, date],
    arrived: pl.LazyFrame,
    key: Sequence[str],
    already: Sequence[Act] = (),
) -> list[tuple[Act, str]]:
    """The acts for open rows of other slots whose key comes right, each with the slot's id.

    Args:
        waiting: the table's bundles with open rows.
        place: table, batch id and business date of the delivery; later slots are left alone.
        arrived: its stored rows.
        already: acts of the coming publication.
    """
    _, batch_id, day = place
    found = []
    for bundle in waiting:
        if bundle.batch_id == batch_id or bundle.biz_date > day:
            continue
        done = {
            line for act in already if act.bundle == bundle.number for line in lines_of(act.lines)
        }
        still = set(open_lines(bundle, acts(home, bundle.number))) - done
        rows = read(home, bundle).select("line", "key").drop_nulls()
        rows = rows.filter(pl.col("line").is_in(sorted(still)))
        if rows.is_empty():
            continue
        came = arrived.select(key_text(key).alias("key"))
        same = rows.lazy().join(came, on="key", how="semi").collect(engine="streaming")
        if same.height:
            lines = spans(same["line"].to_list())
            reason = f"批次 {batch_id} 送来了同主键的行，以它为准"
            found.append((Act(bundle.number, "supersede", lines, "入库", reason), bundle.batch_id))
    return found


def overtaken(
    home: Home, kept: Kept, batch: tuple[str, date], held: pl.LazyFrame, key: Sequence[str]
) -> Spans:
    """The lines of a file whose key stands right in a newer slot already.

    So it makes no difference whether the wrong row or the right one comes first.

    Args:
        batch: id and business date of the delivery that the file is of.
        held: rows that the table holds, with their batch and business date.
    """
    rows = pl.read_parquet(home.quarantine / kept.path, columns=["line", "key"]).drop_nulls()
    if rows.is_empty():
        return ()
    batch_id, day = batch
    first = rows["key"].str.split(KEY_SEPARATOR).list.first().unique()
    newer = held.filter(
        pl.col(key[0]).cast(pl.String).is_in(first.implode()),
        pl.col("batch_id") != batch_id,
        pl.col("biz_date") >= day,
    )
    right = newer.select(key_text(key).alias("key"))
    found = rows.lazy().join(right, on="key", how="semi").collect(engine="streaming")
    return spans(found["line"].to_list())


def key_text(key: Sequence[str]) -> pl.Expr:
    """The key of stored rows as one text; null where a part is missing."""
    return pl.concat_str([pl.col(name).cast(pl.String) for name in key], separator=KEY_SEPARATOR)


def _write_act(connection: sa.Connection, act: Act, snapshot: str | None) -> None:
    connection.execute(
        sa.insert(records.quarantine_act).values(
            bundle=act.bundle,
            action=act.action,
            row_count=act.rows,
            which=json.dumps(act.lines),
            actor=act.actor,
            reason=act.reason,
            detail=json.dumps(dict(act.detail), ensure_ascii=False),
            acted_at=datetime.now(UTC),
            snapshot=snapshot,
        )
    )
