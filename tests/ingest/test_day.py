import json
import signal
import subprocess
import sys
from datetime import date
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq
import pytest

from budget_watch.access import Grant
from budget_watch.lake import Home, Reader, quarantine
from budget_watch.tables import arrow_schema, contract
from ingest.day import run_deliveries
from ingest.errors import Unreadable

TECHNICAL = ("load_time", "batch_id", "row_hash")


def revenue(month, amount, code="101"):
    return {
        "fiscal_year": 2026,
        "month": month,
        "mof_div_code": "990100000",
        "scope_kind": "本级",
        "stage": "月报",
        "rev_code": code,
        "item_name": "税收收入",
        "ytd_amt": amount,
    }


@pytest.fixture
def source(tmp_path):
    """Three months of FIN-01, the third late and with a correction of the second."""
    folder = tmp_path / "source"
    entries = []

    def deliver(period, day, rows, months):
        table = contract("FIN-01")
        schema = arrow_schema(table)
        frame = pl.DataFrame(rows)
        absent = [pl.lit(None).alias(n) for n in table.names if n not in frame.columns]
        whole = frame.with_columns(absent).select(table.names).to_arrow()
        path = folder / "FIN-01" / f"FIN-01_{period}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(whole.cast(schema), path)
        entries.append(
            {
                "file": f"FIN-01/{path.name}",
                "table": "FIN-01",
                "name": "general_revenue",
                "biz_date": day,
                "period": period,
                "fiscal_years": [2026],
                "months": months,
                "regions": ["990100000", "990102000"],
            }
        )

    deliver("2026-01", "2026-02-12", [revenue(1, 100)], [1])
    deliver("2026-02", "2026-03-12", [revenue(2, 200)], [2])
    deliver("2026-03", "2026-04-13", [revenue(3, 300), revenue(2, 222), revenue(3, 9, "9")], [3])
    listing = folder / "deliveries.json"
    listing.write_text(json.dumps(entries), encoding="utf-8")
    return listing


def stored(home):
    rows = Reader(home, Grant.system("test")).scan("general_revenue").collect()
    return rows.drop(TECHNICAL).sort("month", "rev_code")


def test_deliveries_are_taken_in_the_order_of_their_arrival(source, home):
    told = []
    result = run_deliveries(home, source, progress=lambda *step: told.append(step))
    wanted = {"batches": 3, "rows": 5, "stored": 4, "quarantined": 1, "refused": 0, "repeated": 0}
    record = result.record()
    assert {name: record[name] for name in wanted} == wanted
    assert record["biz_date"] == "2026-04-13"
    assert stored(home).select("month", "ytd_amt", "biz_date").rows() == [
        (1, 100, date(2026, 2, 12)),
        (2, 222, date(2026, 4, 13)),
        (3, 300, date(2026, 4, 13)),
    ]
    assert told[0] == (0, 3, "FIN-01 2026-01")
    coverage = Reader(home, Grant.system("test")).coverage().filter(pl.col("delivered"))
    own = coverage.filter(pl.col("table").is_in(["FIN-01", "general_revenue"]))
    assert own.height == 6


def test_a_run_up_to_a_day_takes_only_what_had_arrived(source, home):
    result = run_deliveries(home, source, upto=date(2026, 3, 31))
    assert (result.batches, result.biz_date) == (2, date(2026, 3, 12))
    assert stored(home)["ytd_amt"].to_list() == [100, 200]
    result = run_deliveries(home, source)
    assert (result.batches, result.repeated) == (1, 2)
    assert stored(home)["ytd_amt"].to_list() == [100, 222, 300]


def test_running_again_changes_nothing(source, home):
    first = run_deliveries(home, source)
    before = Reader(home, Grant.system("test")).scan("general_revenue").collect()
    again = run_deliveries(home, source)
    assert (again.batches, again.repeated, again.snapshot) == (0, 3, first.snapshot)
    assert Reader(home, Grant.system("test")).scan("general_revenue").collect().equals(before)


def test_a_damaged_file_is_refused_and_the_others_are_stored(source, home):
    bad = source.parent / "FIN-01" / "FIN-01_2026-02.parquet"
    bad.write_bytes(bad.read_bytes()[:200])
    (source.parent / "FIN-01" / "FIN-01_2026-01.parquet").unlink()
    result = run_deliveries(home, source)
    assert (result.batches, result.refused) == (1, 2)
    assert all(reason.endswith("。") for reason in result.reasons)
    assert stored(home)["month"].to_list() == [2, 3]


def test_a_listing_that_cannot_be_read_says_so(tmp_path, home):
    with pytest.raises(Unreadable, match="找不到送达清单"):
        run_deliveries(home, tmp_path / "deliveries.json")
    (tmp_path / "deliveries.json").write_text('[{"file": "x"}]')
    with pytest.raises(Unreadable, match="缺少或写错"):
        run_deliveries(home, tmp_path / "deliveries.json")


RUN = """
import os, signal, sys
from pathlib import Path
import ingest.day, ingest.deliver, ingest.deliveries
from budget_watch.lake import Home
ingest.deliveries.validate = lambda *given: None
calls = 0
def trap(function, nth, late=False):
    def wrapped(*given, **more):
        global calls
        calls += 1
        if calls == nth and not late:
            os.kill(os.getpid(), signal.SIGKILL)
        result = function(*given, **more)
        if calls == nth and late:
            os.kill(os.getpid(), signal.SIGKILL)
        return result
    return wrapped
point, nth = sys.argv[3], int(sys.argv[4])
if point == "split":
    ingest.deliver.split_frame = trap(ingest.deliver.split_frame, nth, late=True)
if point == "quarantine":
    ingest.deliver.keep = trap(ingest.deliver.keep, nth, late=True)
if point == "publish":
    ingest.deliveries.Writer.publish = trap(ingest.deliveries.Writer.publish, nth)
if point == "published":
    ingest.deliveries.Writer.publish = trap(ingest.deliveries.Writer.publish, nth, late=True)
ingest.day.run_deliveries(Home(sys.argv[1]), Path(sys.argv[2]))
"""


@pytest.mark.parametrize(
    ("point", "nth"),
    [("split", 2), ("quarantine", 3), ("publish", 1), ("published", 1)],
)
def test_killed_at_any_point_and_run_again_it_is_the_same_lake(source, tmp_path, point, nth):
    calm, killed = Home(tmp_path / "calm"), Home(tmp_path / "killed")
    run_deliveries(calm, source)
    here = Path(__file__).parents[2]
    command = [sys.executable, "-c", RUN, str(killed.root), str(source), point, str(nth)]
    done = subprocess.run(command, cwd=here, check=False, capture_output=True)
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()
    run_deliveries(killed, source)
    assert stored(killed).equals(stored(calm))
    kept = [quarantine.bundles(home) for home in (killed, calm)]
    assert [[(b.name, b.batch_id, b.open) for b in some] for some in kept] == [
        [("Q1", kept[1][0].batch_id, 1)]
    ] * 2
    files = [list(home.quarantine.rglob("*.parquet")) for home in (killed, calm)]
    assert [len(some) for some in files] == [1, 1]  # what the killed run kept is swept
    assert (
        next(
            quarantine.read(home, b).rows() for home, (b,) in zip((killed, calm), kept, strict=True)
        )
        == quarantine.read(calm, kept[1][0]).rows()
    )
