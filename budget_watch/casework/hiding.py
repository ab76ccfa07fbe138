"""Hides natural persons in stored values, by the same expressions that hide them in the lake."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import polars as pl

from budget_watch.lake.masking import masked
from budget_watch.tables import Contract, contracts


@cache
def _holders() -> dict[str, Contract]:
    """Personal column → a contract that declares it."""
    return {
        column.name: contract
        for contract in reversed(list(contracts().values()))
        for column in contract.personal_columns
    }


def personal_columns() -> frozenset[str]:
    """Columns that hold names and accounts of natural persons."""
    return frozenset(_holders())


def hidden(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values of one observation with names and accounts of natural persons hidden."""
    present = frozenset(values)
    personal = sorted(present & _holders().keys())
    if not personal:
        return dict(values)
    kept = {name: value for name, value in values.items() if name in (*personal, "payee_is_person")}
    frame = pl.DataFrame([kept], schema={name: _dtype(name) for name in kept})
    expressions = {
        expression.meta.output_name(): expression
        for name in personal
        for expression in masked(_holders()[name], present)
    }
    shown = frame.select(expressions[name] for name in personal).row(0, named=True)
    return {**values, **shown}


def _dtype(name: str) -> type[pl.DataType]:
    return pl.Boolean if name == "payee_is_person" else pl.String
