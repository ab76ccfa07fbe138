"""A year of daily deliveries from four sources at once ends in the lake of one bulk load.

The suite has daily deliveries in the last six weeks of the year, by month before, and runs five of
its mornings; each brings all deliveries of the days since. With `BUDGET_WATCH_YEAR=ends` deliveries
are daily all year and the first and the last days are run one by one, with the rules; the cost of
both is compared. `BUDGET_WATCH_YEAR=daily` runs every day between them, too (`make year`);
`BUDGET_WATCH_YEAR_SCALE=small` is for the larger city.
"""

from __future__ import annotations

import os
import time
from bisect import bisect_left
from contextlib import nullcontext
from datetime import date, timedelta
from pathlib import Path
from statistics import median
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from budget_watch.access import Grant
from budget_watch.lake import Home, Reader
from budget_watch.lake.ledger import entries
from budget_watch.lake.marts import MARTS
from budget_watch.tables import contracts
from fixtures.city import generate
from fixtures.interface import Faults
from fixtures.interface.faults import KINDS
from ingest.day import run_day
from ingest.deliveries import run_deliveries
from ingest.registry import open_sources
from tests.end_to_end import year as making
from tests.end_to_end.year import END, START, Coming, Final, calm, daily_city, disturbed, laid_out
from tests.servers.postgres import Postgres

MODE = os.environ.get("BUDGET_WATCH_YEAR", "")
ALL_YEAR = MODE in ("daily", "ends")
SCALE = os.environ.get("BUDGET_WATCH_YEAR_SCALE", "tiny")
# What tells of the deliveries themselves, and so of their order: that is not the same.
DAY = timedelta(days=1)
# An interface that hides a row, or shows one too many, in two answers running with the total to
# match cannot be told from one that speaks the truth (vanish, swap: two answers long).
TOLD_APART = tuple(kind for kind in KINDS if kind not in ("hang", "vanish", "swap"))
ENDS = 5  # so many days at each end of the year
OF_DELIVERIES = ("row_change", "delivery", "account_check")


@pytest.fixture(scope="module")
def finals(tmp_path_factory: pytest.TempPathFactory) -> list[Final]:
    folder = tmp_path_factory.mktemp("city")
    generate(folder / "city", SCALE, 1, "ordinary")
    return daily_city(folder / "city", folder / "daily", START if ALL_YEAR else END - 45 * DAY)


@pytest.fixture(scope="module")
def bulk(tmp_path_factory: pytest.TempPathFactory, finals: list[Final]) -> dict[str, pl.DataFrame]:
    """What one load of everything gives."""
    home = Home(tmp_path_factory.mktemp("bulk") / "home")
    key(home)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ingest.deliveries.validated_beside", lambda *given: nullcontext())
        done = run_deliveries(home, finals[0].path.parents[1] / "deliveries.json")
    assert (done.refused, done.quarantined) == (0, 0)
    assert done.rows == sum(one.entry["rows"] for one in finals)
    return content(home)


def key(home: Home) -> None:
    """The same key for all homes: identity numbers are stored as its hashes."""
    (home.root / "keys").mkdir(parents=True)
    (home.root / "keys" / "person.key").write_bytes(b"k" * 32)


def content(home: Home) -> dict[str, pl.DataFrame]:
    """Every table's contract columns with data_status, every mart that is made from tables, and
    what is covered; sorted."""
    reader = Reader(home, Grant.system("test"))
    found = {}
    for name, one in contracts().items():
        rows = reader.scan(name).select([*one.names, "data_status"]).collect()
        found[name] = rows.sort([*one.key, *one.names], nulls_last=True)
    for name in MARTS:
        if name not in OF_DELIVERIES:
            rows = reader.scan(name).collect()
            rows = rows.drop({"batch_id", "load_time", "biz_date"} & set(rows.columns))
            found[f"mart {name}"] = rows.sort(rows.columns, nulls_last=True)
    return found


def mornings() -> list[date]:
    """The business dates that are run."""
    if MODE == "daily":
        return [START + DAY * at for at in range((END - START).days + 1)]
    if MODE == "ends":
        few = range(ENDS + 1)
        return [START + DAY * at for at in few] + [END - DAY * at for at in reversed(few)]
    return [START, END - 30 * DAY, END - 15 * DAY, END - DAY, END]


@pytest.fixture
def ran(tmp_path: Path, postgres: Postgres, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Lay a plan out and run its mornings; returns the home and what each morning reported."""
    for name, value in making.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("ingest.day.validated_beside", lambda *given: nullcontext())

    def run(plan: list[Coming], faults: Faults | None = None) -> tuple[Home, list[dict[str, Any]]]:
        home = Home(tmp_path / "home")
        key(home)
        records = []
        with laid_out(tmp_path / "sources", plan, postgres, faults) as year:
            (home.root / "budget_watch.toml").write_text(year.settings, encoding="utf-8")
            days = mornings()
            for at, day in enumerate(days):
                year.upto(day)
                rules = ALL_YEAR and faults is None and not ENDS < at < len(days) - ENDS
                for _ in range(6 + (faults.most if faults else 0)):  # as the schedule tries again
                    began = time.process_time()
                    report = run_day(home, day, open_sources(home), rules=rules)
                    cost = time.process_time() - began
                    records.append({**report.record(), "cpu_seconds": cost})
                    if not report.faults:
                        break
                assert report.faults == {}
        return home, records

    return run


def same(found: dict[str, pl.DataFrame], wanted: dict[str, pl.DataFrame]) -> None:
    assert found.keys() == wanted.keys()
    for name, rows in wanted.items():
        try:
            assert_frame_equal(found[name], rows)
        except AssertionError as error:
            raise AssertionError(f"{name}: {error}") from error


@pytest.mark.slow
@pytest.mark.timeout(0 if ALL_YEAR or SCALE != "tiny" else 600)
def test_a_year_from_four_sources_is_the_lake_of_one_bulk_load(
    ran: Any, finals: list[Final], bulk: dict[str, pl.DataFrame]
) -> None:
    home, records = ran(calm(finals))
    same(content(home), bulk)
    assert {one["source"] for record in records for one in record["sources"]} == {
        "文件夹", "财政SFTP", "支付库", "一体化接口",
    }  # fmt: skip
    assert sum(record["quarantined"] + record["refused"] for record in records) == 0
    if ALL_YEAR:
        costs = [round(record["cpu_seconds"], 2) for record in records]
        first, last = costs[1 : ENDS + 1], costs[-ENDS:]  # the first morning brings years
        print(f"a day, ingest to findings, CPU s: first days {first}, last days {last}")
        assert median(last) <= 1.3 * median(first)


@pytest.mark.slow
@pytest.mark.timeout(0 if ALL_YEAR or SCALE != "tiny" else 600)
def test_twice_late_and_wrong_deliveries_in_any_order_end_in_the_same_lake(
    ran: Any, finals: list[Final], bulk: dict[str, pl.DataFrame], tmp_path: Path
) -> None:
    plan, counts = disturbed(finals, 20261120, tmp_path / "wrong")
    within = sum(one.day >= START for one in finals)
    share = {kind: count / within for kind, count in counts.items()}
    assert share["twice"] > 0.08
    assert share["late"] > 0.04
    assert share["wrong"] > 0.01
    assert counts["overtaken"] > 0
    home, records = ran(plan, Faults(share=0.05, seed=7, most=60, kinds=TOLD_APART))
    same(content(home), bulk)
    outcomes = [line.outcome for line in entries(home)]
    runs = mornings()  # what comes between two of them is taken in order
    by_slot: dict[int, dict[int, int]] = {}
    for one in plan:
        by_slot.setdefault(id(one.final), {})[one.revision] = bisect_left(runs, one.on)
    overtaken = sum(1 in came and 2 in came and came[1] > came[2] for came in by_slot.values())
    assert outcomes.count("superseded") >= overtaken > 0
    assert outcomes.count("repeated") > 0
    assert outcomes.count("refused") == 0
    for record in records:
        kinds = ("stored", "quarantined", "refused", "repeated_rows", "superseded_rows")
        assert record["rows"] == sum(record[kind] for kind in kinds)
