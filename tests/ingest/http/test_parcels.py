"""A listing becomes a parcel: each row once; rows marked as deleted or secret leave their keys."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from budget_watch.tables import contract
from ingest.sources.http import parcels
from ingest.sources.http.kept import Shelf
from ingest.sources.http.page import KEY, ROW, UPDATED, VOID, Page

FIN_15 = contract("FIN-15")


def page(*rows: dict[str, object]) -> Page:
    schema: dict[str, pl.DataType] = {
        "pay_cert_id": pl.String(), "use_des": pl.String(), "secret_flag": pl.String(),
        UPDATED: pl.Int64(), VOID: pl.Boolean(),
    }  # fmt: skip
    frame = pl.DataFrame([{UPDATED: 1, VOID: False, **row} for row in rows], schema=schema)
    frame = frame.with_columns(
        pl.struct(FIN_15.key).hash(seed=1).alias(KEY),
        pl.struct(pl.exclude(UPDATED)).hash(seed=2).alias(ROW),
    )
    return Page(frame, frame.height, None, None, None)


@pytest.mark.parametrize("sorted_rows", [1, 100])
def test_of_secret_rows_only_the_keys_are_told_as_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sorted_rows: int
) -> None:
    monkeypatch.setattr(parcels, "SORTED_ROWS", sorted_rows)
    monkeypatch.setattr(parcels, "_GROUP", 1)
    first = page(
        {"pay_cert_id": "C", "use_des": "甲"},
        {"pay_cert_id": "A", "use_des": "不能说", "secret_flag": "是"},
        {"pay_cert_id": "D", "use_des": "旧", VOID: True},
    )
    second = page(
        {"pay_cert_id": "B", "use_des": "乙", "secret_flag": "0"},
        {"pay_cert_id": "C", "use_des": "甲"},
    )
    shelf = Shelf(tmp_path / "pages")
    kept = [shelf.keep(number, one) for number, one in enumerate((first, second))]
    found = parcels.written(kept, FIN_15, tmp_path / "out.parquet")
    assert (found.rows, found.repeated, found.secret) == (2, 1, 1)
    assert found.void["pay_cert_id"].to_list() == ["A", "D"]
    rows = pl.read_parquet(tmp_path / "out.parquet")
    assert sorted(rows.select("pay_cert_id", "use_des").rows()) == [("B", "乙"), ("C", "甲")]
    assert "不能说" not in (tmp_path / "out.parquet").read_bytes().decode("utf-8", "ignore")
