"""The whole rule book, by the engine and by the same rules' SQL one by one in DuckDB.

    python -m benchmarks.whole_book --home DIR            measure on the latest snapshot of a home
    python -m benchmarks.whole_book --vouchers 200000     make a city of that size first

    … --enlarged FOLDER                           the engine's side on copies (benchmarks.enlarged)

Each side runs in a process of its own, one after the other, on the same Parquet files. The engine's
side is `run_check`. DuckDB's side is `engine.oracle`: every rule compiled on its own to one query,
only the rows that hit, lack data or fail are fetched; a rule that takes longer than
`--rule-seconds` is stopped and counted with the time it had. “One more rule” is a copy of a rule of
the book under another number: the time of its own, as a part of the whole run's.
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
        side = {"engine": _engine, "duckdb": _duckdb, "one-more": _one_more}[options.part]
        print(json.dumps(side(options), ensure_ascii=False))
        return
    if options.enlarged:
        print(_page(_in_process("engine", options), None, None))
        return
    with tempfile.TemporaryDirectory() as folder:
        if options.home is None:
            options.home = _made(Path(folder), options.vouchers, options.scale)
        engine = _in_process("engine", options)
        more = _in_process("one-more", options)
        duckdb = None if options.engine_only else _in_process("duckdb", options)
        print(_page(engine, duckdb, more))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--home", type=Path, help="a home with a snapshot")
    parser.add_argument("--vouchers", type=int, default=200_000, help="without --home: how many")
    parser.add_argument("--scale", default="city", help="without --home: tiny small city province")
    parser.add_argument("--rules", nargs="*", help="only these rules, on both sides")
    parser.add_argument("--rule-seconds", type=float, default=120, help="most for a rule in DuckDB")
    parser.add_argument("--duckdb-memory", default="", help="memory limit of DuckDB, such as 8GB")
    parser.add_argument("--engine-only", action="store_true")
    parser.add_argument("--enlarged", type=Path, help="a folder made by benchmarks.enlarged")
    parser.add_argument("--one-more", default="ZX06", help="the rule that is copied")
    parser.add_argument(PART, choices=("engine", "duckdb", "one-more"), help=argparse.SUPPRESS)
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
    command += ["--home", str(options.home)] if options.home else []
    command += ["--enlarged", str(options.enlarged)] if options.enlarged else []
    command += ["--rule-seconds", str(options.rule_seconds), "--one-more", options.one_more]
    command += ["--duckdb-memory", options.duckdb_memory] if options.duckdb_memory else []
    command += ["--rules", *options.rules] if options.rules else []
    print(f"{part} …", file=sys.stderr)
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


# ---- the two sides
def opened(root: Path) -> tuple[Any, Any, date]:
    """A home's latest snapshot, its rule book and its business date."""
    from budget_watch.access import Grant
    from budget_watch.casework.checking import rule_book
    from budget_watch.lake import Home, Reader

    reader = Reader(Home(root), Grant.system("benchmark"))
    if reader.snapshot is None:
        raise SystemExit(f"{root} has no snapshot")
    for name in reader.names:
        reader.files(name)  # the check of the files against the ledger is on neither side's clock
    return reader, rule_book(root), reader.snapshot.biz_date


def sources_read(book: Any) -> list[str]:
    """The tables and marts that any rule of the book reads."""
    found: set[str] = set()
    for rule in book.rules.values():
        places = [rule.source, rule.universe, rule.window, *rule.measures.values()]
        places += rule.joins.values()
        for each in places:
            source = getattr(each, "source", each)
            found |= {source.name} if source is not None else set()
        found |= set(rule.query.tables) if rule.query is not None else set()
    return sorted(found - {"ledger_coverage"})


def _engine(options: argparse.Namespace) -> dict[str, Any]:
    from budget_watch.engine import run_check

    if options.enlarged:
        from benchmarks.enlarged import Enlarged
        from budget_watch.casework.checking import rule_book

        reader: Any = Enlarged(options.enlarged)
        book, day = rule_book(options.enlarged), reader.as_of
        vouchers, rows = reader.vouchers, 0
    else:
        reader, book, day = opened(options.home)
        vouchers = reader.snapshot.rows("payment_voucher")
        rows = sum(each.rows for each in reader.snapshot.tables.values() if each.kind == "table")
    wall, cpu = time.perf_counter(), time.process_time()
    result = run_check(reader, book, as_of=day, rules=options.rules)
    spent = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
    loud = Counter(result.observations["rule"].to_list())
    failed = [f"{each.rule}: {each.message}" for each in result.per_rule if each.error]
    for line in failed:
        print(f"  {line}", file=sys.stderr)
    return {
        **spent,
        "peak_mb": peak(),
        "vouchers": vouchers,
        "rows": rows,
        "rules": {
            each.rule: {"loud": loud[each.rule], "seconds": each.seconds}
            for each in result.per_rule
        },
    }


def _one_more(options: argparse.Namespace) -> dict[str, Any]:
    """A copy of a rule among all: its own seconds, and those of the whole run."""
    from dataclasses import replace

    from budget_watch.engine import run_check

    reader, book, day = opened(options.home)
    one = book.rules[options.one_more]
    copy = replace(one, rule=one.rule.model_copy(update={"id": f"{one.id}X"}))
    more = replace(book, rules={**book.rules, copy.id: copy})
    rules = [*options.rules, one.id, copy.id] if options.rules else None
    result = run_check(reader, more, as_of=day, rules=rules)
    own = next(each.seconds for each in result.per_rule if each.rule == copy.id)
    return {"rule": one.id, "own": own, "whole": result.seconds}


def _duckdb(options: argparse.Namespace) -> dict[str, Any]:
    from budget_watch.engine.oracle import Oracle
    from budget_watch.engine.run import selected

    reader, book, day = opened(options.home)
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
    return {**total, "peak_mb": peak(), "rules": rules}


def peak() -> float:
    """The most memory this process has held, MB."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(each for each in status.read_text().splitlines() if each.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


# ---- the page
def _page(
    engine: dict[str, Any], duckdb: dict[str, Any] | None, more: dict[str, Any] | None
) -> str:
    lines = [
        f"{date.today()}, {machine()}, {engine['vouchers']:,} vouchers, "
        f"{engine['rows']:,} rows in all tables, {len(engine['rules'])} rules",
        "",
        "| | wall s | CPU s | peak MB |",
        "|---|---:|---:|---:|",
        _row("engine, whole book", engine),
    ]
    told = []
    if more is not None:
        share = more["own"] / more["whole"]
        told += [
            f"One more rule on existing measures ({more['rule']} again): {share:.2%} of the run."
        ]
    longest = sorted(engine["rules"].items(), key=lambda each: -each[1]["seconds"])[:10]
    told += [
        "Longest in the engine, s: " + ", ".join(f"{r} {e['seconds']:.1f}" for r, e in longest)
    ]
    if duckdb is None:
        return "\n".join([*lines, "", *told])
    lines += [_row("DuckDB, rule by rule", duckdb)]
    wall, cpu, most = (duckdb[kind] / engine[kind] for kind in ("wall", "cpu", "peak_mb"))
    lines += [f"| DuckDB ÷ engine | {wall:.1f} × | {cpu:.1f} × | {most:.1f} × |", ""]
    lines += told
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


def machine() -> str:
    """The machine in a few words, with what else it is doing."""
    memory = ""
    info = Path("/proc/meminfo")
    if info.exists():
        memory = f", {int(info.read_text().split()[1]) / 2**20:.0f} GiB memory"
    return f"{os.cpu_count()} cores{memory}, load {os.getloadavg()[0]:.1f}"


if __name__ == "__main__":
    main()
