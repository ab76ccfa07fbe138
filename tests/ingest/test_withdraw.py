"""Rows deleted at the source leave the lake by their keys, and the change list names them."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from budget_watch.access import Grant
from budget_watch.lake import Batch, Home, Reader, Writer
from budget_watch.tables import contract
from ingest.errors import Refused
from ingest.withdraw import withdraw
from tests.lake.made import batch, rows, voucher

DAY = date(2026, 9, 30)
SYSTEM = Grant.system("test")


def taken(home: Home, keys: pl.DataFrame, slot: str = "gone"):
    path = home.cache / "keys.parquet"
    keys.write_parquet(path)
    with Writer.open(home, "test") as writer:
        given = Batch(f"FIN-15/{slot}", "payment_voucher", "销", slot, DAY)
        found = withdraw(writer, contract("FIN-15"), path, given)
        writer.publish(DAY)
    return found


@pytest.fixture
def filled(home: Home) -> Home:
    with Writer.open(home, "test") as writer:
        days = (date(2026, 9, 1), date(2026, 9, 2), date(2025, 9, 3))
        frame = rows("payment_voucher", *(voucher(at, day) for at, day in enumerate(days)))
        writer.replace("payment_voucher", frame, batch("payment_voucher", "a"))
        writer.publish(DAY)
    return home


def test_named_keys_leave_and_others_stay(filled: Home) -> None:
    found = taken(filled, pl.DataFrame({"pay_cert_id": ["V0001", "V0002", "V9999"]}))
    assert (found.rows, found.removed) == (0, 2)
    reader = Reader(filled, SYSTEM)
    left = reader.scan("payment_voucher").collect()
    assert left["pay_cert_id"].to_list() == ["V0000"]
    changes = reader.scan("row_change").collect().sort("row_key")
    assert changes.select("kind", "row_key").rows() == [("消失", "V0001"), ("消失", "V0002")]


def test_no_key_takes_nothing_and_a_row_without_key_neither(filled: Home) -> None:
    none = pl.DataFrame({"pay_cert_id": [None]}, schema={"pay_cert_id": pl.String})
    assert taken(filled, none).removed == 0
    assert Reader(filled, SYSTEM).scan("payment_voucher").collect().height == 3


def test_a_list_without_the_key_is_refused(filled: Home) -> None:
    with pytest.raises(Refused, match="缺少主键列 pay_cert_id"):
        taken(filled, pl.DataFrame({"pay_cert_no": ["N0001"]}))
