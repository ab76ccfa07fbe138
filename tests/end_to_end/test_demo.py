"""The main job, from source files to findings and the digest, as its user runs it."""

from __future__ import annotations

import random
import shutil
import subprocess
import time
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from budget_watch.access import Grant
from budget_watch.cli.demo_sources import FILES, INTERFACE, SERVED
from budget_watch.lake import Home, Reader
from budget_watch.lake.ledger import entries
from budget_watch.tables import contract
from ingest.deliveries import read_deliveries
from tests.end_to_end.command import (
    COMMAND,
    assert_same,
    budget_watch,
    environment,
    everything,
)


def test_the_demo_leaves_findings_a_digest_and_an_answer_key(city: Path) -> None:
    digests = sorted(
        path.suffix
        for path in (city / "digest").iterdir()
        if path.suffix in {".docx", ".pdf", ".html"}
    )
    assert digests == [".docx", ".html", ".pdf"]
    assert (city / "answer_key.json").exists()
    found = budget_watch(city, "findings", "--json").check()
    assert found.summary["findings"] == len(found.lines) - 1 > 0


def test_every_planted_anomaly_is_found_and_no_near_miss_fires(city: Path) -> None:
    scored = budget_watch(city, "score", "--json").check()
    short = [
        line
        for line in scored.lines[:-1]
        if line["recall"] < 1 or line["false"] or line["near_misses_fired"]
    ]
    assert short == []
    assert scored.summary["target_met"] is True


def test_the_last_days_come_through_the_interface_and_equal_the_files(city: Path) -> None:
    home = Home(city)
    came = {
        (entry.batch.id, entry.batch.origin)
        for entry in entries(home)
        if entry.batch.biz_date > date(2026, 11, 18)
    }
    for day in ("2026-11-19", "2026-11-20"):
        assert {(f"{code}/{day}", INTERFACE) for code in SERVED} <= came
        assert (f"TRE-01/{day}", FILES) in came
    for code in SERVED:
        described = contract(code)
        names = [one.name for one in described.columns if not one.personal]  # persons are masked
        rows = Reader(home, Grant.system("test")).scan(described.name).collect()
        last = {
            one.period: pl.read_parquet(one.path)
            for one in read_deliveries(city / "source" / "deliveries.json")
            if one.table == code
        }
        empty = pl.col(pl.String).replace("", None)  # an empty text is no text
        files = pl.concat(last.values(), how="diagonal").select(names).with_columns(empty)
        assert_frame_equal(
            rows.select(names).sort(described.key),
            files.sort(described.key),
        )


def test_running_the_demo_again_changes_nothing(city: Path) -> None:
    before = everything(city)
    again = budget_watch(city, "demo", "--scale", "tiny", "--no-serve", "--json").check()
    assert again.summary["new"] == 0
    assert_same(before, everything(city))


def test_another_city_in_the_same_home_is_refused_with_a_sentence(city: Path) -> None:
    refused = budget_watch(city, "demo", "--scale", "tiny", "--seed", "9", "--no-serve", "--json")
    assert (refused.status, refused.lines) == (3, [])
    assert "已有另一座示范市" in refused.errors


@pytest.mark.slow
@pytest.mark.parametrize("seed", [2])
def test_other_seeds_score_as_well(tmp_path: Path, seed: int) -> None:
    home = tmp_path / "home"
    budget_watch(
        home, "demo", "--scale", "tiny", "--seed", str(seed), "--no-serve", "--json"
    ).check()
    scored = budget_watch(home, "score", "--json").check()
    assert scored.summary["target_met"] is True, scored.lines


@pytest.mark.slow
def test_a_clean_city_has_no_red_finding_of_law(tmp_path: Path) -> None:
    home = tmp_path / "home"
    budget_watch(
        home, "demo", "--scale", "tiny", "--variant", "clean", "--no-serve", "--json"
    ).check()
    found = budget_watch(home, "findings", "--class", "法", "--level", "red", "--json").check()
    assert found.lines[:-1] == []


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_killed_at_random_instants_the_demo_ends_the_same(city: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(city / "keys", home / "keys")  # hashes of identity numbers need the same key
    arguments = [*COMMAND, "--home", str(home), "demo", "--scale", "tiny", "--no-serve", "--json"]
    chance = random.Random(20261120)
    for _ in range(6):
        child = subprocess.Popen(
            arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment()
        )
        time.sleep(chance.uniform(0.3, 9.0))
        child.kill()
        child.wait()
    budget_watch(home, *arguments[len(COMMAND) + 2 :]).check()
    assert_same(everything(city), everything(home))
