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
SHEET = "_sheet"
BAD_SCHEMA = {
    SRC_ROW: pl.Int32(),
    "sheet": pl.String(),
    "reason": pl.String(),
    "row": pl.String(),
}
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
    key = [name for name in gate.contract.key if name in rows.columns]
    keyed = len(key) == len(gate.contract.key) and rows.height > 0
    repeated = rows.select(pl.struct(key).is_duplicated()).to_series() if keyed else None
    first = rows.select(pl.struct(key).is_first_distinct()).to_series() if keyed else None
    if repeated is not None and first is not None:
        whole = rows.select(pl.all_horizontal(pl.col(key).is_not_null())).to_series()
        rows = rows.with_columns(
            (repeated & whole).alias(REPEATED), (~first & whole).alias("_again")
        )
    else:
        rows = rows.with_columns(pl.lit(False).alias(REPEATED), pl.lit(False).alias("_again"))
    flags = rows.select([rule.expr.alias(rule.id) for rule in gate.rules])
    counts = {rule.id: int(flags[rule.id].sum()) for rule in gate.rules}
    keeps_out = [rule.id for rule in gate.rules if rule.kind != "key"]
    other = flags.select(pl.any_horizontal(keeps_out)).to_series() if keeps_out else None
    bad = rows["_again"] | other if other is not None else rows["_again"]
    good = rows.filter(~bad).select(gate.stored_columns)
    wrong = rows.filter(bad)
    return Split(
        good,
        quarantined_rows(gate, wrong, flags.filter(bad)),
        rows.height,
        good.height,
        wrong.height,
        {name: count for name, count in counts.items() if count},
    )


def split_stream(gate: Gate, frame: pl.LazyFrame, scratch: Path) -> Split:
    """Split a delivery in bounded memory; the good rows are a scan of a file in `scratch`."""
    scratch.mkdir(parents=True, exist_ok=True)
    good_path, bad_path = scratch / "good.parquet", scratch / "bad.parquet"
    rules = [rule for rule in gate.rules if rule.kind != "key"]
    bad = pl.any_horizontal([rule.expr for rule in rules]) if rules else pl.lit(False)
    rows = _prepared(gate, frame).with_columns(bad.alias(_BAD))
    good = rows.filter(~pl.col(_BAD)).select(gate.stored_columns)
    pl.collect_all(
        [
            good.sink_parquet(good_path, lazy=True, compression="lz4", statistics=False),
            rows.filter(pl.col(_BAD)).drop(_BAD).sink_parquet(bad_path, lazy=True),
        ],
        engine="streaming",
    )
    again = _repeated_rows(gate, good_path)
    wrong = pl.read_parquet(bad_path).with_columns(pl.lit(False).alias(REPEATED))
    scan = pl.scan_parquet(good_path)
    stored = int(scan.select(pl.len()).collect().item())
    counts: dict[str, int] = {}
    if again is not None:
        counts["key.unique"], later = again
        repeated = scan.filter(pl.col(SRC_ROW).is_in(later.implode())).collect()
        scan = scan.filter(~pl.col(SRC_ROW).is_in(later.implode()))
        stored -= repeated.height
        wrong = pl.concat(
            [wrong, repeated.with_columns(pl.lit(True).alias(REPEATED))], how="diagonal"
        )
    flags = wrong.select(
        [
            (rule.expr if rule.kind == "key" or _has(rule, wrong) else pl.lit(False)).alias(rule.id)
            for rule in gate.rules
        ]
    )
    counts |= {rule.id: int(flags[rule.id].sum()) for rule in gate.rules if rule.kind != "key"}
    return Split(
        scan,
        quarantined_rows(gate, wrong, flags),
        stored + wrong.height,
        stored,
        wrong.height,
        {name: count for name, count in counts.items() if count},
    )


def _has(rule: Violation, frame: pl.DataFrame) -> bool:
    return set(rule.expr.meta.root_names()) <= set(frame.columns)


def _prepared(gate: Gate, frame: pl.LazyFrame) -> pl.LazyFrame:
    """Return stored types, raw texts, hashed ids; never a plain identity number."""
    names = {expr.meta.output_name() for expr in gate.hashes}
    typed_columns = [expr for expr in gate.columns if expr.meta.output_name() not in names]
    technical = [pl.col(name) for name in (*_KEPT, BOUND, SHEET) if name in gate.given]
    return frame.select([*typed_columns, *gate.hashes, *technical])


def _repeated_rows(gate: Gate, path: Path) -> tuple[int, pl.Series] | None:
    """Return how many rows share a key, and those (src_row) that repeat an earlier one."""
    if SRC_ROW not in gate.given or not set(gate.contract.key) <= set(gate.stored_columns):
        return None
    scan = pl.scan_parquet(path)
    key = pl.struct(gate.contract.key).hash(0).alias("h")
    hashes = scan.select(key).collect(engine="streaming")["h"]
    if hashes.n_unique() == len(hashes):
        return None
    shared = hashes.filter(hashes.is_duplicated()).unique()
    rows = (
        scan.select([*gate.contract.key, SRC_ROW])
        .filter(pl.struct(gate.contract.key).hash(0).is_in(shared.implode()))
        .collect(engine="streaming")
        .sort(SRC_ROW)
    )
    members = rows.filter(pl.struct(gate.contract.key).is_duplicated())
    later = members.filter(~pl.struct(gate.contract.key).is_first_distinct())
    if later.is_empty():
        return None
    return members.height, later[SRC_ROW]


def quarantined_rows(gate: Gate, rows: pl.DataFrame, flags: pl.DataFrame) -> pl.DataFrame:
    """Return bad rows as src_row, reason, row (JSON of what was delivered, persons masked)."""
    if rows.is_empty():
        return pl.DataFrame(schema=BAD_SCHEMA)
    where = pl.lit("")
    if SRC_ROW in rows.columns:
        where = pl.concat_str(pl.lit("第"), pl.col(SRC_ROW).cast(pl.String), pl.lit("行"))
    texts = []
    for rule in gate.rules:
        if rule.kind == "bound":
            continue
        shown = _shown(rule, rows)
        texts.append(
            pl.when(pl.col("f:" + rule.id)).then(
                pl.concat_str(where, pl.lit(rule.reason), shown)
                if shown is not None
                else pl.concat_str(where, pl.lit(rule.reason))
            )
        )
    both = rows.with_columns(
        flags.rename({name: "f:" + name for name in flags.columns}).get_columns()
    )
    reasons = [pl.col(BOUND)] if BOUND in rows.columns else []
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
    return both.select(
        pl.col(SRC_ROW) if SRC_ROW in rows.columns else pl.lit(None, pl.Int32).alias(SRC_ROW),
        (pl.col(SHEET) if SHEET in rows.columns else pl.lit(None, pl.String)).alias("sheet"),
        listed.alias("reason"),
        pl.struct(content).struct.json_encode().alias("row"),
    )


def _shown(rule: Violation, rows: pl.DataFrame) -> pl.Expr | None:
    """Return the delivered text in quotes, for rules about what a cell holds."""
    if rule.kind in ("required", "key"):
        return None
    name = RAW + rule.column if RAW + rule.column in rows.columns else rule.column
    if name not in rows.columns:
        return None
    text = pl.col(name).cast(pl.String).str.slice(0, 30).fill_null("")
    return pl.concat_str(pl.lit("（“"), text, pl.lit("”）"))


def _masked(name: str) -> pl.Expr:
    text = pl.col(name).cast(pl.String)
    return pl.concat_str(text.str.slice(0, 1), pl.lit(_MASK * 3))


def technical_only(name: str) -> bool:
    """Tell whether a delivered column is one of the house's own technical columns."""
    return name in TECHNICAL


def as_json(values: dict[str, object]) -> str:
    """Return a mapping as canonical JSON text."""
    return json.dumps(values, ensure_ascii=False, sort_keys=True, default=str)
