"""Great Expectations: suites generated from the contracts.

`validate` lets it judge the summary of a run's gate, once per run (design §6: its import takes
seconds), and keeps its Data Docs under <home>/gate/docs. `row_suite` is the same contract as
expectations on the rows themselves; a test proves that both count alike. Nothing is
sent anywhere: analytics are switched off before the import.
"""

from __future__ import annotations

import gc
import itertools
import json
import logging
import os
import re
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from budget_watch.lake import Batch
from budget_watch.lake.marts.delivery import due_of
from budget_watch.tables import Contract, contract
from budget_watch.tables.contract import Column
from ingest.gate.documents import write_page
from ingest.gate.violations import code_years, codes_of, region_codes

if TYPE_CHECKING:
    from ingest.deliver import Counts

KINDS = ("type", "required", "values", "codes", "range", "digits", "key", "bound")
# Noticed and let through: rules find them in the lake.
NOTICED = {
    "holds": "逐行关系不符（行）",
    "balance": "平衡关系不符（行）",
    "uscc": "统一社会信用代码校验位不对（行）",
    "parents": "上下级合计不符（组）",
    "late": "迟到（批次）",
}
_TITLES = {
    "unaccounted": "送达行数等于入库、隔离、未采用之和",
    "type": "数字、日期可读",
    "required": "必填列不空",
    "values": "取值在规定范围",
    "codes": "编码在当年代码表",
    "range": "年度、月份、日期合理",
    "digits": "金额不小于一分",
    "key": "主键不重复",
    "bound": "表样单元格可读",
}

_PERIOD = re.compile(r"^[A-Z]+-\d+/(\d{4}(?:-\d{2}(?:-\d{2})?)?)$")


@dataclass(frozen=True)
class Summary:
    """What the gate counted for one batch: rows by fate, violations by rule id."""

    table: str
    batch: str
    rows: int
    stored: int
    quarantined: int
    violations: dict[str, int]
    refused: int = 0
    warned: dict[str, int] = field(default_factory=dict)
    late: bool = False

    @classmethod
    def of(cls, table: Contract, batch: Batch, counts: Counts) -> Summary:
        """Return the summary of a delivery."""
        return cls(
            table.code,
            batch.id,
            counts.rows,
            counts.stored,
            counts.quarantined,
            counts.violations,
            counts.refused,
            counts.warned,
            is_late(table, batch),
        )


def is_late(table: Contract, batch: Batch) -> bool:
    """Whether the delivery's business date lies after the day on which its period was due."""
    found = _PERIOD.search(batch.id)
    due = due_of(table.due, found[1]) if found else None
    return due is not None and batch.biz_date > due


def summary_frame(summaries: Sequence[Summary]) -> pl.DataFrame:
    """Return one row a table: rows, stored, quarantined, unaccounted, what was found by kind."""
    rows = []
    for table in sorted({summary.table for summary in summaries}):
        own = [summary for summary in summaries if summary.table == table]
        by_kind = dict.fromkeys((*KINDS, *NOTICED), 0)
        for summary in own:
            for rule, count in (*summary.violations.items(), *summary.warned.items()):
                kind = rule.rsplit(".", 1)[-1]
                kind = {"unique": "key", "readable": "bound"}.get(kind, kind)
                by_kind[kind] += count
            by_kind["late"] += summary.late
        total = sum(summary.rows for summary in own)
        stored = sum(summary.stored for summary in own)
        kept_out = sum(summary.quarantined for summary in own)
        refused = sum(summary.refused for summary in own)
        rows.append(
            {
                "table": table,
                "batches": len(own),
                "rows": total,
                "stored": stored,
                "quarantined": kept_out,
                "refused": refused,
                "unaccounted": total - stored - kept_out - refused,
                **by_kind,
            }
        )
    return pl.DataFrame(rows)


def validate(home: Path, summaries: Sequence[Summary], run: str) -> dict[str, Any] | None:
    """Judge a run's summary; keep the result and its page under <home>/gate. None for no batch.

    The result says per kind of rule whether the expectation was met and in which tables not. What
    is only noticed does not make it fail.
    """
    return _kept(home, _judged(summaries), run) if summaries else None


@contextmanager
def validated_beside(home: Path, summaries: Sequence[Summary], run: str) -> Iterator[None]:
    """Judge a run's summary while what stands inside publishes it; kept once that has succeeded.

    The library's import alone takes seconds of one core, while publishing waits for the disk.
    """
    if not summaries:
        yield
        return
    with ThreadPoolExecutor(1, thread_name_prefix="gate") as beside:
        judged = beside.submit(_judged, tuple(summaries))
        yield
        _kept(home, judged.result(), run)


@dataclass(frozen=True)
class _Judged:
    """A run's summary, the library's result on it, and the same as it is kept."""

    result: Any
    success: bool
    told: dict[str, Any]


def _judged(summaries: Sequence[Summary]) -> _Judged:
    frame = summary_frame(summaries)
    gx = _great_expectations()
    result = _validated(gx, _titled(frame), summary_expectations(gx), "入库校验")
    told = result.to_json_dict()
    expectations = [
        {
            "expectation": one["expectation_config"]["type"],
            "subject": one["expectation_config"].get("meta", {}),
            "success": one["success"],
            "tables": _where(frame, one["expectation_config"].get("meta", {}).get("kind")),
        }
        for one in told["results"]
    ]
    success = all(one["success"] or one["subject"].get("noticed") for one in expectations)
    tables = [
        {
            **{name: row[name] for name in row if name not in NOTICED},
            "noticed": {title: row[kind] for kind, title in NOTICED.items() if row[kind]},
        }
        for row in frame.to_dicts()
    ]
    kept = {"statistics": told["statistics"], "tables": tables, "expectations": expectations}
    return _Judged(result, success, kept)


def _kept(home: Path, judged: _Judged, run: str) -> dict[str, Any]:
    kept = {"run": run, "success": judged.success, **judged.told}
    folder = home / "gate"
    folder.mkdir(parents=True, exist_ok=True)
    run = _free(folder, run)
    written = folder / f"{run}.tmp"
    written.write_text(json.dumps(kept, ensure_ascii=False, indent=1), encoding="utf-8")
    written.replace(folder / f"{run}.json")
    write_page(folder, run, kept, judged.result)
    return kept


def _where(frame: pl.DataFrame, kind: str | None) -> list[str]:
    """The tables of which a summary's column is not zero; none for the table's own name."""
    return [] if kind is None else frame.filter(pl.col(kind) != 0)["table"].to_list()


def _free(folder: Path, run: str) -> str:
    """The run's name, with a number where a run of the day had it."""
    names = (run if number == 1 else f"{run}-{number}" for number in itertools.count(1))
    return next(name for name in names if not (folder / f"{name}.json").exists())


def _titled(frame: pl.DataFrame) -> pl.DataFrame:
    """The summary with Chinese column names, which the pages show."""
    return frame.rename({"table": "报表", **_TITLES, **NOTICED})


def summary_expectations(gx: Any) -> list[Any]:
    """Return the expectations on the summary: nothing unaccounted for, no rule broken.

    What is counted is judged by its sum over all tables, in a third of the time that the library
    takes to look at every table; the sum says how many rows there were.
    """
    expect = gx.expectations
    found = [
        expect.ExpectColumnValuesToBeUnique(
            column="报表", description="每张报表一行", meta={"title": "每张报表一行"}
        )
    ]
    for kind, title in _TITLES.items():
        # Rows too few and rows too many would make up for each other in a sum.
        judged = expect.ExpectColumnValuesToBeBetween
        found.append(
            (judged if kind == "unaccounted" else expect.ExpectColumnSumToBeBetween)(
                column=title,
                min_value=0,
                max_value=0,
                description=f"{title}：违反0行",
                meta={"title": title, "kind": kind},
            )
        )
    for kind, title in NOTICED.items():
        found.append(
            expect.ExpectColumnSumToBeBetween(
                column=title,
                min_value=0,
                max_value=0,
                description=f"{title}：0（只提示）",
                severity="warning",
                meta={"title": title, "kind": kind, "noticed": True},
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
        if column.codes:
            found += _code_expectations(expect, table, column, columns)
        if column.type == "date":
            found.append(
                (
                    f"{column.name}.range",
                    expect.ExpectColumnValuesToBeBetween(
                        column=column.name, min_value=date(1990, 1, 1), max_value=date(2100, 12, 31)
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


def _code_expectations(
    expect: Any, table: Contract, column: Column, columns: Sequence[str]
) -> list[tuple[str, Any]]:
    """A code's lists of each year; years for which no list is kept are not judged."""
    rule, plain = f"{column.name}.codes", ["T", "S"]
    if "uscc" in column.codes:
        return []
    if "region" in column.codes:
        known = [*region_codes(), *plain]
        return [(rule, expect.ExpectColumnValuesToBeInSet(column=column.name, value_set=known))]
    per_year = {year: codes_of(column.codes, year) for year in code_years(column.codes)}
    per_year = {year: codes for year, codes in per_year.items() if codes}
    if "fiscal_year" not in columns:
        known = sorted({code for codes in per_year.values() for code in codes} | set(plain))
        return [(rule, expect.ExpectColumnValuesToBeInSet(column=column.name, value_set=known))]
    return [
        (
            rule,
            expect.ExpectColumnValuesToBeInSet(
                column=column.name,
                value_set=[*codes, *plain],
                row_condition=f"fiscal_year=={year}",
                condition_parser="pandas",
            ),
        )
        for year, codes in per_year.items()
    ]


def count_on_rows(table_code: str, rows: pl.DataFrame) -> dict[str, int]:
    """Return rule id → rows that Great Expectations finds wrong, looking at the rows themselves."""
    gx = _great_expectations()
    suite = row_suite(gx, contract(table_code), rows.columns)
    for rule, expectation in suite:  # results come in an order of their own
        expectation.meta = {"rule": rule}
    expectations = [expectation for _, expectation in suite]
    result = _validated(gx, rows, expectations, f"rows-{table_code}").to_json_dict()
    found: dict[str, int] = {}
    for one in result["results"]:
        rule = one["expectation_config"]["meta"]["rule"]
        found[rule] = found.get(rule, 0) + int(one["result"].get("unexpected_count") or 0)
    return found


def _great_expectations() -> Any:
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    logging.getLogger("great_expectations").setLevel(logging.ERROR)
    import great_expectations as gx

    _settled()
    return gx


@cache
def _settled() -> None:
    """Take what the import left (some hundred thousand objects that live as long as the process)
    out of the garbage collector's rounds: they were 3% of the CPU time of taking a large file."""
    gc.collect()
    gc.freeze()


def _validated(gx: Any, frame: pl.DataFrame, expectations: Sequence[Any], name: str) -> Any:
    """Run expectations on a frame (given as pandas, which the library needs)."""
    import pandas as pd  # type: ignore[import-untyped]

    # Built column by column from Python values: nulls stay None, whole numbers stay whole.
    table = pd.DataFrame(
        {column: pd.Series(frame[column].to_list(), dtype="object") for column in frame.columns}
    )
    form: dict[str, Any] = {"result_format": "SUMMARY"}
    if "报表" in frame.columns:
        form = {
            "result_format": "COMPLETE",
            "unexpected_index_column_names": ["报表"],
            "return_unexpected_index_query": False,
        }
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
    return batch.validate(suite, result_format=form)
