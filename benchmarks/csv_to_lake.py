"""A CSV of payment vouchers into the validated, committed lake, beside polars that only copies it.

    python -m benchmarks.csv_to_lake --rows 1000000 --rounds 3

Both sides read the same file in the same process, in turns: polars `scan_csv → sink_parquet` with
everything at its defaults but for the codes being text; a parcel's way, as the daily run goes it
(hash, spool, gate, Great Expectations, files, Delta commit, ledger, published snapshot); and
`budget-watch load`, which besides reads the file once more for its slot. The homes stand before
the clock starts. The first round warms imports and the disk's cache and is not counted. Ours are
measured up to the committed table, without the marts that follow, which the bare copy has nothing
to set against, and once more with them. Each side's peak of memory is measured in a process of its
own.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from statistics import median

from benchmarks.whole_book import machine, peak

Side = Callable[[Path, Path], None]
CODE = "FIN-15"
PART = "--part"


@dataclass(frozen=True)
class Turn:
    """Seconds of one round of one side up to the committed table, and with the marts."""

    wall: float
    cpu: float
    whole: float


def main() -> None:
    """Make the file, measure in turns, print a table."""
    options = _options()
    if options.part:
        _side(options.part, options.file, options.scratch)
        print(json.dumps({"peak_mb": peak()}))
        return
    with tempfile.TemporaryDirectory(prefix="csv-to-lake-") as folder:
        scratch = Path(folder)
        path = options.file or scratch / "vouchers.csv"
        if options.file is None:
            print(f"making {options.rows:,} vouchers …", file=sys.stderr)
            write_vouchers(path, options.rows, options.shuffled)
        rows = sum(1 for _ in path.open("rb")) - 1
        turns: dict[str, list[Turn]] = {name: [] for name in SIDES}
        for number in range(options.rounds + 1):
            for name, those in turns.items():
                turn = _side(name, path, scratch)
                if number:
                    those.append(turn)
                print(f"{name} {turn.wall:.2f} s", file=sys.stderr)
        peaks = {name: _peak_of(name, path, scratch) for name in turns}
        print(_page(rows, path.stat().st_size, turns, peaks))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, default=1_000_000, help="vouchers in the file, about")
    parser.add_argument("--rounds", type=int, default=3, help="rounds that count")
    parser.add_argument("--shuffled", action="store_true", help="rows in no order, not by day")
    parser.add_argument("--file", type=Path, help="a CSV of vouchers instead of a made one")
    parser.add_argument("--scratch", type=Path, help=argparse.SUPPRESS)
    parser.add_argument(PART, choices=tuple(SIDES), help=argparse.SUPPRESS)
    return parser.parse_args()


# ---- the file
def write_vouchers(path: Path, rows: int, shuffled: bool = False) -> None:
    """Write about so many vouchers of the made-up city as a CSV by the contract, by day."""
    import polars as pl

    from budget_watch.tables import contract
    from fixtures.city import build, write_payments
    from fixtures.delivery import Dock
    from fixtures.sizes import size_named

    folder = path.parent / "made"
    dock = Dock(folder)
    write_payments(build(replace(size_named("tiny"), vouchers=rows), 1, "clean"), dock)
    dock.close()
    names = contract(CODE).names
    files = sorted((folder / CODE).glob("*.parquet"))
    # The last days come in their month and again by day.
    frame = pl.concat(pl.read_parquet(file, columns=list(names)) for file in files)
    frame = frame.unique("pay_cert_id", keep="first").sort("pay_date", "pay_cert_id")
    if shuffled:
        frame = frame.sample(fraction=1.0, shuffle=True, seed=1)
    yuan = pl.col("pay_amt")
    text = pl.concat_str(
        pl.when(yuan < 0).then(pl.lit("-")).otherwise(pl.lit("")),
        (yuan.abs() // 100).cast(pl.String),
        pl.lit("."),
        (yuan.abs() % 100).cast(pl.String).str.zfill(2),
    )
    frame.with_columns(text.alias("pay_amt")).write_csv(path)
    shutil.rmtree(folder)


# ---- the two sides
def _side(name: str, path: Path, scratch: Path) -> Turn:
    if name == "bare":
        wall, cpu = _timed(bare, path, scratch)
        return Turn(wall, cpu, wall)
    with _without_marts():
        wall, cpu = _timed(SIDES[name], path, scratch)
    return Turn(wall, cpu, _timed(SIDES[name], path, scratch)[0])


def _timed(side: Side, path: Path, scratch: Path) -> tuple[float, float]:
    folder = Path(tempfile.mkdtemp(dir=scratch))
    _laid_out(folder)
    wall, cpu = time.perf_counter(), time.process_time()
    side(path, folder)
    took = time.perf_counter() - wall, time.process_time() - cpu
    shutil.rmtree(folder)
    return took


@contextmanager
def _without_marts() -> Iterator[None]:
    """Publish tables alone; what else runs beside making marts is then seen to take its time."""
    from budget_watch.lake import writer

    refresh = writer.refresh_marts
    writer.refresh_marts = lambda *given, **more: {}
    try:
        yield
    finally:
        writer.refresh_marts = refresh


def _laid_out(folder: Path) -> None:
    """Make the home that stands there on every day but the first: its state database, no rows."""
    from budget_watch.lake import Home, Writer

    with Writer.open(Home(folder), "benchmark"):
        pass


def bare(path: Path, folder: Path) -> None:
    """Polars alone; it must only be told which columns are text, codes being no numbers."""
    import polars as pl

    from budget_watch.tables import contract

    text = {column.name: pl.String() for column in contract(CODE).columns if column.type == "str"}
    pl.scan_csv(path, schema_overrides=text).sink_parquet(folder / "copy.parquet")


def loaded(path: Path, folder: Path) -> None:
    """`load` of the same file into a fresh home."""
    from budget_watch.lake import Home
    from ingest.load import load_paths

    (line,) = load_paths(Home(folder), [path], table=CODE)
    if line.refused or line.quarantined:
        raise SystemExit(f"the file was not taken whole: {line.reason}")


def parcel(path: Path, folder: Path) -> None:
    """The same file as a source's parcel: into the spool, through the gate, published."""
    from budget_watch.lake import Home, Writer
    from ingest.gate.expectations import validated_beside
    from ingest.spool import Parcel, Spool
    from ingest.taking import Taker

    day = date(2026, 11, 20)
    home = Home(folder)
    spool = Spool(home, "benchmark")
    staged = spool.staged(".csv")
    os.link(path, staged)
    told = Parcel("benchmark", CODE, "2024", day, staged, "", name=path.name)
    with Writer.open(home, "benchmark") as writer:
        taker = Taker(writer, day)
        taken = taker.take(spool.put(staged, told))
        if taken.stored != taken.rows or not taken.rows:
            raise SystemExit(f"the file was not taken whole: {taken.reason}")
        with validated_beside(home.root, taker.summaries, "benchmark"):
            writer.publish(day)


SIDES: dict[str, Side] = {
    "bare": bare,
    "parcel": parcel,
    "load": loaded,
}


def _peak_of(name: str, path: Path, scratch: Path) -> float:
    command = [sys.executable, "-m", "benchmarks.csv_to_lake", PART, name]
    command += ["--file", str(path), "--scratch", str(scratch)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return float(json.loads(done.stdout.splitlines()[-1])["peak_mb"])


# ---- the page
def _page(rows: int, size: int, turns: dict[str, list[Turn]], peaks: dict[str, float]) -> str:
    lines = [
        f"{date.today()}, {machine()}, {rows:,} vouchers, {size / 2**20:,.0f} MiB of CSV, "
        f"median of {len(turns['bare'])} rounds",
        "",
        "| | wall s | CPU s | rows/s | against bare: wall | CPU | with marts, wall s | peak MB |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    titles = {"bare": "polars scan_csv → sink_parquet", "parcel": "parcel → committed table"}
    titles["load"] = "`load` → committed table"
    for name, those in turns.items():
        wall, cpu = median(t.wall for t in those), median(t.cpu for t in those)
        pairs = list(zip(turns["bare"], those, strict=True))
        against = median(one.wall / t.wall for one, t in pairs)
        by_cpu = median(one.cpu / t.cpu for one, t in pairs)
        whole = median(t.whole for t in those)
        lines.append(
            f"| {titles[name]} | {wall:.2f} | {cpu:.2f} | {rows / wall:,.0f} | {against:.0%} | "
            f"{by_cpu:.0%} | {whole:.2f} | {peaks[name]:,.0f} |"
        )
    lines += ["", "To reach: 50% of the rows a second of bare polars, table committed."]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
