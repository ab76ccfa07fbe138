"""A table of an older home takes the columns that its contract has got since."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import polars as pl

from budget_watch.lake import delta
from budget_watch.lake.layout import layout


def test_a_table_made_before_its_contract_grew_gets_the_new_columns(tmp_path: Path) -> None:
    now = layout("returned_payment")
    older = replace(now, schema=pl.Schema(list(now.schema.items())[:-3]))
    assert len(older.schema) == len(now.schema) - 3
    folder = tmp_path / now.name
    assert delta.commit(folder, older, [], [], {}) == 1
    version = delta.commit(folder, now, [], [], {})
    held = delta.DeltaTable(folder)
    assert (held.version(), [each.name for each in held.schema().fields]) == (
        version,
        list(now.schema),
    )
