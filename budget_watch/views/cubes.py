"""Sums of vouchers, budget lines and plans, made once per snapshot and depth of reading.

A drill page asks only these frames, never the vouchers. They are kept as files in the home's cache,
where the first process that needs them puts them; the others only read. What a reader's regions,
departments and units let through is cut out of them. One row of the cube is one
combination of the keys; `spent` is what was paid up to the as-of day in that month,
`late` what the same month of an earlier year saw only after that day of the month, so
that 上年同期 compares equal spans even when the last month is not over.
Money is fen; keys are codes as the lake gives them.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import date

import polars as pl

from budget_watch.access import Depth, Grant, Scope
from budget_watch.lake import Home, Reader, Snapshot
from budget_watch.views.keeping import Kept, filed

PLACE = ("fiscal_year", "mof_div_code", "scope_kind", "dept_code", "agency_code")
UPPER = ("fiscal_year", "mof_div_code", "scope_kind", "dept_code")
CODES = ("fund_type_code", "exp_func_code", "dep_bgt_eco_code", "found_type_code")
FINE = ("pro_code", "bgt_id")
MEASURES = (
    "initial",
    "approved",
    "current",
    "added",
    "plan",
    "spent",
    "late",
    "vouchers",
    "late_vouchers",
)


_MARTS = ("payment", "budget_line", "payment_plan", "indicator")
_FORM = 1  # of the kept files; another where what they hold changes


@dataclass(frozen=True)
class Cube:
    """What one reader may see of one snapshot, summed.

    Attributes:
        as_of: the business date everything is known up to.
        coarse: by UPPER, CODES and month; the levels of the drill above the unit.
        fine: by dept → by PLACE, CODES, FINE and month; from the department down.
        causes: budget changes by PLACE, CODES, FINE, month, entry and cause.
    """

    snapshot: str
    as_of: date
    coarse: pl.DataFrame
    fine: dict[str, pl.DataFrame]
    causes: pl.DataFrame

    def of(self, dept: str | None, detailed: bool) -> pl.DataFrame:
        """The smallest frame that can answer about a department (or all of them)."""
        if dept is not None:
            return self.fine.get(dept, self._none)
        if not detailed:
            return self.coarse
        return pl.concat(list(self.fine.values())) if self.fine else self._none

    @property
    def _none(self) -> pl.DataFrame:
        columns: dict[str, type[pl.DataType]] = dict.fromkeys((*PLACE, *CODES, *FINE), pl.String)
        columns |= {"fiscal_year": pl.Int64, "month": pl.Int64}
        columns |= dict.fromkeys(MEASURES, pl.Int64)
        return pl.DataFrame(schema=columns)

    @property
    def years(self) -> list[int]:
        """Fiscal years with budget or payments, oldest first."""
        return [int(year) for year in self.coarse["fiscal_year"].unique().sort().to_list()]


_KEPT: Kept[Cube] = Kept(12)
_WHOLE: Kept[tuple[pl.DataFrame, pl.DataFrame]] = Kept(3)


def cube(home: Home, grant: Grant, snapshot: Snapshot) -> Cube:
    """The cube of a snapshot under a grant, made once and kept for the next page."""
    return _KEPT.get(
        (str(home.root), snapshot.id, grant.key), lambda: _cut_out(home, grant, snapshot)
    )


def build(reader: Reader, snapshot: str, as_of: date) -> Cube:
    """Sum a snapshot's marts into the frames the drill asks."""
    return _cube(snapshot, as_of, _whole(reader, as_of), _causes(reader, as_of))


def _cut_out(home: Home, grant: Grant, snapshot: Snapshot) -> Cube:
    """The reader's part of what a reader of all places with the same reach would see."""
    scope = grant.scope
    if scope.units is not None and grant.depth < Depth.UNIT:  # units are not told apart then
        return build(Reader(home, grant, snapshot), snapshot.id, snapshot.biz_date)
    everywhere = replace(grant, scope=Scope())
    whole, causes = _WHOLE.get(
        (str(home.root), snapshot.id, everywhere.key),
        lambda: _filed(home, everywhere, snapshot),
    )
    limits = {
        "mof_div_code": scope.regions,
        "dept_code": scope.departments,
        "agency_code": scope.units,
    }
    wanted = [pl.col(name).is_in(sorted(of)) for name, of in limits.items() if of is not None]
    if wanted:
        whole, causes = whole.filter(*wanted), causes.filter(*wanted)
    return _cube(snapshot.id, snapshot.biz_date, whole, causes)


def _filed(home: Home, grant: Grant, snapshot: Snapshot) -> tuple[pl.DataFrame, pl.DataFrame]:
    reader, as_of = Reader(home, grant, snapshot), snapshot.biz_date
    for mart in _MARTS:
        reader.scan(mart)  # refuses what was damaged since, also where the sums are there already

    def made() -> dict[str, pl.DataFrame]:
        return {"whole": _whole(reader, as_of), "causes": _causes(reader, as_of)}

    name = hashlib.sha256(grant.key.encode()).hexdigest()[:16]
    frames = filed(home.cache / "cubes", f"{snapshot.id}-{name}-{_FORM}", made)
    return frames["whole"], frames["causes"]


def _whole(reader: Reader, as_of: date) -> pl.DataFrame:
    """By PLACE, CODES, FINE and month, in order of department, unit, project and indicator."""
    keys = (*PLACE, *CODES, *FINE, "month")
    parts = [_spent(reader, as_of), _budget(reader, as_of), _plans(reader)]
    return (
        pl.concat([part.collect(engine="streaming") for part in parts], how="diagonal")
        .with_columns(pl.col(MEASURES).fill_null(0))
        .group_by(keys)
        .agg(pl.col(MEASURES).sum())
        .sort("dept_code", "agency_code", "pro_code", "bgt_id")
    )


def _causes(reader: Reader, as_of: date) -> pl.DataFrame:
    return (
        reader.scan("budget_line")
        .filter(pl.col("eff_date") <= as_of)
        .group_by(*PLACE, *CODES, *FINE, "month", "entry", "cause")
        .agg(pl.col("initial_amt", "approved_amt", "current_amt").sum())
        .collect(engine="streaming")
    )


def _cube(snapshot: str, as_of: date, whole: pl.DataFrame, causes: pl.DataFrame) -> Cube:
    coarse = whole.group_by(*UPPER, *CODES, "month").agg(pl.col(MEASURES).sum())
    return Cube(snapshot, as_of, coarse, _by_department(whole), causes)


def _by_department(whole: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Slices of rows that lie by department."""
    runs = whole["dept_code"].rle().struct.unnest()
    starts = [0, *runs["len"].cum_sum().to_list()]
    return {
        str(dept): whole.slice(start, length)
        for start, (length, dept) in zip(starts, runs.iter_rows(), strict=False)
    }


def _spent(reader: Reader, as_of: date) -> pl.LazyFrame:
    """Payments; the source of funds is the indicator's, for vouchers carry none."""
    source = reader.scan("indicator").select("bgt_id", "found_type_code").unique("bgt_id")
    late = (pl.col("month") == as_of.month) & (pl.col("pay_date").dt.day() > as_of.day)
    keys = [key for key in (*PLACE, *CODES, *FINE, "month") if key != "found_type_code"]
    return (
        reader.scan("payment")
        .with_columns(late=late)
        .group_by(keys)
        .agg(
            spent=pl.col("pay_amt").sum(),
            late=pl.col("pay_amt").filter(pl.col("late")).sum(),
            vouchers=reader.counted("payment"),
            late_vouchers=reader.counted("payment", pl.col("late")),
        )
        .join(source, on="bgt_id", how="left")
    )


def _budget(reader: Reader, as_of: date) -> pl.LazyFrame:
    return (
        reader.scan("budget_line")
        .filter(pl.col("eff_date") <= as_of)
        .group_by(*PLACE, *CODES, *FINE, "month")
        .agg(
            initial=pl.col("initial_amt").sum(),
            approved=pl.col("approved_amt").sum(),
            current=pl.col("current_amt").sum(),
            added=pl.col("current_amt").filter(pl.col("entry") == "追加").sum(),
        )
    )


def _plans(reader: Reader) -> pl.LazyFrame:
    """Payment plans; they carry no scope kind, so each region's own is taken from budget lines."""
    kinds = (
        reader.scan("budget_line")
        .select("agency_code", "mof_div_code", "scope_kind")
        .unique(["agency_code", "mof_div_code"])
    )
    source = reader.scan("indicator").select("bgt_id", "found_type_code").unique("bgt_id")
    keys = (
        "fiscal_year",
        "mof_div_code",
        "dept_code",
        "agency_code",
        "fund_type_code",
        "exp_func_code",
        "dep_bgt_eco_code",
        *FINE,
    )
    return (
        reader.scan("payment_plan")
        .group_by(*keys, month=pl.col("plan_month"))
        .agg(plan=pl.col("plan_amt").sum())
        .join(kinds, on=["agency_code", "mof_div_code"], how="left")
        .join(source, on="bgt_id", how="left")
    )
