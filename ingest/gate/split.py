"""One pass over a delivery: good rows in stored types, bad rows with reason, counts per rule.

A delivery that fits in memory is split there; a large one goes through in pieces (`Sieve`). The
key's uniqueness needs all rows and is looked at last, by hash.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl

from budget_watch.lake.quarantine import FILE_SCHEMA, key_text
from budget_watch.money.unit import Unit
from budget_watch.tables import Contract
from budget_watch.tables.contract import MONEY_UNITS, Column
from ingest.gate.classified import SECRET, is_secret
from ingest.gate.quick import Reading, text, text_and_seen
from ingest.gate.secrets import hashed_ids
from ingest.gate.typing import RAW, raw_columns, readings, technical, typed
from ingest.gate.violations import BOUND, REPEATED, Glance, Violation, compile_contract
from ingest.gate.warned import count_warnings, group_warnings, row_warnings

SRC_ROW = "src_row"
_BAD = "_bad"
SHEET = "_sheet"
BAD_SCHEMA = {name: dtype for name, dtype in FILE_SCHEMA.items() if name != "line"}
PROBLEMS = "problems"  # beside BAD_SCHEMA: [{problem, shown}] of each row, for the load line
_PROBLEM = pl.Struct({"problem": pl.String(), "shown": pl.String()})
_KEPT = (SRC_ROW, "data_status", "src_dept", SECRET, "round_fen")
# What a person may let pass as it is: a code may be newer than our list of codes.
SOFT = ("codes",)


@dataclass(frozen=True)
class Split:
    """What the gate found. `rows` = `stored` + `quarantined` + `secret`, always.

    `counts` is the number of rows that break each rule (one row may break several; for the key all
    rows of a repeated key are counted, though the first of them is stored).
    """

    good: pl.DataFrame  # of a delivery in pieces none: they are on their way into the lake
    bad: pl.DataFrame
    rows: int
    stored: int
    quarantined: int
    counts: dict[str, int] = field(default_factory=dict)
    warned: dict[str, int] = field(default_factory=dict)  # what is noticed and let through
    secret: int = 0  # rows marked as state secrets: neither stored nor kept aside


@dataclass(frozen=True)
class Gate:
    """A contract compiled for deliveries of one schema."""

    contract: Contract
    given: pl.Schema
    rules: tuple[Violation, ...]
    columns: tuple[pl.Expr, ...]
    readings: Mapping[str, Reading]  # the same as expressions among `columns`, for frames in memory
    hashes: tuple[pl.Expr, ...]
    warnings: tuple[Violation, ...] = ()
    groups: bool = True  # whether sums are looked at here (published forms look themselves)

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
        readings(contract, given, stored),
        tuple(hashed_ids(contract, given, key)),
        row_warnings(contract, frozenset(have)),
        groups=check_codes,
    )


def _hashed_names(contract: Contract, given: pl.Schema) -> list[str]:
    return [c.name for c in contract.columns if c.delivered_as in given or c.name in given]


def split_frame(gate: Gate, frame: pl.DataFrame) -> Split:
    """Split a delivery that is in memory."""
    rows, counts, secret = _judged(gate, frame)
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
        rows.height + secret,
        good.height,
        wrong.height,
        {name: count for name, count in counts.items() if count},
        count_warnings(gate.warnings, good)
        | (group_warnings(gate.contract, good) if gate.groups else {}),
        secret,
    )


def outline(gate: Gate, frame: pl.LazyFrame) -> pl.LazyFrame:
    """Return year, month, place and date of the rows in which these are in order."""
    wanted = ("fiscal_year", "month", "mof_div_code", gate.contract.date_column)
    names = [name for name in wanted if name in gate.stored_columns]
    rules = [rule.expr for rule in gate.rules if rule.column in names and rule.kind != "key"]
    own = [expr for expr in gate.columns if expr.meta.output_name().removeprefix(RAW) in names]
    rows = frame.select(names).unique().select(own)
    return (rows.filter(~pl.any_horizontal(rules)) if rules else rows).select(names)


def _judged(gate: Gate, frame: pl.DataFrame) -> tuple[pl.DataFrame, dict[str, int], int]:
    """Return the rows in stored types with `_bad` and `_repeated` (false), counts by rule, and how
    many rows are not among them because they are marked as state secrets."""
    rows, seen = _prepared(gate, frame)
    delivered = rows.height
    if SECRET in rows.columns:
        rows = rows.filter(~is_secret(rows))
    at = Glance(rows, seen)
    rules = [rule for rule in gate.rules if rule.kind != "key" and not rule.spared(at)]
    flags = rows.select([rule.expr.alias(rule.id) for rule in rules])
    counts = {rule.id: int(flags[rule.id].sum()) for rule in rules}
    none = pl.lit(False)
    bad = pl.lit(_any(flags)) if any(counts.values()) else none
    judged = rows.with_columns(bad.alias(_BAD), none.alias(REPEATED))
    return judged, counts, delivered - rows.height


class Sieve:
    """The gate of a delivery that comes in pieces: `split` each, then look `repeated` up once.

    Holds eight bytes a row, and the bad rows.
    """

    def __init__(self, gate: Gate) -> None:
        self.gate = gate
        self.rows = 0
        self.secret = 0
        self.counts: dict[str, int] = {}
        self.warned: dict[str, int] = {}
        self._bad: list[pl.DataFrame] = []
        self._hashes: list[pl.Series] = []
        self._bad_keys: list[pl.DataFrame] = []
        self._keyed = {SRC_ROW, *gate.contract.key} <= set(gate.stored_columns)

    def split(self, piece: pl.DataFrame) -> pl.DataFrame:
        """Return the good rows of a piece, stored columns."""
        rows, counts, secret = _judged(self.gate, piece)
        self.rows += rows.height + secret
        self.secret += secret
        for rule, count in counts.items():
            self.counts[rule] = self.counts.get(rule, 0) + count
        good = rows
        if any(counts.values()):
            good = rows.filter(~pl.col(_BAD))
            wrong = rows.filter(_BAD)
            self._bad.append(quarantined_rows(self.gate, wrong))
            if self._keyed:
                self._bad_keys.append(wrong.select(*self.gate.contract.key, SRC_ROW))
        if self._keyed:
            self._hashes.append(_key_hash(good, self.gate.contract.key))
        for rule, count in count_warnings(self.gate.warnings, good).items():
            self.warned[rule] = self.warned.get(rule, 0) + count
        return good.select(self.gate.stored_columns)

    def repeated(self, good: pl.LazyFrame) -> pl.Series | None:
        """Return the `src_row` of good rows that repeat an earlier one; they join the bad ones.

        `good` are all rows that `split` let through. None where every key stands once.
        """
        if not self._keyed or not self._hashes:
            return None
        key = list(self.gate.contract.key)
        bad = pl.concat(self._bad_keys) if self._bad_keys else None
        parts = [*self._hashes, *([_key_hash(bad, key)] if bad is not None else [])]
        hashes = pl.concat(parts)
        if hashes.n_unique() == len(hashes):
            return None
        shared = hashes.filter(hashes.is_duplicated()).unique()
        again = pl.struct(key).hash(0).is_in(shared.implode())
        columns = self.gate.stored_columns
        suspects = good.filter(again).select(columns).collect(engine="streaming").sort(SRC_ROW)
        marked = [suspects.select(*key, SRC_ROW, pl.lit(False).alias(_BAD))]
        if bad is not None:
            marked.append(bad.filter(again).with_columns(pl.lit(True).alias(_BAD)))
        keys = pl.concat(marked).sort(SRC_ROW)
        members, later = _repeats(keys.drop(SRC_ROW))
        if not members:
            return None
        self.counts["key.unique"] = members
        out = keys.filter(later)[SRC_ROW]
        if out.is_empty():
            return None
        wrong = suspects.filter(pl.col(SRC_ROW).is_in(out.implode())).with_columns(
            pl.lit(False).alias(_BAD), pl.lit(True).alias(REPEATED)
        )
        self._bad.append(quarantined_rows(self.gate, wrong, only=("key",)))
        return out

    def result(self, stored: int) -> Split:
        """What became of the delivery, of which so many rows are stored."""
        bad = quarantined_rows(self.gate, pl.DataFrame())
        if self._bad:
            bad = pl.concat(self._bad).sort(SRC_ROW, maintain_order=True)
        counts = {name: count for name, count in self.counts.items() if count}
        return Split(
            pl.DataFrame(), bad, self.rows, stored, bad.height, counts, self.warned, self.secret
        )


def _key_hash(rows: pl.DataFrame, key: Sequence[str]) -> pl.Series:
    return rows.select(pl.struct(list(key)).hash(0)).to_series()


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


def _prepared(gate: Gate, frame: pl.DataFrame) -> tuple[pl.DataFrame, dict[str, pl.Series]]:
    """Return stored types, raw texts, hashed ids (never a plain identity number), and the different
    values of the text columns that have few."""
    hashed = {expr.meta.output_name() for expr in gate.hashes}
    read: dict[str, pl.Series] = {}
    seen: dict[str, pl.Series] = {}
    for name, reading in gate.readings.items():
        if name in hashed:
            continue
        if reading is text:
            read[name], few = text_and_seen(frame[name])
            if few is not None:
                seen[name] = few
        else:
            read[name] = reading(frame[name])
    columns: list[pl.Expr | pl.Series] = []
    for expr in gate.columns:
        name = expr.meta.output_name()
        if name not in hashed:
            columns.append(read.get(name, expr))
    beside = [
        technical(name, gate.given[name]) for name in (*_KEPT, BOUND, SHEET) if name in gate.given
    ]
    return frame.select([*columns, *gate.hashes, *beside]), seen


def quarantined_rows(
    gate: Gate, rows: pl.DataFrame, only: tuple[str, ...] | None = None
) -> pl.DataFrame:
    """Return bad rows as they are kept (BAD_SCHEMA), with their problems for the load line."""
    if rows.is_empty():
        return pl.DataFrame(schema={**BAD_SCHEMA, PROBLEMS: pl.List(_PROBLEM)})
    where = pl.lit("")
    if SRC_ROW in rows.columns:
        where = pl.concat_str(pl.lit("第"), pl.col(SRC_ROW).cast(pl.String), pl.lit("行"))
    texts, problems = [], []
    for rule in gate.rules:
        if rule.kind == "bound" or (only is not None and rule.kind not in only):
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
    hard = [
        rule.expr & pl.col(_BAD) if rule.kind != "key" else rule.expr
        for rule in gate.rules
        if rule.kind not in SOFT and (only is None or rule.kind in only)
    ]
    key = gate.contract.key
    whole_key = set(key) <= set(rows.columns)
    return rows.select(
        pl.col(SRC_ROW) if SRC_ROW in rows.columns else pl.lit(None, pl.Int32).alias(SRC_ROW),
        (pl.col(SHEET) if SHEET in rows.columns else pl.lit(None, pl.String)).alias("sheet"),
        listed.alias("reason"),
        (~pl.any_horizontal(hard) if hard else pl.lit(True)).alias("soft"),
        (key_text(key) if whole_key else pl.lit(None, pl.String)).alias("key"),
        as_delivered(gate.contract, rows).alias("row"),
        pl.concat_list(problems).list.drop_nulls().alias(PROBLEMS),
    )


def as_delivered(contract: Contract, rows: pl.DataFrame) -> pl.Expr:
    """Return each row as JSON of texts as a CSV would deliver them; identity numbers are hashes.

    Where the delivered text is there (`raw:`) it is taken, else the stored value is written in
    the contract's unit.
    """
    content = []
    for column in contract.columns:
        if RAW + column.name in rows.columns:
            content.append(pl.col(RAW + column.name).alias(column.name))
        elif column.name in rows.columns:
            content.append(plainly(column, rows.schema[column.name]))
    content += [
        pl.col(name).cast(pl.String) for name in _KEPT if name in rows.columns and name != SRC_ROW
    ]
    return pl.struct(content).struct.json_encode()


def plainly(column: Column, dtype: pl.DataType) -> pl.Expr:
    """Return a column's stored value as the text that would be read as it: fen in the unit."""
    value = pl.col(column.name)
    digits = {"money": Unit(column.unit).digits if column.unit in MONEY_UNITS else 0}
    digits |= {"ratio": 6, "number": column.scale}
    places = digits.get(column.type, 0)
    if not places or not dtype.is_integer():
        return value.cast(pl.String)
    size = value.abs()
    sign = pl.when(value < 0).then(pl.lit("-")).otherwise(pl.lit(""))
    whole, rest = size // 10**places, (size % 10**places).cast(pl.String).str.zfill(places)
    return pl.concat_str(sign, whole.cast(pl.String), pl.lit("."), rest).alias(column.name)


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
