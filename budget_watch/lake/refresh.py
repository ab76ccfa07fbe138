"""Makes the marts anew where their inputs changed, part by part, in bounded memory.

A mart laid out by month is refreshed in the months whose rows can differ, and only grows where its
input only grew; the others are
small and made anew whole. A mart whose definition (module source, contract, calendar) changed is
made anew everywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import polars as pl

from budget_watch.lake import recon_lines
from budget_watch.lake.draft import TableDraft
from budget_watch.lake.ledger import LINES, Lines
from budget_watch.lake.marts import MARTS, Inputs, Mart, calendar_hash, days
from budget_watch.lake.snapshot import TableVersion

CHUNK_ROWS = 500_000

GetDraft = Callable[[str], TableDraft]


class DraftInputs(Inputs):
    """The inputs of a mart as they will be after publishing."""

    def __init__(
        self,
        mart: Mart,
        drafts: GetDraft,
        calendar_file: Path | None,
        lines: Lines,
        signed: pl.DataFrame,
    ) -> None:
        self._signed = signed
        self._calendar_file = calendar_file
        self._lines = lines if mart.uses_ledger else None
        self._drafts = {name: drafts(name) for name in mart.inputs}

    def scan(self, name: str) -> pl.LazyFrame:
        """All rows of an input."""
        return self._drafts[name].scan()

    def scan_part(self, name: str, part: str) -> pl.LazyFrame:
        """The rows of one year and month of a clustered input."""
        draft = self._drafts[name]
        return draft.scan([file for file in draft.files if file.part == part])

    def parts(self, name: str) -> list[str]:
        """The years and months of a clustered input that have rows, ascending."""
        return sorted({file.part for file in self._drafts[name].files})

    def rewritten_parts(self, name: str) -> set[str]:
        """The years and months of which published files go."""
        return {file.part for file in self._drafts[name].removed}

    def changed_parts(self, name: str) -> set[str]:
        """The years and months that get new files or lose published ones."""
        draft = self._drafts[name]
        return {file.part for file in (*draft.added, *draft.removed)}

    def scan_published(self, name: str, part: str) -> pl.LazyFrame:
        """The published rows of one year and month."""
        draft = self._drafts[name]
        return draft.scan([file for file in draft.published if file.part == part])

    def scan_added(self, name: str, part: str) -> pl.LazyFrame | None:
        """The rows of new files of one year and month; None where there are none."""
        draft = self._drafts[name]
        files = [file for file in draft.added if file.part == part]
        return draft.scan(files) if files else None

    def changed_rows(self, name: str) -> pl.LazyFrame:
        """The rows of all files that come or go."""
        draft = self._drafts[name]
        return draft.scan([*draft.added, *draft.removed])

    def ledger(self) -> pl.DataFrame:
        """The ledger's lines, for marts that use them."""
        return self._lines.frame() if self._lines is not None else pl.DataFrame(schema=LINES)

    def signed(self) -> pl.DataFrame:
        """The reconciliation's signed lines, as they are while the marts are made."""
        return self._signed

    def days(self) -> pl.DataFrame:
        """The calendar with the home's own days."""
        return days(self._calendar_file)

    @property
    def changed(self) -> bool:
        """Whether any input differs from the published one."""
        told = self._lines is not None and self._lines.changed
        return told or any(draft.changed for draft in self._drafts.values())

    @property
    def empty(self) -> bool:
        """Whether no input has a file."""
        return not any(draft.files for draft in self._drafts.values())


def refresh_marts(
    drafts: GetDraft,
    published: Mapping[str, TableVersion],
    calendar_file: Path | None,
    progress: Callable[[str], None],
    lines: Lines,
) -> dict[str, dict[str, str]]:
    """Refresh every mart's draft; return what each was made from (its fingerprint)."""
    made_from: dict[str, dict[str, str]] = {}
    calendar = calendar_hash(calendar_file)
    signed = recon_lines.signed(lines.home)
    for mart in MARTS.values():
        if mart.recorded:  # the writer's own; its recipe is not what it holds
            made_from[mart.name] = {}
            continue
        inputs = DraftInputs(mart, drafts, calendar_file, lines, signed)
        before = published.get(mart.name)
        fingerprint = mart.fingerprint(calendar)
        if mart.uses_signatures:
            fingerprint += f"-{recon_lines.content_hash(signed)}"
        made_from[mart.name] = {"fingerprint": fingerprint}
        known = before is not None and before.made_from.get("fingerprint") == fingerprint
        if (known and not inputs.changed) or (mart.inputs and before is None and inputs.empty):
            continue
        draft = drafts(mart.name)
        if mart.clustered:
            _refresh_parts(mart, inputs, draft, not known, progress)
        else:
            progress(f"主题表 {mart.contract.title}")
            draft.files = []
            _write(draft, mart.make(inputs, ""), "")
    return made_from


def _refresh_parts(
    mart: Mart,
    inputs: DraftInputs,
    draft: TableDraft,
    everything: bool,
    progress: Callable[[str], None],
) -> None:
    driver = mart.inputs[0]
    present = inputs.parts(driver)
    stale = set(present) if everything else mart.stale_parts(inputs)
    gone = {file.part for file in draft.files} - set(present)
    draft.replace_parts(stale | gone)
    todo = []
    for part in present:
        # A month that only grew gets one file more: daily rewriting costs twelve times the space.
        rows = inputs.scan_part(driver, part) if part in stale else inputs.scan_added(driver, part)
        if rows is not None:
            todo.append((part, rows))
    mart.prepare(inputs, todo)
    for number, (part, rows) in enumerate(todo, 1):
        progress(f"主题表 {mart.contract.title} {part}（{number}/{len(todo)}）")
        for some in _chunks(rows, mart.chunk_by):
            _write(draft, mart.make(inputs, part, some), part)


def _chunks(rows: pl.LazyFrame, by: str) -> list[pl.LazyFrame]:
    """Cut the rows of a part into ranges of a column so that each fits easily in memory."""
    counts = rows.group_by(by).len().sort(by, nulls_last=False).collect(engine="streaming")
    if counts["len"].sum() <= CHUNK_ROWS:
        return [rows]
    numbered = counts.with_columns(chunk=(pl.col("len").cum_sum() - 1) // CHUNK_ROWS)
    groups = numbered.partition_by("chunk", maintain_order=True)
    return [
        rows.filter(pl.col(by).is_in(group[by].implode(), nulls_equal=True)) for group in groups
    ]


def _write(draft: TableDraft, made: pl.LazyFrame, part: str) -> None:
    shape = draft.layout
    frame = made.select(pl.col(name).cast(dtype) for name, dtype in shape.schema.items()).collect(
        engine="streaming"
    )
    if frame.height:
        order = shape.sort or shape.contract.key
        frame = frame.sort(order, nulls_last=True, maintain_order=True)
        draft.files.append(draft.write(frame, part))
