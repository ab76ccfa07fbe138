"""A small city of known rows, the interface over it, and the source that reads it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from budget_watch.lake import Home
from budget_watch.tables import contract, polars_schema
from fixtures.delivery import Dock
from fixtures.interface import Access, Faults, Interface
from fixtures.interface.answers import Style
from fixtures.interface.records import City, milliseconds
from ingest.gate.secrets import hashed_ids, person_key
from ingest.gate.typing import typed
from ingest.source import Errand, Fetched
from ingest.sources.http import HttpSource, open_source
from ingest.spool import Spool

FIRST, LAST = date(2026, 11, 16), date(2026, 11, 19)
CITY_CODE = "990100000"
ODD = [1, 300_10, -12_345_67, 9_007_199_254_740_993, 90_071_992_547_409_931, 5_000_09, 77_77]  # fen


def vouchers(day: date, count: int, mark: str = "") -> pl.DataFrame:
    """Vouchers of a day: some with amounts that a float would spoil, some with odd texts."""
    names = [f"ZF{day:%m%d}{mark}{n:04}" for n in range(count)]
    return pl.DataFrame(
        {
            "pay_cert_id": names,
            "pay_cert_no": names,
            "fiscal_year": [2026] * count,
            "pay_date": [day] * count,
            "mof_div_code": [CITY_CODE] * count,
            "dept_code": ["101"] * count,
            "agency_code": ["101001"] * count,
            "pro_code": [f"P{n % 3}" for n in range(count)],
            "fund_type_code": ["11"] * count,
            "exp_func_code": ["2010101"] * count,
            "dep_bgt_eco_code": ["30201"] * count,
            "pay_amt": [ODD[n % len(ODD)] + n for n in range(count)],
            "payee_is_person": [None if n % 5 == 0 else n % 2 == 0 for n in range(count)],
            "use_des": [f"办公“费”\n{n}\\\u0001é" if n % 7 == 0 else None for n in range(count)],
        }
    )


def details(day: date, count: int) -> pl.DataFrame:
    """Payments to persons, with their identity numbers in the plain."""
    plain = vouchers(day, count)
    return plain.select(
        pl.col("pay_cert_id").alias("pay_detail_id"), "pay_cert_id", "fiscal_year", "pay_date",
        "mof_div_code", "agency_code", "pay_amt",
        pl.Series("iden_no", [f"99010219900101{n:04}" for n in range(count)]),
    )  # fmt: skip


def made_city(folder: Path, gone: bool = False) -> Path:
    """Four days of vouchers and details; the second day comes a second time, put right.

    gone: the third day comes a second time too, without its last three rows.
    """
    dock = Dock(folder)
    for at in range(4):
        day = FIRST + timedelta(days=at)
        dock.deliver("FIN-15", vouchers(day, 40 + at), day.isoformat(), day, [2026], [11])
        dock.deliver("FIN-16", _plain(details(day, 12)), day.isoformat(), day, [2026], [11])
    second, fourth = FIRST + timedelta(days=1), FIRST + timedelta(days=3)
    again = vouchers(second, 41).with_columns(
        pay_amt=pl.when(pl.col("pay_cert_id").str.ends_with("7")).then(123).otherwise("pay_amt")
    )
    dock.deliver("FIN-15", again, second.isoformat(), fourth, [2026], [11], mark="重送")
    if gone:
        third = FIRST + timedelta(days=2)
        rows = vouchers(third, 42 - 3)
        dock.deliver("FIN-15", rows, third.isoformat(), fourth, [2026], [11], mark="重送")
    dock.close()
    return folder


def _plain(frame: pl.DataFrame) -> pl.DataFrame:
    """Deliveries are shaped with the stored name and renamed by the dock."""
    return frame.rename({"iden_no": "iden_hash"})


def truth(folder: Path, code: str, home: Home, upto: date = LAST) -> pl.DataFrame:
    """The rows of a table as the last delivery of each period says, in stored types, by key."""
    found: dict[str, pl.DataFrame] = {}
    for entry in City(folder).entries:
        if entry["table"] == code and date.fromisoformat(entry["biz_date"]) <= upto:
            found[entry["period"]] = pl.read_parquet(folder / entry["file"])
    described = contract(code)
    rows = pl.concat(found.values(), how="diagonal")
    rows = rows.with_columns(hashed_ids(described, rows.schema, person_key(home.root)))
    return rows.select(polars_schema(described, technical=False).names()).sort(described.key)


def held(spool: Spool, code: str) -> pl.DataFrame:
    """What the parcels of a table come to, taken in order, in stored types, by key."""
    described = contract(code)
    names = polars_schema(described, technical=False).names()
    slots: dict[str, pl.DataFrame] = {}
    for parcel in spool.parcels():
        if parcel.table != code:
            continue
        frame = pl.read_parquet(parcel.path)
        assert parcel.rows in (None, frame.height)
        if parcel.gone:
            keys = frame.select(described.key)
        elif parcel.whole:
            slots[parcel.period] = frame.select(typed(described, frame.schema, frozenset()))
            continue
        else:
            frame = frame.select(typed(described, frame.schema, frozenset()))
            keys = frame.select(described.key)
        for period, rows in slots.items():
            slots[period] = rows.join(keys, on=described.key, how="anti")
        if not parcel.gone:
            slots[parcel.period] = pl.concat(
                [slots.get(parcel.period, frame.clear()), frame], how="diagonal"
            )
    return pl.concat(slots.values(), how="diagonal").select(names).sort(described.key)


class Desk:
    """One home with one source, and the interface it reads."""

    def __init__(self, folder: Path, city: Path) -> None:
        self.home = Home(folder / "home")
        self.city = city
        self.spool = Spool(self.home, "财政")
        self.memory = folder / "memory"

    def interface(self, faults: str = "", now: date = LAST, **given: Any) -> Interface:
        """A running server is `with desk.interface(…) as server`."""
        told = Faults.parse(faults) if isinstance(faults, str) else faults
        return Interface(City(self.city), milliseconds(now + timedelta(days=1)), told, **given)

    def section(self, server: Interface, **given: Any) -> dict[str, Any]:
        """A section of the settings with short waits."""
        resource = {"table": "FIN-15", "path": "vouchers", **given.pop("resource", {})}
        return {
            "name": "财政", "kind": "http", "base_url": server.url, "start": FIRST,
            "page_size": 9, "wait_seconds": 0.001, "longest_wait_seconds": 0.02,
            "read_seconds": 20, "tries": 4, "resource": [resource], **given,
        }  # fmt: skip

    def errand(self, day: date = LAST) -> Errand:
        return Errand(day, self.spool, self.memory)

    def source(self, section: dict[str, Any], clock: float = 2e9) -> HttpSource:
        return replace(open_source(section, self.home), clock=lambda: clock)

    def fetch(self, section: dict[str, Any], day: date = LAST, clock: float = 2e9) -> Fetched:
        """Fetch on a morning long after, or at `clock`."""
        return self.source(section, clock).fetch(self.errand(day))

    def truth(self, code: str = "FIN-15", upto: date = LAST) -> pl.DataFrame:
        return truth(self.city, code, self.home, upto)

    def whole_parcels(self, code: str = "FIN-15") -> bool:
        """Whether each parcel so far holds all rows that were recorded on its day."""
        records = City(self.city).records(code)
        for parcel in self.spool.parcels():
            day = milliseconds(parcel.biz_date)
            end = milliseconds(LAST + timedelta(days=1))
            rows = records.listed(end - 1, day, day + 86_400_000, {}, None, None)
            if pl.read_parquet(parcel.path).height != rows.height:
                return False
        return True

    def held(self, code: str = "FIN-15") -> pl.DataFrame:
        return held(self.spool, code)


__all__ = ["FIRST", "LAST", "Access", "Desk", "Faults", "Style", "made_city"]
