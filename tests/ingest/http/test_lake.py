"""From the interface to the lake: morning by morning under faults, or all at once from files."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from budget_watch.access import Grant
from budget_watch.lake import Home, Reader, Writer
from budget_watch.tables import contract, polars_schema
from fixtures.interface import Faults
from ingest.deliveries import run_deliveries
from ingest.registry import open_sources
from ingest.source import SourceFault
from ingest.taking import Taker
from tests.ingest.http.serving import FIRST, LAST, Desk, Style, made_city
from tests.ingest.http.test_trial import settings_of


def stored(home: Home, code: str) -> pl.DataFrame:
    described = contract(code)
    rows = Reader(home, Grant.system("test")).scan(described.name).collect()
    return rows.select(polars_schema(described, technical=False).names()).sort(described.key)


def morning(desk: Desk) -> None:
    """Take what the spool holds, as a run does; what was taken before is taken again in vain."""
    with Writer.open(desk.home, "test") as writer:
        taker = Taker(writer, LAST + timedelta(days=1))
        for parcel in desk.spool.parcels():
            taken = taker.take(parcel)
            assert taken.outcome in ("stored", "repeated", "superseded"), taken.reason
            assert taken.rows == taken.stored + taken.quarantined + taken.refused
            assert taken.quarantined == 0
        writer.publish(LAST, {})


@pytest.mark.slow
@pytest.mark.parametrize("take", ["increment", "day"])
def test_mornings_under_faults_give_the_lake_of_one_bulk_load(tmp_path: Path, take: str) -> None:
    city = made_city(tmp_path / "city", gone=True)
    desk = Desk(tmp_path, city)
    whole = {
        "take": "day", "params": {"date_from": "{start}", "date_to": "{end}"}, "follow": True,
    }  # fmt: skip
    faults = Faults(share=0.1, seed=5, most=40)
    for at in range(4):
        day = FIRST + timedelta(days=at)
        with desk.interface(faults, now=day, style=Style(marked=True)) as server:
            section = desk.section(server, passes=8, resource=whole if take == "day" else {})
            details = {**section["resource"][0], "table": "FIN-16", "path": "details"}
            section["resource"].append(details)
            for _ in range(30):
                try:
                    desk.fetch(section, day)
                    break
                except SourceFault:
                    continue
        morning(desk)
    bulk = Home(tmp_path / "bulk")
    key = desk.home.root / "keys" / "person.key"
    (bulk.root / "keys").mkdir(parents=True)
    (bulk.root / "keys" / "person.key").write_bytes(key.read_bytes())
    run_deliveries(bulk, city / "deliveries.json")
    for code in ("FIN-15", "FIN-16"):
        assert_frame_equal(stored(desk.home, code), stored(bulk, code))


def test_a_section_of_kind_http_is_opened_by_the_registry(desk: Desk) -> None:
    with desk.interface() as server:
        settings_of(desk, server.url)
        (source,) = open_sources(desk.home)
        assert (source.name, source.timeout_seconds) == ("财政", 3600.0)
