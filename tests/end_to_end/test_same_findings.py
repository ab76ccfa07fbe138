"""Same rows and same rule book give the same observations: whichever engine, order or parts.

The whole book over the whole tiny city; every comparison is of all observations with their values.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from budget_watch.access import Grant
from budget_watch.casework.checking import rule_book
from budget_watch.engine import measures, rows, run_check, shares
from budget_watch.engine.load import Book
from budget_watch.engine.made_tables import MadeReader
from budget_watch.engine.oracle import Oracle, Seen, seen
from budget_watch.engine.result import RunResult
from budget_watch.engine.sources import COVERAGE
from budget_watch.lake import Home, Reader
from tests.end_to_end.disturbed import disturbed


@dataclass(frozen=True)
class City:
    """The tables of a home in memory, its book, its day, and what the engine saw."""

    tables: dict[str, pl.DataFrame]
    book: Book
    day: date
    result: RunResult

    def shuffled(self, seed: int) -> MadeReader:
        """The same rows in another order."""
        return MadeReader(
            {
                name: frame.sample(fraction=1, shuffle=True, seed=seed)
                for name, frame in self.tables.items()
            }
        )


@pytest.fixture(scope="module")
def whole(city: Path) -> City:
    reader = Reader(Home(city), Grant.system("test"))
    assert reader.snapshot is not None
    book, day = rule_book(city), reader.snapshot.biz_date
    tables = {name: reader.scan(name).collect() for name in reader.names}
    return City(
        {**tables, COVERAGE.name: reader.coverage()}, book, day, run_check(reader, book, day)
    )


def told(result: RunResult) -> tuple[list[Seen], list[dict[str, object]]]:
    """Everything a run found and counted; not how long it took."""
    records = [each.record() for each in result.per_rule]
    return seen(result.observations), [
        {name: value for name, value in record.items() if name != "seconds"} for record in records
    ]


def test_duckdb_sees_the_same_in_the_whole_city(city: Path, whole: City) -> None:
    assert len(whole.book.rules) == 125
    assert [each.message for each in whole.result.per_rule if each.error] == []
    assert {each.rule for each in whole.result.per_rule if each.judged} == set(whole.book.rules)
    reader = Reader(Home(city), Grant.system("test"))
    expected = Oracle(reader, whole.book, whole.day).run()
    assert seen(whole.result.observations) == expected


def test_a_shuffled_lake_in_other_parts_gives_the_same(
    whole: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("measures", "windows", "queries"):
        monkeypatch.setattr(f"budget_watch.engine.{module}.ROWS_A_PART", 3_000)
    monkeypatch.setattr("budget_watch.engine.shares.ROWS_A_SHARE", 2_000)
    monkeypatch.setattr("budget_watch.engine.windows.ROWS_A_PART_ASIDE", 3_000)
    monkeypatch.setattr("budget_watch.engine.windows.ROWS_READ_ASIDE", 6_000)
    monkeypatch.setattr("budget_watch.engine.queries.ROWS_HASHED", 4_000)
    monkeypatch.setattr("budget_watch.engine.queries.ROWS_A_STEP", 1_700)
    monkeypatch.setattr(rows, "ROWS_A_STEP", 2_500)
    monkeypatch.setattr(rows, "ROWS_TOGETHER", 3_000)
    monkeypatch.setattr(rows, "ROWS_A_LOOK", 1_900)
    monkeypatch.setattr(rows, "LONG", 5_000)
    assert measures.ROWS_A_PART == 3_000
    made: list[str] = []
    share = shares.Share.computed

    def counting(self: shares.Share, fused: measures.Fused) -> pl.DataFrame:
        made.append(fused.source.name)
        return share(self, fused)

    monkeypatch.setattr(shares.Share, "computed", counting)
    again = run_check(whole.shuffled(7), whole.book, whole.day)
    assert told(again) == told(whole.result)
    assert made.count("payment") > 5  # PZ03 was judged in shares, of each year and within a year


@settings(
    max_examples=3,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    seed=st.integers(0, 2**32),
    size=st.sampled_from([40, 150, 400]),
    changed=st.sampled_from([0.02, 0.1, 0.3]),
)
def test_both_engines_agree_on_disturbed_rows(
    whole: City, seed: int, size: int, changed: float
) -> None:
    reader = disturbed(whole.tables, seed, size, changed)
    found = seen(run_check(reader, whole.book, whole.day).observations)
    expected = Oracle(reader, whole.book, whole.day).run()
    assert found == expected
