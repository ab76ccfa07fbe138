"""One payment voucher with the documents it hangs on, and other payments like it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import polars as pl

if TYPE_CHECKING:
    from budget_watch.lake import Reader
from budget_watch.views.vouchers import SHOWN


@dataclass(frozen=True)
class Voucher:
    """One voucher with the documents it hangs on; a missing one is None.

    Attributes:
        row: the stored voucher, with batch and source row.
        application, indicator, plan: rows of FIN-14, FIN-12, FIN-13.
        changes: later changes of the indicator (FIN-11), fen.
        details: rows of FIN-16.
        paid: all payments on the indicator up to and including this day, fen.
    """

    row: dict[str, Any]
    application: dict[str, Any] | None
    indicator: dict[str, Any] | None
    plan: dict[str, Any] | None
    changes: int
    details: pl.DataFrame
    paid: int | None

    @property
    def bgt_id(self) -> str | None:
        """The indicator's key, from the application or the voucher itself."""
        found = (self.application or {}).get("bgt_id") or self.row.get("bgt_id")
        return found if isinstance(found, str) else None


def get_voucher(reader: Reader, year: int, voucher_id: str) -> Voucher | None:
    """One voucher and its chain; None where it is not there or not in the reader's scope."""
    row = reader.one("payment_voucher", year, "pay_cert_id", voucher_id)
    if row is None:
        return None
    application = None
    if row["pay_app_id"]:
        application = reader.one("payment_application", year, "pay_app_id", row["pay_app_id"])
    bgt_id = (application or {}).get("bgt_id") or row.get("bgt_id")
    indicator = plan = paid = None
    changes = 0
    if bgt_id:
        indicator = reader.one("indicator", year, "bgt_id", bgt_id)
        plan = _plan(reader, year, bgt_id, row["pay_date"])
        moved = reader.scan("indicator_adjustment", year, ("bgt_id", bgt_id)).filter(
            pl.col("fiscal_year") == year,
            pl.col("bgt_id") == bgt_id,
            pl.col("adj_date") <= row["pay_date"],
        )
        changes = int(moved.select(pl.col("amt").sum()).collect().item() or 0)
        paid = int(
            reader.scan("payment", year, ("bgt_id", bgt_id))
            .filter(
                pl.col("fiscal_year") == year,
                pl.col("agency_code") == row["agency_code"],
                pl.col("bgt_id") == bgt_id,
                pl.col("pay_date") <= row["pay_date"],
            )
            .select(pl.col("pay_amt").sum())
            .collect()
            .item()
            or 0
        )
    details = (
        reader.scan("payment_detail", year, ("pay_cert_id", voucher_id))
        .filter(pl.col("fiscal_year") == year, pl.col("pay_cert_id") == voucher_id)
        .sort("pay_detail_id")
        .collect()
    )
    return Voucher(row, application, indicator, plan, changes, details, paid)


def same_payee(reader: Reader, row: dict[str, Any], limit: int = 50) -> tuple[pl.DataFrame, int]:
    """Vouchers to the same account in the twelve months up to this one; (rows, number of all)."""
    start, account = row["pay_date"] - timedelta(days=365), row["payee_acct_no"]
    years = (row["fiscal_year"], row["fiscal_year"] - 1)
    own = [
        pl.col("fiscal_year").is_in(years),
        pl.col("pay_date").is_between(start, row["pay_date"]),
        pl.col("payee_acct_no") == account,
        pl.col("payee_acct_name") == row["payee_acct_name"],
    ]
    hidden = account is None or account.startswith("*")  # not what the lake holds
    rows = reader.scan("payment") if hidden else reader.paid_to(account, years)
    return _listed(rows.filter(own), limit)


def same_indicator(
    reader: Reader, row: dict[str, Any], bgt_id: str, limit: int = 50
) -> tuple[pl.DataFrame, int]:
    """Vouchers paid on the same indicator in the year; (rows, number of all)."""
    rows = reader.scan("payment", row["fiscal_year"], ("bgt_id", bgt_id)).filter(
        pl.col("fiscal_year") == row["fiscal_year"],
        pl.col("agency_code") == row["agency_code"],
        pl.col("bgt_id") == bgt_id,
    )
    return _listed(rows, limit)


def _listed(rows: pl.LazyFrame, limit: int) -> tuple[pl.DataFrame, int]:
    order = ["pay_date", "pay_cert_id"]
    found, number = pl.collect_all(
        [rows.select(SHOWN).top_k(limit, by=order), rows.select(pl.len())]
    )
    return found.sort(order, descending=True), int(number.item())


def _plan(reader: Reader, year: int, bgt_id: str, day: date) -> dict[str, Any] | None:
    """The indicator's last payment plan of the payment's month or before."""
    found = (
        reader.scan("payment_plan", year, ("bgt_id", bgt_id))
        .filter(
            pl.col("fiscal_year") == year,
            pl.col("bgt_id") == bgt_id,
            pl.col("plan_month") <= day.month,
        )
        .sort("plan_month", "plan_id", descending=True)
        .head(1)
        .collect()
    )
    return found.row(0, named=True) if found.height else None
