"""A snapshot copied several times over, as so many cities with codes, keys and names of their own.

    python -m benchmarks.enlarged --home DIR --times 10 --out FOLDER

It answers one question: does memory stay bounded at a hundred million vouchers? Making such a city
would take hours, copying one takes minutes. Copies keep amounts, days, purposes and codes of the
classifications; what tells units, indicators, payees and regions apart gets a sign of its own.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from budget_watch.lake.layout import layout

SIGNS = "甲乙丙丁戊己庚辛壬癸子丑寅卯辰巳午未申酉"
APART = re.compile(r"(_id|_no|_name|_key|uscc|agency_code|dept_code|pro_code|^payer$|^payee$)$")
SAME = re.compile(r"^(use_key|table_no|row_no|source_row)$")


class Enlarged:
    """The copies as a reader for the engine: frames by name, and the ledger's coverage."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        told = json.loads((folder / "about.json").read_text(encoding="utf-8"))
        self.as_of = date.fromisoformat(told["as_of"])
        self.vouchers = int(told["vouchers"])

    def scan(self, name: str) -> pl.LazyFrame:
        """The rows of all copies."""
        return pl.scan_parquet(sorted((self.folder / name).glob("*.parquet")))

    def coverage(self) -> pl.DataFrame:
        """What was delivered, for the regions of all copies."""
        return pl.read_parquet(self.folder / "coverage.parquet")


def enlarge(reader: Any, names: list[str], times: int, out: Path, as_of: date) -> None:
    """Write the copies of the named tables and marts under `out`."""
    out.mkdir(parents=True, exist_ok=True)
    for name in names:
        (out / name).mkdir(exist_ok=True)
        own = {column.name for column in reader.contract(name).columns if column.codes}
        for at, part in enumerate(_parts(reader, name)):
            for copy in range(times):
                changed = part.with_columns(_changes(part.collect_schema(), own, copy))
                path = out / name / f"{at:04}-{copy:02}.parquet"
                changed.sink_parquet(path, row_group_size=100_000)
        print(name, file=sys.stderr)
    coverage = reader.coverage().lazy()
    regions = [coverage.with_columns(_region(copy)) for copy in range(times)]
    pl.concat(regions).collect().write_parquet(out / "coverage.parquet")
    vouchers = reader.snapshot.rows("payment") * times
    told = {"as_of": as_of.isoformat(), "vouchers": vouchers}
    (out / "about.json").write_text(json.dumps(told), encoding="utf-8")


def _parts(reader: Any, name: str) -> Iterator[pl.LazyFrame]:
    """The files of a table; one empty frame where it was never delivered."""
    files = reader.files(name)
    if not files:
        yield reader.scan(name)
    for path in files:
        yield pl.scan_parquet(
            path, schema=layout(name).schema, missing_columns="insert", extra_columns="ignore"
        )


def _region(copy: int) -> pl.Expr:
    code = pl.col("mof_div_code")
    return pl.concat_str([pl.lit(str(10 + copy)), code.str.slice(2)]).alias("mof_div_code")


def _changes(schema: pl.Schema, classified: set[str], copy: int) -> list[pl.Expr]:
    """What tells a copy's rows from those of the others."""
    signed = [
        pl.concat_str([pl.col(name), pl.lit(SIGNS[copy])]).alias(name)
        for name, kind in schema.items()
        if kind == pl.String
        and APART.search(name)
        and not SAME.search(name)
        and name not in classified
    ]
    return signed + ([_region(copy)] if "mof_div_code" in schema else [])


def main() -> None:
    """Copy the latest snapshot of a home."""
    from benchmarks.whole_book import opened, sources_read

    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--times", type=int, default=10)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    reader, book, day = opened(options.home)
    enlarge(reader, sources_read(book), options.times, options.out, day)


if __name__ == "__main__":
    main()
