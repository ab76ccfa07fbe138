"""subsidy 补贴明细: details of payments to persons, with the project of their voucher (PZ20).

FIN-16 ⟕ `payment` on pay_cert_id: details that carry a person's identity (hashed) or are marked
惠企利民 and go to an account. Wages stay out. The month is the one the money is for (所属月份),
its year the payment's, or the one before where the month lies more than half a year ahead: what is
paid in January for December. Amounts are fen, a return negative. One file or a few a month.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from budget_watch.lake.marts.mart import Inputs, Mart, mart_contract
from budget_watch.lake.marts.party import account_key

CONTRACT = mart_contract(
    14,
    "subsidy",
    "补贴明细",
    "event",
    ["pay_detail_id"],
    "支付明细",
    """
pay_detail_id str 支付明细主键 !
pay_cert_id str 支付凭证主键 !
voucher_found bool 有对应支付凭证 !
fiscal_year int 预算年度 !
month int 支付月份 !
pay_date date 支付日期 !
for_year int 补贴所属年度 !
for_month int 补贴所属月份 !
mof_div_code str 财政区划代码 ! region
dept_code str 部门代码
agency_code str 单位代码 !
pro_code str 项目代码
dep_bgt_eco_code str 部门支出经济分类编码 dept_economic
iden_hash str 证件号摘要 id
per_name str 受益人姓名 name
payee_acct_name str 收款人户名 name
payee_acct_no str 收款人账号 account
is_to_peop_enterp bool 是否惠企利民
pay_amt money 支付金额 !
use_des str 用途
voucher_use str 凭证用途
""",
    date_column="pay_date",
)
_HALF_YEAR = 6
_DETAIL, _PAYMENT = "payment_detail", "payment"


def build(details: pl.LazyFrame, vouchers: pl.LazyFrame) -> pl.LazyFrame:
    """Join details of persons with their vouchers.

    Args:
        details: payment_detail.
        vouchers: at least the vouchers of these rows, as `payment` has them.
    """
    persons = details.filter(
        pl.col("iden_hash").is_not_null()
        | (
            pl.col("is_to_peop_enterp").fill_null(False)
            & pl.col("payee_acct_no").is_not_null()
            & pl.col("unifsoc_cred_code").is_null()
        )
    )
    known = vouchers.select(
        "pay_cert_id",
        "dept_code",
        "pro_code",
        "dep_bgt_eco_code",
        "is_sal",
        voucher_use="use_des",
        voucher_found=pl.lit(True),
    ).unique("pay_cert_id")
    ahead = pl.col("for_month") - pl.col("month") > _HALF_YEAR
    return (
        persons.join(known, on="pay_cert_id", how="left")
        .filter(~pl.col("is_sal").fill_null(False))
        .with_columns(month=pl.col("pay_date").dt.month().cast(pl.Int64))
        .with_columns(for_month=pl.col("pay_month").fill_null(pl.col("month")))
        .with_columns(
            voucher_found=pl.col("voucher_found").fill_null(False),
            for_year=pl.col("pay_date").dt.year().cast(pl.Int64) - ahead.cast(pl.Int64),
            payee_acct_no=account_key(pl.col("payee_acct_no")),
        )
        .select(CONTRACT.names)
    )


@dataclass(frozen=True)
class SubsidyMart(Mart):
    """The mart of one or more files a month."""

    clustered = True
    chunk_by = "agency_code"

    def make(self, inputs: Inputs, part: str, rows: pl.LazyFrame | None = None) -> pl.LazyFrame:
        """One month's rows, or a range of units of it."""
        details = inputs.scan_part(_DETAIL, part) if rows is None else rows
        wanted = details.select("pay_cert_id").unique()
        vouchers = inputs.scan_part(_PAYMENT, part).join(wanted, on="pay_cert_id", how="semi")
        return build(details, vouchers)

    def prepare(self, inputs: Inputs, todo: Sequence[tuple[str, pl.LazyFrame]]) -> None:
        """Nothing: a detail lies in its voucher's month."""

    def stale_parts(self, inputs: Inputs) -> set[str]:
        """Months that lost details, or whose vouchers changed."""
        return inputs.rewritten_parts(_DETAIL) | inputs.changed_parts(_PAYMENT)


SUBSIDY = SubsidyMart(CONTRACT, (_DETAIL, _PAYMENT), (), build)
