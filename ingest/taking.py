"""Takes parcels out of the spool through binding and gate into the lake: `Taker.take(parcel)`.

A parcel's slot (报表/期) is the batch's id. Of one slot the newest revision counts, in whatever
order revisions arrive: an older one that comes later is written into the ledger and changes
nothing, and so does the same content coming twice. Rows that several slots have are those of the
slot with the latest business date. So the lake depends on what was delivered, not on when.
"""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

import polars as pl

from budget_watch.lake import Batch, Coverage, Writer
from budget_watch.lake.ledger import Outcome, Slot
from budget_watch.tables import Contract, polars_schema
from budget_watch.tables import contract as contract_of
from ingest.deliver import Counts, Filled, deliver, pieces
from ingest.errors import IngestError
from ingest.gate.expectations import Summary
from ingest.job import Job, KnownMeans, coverage_of, slices
from ingest.load_line import LoadLine
from ingest.one_file import load_file
from ingest.sources.kind import kind_of
from ingest.spool import Parcel
from ingest.withdraw import withdraw

_HASH_LENGTH = 128  # of the ledger's column
_SLOT_LENGTH = 200
_ONE_TABLE = (".parquet", ".csv", ".txt")
_REPEATED = "内容与已入库的相同，未重复入库"
_UNSAFE = re.compile(r"[^\w.()（）-]+")


@dataclass
class Taken:
    """What became of a parcel. rows = stored + quarantined + refused.

    Attributes:
        outcome: stored, refused (nothing of it could be taken), repeated, superseded.
        lines: one a file, sheet or table, as `load` gives them.
        reason: for people; empty where there is nothing to say.
    """

    parcel: Parcel
    outcome: Outcome = "stored"
    rows: int = 0
    stored: int = 0
    quarantined: int = 0
    refused: int = 0
    reason: str = ""
    lines: list[LoadLine] = field(default_factory=list)


class Taker:
    """Takes parcels with one writer; what it took becomes visible when the writer publishes.

    Attributes:
        summaries: what the gate counted, for Great Expectations at the end of the run.
    """

    def __init__(self, writer: Writer, today: date) -> None:
        self.writer = writer
        self.today = today
        self.summaries: list[Summary] = []
        self._means = KnownMeans()
        self._scratch = writer.home.cache / "taking"
        shutil.rmtree(self._scratch, ignore_errors=True)  # of a run that was killed

    def take(self, parcel: Parcel) -> Taken:
        """Put one parcel through the gate; whatever is wrong with it is told in what is returned.

        Raises:
            LakeError: the lake would not take rows (disk full, lease lost): end the run.
        """
        folder = self._scratch / parcel.slip_id
        folder.mkdir(parents=True, exist_ok=True)
        try:
            return self._take(parcel, folder)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _take(self, parcel: Parcel, folder: Path) -> Taken:
        taken = Taken(parcel)
        job = self._job(parcel, folder, contract_of(parcel.table) if parcel.table else None)
        if not parcel.path.exists():
            reason = f"找不到送达文件“{parcel.name or parcel.path.name}”；请核对后重新送达。"
            taken.lines = [LoadLine(parcel.name, table=parcel.table, refused=True, reason=reason)]
        elif parcel.gone:
            taken.lines = [job.withdraw()]
        else:
            named = _under_its_name(parcel, folder)
            name = parcel.name or named.name
            taken.lines = list(load_file(job, named, name))
            if parcel.table and not job.outcomes and _is_office_file(named):
                # The table's published form has another header than the contract.
                free = self._job(parcel, folder, None)
                lines = list(load_file(free, named, name))
                if free.outcomes:
                    job, taken.lines = free, lines
        if parcel.whole:
            job.empty_the_rest()
        _sum_up(taken, job)
        return taken

    def _job(self, parcel: Parcel, folder: Path, table: Contract | None) -> ParcelJob:
        return ParcelJob(
            writer=self.writer,
            scratch=folder,
            table=table,
            date=parcel.biz_date,
            today=self.today,
            means=self._means,
            summaries=self.summaries,
            parcel=parcel,
        )


@dataclass
class ParcelJob(Job):
    """The job of one parcel: its rows go to the parcel's slot, under the parcel's date."""

    parcel: Parcel = field(kw_only=True)
    outcomes: list[Outcome] = field(default_factory=list)
    counts: list[Counts] = field(default_factory=list)
    _pieces: dict[str, list[str]] = field(default_factory=dict)
    _beside: set[str] = field(default_factory=set)

    @property
    def takes_blank(self) -> bool:
        """Whether a sheet without rows is a delivery: the source says that there are none."""
        return bool(self.parcel.table) and (
            self.parcel.rows == 0 or self.parcel.coverage is not None
        )

    def batch(
        self, contract: Contract, name: str, rows: pl.DataFrame, digest: str, owner: str = ""
    ) -> Batch:
        """Return the batch of the parcel's rows for one table."""
        told = self.parcel.coverage
        covered = coverage_of(contract, rows) if told is None else told
        return self._named(contract, self._slot(contract, name, owner), name, digest, covered)

    def digest(self, path: Path) -> str:
        """Return the hash that the spool knows; of a member of an archive its own."""
        same = path.resolve() == self.parcel.path.resolve()
        return self.parcel.sha256 if same else super().digest(path)

    def aside(self, contract: Contract, name: str, digest: str) -> Batch:
        """Return the batch of a sheet of which nothing is stored: never the table's own slot."""
        slot = _short(f"{slot_id(self.parcel, contract)}#{Path(name).name}")
        return self._named(contract, slot, name, digest, ())

    def deliver(
        self,
        contract: Contract,
        frame: pl.DataFrame | pl.LazyFrame,
        name: str,
        digest: str,
        stored: frozenset[str] = frozenset(),
        check_codes: bool = True,
        owner: str = "",
        filled: Filled | None = None,
    ) -> Counts:
        """Put rows through the gate unless the slot already holds them, or newer ones."""

        def describe(good: pl.DataFrame | pl.LazyFrame) -> Batch:
            if self.parcel.coverage is not None:
                return batch
            return self.batch(contract, name, slices(contract, good), digest, owner)

        batch = self.batch(contract, name, pl.DataFrame(), digest, owner)
        held = self.writer.slot(batch)
        if held is not None and not self.parcel.whole and held.content != batch.source_hash:
            # Increments do not replace each other, also where the source gave them one name.
            self._beside.add(contract.code)
            batch = self.batch(contract, name, pl.DataFrame(), digest, owner)
            held = self.writer.slot(batch)
        outcome, why = judged(held, batch)
        if outcome == "stored" and self.writer.known(batch):  # under another slot's name
            outcome, why = "repeated", _REPEATED
        if outcome != "stored":
            return self._set_aside(batch, _height(frame, filled), outcome, why)
        counts = deliver(
            self.writer,
            contract,
            frame,
            batch,
            stored=stored,
            check_codes=check_codes,
            describe=describe,
            filled=filled,
            slot_by_rows=False,
            # A workbook's or archive's count is that of all its sheets together.
            declared=self.parcel.rows if self.parcel.path.suffix in _ONE_TABLE else None,
        )
        self.outcomes.append("stored")
        self.stored += 1
        self.periods.append(counts.batch.biz_date)
        self.summaries.append(Summary.of(contract, counts.batch, counts))
        self.counts.append(counts)
        return counts

    def withdraw(self) -> LoadLine:
        """Take out the rows whose keys the parcel lists."""
        parcel = self.parcel
        contract = contract_of(parcel.table)
        batch = self.batch(contract, parcel.name, pl.DataFrame(), parcel.sha256)
        batch = replace(batch, id=f"{batch.id}#销号")  # never the slot of rows
        try:
            put = withdraw(self.writer, contract, parcel.path, batch)
        except IngestError as error:
            return LoadLine(parcel.name, table=contract.code, refused=True, reason=str(error))
        self.outcomes.append("repeated" if put.repeated else "stored")
        reason = _REPEATED if put.repeated else f"来源已删除，移出 {put.removed:,} 行"
        return LoadLine(parcel.name, table=contract.code, reason=reason)

    def empty_the_rest(self) -> None:
        """Take out what an earlier revision of the parcel kept beside its slot and this has not.

        A workbook of several sheets of one table keeps the first in the slot, others beside it.
        """
        if "stored" not in self.outcomes:
            return
        for slot, names in self._pieces.items():
            contract = contract_of(slot.partition("/")[0])
            mine = {_short(f"{slot}#{Path(name).name}") for name in names[1:]}
            beside = [
                one
                for one in self.writer.slots(contract.name)
                if one.startswith(f"{slot}#") and one not in mine
            ]
            for one in sorted(beside):
                none = f"none:{self.parcel.sha256}"
                batch = self._named(contract, one, self.parcel.name, none, ())
                held = self.writer.slot(batch)
                if held is not None and not held.content.startswith("none:"):
                    nothing = pl.DataFrame(schema=polars_schema(contract, technical=False))
                    self.writer.replace(contract.name, nothing, batch)

    def _set_aside(self, batch: Batch, rows: int, outcome: Outcome, why: str) -> Counts:
        self.outcomes.append(outcome)
        self.writer.set_aside(batch, rows, why, outcome)
        counts = Counts(rows, 0, 0, batch, repeated=True, refused=rows, note=why)
        self.counts.append(counts)
        return counts

    def _slot(self, contract: Contract, name: str, owner: str = "") -> str:
        """The table's slot for the first piece of the parcel, one beside it for each other.

        A department's own form has a slot of the department's: those of all come for one period.
        """
        slot = slot_id(self.parcel, contract)
        if contract.code in self._beside:
            slot += f"+{self.parcel.revision}.{self.parcel.sha256[:8]}"
        if owner:
            slot += f"@{owner}"
        pieces = self._pieces.setdefault(slot, [])
        if name not in pieces:
            pieces.append(name)
        beside = "" if name == pieces[0] else f"#{Path(name).name}"
        return _short(slot + beside)

    def _named(
        self,
        contract: Contract,
        slot: str,
        name: str,
        digest: str,
        covered: tuple[Coverage, ...],
    ) -> Batch:
        return replace(
            batch_of(self.parcel, contract),
            id=slot,
            source=name,
            source_hash=_content(digest, self.parcel.period),
            coverage=covered,
        )


def batch_of(parcel: Parcel, contract: Contract | None) -> Batch:
    """The ledger's words for a parcel; without a contract for one whose table nobody knows."""
    return Batch(
        id=slot_id(parcel, contract),
        table=contract.name if contract else "",
        source=parcel.name,
        source_hash=_content(parcel.sha256, parcel.period),
        biz_date=parcel.biz_date,
        coverage=parcel.coverage or (),
        origin=parcel.source or None,
        revision=parcel.revision,
        fetched_at=parcel.fetched_at,
        parcel=parcel.slip_id if parcel.source else None,
        declared=parcel.rows,
        by_key=not parcel.whole,
    )


def slot_id(parcel: Parcel, contract: Contract | None) -> str:
    """The batch id of a parcel's rows: `FIN-15/2026-09`."""
    return _short(f"{contract.code if contract else '?'}/{parcel.period}")


def judged(slot: Slot | None, batch: Batch) -> tuple[Outcome, str]:
    """Whether a delivery is to be stored, came before (repeated) or too late (superseded).

    Of one source the larger revision is newer, of equal ones the later business date, then the one
    that came later. Sources do not know each other's revisions: between two the business date
    decides, then the one that came later.
    """
    if slot is None:
        return "stored", ""
    rank, held = (batch.revision, batch.biz_date), slot.rank
    if batch.origin != slot.origin:
        rank, held = (0, batch.biz_date), (0, slot.biz_date)
    if batch.source_hash == slot.content:
        return "repeated", _REPEATED
    if rank < held:
        return "superseded", f"已有更新的版本（{slot.biz_date:%Y-%m-%d}），本次送达的旧版本未采用"
    return "stored", ""


def _short(slot: str) -> str:
    """The slot's name, as long as the ledger's column allows, and still its own."""
    if len(slot) <= _SLOT_LENGTH:
        return slot
    return f"{slot[:180]}~{hashlib.sha256(slot.encode()).hexdigest()[:16]}"


def _content(digest: str, period: str) -> str:
    """The content's hash for the ledger. The period belongs to it: two months without rows have
    files of the same content."""
    text = f"{digest}:{period}"
    if len(text) <= _HASH_LENGTH:
        return text
    return f"{digest[:64]}:{hashlib.sha256(text.encode()).hexdigest()[:32]}"


def _is_office_file(path: Path) -> bool:
    try:
        return kind_of(path) in ("xls", "xlsx", "csv")
    except IngestError:
        return False


def _height(frame: pl.DataFrame | pl.LazyFrame, filled: Filled | None) -> int:
    if isinstance(frame, pl.DataFrame):
        return frame.height
    return sum(piece.height for piece in pieces(frame, filled))


def _under_its_name(parcel: Parcel, folder: Path) -> Path:
    """The content under the name that people know it by, so that messages speak of that."""
    suffix = parcel.path.suffix
    name = _UNSAFE.sub("_", Path(parcel.name).name or parcel.period).strip("_.") or "送达"
    if suffix and not name.lower().endswith(suffix.lower()):
        name += suffix
    named = folder / name[-100:]
    named.symlink_to(parcel.path.absolute())
    return named


def _sum_up(taken: Taken, job: ParcelJob) -> None:
    """Add up what the job did; what brought nothing at all is written down as refused."""
    parcel = taken.parcel
    taken.rows = sum(one.rows for one in job.counts)
    taken.stored = sum(one.stored for one in job.counts)
    taken.quarantined = sum(one.quarantined for one in job.counts)
    taken.refused = sum(one.refused for one in job.counts)
    wrong = [line for line in taken.lines if line.refused]
    for line in wrong:
        rows = max(line.rows, parcel.rows or 0 if len(taken.lines) == 1 else 0)
        taken.rows += rows
        taken.quarantined += line.quarantined
        taken.refused += rows - line.quarantined
    for line in wrong:
        if not line.quarantined:  # else the workbook's reader has written it down
            _refuse(job, line, parcel.rows or 0 if len(taken.lines) == 1 else 0)
    said = [line.reason for line in taken.lines if line.reason]
    if not job.counts and not wrong:
        _refuse(job, LoadLine(parcel.name, table=parcel.table or None, reason=_joined(said)), 0)
    taken.reason = _joined(said)
    if "stored" in job.outcomes:
        taken.outcome = "stored"
    elif job.outcomes:
        taken.outcome = "superseded" if "superseded" in job.outcomes else "repeated"
    else:
        taken.outcome = "refused"


def _refuse(job: ParcelJob, line: LoadLine, rows: int) -> None:
    """Write what could not be taken into the ledger, under its table where one is known."""
    parcel = job.parcel
    code = line.table or parcel.table
    place = f"{line.path}#{line.sheet}" if line.sheet else line.path
    if code:
        contract = contract_of(code)
        whole = not job.counts and not line.sheet
        named = job.aside(contract, place, parcel.sha256)
        batch = job.batch(contract, place, pl.DataFrame(), parcel.sha256) if whole else named
    else:
        batch = replace(batch_of(parcel, None), source=place)
    job.writer.refuse(batch, rows, line.reason or "没有可入库的内容")


def _joined(said: Iterable[str | None]) -> str:
    return "；".join(dict.fromkeys(one.rstrip("；") for one in said if one))
