"""One pass over a delivery: good rows in stored types, bad rows with reason, counts per rule.

A delivery that fits in memory is split there; a large one streams into two Parquet files in a
scratch folder. The key's uniqueness needs all rows and is looked at last, by hash.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from budget_watch.tables import TECHNICAL, Contract
from ingest.gate.secrets import delivered_ids, hashed_ids
from ingest.gate.typing import RAW, raw_columns, typed
from ingest.gate.violations import BOUND, REPEATED, Violation, compile_contract

SRC_ROW = "src_row"
_BAD = "_bad"
_STAGED_ROWS = 100_000
SHEET = "_sheet"
BAD_SCHEMA = {
    SRC_ROW: pl.Int32(),
    "sheet": pl.String(),
    "reason": pl.String(),
    "row": pl.String(),
}
PROBLEMS = "problems"  # beside BAD_SCHEMA: [{problem, shown}] of each row, for the load line
_PROBLEM = pl.Struct({"problem": pl.String(), "shown": pl.String()})
_KEPT = (SRC_ROW, "data_status", "src_dept", "secret_flag", "round_fen")
_MASK = "＊"


@dataclass(frozen=True)
class Split:
    """What the gate found. `rows` = `stored` + `quarantined`, always.

    `counts` is the number of rows that break each rule (one row may break several; for the key all
    rows of a repeated key are counted, though the first of them is stored).
    """

    good: pl.DataFrame | pl.LazyFrame
    bad: pl.DataFrame
    rows: int
    stored: int
    quarantined: int
    counts: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Gate:
    """A contract compiled for deliveries of one schema."""

    contract: Contract
    given: pl.Schema
    rules: tuple[Violation, ...]
    columns: tuple[pl.Expr, ...]
    hashes: tuple[pl.Expr, ...]

    @property
    def stored_columns(self) -> list[str]:
        """Return the columns that go to the lake: the contract's, and technical ones delivered."""
        have = set(self.given) | {expr.meta.output_name() for expr in self.hashes}
        own = [name for name in self.contract.names if name in have]
        return [*own, *(name for name in _KEPT if name in self.given)]


def gate_for(
    contract: Contract,
    given: pl.Schema,
    key: bytes,
    stored: frozenset[str] = frozenset(),
    check_codes: bool = True,
) -> Gate:
    """Compile the contract for a delivered schema (contract names, delivered types)."""
    raw = frozenset(raw_columns(contract, given)) - stored
    have = pl.Schema({**given, **{name: pl.String() for name in _hashed_names(contract, given)}})
    rules = compile_contract(contract, have, raw, check_codes)
    if BOUND in given:
        rules.insert(0, Violation("row.readable", "", "bound", "", pl.col(BOUND).is_not_null()))
    return Gate(
        contract,
        given,
        tuple(rules),
        tuple(typed(contract, given, stored)),
        tuple(hashed_ids(contract, given, key)),
    )


def _hashed_names(contract: Contract, given: pl.Schema) -> list[str]:
    return [c.name for c in contract.columns if c.delivered_as in given or c.name in given]


def split_frame(gate: Gate, frame: pl.DataFrame) -> Split:
    """Split a delivery that is in memory."""
    rows = _prepared(gate, frame.lazy()).collect()
    rules = [rule for rule in gate.rules if rule.kind != "key"]
    flags = rows.select([rule.expr.alias(rule.id) for rule in rules])
    bad = _any(flags)
    counts = {rule.id: int(flags[rule.id].sum()) for rule in rules}
    rows = rows.with_columns(bad.alias(_BAD), pl.lit(False).alias(REPEATED))
    if set(gate.contract.key) <= set(gate.stored_columns) and rows.height:
        members, again = _repeats(rows.select([*gate.contract.key, _BAD]))
        counts["key.unique"] = members
        rows = rows.with_columns(again.alias(REPEATED))
    keep = ~(rows[_BAD] | rows[REPEATED])
    good = rows.filter(keep).select(gate.stored_columns)
    wrong = rows.filter(~keep)
    return Split(
        good,
        quarantined_rows(gate, wrong),
        rows.height,
        good.height,
        wrong.height,
        {name: count for name, count in counts.items() if count},
    )


def split_stream(gate: Gate, frame: pl.LazyFrame, scratch: Path) -> Split:
    """Split a delivery in bounded memory; the good rows are a scan of a file in `scratch`.

    All rows go into one file with a mark on the bad ones: two outputs of one scan would make the
    engine hold the whole scan in memory. Texts as delivered are kept for bad rows only.
    """
    scratch.mkdir(parents=True, exist_ok=True)
    path = scratch / "rows.parquet"
    rules = [rule for rule in gate.rules if rule.kind != "key"]
    rows = _prepared(gate, frame).with_columns(_any_of(rules).alias(_BAD))
    raws = [name for name in rows.collect_schema() if name.startswith(RAW)]
    rows.with_columns(
        pl.when(_BAD).then(pl.col(name)).otherwise(None).alias(name) for name in raws
    ).sink_parquet(path, compression="lz4", statistics=False, row_group_size=_STAGED_ROWS)
    scan = pl.scan_parquet(path)
    count = int(scan.select(pl.len()).collect().item())
    counts: dict[str, int] = {}
    kept_out = pl.col(_BAD)
    repeated = pl.Series(SRC_ROW, [], dtype=pl.Int32)
    found = _repeated_rows(gate, scan)
    if found is not None:
        counts["key.unique"], repeated = found
        kept_out = kept_out | pl.col(SRC_ROW).is_in(repeated.implode())
    wrong = (
        scan.filter(kept_out)
        .with_columns(pl.col(SRC_ROW).is_in(repeated.implode()).alias(REPEATED))
        .collect(engine="streaming")
    )
    broken = wrong.filter(_BAD).select([rule.expr.sum().alias(rule.id) for rule in rules])
    counts |= {rule.id: int(broken[rule.id][0] or 0) for rule in rules} if rules else {}
    good = scan.filter(~kept_out) if wrong.height else scan
    return Split(
        good.select(gate.stored_columns),
        quarantined_rows(gate, wrong),
        count,
        count - wrong.height,
        wrong.height,
        {name: number for name, number in counts.items() if number},
    )


def _any_of(rules: list[Violation]) -> pl.Expr:
    return pl.any_horizontal([rule.expr for rule in rules]) if rules else pl.lit(False)


def _any(flags: pl.DataFrame) -> pl.Series:
    if not flags.columns:
        return pl.Series(_BAD, [], dtype=pl.Boolean)
    return flags.select(pl.any_horizontal(flags.columns)).to_series()


def _repeats(keys: pl.DataFrame) -> tuple[int, pl.Series]:
    """Return how many rows share their key with another, and which good rows repeat a good one."""
    names = [name for name in keys.columns if name != _BAD]
    filled = pl.all_horizontal(pl.col(names).is_not_null())
    shared = keys.select((pl.struct(names).is_duplicated() & filled).sum()).item()
    if not shared:
        return 0, pl.repeat(False, keys.height, dtype=pl.Boolean, eager=True)
    later = keys.select(
        ~pl.struct([*names, _BAD]).is_first_distinct() & filled & ~pl.col(_BAD)
    ).to_series()
    return int(shared), later


def _prepared(gate: Gate, frame: pl.LazyFrame) -> pl.LazyFrame:
    """Return stored types, raw texts, hashed ids; never a plain identity number."""
    names = {expr.meta.output_name() for expr in gate.hashes}
    typed_columns = [expr for expr in gate.columns if expr.meta.output_name() not in names]
    technical = [pl.col(name) for name in (*_KEPT, BOUND, SHEET) if name in gate.given]
    return frame.select([*typed_columns, *gate.hashes, *technical])


def _repeated_rows(gate: Gate, scan: pl.LazyFrame) -> tuple[int, pl.Series] | None:
    """Return how many rows share a key, and those (src_row) that repeat an earlier one."""
    key = list(gate.contract.key)
    if SRC_ROW not in gate.given or not set(key) <= set(gate.stored_columns):
        return None
    hashes = scan.select(pl.struct(key).hash(0).alias("h")).collect(engine="streaming")["h"]
    if hashes.n_unique() == len(hashes):
        return None
    shared = hashes.filter(hashes.is_duplicated()).unique()
    rows = (
        scan.filter(pl.struct(key).hash(0).is_in(shared.implode()))
        .select([*key, _BAD, SRC_ROW])
        .collect(engine="streaming")
        .sort(SRC_ROW)
    )
    members, later = _repeats(rows.drop(SRC_ROW))
    return (members, rows.filter(later)[SRC_ROW]) if members else None


def quarantined_rows(gate: Gate, rows: pl.DataFrame) -> pl.DataFrame:
    """Return bad rows as src_row, reason, row (JSON of what was delivered, persons masked)."""
    if rows.is_empty():
        return pl.DataFrame(schema={**BAD_SCHEMA, PROBLEMS: pl.List(_PROBLEM)})
    where = pl.lit("")
    if SRC_ROW in rows.columns:
        where = pl.concat_str(pl.lit("第"), pl.col(SRC_ROW).cast(pl.String), pl.lit("行"))
    texts, problems = [], []
    for rule in gate.rules:
        if rule.kind == "bound":
            continue
        shown = _shown(rule, rows)
        quoted = pl.lit("") if shown is None else pl.concat_str(pl.lit("（“"), shown, pl.lit("”）"))
        # A row out for its key alone broke no other rule (streamed, its texts are not kept).
        broken = rule.expr if rule.kind == "key" else rule.expr & pl.col(_BAD)
        texts.append(pl.when(broken).then(pl.concat_str(where, pl.lit(rule.reason), quoted)))
        cell = pl.lit(None, pl.String) if shown is None else shown
        problem = pl.struct(pl.lit(rule.reason).alias("problem"), cell.alias("shown"))
        problems.append(pl.when(broken).then(problem))
    reasons = []
    if BOUND in rows.columns:
        reasons.append(pl.col(BOUND))
        problems.insert(0, pl.when(pl.col(BOUND).is_not_null()).then(_bound_problem()))
    listed = pl.concat_list([*reasons, *texts]).list.drop_nulls().list.join("；")
    personal = {column.name: column.personal for column in gate.contract.personal_columns}
    hidden = {*personal, *delivered_ids(gate.contract)}
    plain = [
        name
        for name in rows.columns
        if name not in hidden
        and not name.startswith(("_", RAW))
        and name not in (SRC_ROW, BOUND, REPEATED)
    ]
    content = [
        (pl.col(RAW + name) if RAW + name in rows.columns else pl.col(name))
        .cast(pl.String)
        .alias(name)
        for name in plain
    ]
    content += [_masked(name).alias(name) for name in personal if name in rows.columns]
    return rows.select(
        pl.col(SRC_ROW) if SRC_ROW in rows.columns else pl.lit(None, pl.Int32).alias(SRC_ROW),
        (pl.col(SHEET) if SHEET in rows.columns else pl.lit(None, pl.String)).alias("sheet"),
        listed.alias("reason"),
        pl.struct(content).struct.json_encode().alias("row"),
        pl.concat_list(problems).list.drop_nulls().alias(PROBLEMS),
    )


def _bound_problem() -> pl.Expr:
    """Return what reading a form's cells complained of, without row and cell."""
    text = pl.col(BOUND)
    problem = text.str.replace(r"^第\d+行", "").str.replace(r"（[^）]*）(；.*)?$", "")
    return pl.struct(
        problem.alias("problem"), text.str.extract(r"（“?([^”）]*)”?）").alias("shown")
    )


def _shown(rule: Violation, rows: pl.DataFrame) -> pl.Expr | None:
    """Return the delivered text, for rules about what a cell holds."""
    if rule.kind in ("required", "key"):
        return None
    name = RAW + rule.column if RAW + rule.column in rows.columns else rule.column
    if name not in rows.columns:
        return None
    return pl.col(name).cast(pl.String).str.slice(0, 30).fill_null("")


def _masked(name: str) -> pl.Expr:
    text = pl.col(name).cast(pl.String)
    return pl.concat_str(text.str.slice(0, 1), pl.lit(_MASK * 3))


def technical_only(name: str) -> bool:
    """Tell whether a delivered column is one of the house's own technical columns."""
    return name in TECHNICAL


def as_json(values: dict[str, object]) -> str:
    """Return a mapping as canonical JSON text."""
    return json.dumps(values, ensure_ascii=False, sort_keys=True, default=str)
