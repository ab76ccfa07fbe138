"""The Writer: takes deliveries in, makes the marts, publishes everything at once.

Until `publish` returns nobody sees anything; if the process dies before, nothing happened and the
next writer starts from the published state. Order of a publishing: files to disk, files durable,
one Delta commit a table, logs durable, then one transaction in the state database that checks the
lease's epoch. Only that transaction makes it so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from types import TracebackType
from typing import Self

import polars as pl

from budget_watch.lake import changes, delta, ledger, quarantine, shaping
from budget_watch.lake.draft import BUFFER_ROWS, Held, TableDraft
from budget_watch.lake.errors import FrameError, LakeError
from budget_watch.lake.files import make_durable
from budget_watch.lake.home import Home
from budget_watch.lake.intake import Intake
from budget_watch.lake.layout import layout, table_folders
from budget_watch.lake.lease import Lease
from budget_watch.lake.ledger import Batch, Entry, Outcome, Slot
from budget_watch.lake.marts import calendar_hash
from budget_watch.lake.marts.row_change import ROW_CHANGE
from budget_watch.lake.publishing import heads, record
from budget_watch.lake.quarantine import Act, Bundle, Kept
from budget_watch.lake.refresh import refresh_marts
from budget_watch.lake.snapshot import Snapshot
from budget_watch.lake.state import engine
from budget_watch.lake.sweeping import sweep

# All tables together hold at most this many rows in memory before the largest is written.
WAITING_ROWS = 2 * BUFFER_ROWS
# A closed month of at most so many rows becomes one file: they are sorted in memory.
JOINED_ROWS = 500_000

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Stored:
    """What became of one `replace`.

    Attributes:
        rows: rows now in the table from this batch.
        removed: rows that left the table for it.
        repeated: True where this very content was published already and nothing was done.
        outrun: delivered rows of which the lake holds a newer version; they were not stored.
        note: why delivered rows were neither stored nor kept aside; None where there are none.
    """

    rows: int
    removed: int
    repeated: bool = False
    outrun: int = 0
    note: str | None = None


class Writer:
    """The one writer of a home. Use `with Writer.open(home, owner) as writer`.

    Leaving the block without `publish` throws the work away.
    """

    def __init__(self, home: Home, lease: Lease) -> None:
        self.home = home
        self._lease = lease
        self._base = Snapshot.latest(home)
        self._drafts: dict[str, TableDraft] = {}
        self._entries: dict[tuple[str, str], Entry] = {}
        self._refusals: list[Entry] = []
        self._acts: list[Act] = []
        self._leaving: dict[tuple[str, str], int] = {}
        self._open_bundles: dict[str, list[Bundle]] = {}
        self._covered: list[Entry] = []  # slices that released rows speak of
        self._replaced: list[Entry] = []  # came in this draft and were corrected in it
        self._committing = False
        self._contents: set[tuple[str, str]] = set()  # table and hash of what the draft holds
        self._known_ids: dict[str, set[str]] = {}
        self._hashes: dict[str, set[str]] = {}
        self._slots: dict[tuple[str, str], Slot | None] = {}
        self._restore_heads()

    @classmethod
    def open(cls, home: Home, owner: str) -> Self:
        """Take the lease and bring every Delta head back to the published state.

        Raises:
            LeaseError: somebody else is writing; says who, where and since when.
        """
        lease = Lease(home, owner)
        try:
            return cls(home, lease)
        except BaseException:
            lease.release()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the lease back. What was not published is gone."""
        if not self._committing:  # else Delta may name the files until the next writer restores it
            for draft in self._drafts.values():
                draft.discard(keep=draft.published)
            lines = (*self._replaced, *self._entries.values(), *self._refusals)
            quarantine.discard_files(self.home, [e.kept for e in lines if e.kept])
        self._forget()
        self._lease.release()

    def known(self, batch: Batch) -> bool:
        """Whether this very content is already in the lake (or in this writer's draft)."""
        if (batch.table, batch.source_hash) in self._contents:
            return True
        with engine(self.home).connect() as connection:
            if batch.table not in self._hashes:
                self._hashes[batch.table] = ledger.stored_hashes(connection, batch.table)
            seen = batch.source_hash in self._hashes[batch.table]
            mine = {slot for table, slot in self._entries if table == batch.table} if seen else ()
            return seen and ledger.is_current(connection, batch, mine)

    def slot(self, batch: Batch) -> Slot | None:
        """What the batch's slot holds in this draft; None where nothing was ever stored in it."""
        place = (batch.table, batch.id)
        if place not in self._slots:
            with engine(self.home).connect() as connection:
                self._slots[place] = ledger.slot_of(connection, batch)
        return self._slots[place]

    def slots(self, table: str) -> frozenset[str]:
        """The ids of all batches of a table, those of this draft with them."""
        return frozenset(self._ids(table))

    def replace(
        self,
        table: str,
        frame: pl.DataFrame | pl.LazyFrame | Intake,
        batch: Batch,
        predicate: str | pl.Expr | None = None,
        by: Sequence[str] | None = None,
        quarantined: int = 0,
        repeated: int = 0,
        kept: Kept | None = None,
        left_out: tuple[int, str] = (0, ""),
    ) -> Stored:
        """Put the rows of a batch in the place of older ones. Never a blind append.

        These rows leave the table first:
        - always those of the same batch id (a delivery given again replaces itself),
        - with `predicate` (SQL text such as `fiscal_year = 2026 and month = 9`, or a polars
          expression) those for which it is true: the slice that the delivery stands for,
        - with `by` (column names) those that equal a new row in all these columns: an upsert where
          `by` is the key, a change of whole slices where it is, say, year, month and region. Of a
          configured source's batch the rows leave only older slots; where a slot of a later
          business date has the key, the new row is left out, so that what comes late ends in the
          same lake as what came in time. What is loaded by hand always takes the place.

        Args:
            table: contract name.
            frame: rows of the contract's columns (fen), technical ones where known. A lazy frame is
                run once, streaming; an intake was made for this table and batch.
            batch: the delivery. Published before with the same hash, nothing is done.
            quarantined: rows that the gate kept out.
            repeated: delivered rows that shared their key with another.
            kept: the file of the rows kept out, so that they can be released.
            left_out: delivered rows of which nothing is to be stored or kept, and why.

        Raises:
            FrameError: the frame does not fit the contract.
            UnknownTableError: there is no such table.
        """
        if self.known(batch):
            if isinstance(frame, Intake):
                frame.close()
            return Stored(0, 0, repeated=True)
        intake = frame if isinstance(frame, Intake) else self._taken(table, frame, batch)
        draft = intake.draft
        try:
            outrun = self._leave_outrun(intake, by)
            count, small = intake.rows, intake.small()
            arrived = intake.scan()
            held, again = draft.held(), batch.id in self._ids(table)
            removed = self._remove(draft, batch, arrived, predicate, by)
            place, key = (table, batch.id, batch.biz_date), draft.layout.contract.key
            for act, slot in quarantine.closed_by_key(
                self.home, self._kept_open(table), place, arrived, key, self._acts
            ):
                self.close_kept(act, (table, slot))
            kept = self._overtaken(kept, held, batch, key)
            if removed or again or repeated:
                slice_ = _expression(predicate, draft) if predicate is not None else pl.lit(False)
                whole = slice_ | (pl.col("batch_id") == batch.id)
                self._note_changes(held if removed else None, arrived, whole, batch, repeated)
            if small is not None:
                draft.add(small)
            else:
                draft.add_files(intake.files())
        finally:
            intake.close()
        self._relieve_memory()
        refused = outrun + left_out[0]
        delivered = count + quarantined + refused
        note = _why_refused(outrun, *left_out)
        entry = Entry(
            batch, intake.loaded_at, delivered, count, quarantined, refused, note, kept=kept
        )
        self._enter(entry)
        return Stored(count, removed, outrun=outrun, note=note)

    def intake(self, table: str, batch: Batch) -> Intake:
        """A way in for rows that come in pieces; give it to `replace` when all are there.

        Raises:
            FrameError: the table is a mart.
            UnknownTableError: there is no such table.
        """
        draft = self._draft(table)
        if draft.layout.kind != "table":
            raise FrameError(f"{table} 是主题表，由程序从报表生成，不能直接写入。")
        return Intake(draft, batch, datetime.now(UTC))

    def _taken(self, table: str, frame: pl.DataFrame | pl.LazyFrame, batch: Batch) -> Intake:
        intake = self.intake(table, batch)
        try:
            if isinstance(frame, pl.LazyFrame):
                intake.add(pl.DataFrame(schema=frame.collect_schema()))
                for piece in frame.collect_batches(chunk_size=BUFFER_ROWS, maintain_order=True):
                    intake.add(piece)
            else:
                intake.add(frame.clear())
                for piece in frame.iter_slices(BUFFER_ROWS):
                    intake.add(piece)
        except BaseException:
            intake.close()
            raise
        return intake

    def refuse(self, batch: Batch, delivered: int, reason: str) -> None:
        """Write a delivery into the ledger of which nothing was stored, and why."""
        self.set_aside(batch, delivered, reason, "refused")

    def set_aside(self, batch: Batch, delivered: int, reason: str, outcome: Outcome) -> None:
        """Write a delivery into the ledger that changed nothing: it came twice, or too late."""
        now = datetime.now(UTC)
        self._refusals.append(Entry(batch, now, delivered, 0, 0, delivered, reason, outcome))
        before = self.slot(batch)
        if before is not None:
            self._slots[batch.table, batch.id] = before.after(batch, outcome)

    def hold(self, batch: Batch, kept: Kept, reason: str) -> None:
        """Write a delivery into the ledger of which nothing is believed: all rows in quarantine."""
        now, rows = datetime.now(UTC), kept.rows
        entry = Entry(batch, now, rows, 0, rows, 0, reason, "refused", kept=kept)
        self._refusals.append(entry)

    def close_kept(self, act: Act, slot: tuple[str, str]) -> None:
        """Discard quarantined rows; done at the next publishing. `slot`: their table and batch."""
        self._acts.append(act)
        self._leaving[slot] = self._leaving.get(slot, 0) + act.rows

    def release(self, act: Act, batch: Batch, rows: pl.DataFrame) -> None:
        """Put quarantined rows into their slot, beside those that were stored at once.

        Args:
            act: which rows of which bundle, by whom and why.
            batch: the original delivery; the rows carry its id and business date.
            rows: as many as the act says, columns of the contract (fen).

        Raises:
            FrameError: they do not fit the contract.
            LakeError: they are not as many.
        """
        if rows.height != act.rows:
            raise LakeError(f"{batch.id}：放行 {act.rows} 行，却给出 {rows.height} 行。")
        draft = self._draft(batch.table)
        now = datetime.now(UTC)
        draft.add(shaping.shaped(rows.lazy(), draft.layout, batch, now).collect())
        self._covered.append(Entry(batch, now, 0, 0))
        self.close_kept(act, (batch.table, batch.id))

    def _overtaken(
        self, kept: Kept | None, held: Held, batch: Batch, key: Sequence[str]
    ) -> Kept | None:
        """Mark the rows kept out that a newer slot has right already."""
        if kept is None or not held.draft.holds_any:
            return kept
        place = (batch.id, batch.biz_date)
        lines = quarantine.overtaken(self.home, kept, place, held.scan(), key)
        if lines:
            slot = (batch.table, batch.id)
            self._leaving[slot] = self._leaving.get(slot, 0) + quarantine.count(lines)
        return replace(kept, overtaken=lines)

    def _kept_open(self, table: str) -> list[Bundle]:
        """The table's published bundles with open rows, looked up once."""
        if table not in self._open_bundles:
            found = quarantine.bundles(self.home, table=table)
            self._open_bundles[table] = [bundle for bundle in found if bundle.open]
        return self._open_bundles[table]

    def holds_keys(self, table: str, rows: pl.DataFrame, by: Sequence[str]) -> pl.DataFrame:
        """The keys of these rows that the table has already, in published or coming rows."""
        keys = rows.select(list(by)).unique()
        return self._draft(table).same(keys, pl.lit(True))

    def note(self, batch: Batch, quarantined: int, reason: str | None = None) -> None:
        """Say after `replace` how many rows were quarantined, where it was not known before."""
        entry = self._entries[batch.table, batch.id]
        self._entries[batch.table, batch.id] = replace(
            entry,
            quarantined=quarantined,
            delivered=entry.stored + quarantined + entry.refused,
            reason=reason or entry.reason,
        )

    def publish(
        self,
        biz_date: date,
        hashes: Mapping[str, str] | None = None,
        progress: Progress = lambda text: None,
        **more_hashes: str,
    ) -> Snapshot:
        """Make the marts, make all durable, and publish everything as one snapshot.

        With nothing new to publish (same content, date and hashes) the latest snapshot is returned.

        Args:
            biz_date: business date of the snapshot. What comes late, for a date before that of the
                latest snapshot, is published under the latter: snapshots never go back in time.
            hashes: of rule book, laws, lock file, calendar; also as keywords (`book_hash=…`).
            progress: is told in Chinese what is being done.

        Raises:
            LeaseError: another writer took over; nothing was published.
            LakeError: rows in and rows out of a batch do not match.
        """
        wanted = {
            "calendar": calendar_hash(self.home.calendar_file),
            **(hashes or {}),
            **more_hashes,
        }
        for entry in self._entries.values():
            entry.check()
        for draft in self._drafts.values():
            draft.flush()
            draft.compact()
        published = self._base.tables if self._base else {}
        calendar = self.home.calendar_file
        entries = [*self._replaced, *self._entries.values(), *self._refusals]
        lines = ledger.Lines(self.home, entries, self._leaving)
        made_from = refresh_marts(self._draft, published, calendar, progress, lines)
        changed = {name: draft for name, draft in self._drafts.items() if draft.changed}
        base = self._base
        if base is not None:
            biz_date = max(biz_date, base.biz_date)
        same = base is not None and base.biz_date == biz_date and dict(base.hashes) == wanted
        nothing = not (changed or self._entries or self._refusals or self._acts)
        if base is not None and same and nothing:
            return base
        progress("落盘并提交")
        self._committing = True
        versions = self._commit(changed)
        progress("发布数据快照")
        snapshot_id = record(
            self.home,
            self._lease,
            base,
            biz_date,
            wanted,
            {name: (changed[name], version) for name, version in versions.items()},
            made_from,
            entries,
            self._acts,
            self._covered,
        )
        return self._published(snapshot_id)

    def compact(self, progress: Progress = lambda text: None) -> tuple[int, int, Snapshot | None]:
        """Join the files of each closed month and publish that; content stays as it is.

        Marts are not made anew: they hold what they held. Published snapshots keep their files.

        Returns:
            How many files were joined, into how many, and the snapshot; None where none were.

        Raises:
            LakeError: deliveries wait to be published.
        """
        if self._drafts or self._entries:
            raise LakeError("还有没有发布的送达，不能合并文件。请先发布。")
        base = self._base
        if base is None:
            return 0, 0, None
        now = f"{base.biz_date:%Y-%m}"
        joined = into = 0
        for name, table in base.tables.items():
            for part in sorted({file.part for file in table.files if file.part < now}):
                gone = self._draft(name).join(part, JOINED_ROWS)
                joined, into = joined + gone, into + bool(gone)
                if gone:
                    progress(f"合并 {name} {part or ''}：{gone} 个文件")
        changed = {name: draft for name, draft in self._drafts.items() if draft.changed}
        if not changed:
            self._forget()
            return 0, 0, None
        self._committing = True
        versions = self._commit(changed)
        self._published(
            record(
                self.home,
                self._lease,
                base,
                base.biz_date,
                base.hashes,
                {name: (changed[name], version) for name, version in versions.items()},
                {name: base.tables[name].made_from for name in changed},
                (),
            )
        )
        return joined, into, self._base

    def _published(self, snapshot_id: str) -> Snapshot:
        for draft in self._drafts.values():
            draft.discard(keep=draft.files)
        self._forget()
        self._base = Snapshot.get(self.home, snapshot_id)
        return self._base

    def _commit(self, changed: Mapping[str, TableDraft]) -> dict[str, int]:
        for draft in changed.values():
            make_durable([draft.folder / file.path for file in draft.added])
        versions = {}
        for name, draft in changed.items():
            ids = [e.batch.id for e in self._entries.values() if e.batch.table == name]
            metadata = {"batch_id": "\n".join(ids), "epoch": str(self._lease.epoch)}
            versions[name] = delta.commit(
                draft.folder, draft.layout, draft.published, draft.files, metadata
            )
        make_durable([draft.folder / "_delta_log" for draft in changed.values()])
        return versions

    def _leave_outrun(self, intake: Intake, by: Sequence[str] | None) -> int:
        """Leave out the rows of which the draft holds a newer version; return how many."""
        batch = intake.batch
        newer = self.newer(batch) if by is not None and batch.origin is not None else set()
        if by is None or not newer:
            return 0
        columns = list(by)
        keys = intake.scan().select(columns).unique().collect(engine="streaming")
        kept = intake.draft.same(keys, pl.col("batch_id").is_in(sorted(newer)))
        if kept.is_empty():
            return 0
        before = intake.rows
        intake.keep(lambda rows: rows.join(kept, on=columns, how="anti", nulls_equal=True))
        return before - intake.rows

    def newer(self, batch: Batch) -> set[str]:
        """The other slots of the batch's table that are newer, published or of this draft."""
        with engine(self.home).connect() as connection:
            newer = ledger.newer_ids(connection, batch)
        for entry in self._entries.values():
            one = entry.batch
            if one.table == batch.table and one.id != batch.id:
                if batch.before(one):
                    newer.add(one.id)
                else:
                    newer.discard(one.id)
        return newer

    def _remove(
        self,
        draft: TableDraft,
        batch: Batch,
        arrived: pl.LazyFrame,
        predicate: str | pl.Expr | None,
        by: Sequence[str] | None,
    ) -> int:
        removed = 0
        if batch.id in self._ids(draft.layout.name):
            removed += draft.remove(pl.col("batch_id") == batch.id)
        self._ids(draft.layout.name).add(batch.id)
        if predicate is not None:
            removed += draft.remove(_expression(predicate, draft))
        if by is not None and draft.holds_any:
            keys = arrived.select(list(by)).unique().collect(engine="streaming")
            removed += draft.remove_same(keys)
        return removed

    def _note_changes(
        self,
        held: Held | None,
        arrived: pl.LazyFrame,
        whole: pl.Expr,
        batch: Batch,
        repeated: int,
    ) -> None:
        """Write down what the delivery rewrote, dropped or repeated; a correction settles its slot.

        Held against the draft, not against what is published: how many deliveries are published
        together makes no difference, and a run that was cut off comes to the same.
        """
        record = self._draft(ROW_CHANGE.name)
        contract = layout(batch.table).contract
        mine = pl.col("slot") == batch.id
        record.remove(mine & (pl.col("kind") == "重复"))
        if changes.is_correction(arrived):
            record.remove(mine & ~pl.col("corrected"))
        if held is not None:
            years = _years(arrived)
            found = changes.compare(held.scan(years), arrived, whole, contract, batch)
            record.add(found)
        if repeated:
            record.add(changes.repeated_keys(contract, batch, repeated))

    def _forget(self) -> None:
        self._drafts, self._entries, self._refusals, self._replaced = {}, {}, [], []
        self._contents, self._known_ids, self._hashes, self._slots = set(), {}, {}, {}
        self._acts, self._leaving, self._covered, self._open_bundles = [], {}, [], {}
        self._committing = False

    def _enter(self, entry: Entry) -> None:
        table, slot = entry.batch.table, entry.batch.id
        before = self._entries.get((table, slot))
        if before is not None:  # the slot has new content; the old may come again
            self._contents.discard((table, before.batch.source_hash))
            self._replaced.append(
                before
            )  # the ledger knows it, lest it come again as something new
        self._contents.add((table, entry.batch.source_hash))
        self._slots[table, slot] = Slot(
            entry.batch.source_hash, entry.batch.origin, entry.batch.revision, entry.batch.biz_date
        )
        self._entries[table, slot] = entry

    def _draft(self, name: str) -> TableDraft:
        if name not in self._drafts:
            shape = layout(name)
            published = self._base.tables.get(name) if self._base else None
            files = published.files if published else ()
            self._drafts[name] = TableDraft(shape, self.home.lake / name, files)
        return self._drafts[name]

    def _ids(self, table: str) -> set[str]:
        if table not in self._known_ids:
            with engine(self.home).connect() as connection:
                self._known_ids[table] = ledger.stored_ids(connection, table)
        return self._known_ids[table]

    def _relieve_memory(self) -> None:
        while sum(draft.waiting_rows for draft in self._drafts.values()) > WAITING_ROWS:
            max(self._drafts.values(), key=lambda draft: draft.waiting_rows).flush()

    def _restore_heads(self) -> None:
        published = heads(self.home)
        for folder in table_folders(self.home):
            newest = delta.head(folder)
            if newest is None or published.get(folder.name) == newest:
                continue
            content = self._base.tables.get(folder.name) if self._base else None
            files = content.files if content else ()
            delta.restore(folder, content.version if content else None, files)
        if not self._lease.was_released:  # the writer before died
            sweep(self.home)


def _years(arrived: pl.LazyFrame) -> list[int] | None:
    """The budget years of a delivery's rows; None where they have none or it is empty."""
    if "fiscal_year" not in arrived.collect_schema():
        return None
    found = arrived.select(pl.col("fiscal_year").unique()).collect(engine="streaming")
    return found["fiscal_year"].drop_nulls().to_list() or None


def _expression(predicate: str | pl.Expr, draft: TableDraft) -> pl.Expr:
    if isinstance(predicate, pl.Expr):
        return predicate
    try:
        found = pl.sql_expr(predicate)
        columns = found.meta.root_names()
    except pl.exceptions.PolarsError as error:
        raise LakeError(f"替换条件“{predicate}”不能理解：{error}") from error
    unknown = [name for name in columns if name not in draft.layout.schema]
    if unknown:
        raise LakeError(
            f"替换条件“{predicate}”用到报表 {draft.layout.name} 没有的列 {'、'.join(unknown)}。"
        )
    return found


def _why_refused(outrun: int, left_out: int, why: str) -> str | None:
    said = [f"{outrun:,} 行已有业务日期更晚的版本，未采用"] if outrun else []
    if left_out:
        said.append(why)
    return "；".join(said) or None
