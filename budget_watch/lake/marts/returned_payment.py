"""returned_payment 退回: each payment that came back, and the payment that made good for it.

From `payment`, for PZ19. Transfers alone: what comes back of wages, 批量代发, cards and cash is
paid again with others or not at all. A return is made good by a later payment of the same amount in
the same unit and project (the payee's account is mostly another then); earlier returns are made
good first. The payment that came back, known by their common application, makes good for nothing.
Where equal amounts are paid every month, the next month's counts. Amounts are fen.
"""

from __future__ import annotations

import polars as pl

from budget_watch.lake.marts.mart import Frames, Mart, mart_contract

CONTRACT = mart_contract(
    15,
    "returned_payment",
    "退回",
    "event",
    ["pay_cert_id"],
    "退回凭证",
    """
pay_cert_id str 退回的凭证主键 !
fiscal_year int 预算年度 !
mof_div_code str 财政区划代码 ! region
dept_code str 部门代码 !
agency_code str 单位代码 !
pro_code str 项目代码
pay_amt money 退回金额（负数） !
pay_date date 退回日期 !
origin_cert_id str 所退回的支付凭证主键
again_cert_id str 重付的支付凭证主键
again_date date 重付日期
""",
    date_column="pay_date",
)
_OTHER_WAYS = ("批量代发", "公务卡", "现金", "提现")
_GROUP = ["mof_div_code", "agency_code", "pro_code", "size"]
_ORDER = [*_GROUP, "pay_date", "paid", "pay_cert_id"]  # of one day returns come first


def build(frames: Frames) -> pl.LazyFrame:
    """Amounts that never came back are left out first: what stays is little."""
    rows = _transfers(frames["payment"])
    returned = rows.filter(~pl.col("paid")).select(_GROUP).unique()
    alike = rows.join(returned, on=_GROUP, how="semi", nulls_equal=True)
    found = alike.collect(engine="streaming").sort(_ORDER)
    origins = _origins(found)
    waiting = found.join(origins, left_on="pay_cert_id", right_on="origin_cert_id", how="anti")
    back, again = _queue(waiting)
    return (
        back.join(again, on=[*_GROUP, "turn"], how="left", nulls_equal=True)
        .join(origins, on=[*_GROUP, "pay_app_id"], how="left", nulls_equal=True)
        .select(CONTRACT.names)
        .lazy()
    )


def _transfers(payments: pl.LazyFrame) -> pl.LazyFrame:
    return payments.filter(
        (pl.col("pay_amt") != 0)
        & ~pl.col("is_sal").fill_null(False)
        & ~pl.col("set_mode_code").fill_null("").is_in(_OTHER_WAYS)
    ).select(
        "pay_cert_id",
        "pay_app_id",
        "fiscal_year",
        "mof_div_code",
        "dept_code",
        "agency_code",
        "pro_code",
        "pay_amt",
        "pay_date",
        size=pl.col("pay_amt").abs(),
        paid=pl.col("pay_amt") > 0,
    )


def _origins(rows: pl.DataFrame) -> pl.DataFrame:
    """The first payment of each application that something came back to."""
    known = rows.filter(pl.col("pay_app_id").is_not_null())
    application = [*_GROUP, "pay_app_id"]
    back = known.filter(~pl.col("paid"))
    return (
        known.filter("paid")
        .join(back, on=application, how="semi", nulls_equal=True)
        .group_by(application, maintain_order=True)
        .agg(origin_cert_id=pl.col("pay_cert_id").first())
    )


def _queue(rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Returns and payments, each with its turn among the payments of its group.

    A return waits for as many payments as returns wait with it; payments that nothing waits for
    pass by. So the number waiting is the running sum above its lowest.
    """
    balance = pl.when("paid").then(-1).otherwise(1).cum_sum()
    made = rows.with_columns(balance=balance.over(_GROUP)).with_columns(
        lowest=pl.min_horizontal(pl.lit(0), pl.col("balance").cum_min().over(_GROUP)),
        payments=pl.col("paid").cast(pl.Int64).cum_sum().over(_GROUP),
    )
    back = made.filter(~pl.col("paid")).with_columns(
        turn=pl.col("payments") + pl.col("balance") - pl.col("lowest")
    )
    again = made.filter("paid").select(
        *_GROUP, turn="payments", again_cert_id="pay_cert_id", again_date="pay_date"
    )
    return back, again


RETURNED_PAYMENT = Mart(CONTRACT, ("payment",), ("payment_voucher",), build)
