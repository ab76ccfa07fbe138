"""Rows in quarantine as a reader may see them: cut to the grant's scope, persons masked."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from budget_watch.access import Depth, Grant, Mask
from budget_watch.lake import quarantine
from budget_watch.lake.home import Home
from budget_watch.lake.layout import layout
from budget_watch.lake.letting import withheld
from budget_watch.lake.masking import masked
from budget_watch.lake.quarantine import ACTIONS, Bundle
from budget_watch.lake.reader import Reader
from budget_watch.tables import Contract

TRUE = ("是", "true", "1", "y", "yes", "有", "√")
OPEN = "待处理"
# the technical columns that a delivery may bring itself
DELIVERABLE = ("data_status", "src_dept", "secret_flag", "round_fen")


def content_columns(contract: Contract) -> list[str]:
    """The columns that a kept row may have: the contract's, and technical ones delivered."""
    return [*contract.names, *(name for name in DELIVERABLE if name not in contract.names)]


def quarantined(home: Home, grant: Grant, bundle: Bundle, seq: int | None = None) -> pl.DataFrame:
    """The rows of a bundle that the grant lets through.

    Columns: line, src_row, sheet, reason, soft, fate (待处理, or what became of it), fate_why, then
    the delivered columns as text. A row whose region or department cannot be read is seen only by
    who sees all.

    Args:
        seq: as of a snapshot's number; default: now.
    """
    contract = layout(bundle.table).contract
    rows = decoded(quarantine.read(home, bundle), contract)
    rows = _in_scope(rows, home, grant, bundle.table)
    done = quarantine.fates(quarantine.acts(home, bundle.number, seq))
    lines = rows["line"].to_list()
    rows = rows.with_columns(
        pl.Series(
            "fate", [ACTIONS[done[n].action] if n in done else OPEN for n in lines], pl.String
        ),
        pl.Series("fate_why", [done[n].reason if n in done else "" for n in lines], pl.String),
    )
    head = ["line", "src_row", "sheet", "reason", "soft", "fate", "fate_why"]
    present = [name for name in content_columns(contract) if name in rows.columns]
    if grant.mask is Mask.PERSONS:
        rows = hidden(rows, contract)
    return rows.select(*head, *present)


def decoded(kept: pl.DataFrame, contract: Contract) -> pl.DataFrame:
    """Kept rows with their content as columns of text; those that no row has are left out."""
    names = content_columns(contract)
    content = kept["row"].str.json_decode(pl.Struct(dict.fromkeys(names, pl.String()))).struct
    columns = content.unnest()
    filled = [name for name in names if columns[name].null_count() < columns.height]
    beside = [name for name in kept.columns if name != "row" and name not in filled]
    return pl.concat([kept.select(beside), columns.select(filled)], how="horizontal")


def hidden(rows: pl.DataFrame, contract: Contract) -> pl.DataFrame:
    """The rows with the personal columns of natural persons masked."""
    flag = "payee_is_person"
    told = rows
    if flag in rows.columns:
        told = rows.with_columns(
            pl.col(flag).str.strip_chars().str.to_lowercase().is_in(TRUE).alias(flag)
        )
    wanted = masked(contract, frozenset(rows.columns))
    return rows.with_columns(told.select(wanted)) if wanted else rows


def _in_scope(rows: pl.DataFrame, home: Home, grant: Grant, table: str) -> pl.DataFrame:
    scope = grant.scope
    kept_whole = grant.depth is Depth.VOUCHER and grant.window.open and not grant.withheld
    if scope.units is not None or not kept_whole or withheld(grant, table) is not None:
        return rows.clear()  # a row that could not be read can neither be summed nor dated
    if scope.regions is not None:
        rows = rows.filter(_among(rows, "mof_div_code", sorted(scope.regions)))
    if scope.departments is not None:
        allowed = _among(rows, "dept_code", sorted(scope.departments))
        agencies = Reader(home, grant).agencies(scope.departments)
        rows = rows.filter(allowed | _among(rows, "agency_code", agencies))
    return rows


def _among(rows: pl.DataFrame, column: str, values: Sequence[str]) -> pl.Expr:
    if column not in rows.columns:
        return pl.lit(False)
    return pl.col(column).str.strip_chars().is_in(list(values)).fill_null(False)
