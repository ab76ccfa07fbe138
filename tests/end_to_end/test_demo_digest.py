"""The digest of the made-up city, number by number against the tables its departments delivered."""

from __future__ import annotations

import shutil
from contextlib import closing
from pathlib import Path
from typing import Any

import polars as pl

from budget_watch.access import Grant
from budget_watch.lake import Home, Reader, Snapshot
from tests.digest import reading
from tests.digest.oracle import Oracle, unequal
from tests.digest.saying import faults, unexplained
from tests.end_to_end.command import budget_watch


def test_every_number_of_the_demo_s_digest_is_what_was_delivered(city: Path) -> None:
    (path,) = (city / "digest").glob("*.docx")
    figures = reading.ledger(path)["figures"]
    with closing(Oracle(Home(city), "990100000", 2026, 9, 3)) as oracle:
        assert unequal(oracle, figures, sorted(figures)) == {}
        wrong, asked = faults(path, oracle)
    assert wrong == []
    assert asked > 500
    assert {number for _, number in unexplained(path)} <= {
        "30212", "30217", "30231", "31013", "30913"
    }  # fmt: skip


def test_one_voucher_changed_in_a_copy_of_the_lake_names_exactly_its_figures(
    city: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(city, copy)
    (path,) = (copy / "digest").glob("*.docx")
    figures = reading.ledger(path)["figures"]
    before = reckoned(copy, figures)
    voucher = one_voucher(copy)
    for name in ("payment_voucher", "payment"):
        raised(copy, name, voucher)
    after = reckoned(copy, figures)
    depending = {key for key in figures if before[key] != after[key]}
    made = budget_watch(copy, "digest", "verify", str(path), "--json")
    told = made.lines[:-1]
    assert made.status == 1
    assert {line["figure"] for line in told if line["kind"] == "differs"} == depending
    assert {line["figure"] for line in told if line["kind"] == "lake"} == {
        "payment_voucher", "payment",
    }  # fmt: skip
    assert len(told) == len(depending) + 2
    assert {"own.three_public.total.spent", "own.general.paid.spent"} <= depending
    assert len(depending) < len(figures) / 10
    assert made.summary["agree"] == len(figures) - len(depending)
    whole = budget_watch(city, "digest", "verify", str(path), "--json")
    assert (whole.status, whole.lines[:-1]) == (0, [])


def reckoned(home: Path, figures: dict[str, Any]) -> dict[str, Any]:
    with closing(Oracle(Home(home), "990100000", 2026, 9, 3)) as oracle:
        return {key: oracle.value(key) for key in figures}


def one_voucher(home: Path) -> str:
    """A payment of the city for guests (公务接待费) in September, out of its general budget."""
    rows = pl.scan_parquet(Reader(Home(home), Grant.system("test")).files("payment")).filter(
        pl.col("mof_div_code") == "990100000",
        pl.col("dep_bgt_eco_code") == "30217",
        pl.col("fund_type_code").str.starts_with("11"),
        pl.col("fiscal_year") == 2026,
        pl.col("month") == 9,
    )
    return str(rows.select(pl.col("pay_cert_id").min()).collect().item())


def raised(home: Path, name: str, voucher: str) -> None:
    """Ten thousand yuan more on one voucher, written over the file that holds it."""
    this = pl.col("pay_cert_id") == voucher
    more = pl.when(this).then(pl.col("pay_amt") + 1_000_000).otherwise(pl.col("pay_amt"))
    snapshot = Snapshot.latest(Home(home))
    assert snapshot is not None
    for path in snapshot.files(name):
        rows = pl.read_parquet(path)
        if rows.select(this.any()).item():
            rows.with_columns(pay_amt=more).write_parquet(path)
