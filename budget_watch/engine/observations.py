"""The Delta tables `observations` and `observation_runs`: append-only, one commit a run.

A run's id is made of its input, so writing it again adds nothing. The run's row is written last: a
run without it was cut off, and its rows (same id, same content) are not written twice.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl

from budget_watch.engine.result import SCHEMA, RunResult
from budget_watch.lake import Home
from budget_watch.lake.files import make_durable

OBSERVATIONS = "observations"
RUNS = "observation_runs"
_KEEP = {
    "delta.enableExpiredLogCleanup": "false",
    "delta.logRetentionDuration": "interval 36500 days",
    "delta.deletedFileRetentionDuration": "interval 36500 days",
    "delta.appendOnly": "true",
}
RUN_SCHEMA = pl.Schema(
    {
        "run": pl.String(),
        "snapshot": pl.String(),
        "book": pl.String(),
        "as_of": pl.Date(),
        "rules": pl.String(),
        "tallies": pl.String(),
        "observations": pl.Int64(),
    }
)


def append(home: Home, result: RunResult) -> bool:
    """Store a run's observations and tallies; false if they were stored before."""
    if _has(home, RUNS, result.run):
        return False
    if result.observations.height and not _has(home, OBSERVATIONS, result.run):
        _write(_folder(home, OBSERVATIONS), result.observations)
    tallies = [{**each.record(), "seconds": None} for each in result.per_rule]
    row = pl.DataFrame(
        [
            {
                "run": result.run,
                "snapshot": result.snapshot,
                "book": result.book,
                "as_of": result.as_of,
                "rules": json.dumps(result.rules),
                "tallies": json.dumps(tallies, ensure_ascii=False, sort_keys=True),
                "observations": result.observations.height,
            }
        ],
        schema=RUN_SCHEMA,
    )
    _write(_folder(home, RUNS), row)
    return True


def read_run(home: Home, run: str) -> pl.DataFrame:
    """The observations of a run, in their order; empty if it made none."""
    found = _scan(home, OBSERVATIONS)
    if found is None:
        return pl.DataFrame(schema=SCHEMA)
    rows = found.filter(pl.col("run") == run).collect()
    kept = [
        pl.col(name) if name in rows.columns else pl.lit(None, dtype=kind).alias(name)
        for name, kind in SCHEMA.items()  # tables of older versions lack the youngest columns
    ]
    return rows.select(kept).sort("rule", "grain", "identity")


def read_tallies(home: Home, run: str) -> list[dict[str, Any]]:
    """The tallies of a run; empty if it was never stored."""
    found = _scan(home, RUNS)
    if found is None:
        return []
    rows = found.filter(pl.col("run") == run).select("tallies").collect()
    return list(json.loads(rows.item())) if rows.height else []


def _folder(home: Home, name: str) -> Path:
    return Path(home.lake) / name


def _scan(home: Home, name: str) -> pl.LazyFrame | None:
    folder = _folder(home, name)
    return pl.scan_delta(str(folder)) if (folder / "_delta_log").is_dir() else None


def _has(home: Home, name: str, run: str) -> bool:
    found = _scan(home, name)
    if found is None:
        return False
    return bool(found.filter(pl.col("run") == run).select(pl.len()).collect().item())


def _write(folder: Path, frame: pl.DataFrame) -> None:
    from deltalake import write_deltalake

    folder.parent.mkdir(parents=True, exist_ok=True)
    before = _files(folder)
    write_deltalake(
        str(folder), frame.to_arrow(), mode="append", schema_mode="merge", configuration=_KEEP
    )
    make_durable(_files(folder) - before)


def _files(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if path.is_file()}
