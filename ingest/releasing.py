"""What people do with quarantined rows: export, correct and release, release as they are, discard.

Corrected rows go through the same gate as a delivery and into the slot of the original batch, at
its business date. Each command is one publication: all of it, or, killed at any instant, nothing.
Run again it finds what is closed already and says so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from budget_watch.access import Grant
from budget_watch.lake import Batch, Home, Snapshot, Writer, quarantine
from budget_watch.lake.layout import layout
from budget_watch.lake.quarantine import Act, Bundle
from budget_watch.lake.quarantined_rows import decoded, hidden, quarantined
from budget_watch.tables import Contract
from ingest.content_hash import sha256_of
from ingest.deliver import replaces
from ingest.errors import Refused
from ingest.gate.secrets import person_key
from ingest.gate.split import SRC_ROW, gate_for, split_frame
from ingest.job import coverage_of
from ingest.quarantine_file import LINE, read_file, write_file

_NUMBERS = {"round_fen": pl.Int64()}


@dataclass(frozen=True)
class Handled:
    """What became of the rows that a command named.

    Attributes:
        done: rows released or discarded now.
        before: rows that were closed already.
        kept: rows that stay in quarantine, and why: (line, reason).
        snapshot: the publication; None where nothing was to be done.
    """

    bundle: Bundle
    done: int
    before: int = 0
    kept: tuple[tuple[int, str], ...] = ()
    snapshot: str | None = None
    action: str = ""
    reasons: Mapping[str, int] = field(default_factory=dict)


def bundle_of(home: Home, name: str) -> Bundle:
    """The bundle called `Q17`.

    Raises:
        Refused: there is none.
    """
    text = name.strip().upper().removeprefix("Q")
    found = quarantine.bundles(home, numbers=[int(text)]) if text.isdigit() else []
    if not found:
        raise Refused(f"没有隔离编号“{name}”；用 budget-watch quarantine list 查看。")
    return found[0]


def export(home: Home, grant: Grant, bundle: Bundle, path: Path, actor: str, why: str) -> int:
    """Write the open rows to a CSV or workbook for correction, persons masked; return how many.

    What is left masked in the file is taken from the kept rows when it is given back.
    """
    rows = quarantined(home, grant, bundle).filter(pl.col("fate") == "待处理")
    if rows.is_empty():
        raise Refused(f"{bundle.name} 没有待处理的行。")
    write_file(rows, bundle, layout(bundle.table).contract, path)
    act = Act(
        bundle.number,
        "export",
        quarantine.spans(rows["line"].to_list()),
        actor,
        why,
        {"file": path.name, "sha256": sha256_of(path)},
    )
    quarantine.log_export(home, act)
    return rows.height


def discard(
    home: Home, bundle: Bundle, lines: Sequence[int] | None, actor: str, why: str
) -> Handled:
    """Close rows that nobody will correct; they stay readable."""
    with Writer.open(home, "quarantine") as writer:
        wanted, before = _still_open(home, bundle, lines)
        if wanted:
            act = Act(bundle.number, "discard", quarantine.spans(wanted), actor, why)
            writer.close_kept(act, (bundle.table, bundle.batch_id))
        return _published(writer, bundle, len(wanted), before, (), "discard")


def release(
    home: Home, bundle: Bundle, lines: Sequence[int] | None, actor: str, why: str
) -> Handled:
    """Store rows as they are, where only a soft check kept them out; the others stay."""
    contract = layout(bundle.table).contract
    with Writer.open(home, "quarantine") as writer:
        wanted, before = _still_open(home, bundle, lines)
        rows = decoded(quarantine.read(home, bundle), contract)
        rows = rows.filter(pl.col("line").is_in(wanted))
        hard = rows.filter(~pl.col("soft"))
        kept = [(line, f"{why_not}；须更正后放行") for line, why_not in _told(hard)]
        return _stored(
            writer, bundle, contract, rows.filter("soft"), before, kept, ("release", actor, why, {})
        )


def release_file(home: Home, bundle: Bundle, path: Path, actor: str, why: str) -> Handled:
    """Store the rows of a corrected file that pass the gate now; the others stay.

    Raises:
        Refused: the file is not one exported from this bundle, or names a line twice.
        Unreadable: it cannot be read.
    """
    contract = layout(bundle.table).contract
    with Writer.open(home, "quarantine") as writer:
        given = read_file(path, bundle, contract)
        wanted, before = _still_open(home, bundle, given[LINE].to_list())
        original = decoded(quarantine.read(home, bundle), contract)
        rows = _unmasked(given.filter(pl.col(LINE).is_in(wanted)), original, contract)
        detail = {"file": path.name, "sha256": sha256_of(path)}
        return _stored(writer, bundle, contract, rows, before, [], ("correct", actor, why, detail))


def _stored(
    writer: Writer,
    bundle: Bundle,
    contract: Contract,
    rows: pl.DataFrame,
    before: int,
    kept: list[tuple[int, str]],
    how: tuple[str, str, str, Mapping[str, str]],
) -> Handled:
    """Put rows through the gate, and those it lets through into the slot."""
    action, actor, why, detail = how
    good, bad = _gated(
        writer.home, contract, rows, check_codes=bundle.codes and action == "correct"
    )
    kept += _told(bad)
    kept += _marked(rows, good, bad)
    if good.height:
        good, taken = _not_taken(writer, contract, good)
        kept += taken
    if good.height:
        lines = good["line"].to_list()
        act = Act(
            bundle.number,
            "release" if action == "release" else "correct",
            quarantine.spans(lines),
            actor,
            why,
            detail,
        )
        content = good.drop("line")
        batch = Batch(
            bundle.batch_id,
            bundle.table,
            bundle.source,
            "",
            bundle.biz_date,
            coverage_of(contract, content),
        )
        writer.release(act, batch, content)
    return _published(writer, bundle, good.height, before, tuple(sorted(kept)), action)


def _gated(
    home: Home, contract: Contract, rows: pl.DataFrame, check_codes: bool
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return (rows in stored types with their line, rows kept out with line and reason)."""
    if rows.is_empty():
        return pl.DataFrame(), pl.DataFrame()
    beside = {"sheet", "reason", "soft", "key", "row"}
    frame = rows.drop([name for name in beside if name in rows.columns])
    places = frame.select("line", pl.col(SRC_ROW).alias(".row"))
    # The gate tells rows apart by their place; here it is the line in the bundle.
    frame = frame.drop(SRC_ROW).rename({"line": SRC_ROW}).cast({SRC_ROW: pl.Int32()})
    frame = frame.with_columns(
        pl.col(name).cast(dtype) for name, dtype in _NUMBERS.items() if name in frame.columns
    )
    gate = gate_for(contract, frame.schema, person_key(home.root), check_codes=check_codes)
    split = split_frame(gate, frame)
    good = split.good.rename({SRC_ROW: "line"}).join(
        places.cast({"line": pl.Int32()}), on="line", maintain_order="left"
    )
    return good.rename({".row": SRC_ROW}), split.bad.rename({SRC_ROW: "line"})


def _not_taken(
    writer: Writer, contract: Contract, good: pl.DataFrame
) -> tuple[pl.DataFrame, list[tuple[int, str]]]:
    """Leave out rows whose key the lake has: a release never takes another row's place."""
    by = [name for name in replaces(contract) if name in good.columns]
    there = writer.holds_keys(contract.name, good, by)
    if there.is_empty():
        return good, []
    titles = "、".join(contract.column(name).title for name in contract.key)
    taken = good.join(there, on=by, how="semi", nulls_equal=True)
    said = [
        (line, f"主键（{titles}）在库中已有；核对后更正主键，或作废")
        for line in taken["line"].to_list()
    ]
    rest = good.join(there, on=by, how="anti", nulls_equal=True, maintain_order="left")
    return rest, said


def _unmasked(given: pl.DataFrame, original: pl.DataFrame, contract: Contract) -> pl.DataFrame:
    """Corrected rows; a personal cell that is still as it was shown gets its kept value back."""
    given = given.rename({LINE: "line"})
    shown = hidden(original, contract)
    personal = [column.name for column in contract.personal_columns if column.name in given.columns]
    personal = [name for name in personal if name in original.columns]
    beside = original.select(
        "line",
        "src_row",
        *(pl.col(name).alias(f"real:{name}") for name in personal),
    ).hstack(shown.select(pl.col(name).alias(f"shown:{name}") for name in personal))
    rows = given.join(beside, on="line", how="left", maintain_order="left")
    rows = rows.with_columns(
        pl.when(pl.col(name) == pl.col(f"shown:{name}"))
        .then(pl.col(f"real:{name}"))
        .otherwise(pl.col(name))
        .alias(name)
        for name in personal
    )
    technical = [
        name
        for name in ("data_status", "src_dept", "secret_flag", "round_fen")
        if name in original.columns and name not in rows.columns
    ]
    if technical:
        rows = rows.join(
            original.select("line", *technical), on="line", how="left", maintain_order="left"
        )
    return rows.drop([name for name in rows.columns if name.startswith(("real:", "shown:"))])


def _marked(rows: pl.DataFrame, good: pl.DataFrame, bad: pl.DataFrame) -> list[tuple[int, str]]:
    """Rows that the gate neither let through nor kept out: they are marked as state secrets."""
    passed = {line for part in (good, bad) if part.height for line in part["line"].to_list()}
    said = "标为涉密，不能放行；请作废，并请送数部门在源头剔除"
    return [(line, said) for line in rows["line"].to_list() if line not in passed]


def _told(bad: pl.DataFrame) -> list[tuple[int, str]]:
    return list(bad.select("line", "reason").iter_rows()) if bad.height else []


def _still_open(home: Home, bundle: Bundle, lines: Sequence[int] | None) -> tuple[list[int], int]:
    """Return the named lines that wait for somebody, and how many of them were closed before."""
    waiting = quarantine.open_lines(bundle, quarantine.acts(home, bundle.number))
    if lines is None:
        return waiting, 0
    unknown = [line for line in lines if not 1 <= line <= bundle.rows]
    if unknown:
        raise Refused(f"{bundle.name} 只有 {bundle.rows} 行，没有第 {unknown[0]} 行。")
    named = set(lines)
    wanted = [line for line in waiting if line in named]
    return wanted, len(named) - len(wanted)


def _published(
    writer: Writer,
    bundle: Bundle,
    done: int,
    before: int,
    kept: tuple[tuple[int, str], ...],
    action: str,
) -> Handled:
    latest = Snapshot.latest(writer.home)
    if not done or latest is None:
        return Handled(bundle, 0, before, kept, None, action)
    hashes = dict(latest.hashes)
    hashes.pop("calendar", None)
    snapshot = writer.publish(latest.biz_date, hashes)
    return Handled(bundle, done, before, kept, snapshot.id, action)
