"""recon 收支对账调节表 (SJ05): voucher sums beside the monthly report, item by item.

Per region, functional class (3 digits) and month, the general public budget's own-level expenditure
of the month report against 集中支付 + 实拨 + 总会计直接列支 + 权责发生制列支 − 退回 ± 在途, and
against what 财政 explained and signed (mart `recon_line`). Amounts are cumulative since January,
fen; the parts and `signed_amt` add up to `explained_amt`. `open_amt` is what the tables alone leave
open, `difference_amt` what is left after the signed lines: only this is judged.
"""

from __future__ import annotations

import polars as pl

from budget_watch.lake.marts.mart import Frames, Mart, mart_contract
from budget_watch.lake.marts.places import scope_kind

CONTRACT = mart_contract(
    7,
    "recon",
    "收支对账调节表",
    "period",
    ["fiscal_year", "month", "mof_div_code", "func_class", "stage"],
    "区划×年×月×功能类",
    """
fiscal_year int 预算年度 !
month int 月份 !
mof_div_code str 财政区划代码 ! region
scope_kind str 范围口径 !
func_class str 功能分类类级 !
stage str 阶段口径 !
reported_ytd money 月报累计
central_amt money 集中支付累计 !
returned_amt money 退回累计 !
allocated_amt money 实拨累计 !
direct_amt money 总会计直接列支累计 !
accrual_amt money 权责发生制列支累计 !
in_transit_amt money 在途累计 !
open_amt money 表列差额
signed_amt money 财政签认的调节 !
signed_lines int 签认行数 !
explained_amt money 调节后合计 !
difference_amt money 未解释差额
round_fen int 金额舍入单位（分）
data_status str 数据状态
""",
    period=("fiscal_year", "month"),
)
_KEY = ["fiscal_year", "month", "mof_div_code", "func_class"]
_PARTS = ("central", "returned", "allocated", "direct", "accrual", "in_transit")


def build(frames: Frames) -> pl.LazyFrame:
    """The report's class rows, with the cumulative voucher sums joined to them."""
    report = _reported(frames["general_expenditure"])
    flows = pl.concat(
        [_central(frames["payment_voucher"]), _allocated(frames["allocation_voucher"])]
    )
    monthly = flows.group_by(_KEY).agg(pl.col(f"{part}_amt").sum() for part in _PARTS)
    months = pl.LazyFrame({"month": list(range(1, 13))}, schema={"month": pl.Int64})
    grid = report.select("fiscal_year", "mof_div_code", "func_class").unique()
    cumulative = (
        grid.join(months, how="cross")
        .join(monthly, on=_KEY, how="left")
        .sort(_KEY)
        .with_columns(
            pl.col(f"{part}_amt").fill_null(0).cum_sum().over(_KEY[0], *_KEY[2:]) for part in _PARTS
        )
    )
    told = pl.sum_horizontal(f"{part}_amt" for part in _PARTS)
    return (
        report.join(cumulative, on=_KEY, how="left")
        .with_columns(pl.col(f"{part}_amt").fill_null(0) for part in _PARTS)
        .join(_signed(frames["recon_line"]), on=[*_KEY, "stage"], how="left")
        .with_columns(pl.col("signed_amt", "signed_lines").fill_null(0))
        .with_columns(
            scope_kind=scope_kind(pl.col("mof_div_code")),
            open_amt=pl.col("reported_ytd") - told,
            explained_amt=told + pl.col("signed_amt"),
            difference_amt=pl.col("reported_ytd") - told - pl.col("signed_amt"),
        )
        .select(CONTRACT.names)
    )


def _signed(lines: pl.LazyFrame) -> pl.LazyFrame:
    """The sum of the signed lines of each month report's class."""
    sums = lines.group_by(_KEY).agg(
        signed_amt=pl.col("amt").sum(), signed_lines=pl.len().cast(pl.Int64)
    )
    return sums.with_columns(stage=pl.lit("月报"))


def _reported(rows: pl.LazyFrame) -> pl.LazyFrame:
    own = ~pl.col("scope_kind").is_in(["全市", "抵销"]) & (pl.col("level_flag") == "本级支出")
    classes = pl.col("exp_func_code").str.len_chars() == 3
    return rows.filter(own & classes).select(
        "fiscal_year",
        "month",
        "mof_div_code",
        "stage",
        "round_fen",
        "data_status",
        func_class=pl.col("exp_func_code"),
        reported_ytd=pl.col("ytd_amt"),
    )


def _central(vouchers: pl.LazyFrame) -> pl.LazyFrame:
    amount = pl.col("pay_amt")
    return _flow(
        vouchers,
        pl.col("pay_date").dt.month(),
        central=pl.when(amount > 0).then(amount),
        returned=pl.when(amount < 0).then(amount),
    )


def _allocated(vouchers: pl.LazyFrame) -> pl.LazyFrame:
    kind, amount = pl.col("pay_alloc_type_code").fill_null(""), pl.col("amt")
    direct, accrual = kind.str.contains("直接列支"), kind.str.contains("权责发生制")
    transit = kind.str.contains("在途")
    in_year = pl.col("vou_date").dt.year() <= pl.col("fiscal_year")  # later: 决算清理期
    return _flow(
        vouchers.filter((pl.col("acct_kind").fill_null("国库") == "国库") & in_year),
        pl.col("vou_date").dt.month(),
        allocated=pl.when(~(direct | accrual | transit)).then(amount),
        direct=pl.when(direct).then(amount),
        accrual=pl.when(accrual).then(amount),
        in_transit=pl.when(transit).then(amount),
    )


def _flow(rows: pl.LazyFrame, month: pl.Expr, **amounts: pl.Expr) -> pl.LazyFrame:
    general = rows.filter(pl.col("fund_type_code").fill_null("11").str.starts_with("11"))
    parts = {f"{part}_amt": amounts.get(part, pl.lit(0)).fill_null(0) for part in _PARTS}
    return general.select(
        "fiscal_year",
        "mof_div_code",
        month=month.cast(pl.Int64),
        func_class=pl.col("exp_func_code").str.slice(0, 3),
        **{name: value.cast(pl.Int64) for name, value in parts.items()},
    )


RECON = Mart(
    CONTRACT,
    ("general_expenditure", "payment_voucher", "allocation_voucher", "recon_line"),
    ("general_expenditure",),
    build,
)
