"""Great Expectations: suites generated from the contracts.

`validate` lets it judge the summary of a run's gate, once per run (design §6: its import takes
seconds). `row_suite` is the same contract as expectations on the rows themselves; a test proves
that both count alike. Nothing is sent anywhere: analytics are switched off before the import.
"""

from __future__ import annotations

import json
import logging
import os
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from budget_watch.lake import Batch
from budget_watch.tables import Contract, contract

if TYPE_CHECKING:
    from ingest.deliver import Counts

KINDS = ("type", "required", "values", "codes", "range", "digits", "key", "bound")
_MOSTLY = 0.99  # a batch with more than 1% of its rows quarantined fails the run's suite


@dataclass(frozen=True)
class Summary:
    """What the gate counted for one batch: rows by fate, violations by rule id."""

    table: str
    batch: str
    rows: int
    stored: int
    quarantined: int
    violations: dict[str, int]

    @classmethod
    def of(cls, table: Contract, batch: Batch, counts: Counts) -> Summary:
        """Return the summary of a delivery."""
        return cls(
            table.code, batch.id, counts.rows, counts.stored, counts.quarantined, counts.violations
        )


def summary_frame(summaries: Sequence[Summary]) -> pl.DataFrame:
    """Return one row a table: rows, stored, quarantined, unaccounted, violations by kind."""
    rows = []
    for table in sorted({summary.table for summary in summaries}):
        own = [summary for summary in summaries if summary.table == table]
        by_kind = dict.fromkeys(KINDS, 0)
        for summary in own:
            for rule, count in summary.violations.items():
                kind = rule.rsplit(".", 1)[-1]
                kind = {"unique": "key", "readable": "bound"}.get(kind, kind)
                by_kind[kind] += count
        total = sum(summary.rows for summary in own)
        stored = sum(summary.stored for summary in own)
        kept_out = sum(summary.quarantined for summary in own)
        rows.append(
            {
                "table": table,
                "batches": len(own),
                "rows": total,
                "stored": stored,
                "quarantined": kept_out,
                "unaccounted": total - stored - kept_out,
                **by_kind,
            }
        )
    return pl.DataFrame(rows)


def validate(home: Path, summaries: Sequence[Summary], run: str) -> dict[str, Any] | None:
    """Judge a run's summary and keep the result under <home>/gate; return it, None for no batch.

    The result says per table and kind of rule whether the expectation was met and what was found.
    """
    if not summaries:
        return None
    frame = summary_frame(summaries)
    gx = _great_expectations()
    expectations = summary_expectations(gx, frame)
    result = _run(gx, frame, expectations, "gate-summary")
    kept = {
        "run": run,
        "success": bool(result["success"]),
        "statistics": result["statistics"],
        "tables": frame.to_dicts(),
        "expectations": [
            {
                "expectation": one["expectation_config"]["type"],
                "subject": one["expectation_config"].get("meta", {}),
                "success": one["success"],
                "observed": one["result"].get("observed_value"),
            }
            for one in result["results"]
        ],
    }
    folder = home / "gate"
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{run}.json"
    written = target.with_suffix(".tmp")
    written.write_text(json.dumps(kept, ensure_ascii=False, indent=1), encoding="utf-8")
    written.replace(target)
    return kept


def summary_expectations(gx: Any, frame: pl.DataFrame) -> list[Any]:
    """Return the expectations on the summary: nothing unaccounted for, and no rule broken."""
    expect = gx.expectations
    found = [
        expect.ExpectColumnValuesToBeBetween(
            column="unaccounted",
            min_value=0,
            max_value=0,
            meta={"title": "送达行数等于入库加隔离"},
        ),
        expect.ExpectColumnValuesToBeUnique(column="table", meta={"title": "每张报表一行"}),
    ]
    titles = {
        "type": "数字、日期可读",
        "required": "必填列不空",
        "values": "取值在规定范围",
        "codes": "编码在当年代码表",
        "range": "年度、月份、日期合理",
        "digits": "金额不小于一分",
        "key": "主键不重复",
        "bound": "表样单元格可读",
    }
    for kind in KINDS:
        found.append(
            expect.ExpectColumnValuesToBeBetween(
                column=kind, min_value=0, max_value=0, meta={"title": titles[kind], "kind": kind}
            )
        )
    return found


def row_suite(gx: Any, table: Contract, columns: Sequence[str]) -> list[tuple[str, Any]]:
    """Return (rule id of the gate, expectation on the rows) for a frame of stored types."""
    expect = gx.expectations
    found: list[tuple[str, Any]] = []
    for column in table.columns:
        if column.name not in columns:
            continue
        if column.required:
            found.append(
                (
                    f"{column.name}.required",
                    expect.ExpectColumnValuesToNotBeNull(column=column.name),
                )
            )
        if column.values:
            found.append(
                (
                    f"{column.name}.values",
                    expect.ExpectColumnValuesToBeInSet(
                        column=column.name, value_set=list(column.values)
                    ),
                )
            )
        if column.name == "month":
            found.append(
                (
                    "month.range",
                    expect.ExpectColumnValuesToBeBetween(column="month", min_value=1, max_value=12),
                )
            )
        if column.name == "fiscal_year":
            found.append(
                (
                    "fiscal_year.range",
                    expect.ExpectColumnValuesToBeBetween(
                        column="fiscal_year", min_value=1990, max_value=2100
                    ),
                )
            )
    if set(table.key) <= set(columns):
        found.append(
            (
                "key.unique",
                expect.ExpectCompoundColumnsToBeUnique(
                    column_list=list(table.key), ignore_row_if="any_value_is_missing"
                )
                if len(table.key) > 1
                else expect.ExpectColumnValuesToBeUnique(column=table.key[0]),
            )
        )
    return found


def count_on_rows(table_code: str, rows: pl.DataFrame) -> dict[str, int]:
    """Return rule id → rows that Great Expectations finds wrong, looking at the rows themselves."""
    gx = _great_expectations()
    suite = row_suite(gx, contract(table_code), rows.columns)
    result = _run(gx, rows, [expectation for _, expectation in suite], f"rows-{table_code}")
    return {
        rule: int(one["result"].get("unexpected_count") or 0)
        for (rule, _), one in zip(suite, result["results"], strict=True)
    }


def _great_expectations() -> Any:
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    logging.getLogger("great_expectations").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import great_expectations as gx
    return gx


def _run(gx: Any, frame: pl.DataFrame, expectations: Sequence[Any], name: str) -> dict[str, Any]:
    """Run expectations on a frame (given as pandas, which the library needs)."""
    import pandas as pd  # type: ignore[import-untyped]

    # Built column by column from Python values: nulls stay None, whole numbers stay whole.
    table = pd.DataFrame(
        {column: pd.Series(frame[column].to_list(), dtype="object") for column in frame.columns}
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        context = gx.get_context(mode="ephemeral")
        context.variables.progress_bars = {"globally": False, "metric_calculations": False}
        source = context.data_sources.add_pandas(name)
        batch = (
            source.add_dataframe_asset(name)
            .add_batch_definition_whole_dataframe(name)
            .get_batch({"dataframe": table})
        )
        suite = gx.ExpectationSuite(name=name)
        for expectation in expectations:
            suite.add_expectation(expectation)
        result = batch.validate(suite)
    described: dict[str, Any] = result.to_json_dict()
    return described
