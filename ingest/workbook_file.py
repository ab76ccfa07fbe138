"""Loads workbooks: contract-shaped sheets, published forms, and sheets that are neither."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path

import polars as pl

from budget_watch.lake.quarantine import key_text
from budget_watch.tables import Contract
from budget_watch.tables import contract as contract_of
from budget_watch.tables.template import is_companion
from ingest.bind.context import read_book
from ingest.bind.contract_file import Binding, bind, fits
from ingest.bind.forms import Bound, SheetResult, read_sheet
from ingest.bind.records import REASON
from ingest.deliver import Counts, keep
from ingest.errors import IngestError, Refused, Unrecognised
from ingest.gate.relations import Relation, relations
from ingest.gate.split import SRC_ROW, as_delivered
from ingest.gate.units import Fact, disagreements, facts_of, too_small
from ingest.job import Job
from ingest.load_line import LoadLine
from ingest.merge import SHEET, merged
from ingest.problems import quarantine_sentence
from ingest.sources.grid import Cell, Grid, squeeze
from ingest.sources.kind import Kind
from ingest.sources.workbook import frames_of, large, sheets_of

_FORM_ROWS = 50_000
_COMPANION = "说明页，不含数据"
_HIDDEN = "隐藏的工作表，未载入；要载入请先取消隐藏"


@dataclass
class _Book:
    """A workbook while it is read: lines in the order of the sheets, rows by table."""

    name: str
    digest: str
    lines: list[LoadLine | Bound] = field(default_factory=list)
    bound: dict[str, list[Bound]] = field(default_factory=dict)
    refused: dict[int, str] = field(default_factory=dict)  # id of a Bound → sentence


def load_workbook(job: Job, path: Path, kind: Kind, name: str) -> Iterator[LoadLine]:
    """Yield the lines of a workbook, one for each sheet (and table, where a sheet feeds two)."""
    if large(path, kind):
        yield from _load_large(job, path, name)
        return
    grids = list(sheets_of(path, kind, Path(name).name))
    yield from load_grids(job, grids, name, job.digest(path), single=len(grids) == 1)


def _load_large(job: Job, path: Path, name: str) -> Iterator[LoadLine]:
    """Load a workbook too large for its layout: contract-shaped sheets as columns of text.

    What else stands in it is read as a form without layout, sheet by sheet, if a person could.
    """
    digest = job.digest(path)
    others: list[Grid] = []
    for sheet, cells, hidden in frames_of(path, Path(name).name):
        if hidden:
            yield LoadLine(name, sheet, reason=_HIDDEN)
            continue
        shown = f"{Path(name).name}/{sheet}"
        if cells.height and is_companion(sheet, cells.row(0)):
            yield LoadLine(name, sheet, reason=_COMPANION)
            continue
        try:
            binding = bind([list(row) for row in cells.head(40).iter_rows()], shown, job.table)
            names = cells.columns
            rows = cells.with_row_index(SRC_ROW, offset=1).slice(binding.start)
            frame = rows.filter(~pl.all_horizontal(pl.col(names).is_null())).select(
                pl.col(SRC_ROW).cast(pl.Int32),
                *(pl.col(names[at]).alias(column) for column, at in binding.columns.items()),
            )
            yield _bound_sheet(job, binding, frame, name, sheet, digest)
        except Unrecognised as error:
            if job.table is not None or cells.height > _FORM_ROWS:
                yield LoadLine(name, sheet, refused=True, reason=str(error))
            else:
                rows_ = [list(row) for row in cells.iter_rows()]
                others.append(Grid(workbook=Path(name).name, sheet=sheet, rows=rows_))
        except IngestError as error:
            table = error.table if isinstance(error, Refused) else None
            yield LoadLine(name, sheet, table, refused=True, reason=str(error))
    if others:
        yield from load_grids(job, others, name, digest)


def load_grids(
    job: Job, grids: list[Grid], name: str, digest: str, single: bool = False
) -> Iterator[LoadLine]:
    """Yield the lines of sheets that are already read. `single`: what is unknown is refused."""
    book = _Book(name, digest)
    shown = [grid for grid in grids if not grid.hidden]
    context = read_book(shown, Path(name).name, job.forms.forms, job.units)
    for grid in grids:
        if grid.hidden:
            book.lines.append(LoadLine(name, grid.sheet, reason=_HIDDEN))
            continue
        if grid.rows and is_companion(grid.sheet, grid.rows[0]):
            book.lines.append(LoadLine(name, grid.sheet, reason=_COMPANION))
            continue
        if job.table is not None or fits(grid.rows):
            book.lines.append(_contract_sheet(job, grid, book))
            continue
        _collect(book, read_sheet(grid, context), grid, single, job.forms.mistakes)
    _refuse_units(book)
    stored = _deliver(job, book)
    nothing = not any(isinstance(one, Bound) or one.stored or one.form for one in book.lines)
    unused = not any(isinstance(one, Bound) or one.stored for one in book.lines)
    for one in book.lines:
        if isinstance(one, Bound):
            yield stored[id(one)]
        elif unused and one.form and one.reason in _no_table_reasons(job):
            yield replace(one, refused=True)  # filled in, and nothing of the workbook was stored
        elif (
            nothing
            and one.reason not in (None, _COMPANION, _HIDDEN)
            and not one.form
            and not one.refused
        ):
            yield LoadLine(one.path, one.sheet, refused=True, reason=one.reason)
        else:
            yield one


def _no_table_reasons(job: Job) -> set[str | None]:
    """Return what the forms say that are known but that no table takes."""
    return {form.reason for form in job.forms.forms if form.shape == "none"}


def _collect(
    book: _Book, result: SheetResult, grid: Grid, single: bool, mistakes: tuple[str, ...]
) -> None:
    form = result.form.id if result.form else None
    if not result.bound:
        unknown = result.form is None and single
        reason = result.reason
        if unknown:
            reason = _reason_unknown(grid, book, reason)
        if result.form is None and mistakes:
            reason = f"{reason or '未识别'}（数据目录里有写错的表样：{mistakes[0]}）"
        book.lines.append(
            LoadLine(
                book.name,
                grid.sheet or None,
                result.form.table if result.form else None,
                form,
                refused=result.refused or unknown,
                reason=reason,
            )
        )
        return
    for bound in result.bound:
        book.lines.append(bound)
        book.bound.setdefault(bound.table, []).append(bound)


def _reason_unknown(grid: Grid, book: _Book, reason: str | None) -> str:
    """Say for a file of one sheet what its header is, as for a CSV file."""
    try:
        bind(grid.rows[:12], Path(book.name).name)
    except IngestError as error:
        return str(error)
    return reason or "未识别"


def _contract_sheet(job: Job, grid: Grid, book: _Book) -> LoadLine:
    """Load a sheet that is shaped like a contract."""
    shown = f"{Path(book.name).name}/{grid.sheet}" if grid.sheet else Path(book.name).name
    sheet = grid.sheet or None
    try:
        binding = bind(grid.rows[:40], shown, job.table)
        frame = grid_frame(grid, binding)
        contract = binding.contract
    except Unrecognised as error:
        return LoadLine(book.name, sheet, refused=job.table is not None, reason=str(error))
    except IngestError as error:
        table = error.table if isinstance(error, Refused) else None
        return LoadLine(book.name, sheet, table, refused=True, reason=str(error))
    try:
        return _bound_sheet(job, binding, frame, book.name, sheet, book.digest)
    except Refused as error:
        return LoadLine(book.name, sheet, contract.code, refused=True, reason=str(error))


def _bound_sheet(
    job: Job,
    binding: Binding,
    frame: pl.DataFrame,
    name: str,
    sheet: str | None,
    digest: str,
) -> LoadLine:
    """Put a contract-shaped sheet through the gate. Raises Refused when its unit is wrong."""
    from ingest.flat_file import check_units, unknown_note

    contract = binding.contract
    if frame.is_empty() and not job.takes_blank:
        reason = f"空白表样（{contract.title}），没有数据行，未载入"
        return LoadLine(name, sheet, contract.code, reason=reason)
    check_units(job, contract, frame, f"{Path(name).name}/{sheet}", frozenset())
    counts = job.deliver(contract, frame, f"{name}#{sheet}", f"{digest}#{sheet}")
    return finish(contract, name, sheet, None, counts, unknown_note(binding))


def grid_frame(grid: Grid, binding: Binding) -> pl.DataFrame:
    """Return the rows below a bound header as text columns, blank rows left out."""
    rows: list[dict[str, object]] = []
    for number in range(binding.start, len(grid.rows)):
        cells = grid.rows[number]
        if all(squeeze(cell) == "" for cell in cells):
            continue
        row: dict[str, object] = {
            column: _as_text(cells[at]) if at < len(cells) else None
            for column, at in binding.columns.items()
        }
        row[SRC_ROW] = grid.first_row + number + 1
        rows.append(row)
    schema = {column: pl.String() for column in binding.columns} | {SRC_ROW: pl.Int32()}
    return pl.DataFrame(rows, schema=schema)


def _as_text(cell: Cell) -> str | None:
    if cell is None or cell == "":
        return None
    if isinstance(cell, bool):
        return "是" if cell else "否"
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == cell.min.time() else str(cell)
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    return str(cell)


def _refuse_units(book: _Book) -> None:
    """Hold sheets against each other; whose unit is contradicted is not believed."""
    facts: list[Fact] = []
    for table, bounds in book.bound.items():
        for bound in bounds:
            facts += facts_of(table, bound.sheet, bound.frame)
    every = [bound for bounds in book.bound.values() for bound in bounds]
    for found in disagreements(facts):
        for bound in every:
            if bound.sheet == found.sheet:
                book.refused[id(bound)] = (
                    f"工作表“{bound.sheet}”标注的单位“{bound.unit}”不可信：与工作表“{found.other}”"
                    f"相同的 {found.figures} 个数相差 {found.factor} 倍；"
                    "请核对单位后重新送达，本表未入库，各行已隔离。"
                )
    for bound in every:
        problem = _cross_total(bound, every) or too_small(contract_of(bound.table), bound.frame)
        if problem and bound.form.shape == "listing" and bound.form.cross:
            book.refused[id(bound)] = problem


def _cross_total(bound: Bound, every: list[Bound]) -> str | None:
    """Hold a column's sum against a figure of another sheet, as the form declares."""
    for cross in bound.form.cross:
        column = bound.frame[cross.column]
        total = int(column.sum() or 0)
        for other in every:
            if other.form.id != cross.form or cross.figure not in other.frame.columns:
                continue
            year = bound.frame["fiscal_year"].max()
            stated = other.frame.filter(pl.col("fiscal_year") == year)[cross.figure].max()
            if not isinstance(stated, int) or stated <= 0 or total <= stated * cross.at_most:
                continue
            distinct = int(bound.frame.unique("bond_code")[cross.column].sum() or 0)
            hint = ""
            if distinct != total and distinct <= stated * cross.at_most:
                hint = (
                    f"（同一债券在多行重复列示，按债券去重后合计 {_yi(distinct)}亿元，"
                    "该列可能是整只债券规模而不是本项目金额）"
                )
            return (
                f"工作表“{bound.sheet}”标注的单位“{bound.unit}”与本工作簿合计不符：金额列合计 "
                f"{_yi(total)}亿元，是工作表“{other.sheet}”{cross.what} {_yi(stated)}亿元的 "
                f"{total / stated:,.1f} 倍，单位或口径有误{hint}；请向编制单位核实后重新送达，"
                f"本表未入库，{bound.frame.height:,} 行已隔离。"
            )
    return None


def _yi(fen: int) -> str:
    return f"{fen / 10**10:,.2f}"


def _deliver(job: Job, book: _Book) -> dict[int, LoadLine]:
    """Store the rows of all sheets, table by table; return the line of each sheet's share."""
    lines: dict[int, LoadLine] = {}
    for table, bounds in book.bound.items():
        contract = contract_of(table)
        believed = [bound for bound in bounds if id(bound) not in book.refused]
        for bound in bounds:
            if id(bound) in book.refused:
                lines[id(bound)] = _quarantine_whole(job, contract, bound, book)
        if believed:
            lines |= _deliver_table(job, contract, believed, book)
    return lines


def _quarantine_whole(job: Job, contract: Contract, bound: Bound, book: _Book) -> LoadLine:
    """Keep a refused sheet's rows in quarantine, so that they can be released once corrected."""
    reason = book.refused[id(bound)]
    batch = job.aside(contract, f"{book.name}#{bound.sheet}", book.digest)
    key = set(contract.key) <= set(bound.frame.columns)
    rows = bound.frame.select(
        SRC_ROW,
        pl.col(SHEET).alias("sheet"),
        pl.lit(reason).alias("reason"),
        pl.lit(False).alias("soft"),
        (key_text(contract.key) if key else pl.lit(None, pl.String)).alias("key"),
        as_delivered(contract, bound.frame).alias("row"),
    )
    count = bound.frame.height
    kept = keep(job.writer, contract, rows, whole=True, codes=False)
    if kept is not None:
        job.writer.hold(batch, kept, reason)
    return LoadLine(
        book.name,
        bound.sheet or None,
        contract.code,
        bound.form.id,
        rows=count,
        quarantined=count,
        refused=True,
        reason=reason,
    )


def _deliver_table(
    job: Job, contract: Contract, bounds: list[Bound], book: _Book
) -> dict[int, LoadLine]:
    rows, contradicting = merged(contract, [bound.frame for bound in bounds])
    whole = pl.concat([rows, contradicting])
    given = frozenset(contract.names)
    owners = {bound.owner for bound in bounds if bound.owner is not None}
    names = "、".join(sorted(owner.name for owner in owners))
    codes = "".join(f":{owner.agency_code}" for owner in sorted(owners, key=lambda one: one.name))
    counts = job.deliver(
        contract, whole, book.name, book.digest + codes, given, check_codes=False, owner=names
    )
    lines: dict[int, LoadLine] = {}
    answered: set[str] = set()
    for bound in bounds:
        height = bound.frame.height
        if counts.repeated:
            lines[id(bound)] = _line(contract, bound, book, 0, 0, (), counts.note or _REPEATED)
            continue
        own = counts.bad.filter(pl.col("sheet") == bound.sheet)
        kept_out = (
            quarantine_sentence(own, contract.code, height - own.height) if own.height else None
        )
        good = bound.frame.filter(pl.col(REASON).is_null())
        skipped = frozenset(bound.form.skip_checks)
        checks = tuple(relations(contract, good, skipped))
        answered |= {check.id for check in checks} | skipped
        if bound is bounds[-1] and len(bounds) > 1:
            together = rows.filter(pl.col(REASON).is_null())
            checks += tuple(relations(contract, together, frozenset(answered)))
        lines[id(bound)] = _line(contract, bound, book, height, own.height, checks, kept_out)
    return lines


_REPEATED = "内容与已入库的批次相同，未重复入库"


def _line(
    contract: Contract,
    bound: Bound,
    book: _Book,
    rows: int,
    quarantined: int,
    checks: tuple[Relation, ...],
    reason: str | None = None,
) -> LoadLine:
    said = [reason] if reason else []
    said += [_said(check) for check in checks if check.failed or check.id == "parents"]
    return LoadLine(
        book.name,
        bound.sheet or None,
        contract.code,
        bound.form.id,
        rows=rows,
        stored=rows - quarantined,
        quarantined=quarantined,
        reason=_joined(said),
        checks=tuple(check.record() for check in checks),
    )


def _said(check: Relation) -> str:
    if not check.failed:
        return f"{check.title}：{check.groups}组全部相符"
    example = f"（{check.example}）" if check.example else ""
    return f"{check.title}：{check.groups}组中{check.failed}组不符{example}"


def finish(
    contract: Contract,
    name: str,
    sheet: str | None,
    form: str | None,
    counts: Counts,
    note: str | None,
) -> LoadLine:
    """Return the line of a delivered file or sheet."""
    if counts.repeated:
        return LoadLine(name, sheet, contract.code, form, reason=counts.note or _REPEATED)
    said = [note] if note else []
    if counts.quarantined:
        said.insert(0, quarantine_sentence(counts.bad, contract.code, counts.stored))
    if counts.note:
        said.append(counts.note)
    return LoadLine(
        name,
        sheet,
        contract.code,
        form,
        rows=counts.rows,
        stored=counts.stored,
        quarantined=counts.quarantined,
        reason=_joined(said),
    )


def _joined(sentences: list[str]) -> str | None:
    """Join sentences and clauses: a “；” only after what is no whole sentence."""
    text = "".join(one if one.endswith("。") else f"{one}；" for one in sentences)
    return text.removesuffix("；") or None
