"""The whole rule book, by the engine and by the same rules' SQL one by one in DuckDB.

    python -m benchmarks.whole_book --home DIR            measure on the latest snapshot of a home
    python -m benchmarks.whole_book --vouchers 200000     make a city of that size first

Each side runs in a process of its own, one after the other, on the same Parquet files. The engine's
side is `run_check`. DuckDB's side is `engine.oracle`: every rule compiled on its own to one query,
only the rows that hit, lack data or fail are fetched; a rule that takes longer than
`--rule-seconds` is stopped and counted with the time it had.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

PART = "--part"
QUIET = "split_part(__o, '|', 1) NOT IN ('clear', 'not_applicable')"


def main() -> None:
    """Measure both sides and print a table."""
    options = _options()
    if options.part:
        side = _engine if options.part == "engine" else _duckdb
        print(json.dumps(side(options), ensure_ascii=False))
        return
    with tempfile.TemporaryDirectory() as folder:
        if options.home is None:
            options.home = _made(Path(folder), options.vouchers, options.scale)
        engine = _in_process("engine", options)
        duckdb = None if options.engine_only else _in_process("duckdb", options)
        print(_page(engine, duckdb))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--home", type=Path, help="a home with a snapshot")
    parser.add_argument("--vouchers", type=int, default=200_000, help="without --home: how many")
    parser.add_argument("--scale", default="city", help="without --home: tiny small city province")
    parser.add_argument("--rules", nargs="*", help="only these rules, on both sides")
    parser.add_argument("--rule-seconds", type=float, default=120, help="most for a rule in DuckDB")
    parser.add_argument("--duckdb-memory", default="", help="memory limit of DuckDB, such as 8GB")
    parser.add_argument("--engine-only", action="store_true")
    parser.add_argument(PART, choices=("engine", "duckdb"), help=argparse.SUPPRESS)
    return parser.parse_args()


def _made(folder: Path, vouchers: int, scale: str) -> Path:
    """A home with a made-up city in it."""
    home = folder / "home"
    command = [sys.executable, "-m", "budget_watch.cli.main", "--home", str(home), "demo"]
    command += ["--no-serve", "--json", "--scale", scale, "--vouchers", str(vouchers)]
    print(f"making a {scale} of {vouchers:,} vouchers …", file=sys.stderr)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return home


def _in_process(part: str, options: argparse.Namespace) -> dict[str, Any]:
    """One side in a fresh process; its own account of itself."""
    command = [sys.executable, "-m", "benchmarks.whole_book", PART, part]
    command += ["--home", str(options.home), "--rule-seconds", str(options.rule_seconds)]
    command += ["--duckdb-memory", options.duckdb_memory] if options.duckdb_memory else []
    command += ["--rules", *options.rules] if options.rules else []
    print(f"{part} …", file=sys.stderr)
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


# ---- the two sides
def _opened(options: argparse.Namespace) -> tuple[Any, Any, date]:
    from budget_watch.access import Grant
    from budget_watch.casework.checking import rule_book
    from budget_watch.lake import Home, Reader

    reader = Reader(Home(options.home), Grant.system("benchmark"))
    if reader.snapshot is None:
        raise SystemExit(f"{options.home} has no snapshot")
    for name in reader.names:
        reader.files(name)  # the check of the files against the ledger is on neither side's clock
    return reader, rule_book(options.home), reader.snapshot.biz_date


def _engine(options: argparse.Namespace) -> dict[str, Any]:
    from budget_watch.engine import run_check

    reader, book, day = _opened(options)
    wall, cpu = time.perf_counter(), time.process_time()
    result = run_check(reader, book, as_of=day, rules=options.rules)
    spent = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
    loud = Counter(result.observations["rule"].to_list())
    return {
        **spent,
        "peak_mb": _peak(),
        "vouchers": reader.snapshot.rows("payment_voucher"),
        "rows": sum(each.rows for each in reader.snapshot.tables.values() if each.kind == "table"),
        "rules": {each.rule: {"loud": loud[each.rule]} for each in result.per_rule},
    }


def _duckdb(options: argparse.Namespace) -> dict[str, Any]:
    from budget_watch.engine.oracle import Oracle
    from budget_watch.engine.run import selected

    reader, book, day = _opened(options)
    oracle = Oracle(reader, book, day)
    if options.duckdb_memory:
        oracle.con.execute(f"SET memory_limit = '{options.duckdb_memory}'")
    rules: dict[str, Any] = {}
    for rule in selected(book, options.rules):
        wall, cpu = time.perf_counter(), time.process_time()
        watch = threading.Timer(options.rule_seconds, oracle.con.interrupt)
        watch.start()
        entry: dict[str, Any] = {"loud": None, "failed": ""}
        try:
            sql = f"SELECT * FROM ({oracle.sql(rule)}) WHERE {QUIET}"
            entry["loud"] = len(oracle.con.execute(sql).fetchall())
        except Exception as error:  # whatever stops it is part of the measurement
            entry["failed"] = type(error).__name__
        finally:
            watch.cancel()
        entry |= {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
        rules[rule.id] = entry
        print(f"  {rule.id} {entry['wall']:.1f} s {entry['failed']}", file=sys.stderr)
    total = {kind: sum(each[kind] for each in rules.values()) for kind in ("wall", "cpu")}
    return {**total, "peak_mb": _peak(), "rules": rules}


def _peak() -> float:
    """The most memory this process has held, MB."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(each for each in status.read_text().splitlines() if each.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


# ---- the page
def _page(engine: dict[str, Any], duckdb: dict[str, Any] | None) -> str:
    lines = [
        f"{date.today()}, {_machine()}, {engine['vouchers']:,} vouchers, "
        f"{engine['rows']:,} rows in all tables, {len(engine['rules'])} rules",
        "",
        "| | wall s | CPU s | peak MB |",
        "|---|---:|---:|---:|",
        _row("engine, whole book", engine),
    ]
    if duckdb is None:
        return "\n".join(lines)
    lines += [_row("DuckDB, rule by rule", duckdb)]
    wall, cpu, peak = (duckdb[kind] / engine[kind] for kind in ("wall", "cpu", "peak_mb"))
    lines += [f"| DuckDB ÷ engine | {wall:.1f} × | {cpu:.1f} × | {peak:.1f} × |", ""]
    stopped = [f"{rule} ({each['failed']})" for rule, each in _failed(duckdb)]
    if stopped:
        lines += [f"Not finished by DuckDB, counted with the time it had: {'、'.join(stopped)}."]
    slow = sorted(duckdb["rules"].items(), key=lambda each: -each[1]["cpu"])[:8]
    lines += ["Most CPU seconds in DuckDB: " + ", ".join(f"{r} {e['cpu']:.1f}" for r, e in slow)]
    other = [
        f"{rule} {each['loud']} and {engine['rules'][rule]['loud']}"
        for rule, each in duckdb["rules"].items()
        if not each["failed"] and each["loud"] != engine["rules"][rule]["loud"]
    ]
    lines += [f"Rules with other numbers of observations: {', '.join(other) or 'none'}."]
    return "\n".join(lines)


def _failed(duckdb: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [(rule, each) for rule, each in duckdb["rules"].items() if each["failed"]]


def _row(title: str, side: dict[str, Any]) -> str:
    return f"| {title} | {side['wall']:.1f} | {side['cpu']:.1f} | {side['peak_mb']:,.0f} |"


def _machine() -> str:
    memory = ""
    info = Path("/proc/meminfo")
    if info.exists():
        memory = f", {int(info.read_text().split()[1]) / 2**20:.0f} GiB memory"
    return f"{os.cpu_count()} cores{memory}, load {os.getloadavg()[0]:.1f}"


if __name__ == "__main__":
    main()
