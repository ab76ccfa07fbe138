"""The demo's last days as they come in a city: the finance office through an interface, the other
departments by files. The interface is the simulator (`fixtures.interface`) on this machine."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

from budget_watch.lake import Home
from fixtures.interface import Faults, Interface
from fixtures.interface.records import City, milliseconds
from fixtures.places import REGIONS
from ingest.deliveries import read_deliveries
from ingest.registry import Configured
from ingest.source import Errand, Fetched
from ingest.sources.http import open_source

INTERFACE = "财政一体化"
FILES = "各部门文件"
SERVED = {
    "FIN-11": "adjustments", "FIN-14": "applications", "FIN-15": "vouchers", "FIN-16": "details",
    "FIN-17": "allocations", "FIN-18": "FIN-18", "FIN-20": "FIN-20",
}  # fmt: skip
HICCUP = "500@3,cut@8"  # as interfaces have them: the source asks again


@dataclass(frozen=True)
class HandedIn:
    """The files of a list that arrive after a day and do not come through the interface."""

    listing: Path
    after: date
    name: str = FILES

    def fetch(self, errand: Errand) -> Fetched:
        """Put the files that arrived up to the errand's day."""
        put = []
        for delivery in read_deliveries(self.listing):
            if not self.after < delivery.biz_date <= errand.day or delivery.table in SERVED:
                continue
            errand.go_on()
            staged = errand.spool.staged(".parquet")
            shutil.copyfile(delivery.path, staged)
            told = replace(delivery.parcel(), revision=delivery.biz_date.toordinal())
            put.append(errand.spool.put(staged, told))
        return Fetched(tuple(put))


@contextmanager
def sources(home: Home, listing: Path, history: date, day: date) -> Iterator[list[Configured]]:
    """Both sources of the days after `history`, as of the night after `day`.

    The interface is served as long as the context lasts, on a free port of this machine.
    """
    start, night = history + timedelta(days=1), milliseconds(day + timedelta(days=1))
    city = City(listing.parent, since=start)
    with Interface(city, night, Faults.parse(HICCUP)) as interface:
        section = {
            "name": INTERFACE,
            "kind": "http",
            "base_url": interface.url,
            "start": start,
            "regions": [region.code for region in REGIONS],
            "wait_seconds": 0.05,
            "resource": [{"table": code, "path": path} for code, path in SERVED.items()],
        }
        source = replace(open_source(section, home), clock=lambda: night / 1000)
        yield [Configured(source, 600.0), Configured(HandedIn(listing, history), 600.0)]
