"""slip_return 缴款往返: a payment and a non-tax slip of about the same amount by who was paid.

FIN-20 × `payment` of one region, for ZX12: the payer's account is the payee's, or their names are
the same and no person's (persons share names). The mart holds more than the rule's limits, so that
those may be moved locally: up to `DAYS` apart either way, amounts up to `PART` of the payment
apart. Refunded slips, wages and 批量代发 stay out. Amounts are fen.
"""

from __future__ import annotations

import math

import polars as pl

from budget_watch.lake.marts.mart import Frames, Mart, mart_contract
from budget_watch.lake.marts.party import account_key, party_key, person_shaped

CONTRACT = mart_contract(
    12,
    "slip_return",
    "缴款往返",
    "event",
    ["non_tax_pay_code", "pay_cert_id"],
    "缴款书×凭证",
    """
non_tax_pay_code str 缴款识别码 !
pay_cert_id str 支付凭证主键 !
fiscal_year int 缴款预算年度 !
mof_div_code str 财政区划代码 ! region
dept_code str 执收部门代码
agency_code str 执收单位代码 !
payer_name str 缴款人 name
paid_amt money 实缴金额 !
slip_date date 缴款日期 !
paying_agency str 付款单位代码 !
pay_amt money 支付金额 !
pay_date date 支付日期 !
use_des str 支付用途
met_date date 往返完成日期 !
days_after int 缴款在支付之后的日数 !
days_apart int 缴款与支付相隔日数 !
nearest bool 该缴款书金额最接近的一笔支付 !
""",
    date_column="met_date",
)
DAYS, PART = 62, 50
_BLOCK = 31  # payments of the same month or so come before others, whatever their amounts


def build(frames: Frames) -> pl.LazyFrame:
    """Pairs by account and pairs by name, each pair once. Most payers are never paid."""
    slips = _slips(frames["nontax_payment"]).collect(engine="streaming").lazy()
    paid = _payments(frames["payment"])
    named = slips.filter(pl.col("name").is_not_null() & ~pl.col("person"))
    found = [_pairs(slips, paid, "account"), _pairs(named, paid, "name")]
    pairs = pl.concat(found).unique(["non_tax_pay_code", "pay_cert_id"])
    departments = (
        frames["unit"]
        .sort("valid_from")
        .group_by("agency_code", maintain_order=True)
        .agg(pl.col("dept_code").last())
    )
    apart = pl.col("days_apart")
    order = [apart // _BLOCK, (pl.col("paid_amt") - pl.col("pay_amt")).abs(), apart, "pay_cert_id"]
    return (
        pairs.join(departments, on="agency_code", how="left")
        .with_columns(
            nearest=pl.col("pay_cert_id")
            == pl.col("pay_cert_id").sort_by(order).first().over("non_tax_pay_code")
        )
        .select(CONTRACT.names)
    )


def _slips(rows: pl.LazyFrame) -> pl.LazyFrame:
    return rows.filter((pl.col("paid_amt") > 0) & ~pl.col("refund_flag").fill_null(False)).select(
        "non_tax_pay_code",
        "fiscal_year",
        "mof_div_code",
        "payer_name",
        "paid_amt",
        agency_code="exec_agency",
        slip_date="pay_date",
        account=account_key(pl.col("payer_acct_no")),
        name=party_key(pl.col("payer_name")),
        person=person_shaped(pl.col("payer_name")),
    )


def _payments(rows: pl.LazyFrame) -> pl.LazyFrame:
    return rows.filter(
        (pl.col("pay_amt") > 0)
        & ~pl.col("is_sal").fill_null(False)
        & (pl.col("set_mode_code").fill_null("") != "批量代发")
    ).select(
        "pay_cert_id",
        "mof_div_code",
        "pay_amt",
        "pay_date",
        "use_des",
        paying_agency="agency_code",
        account="payee_acct_no",
        name="payee_key",
    )


def _pairs(slips: pl.LazyFrame, payments: pl.LazyFrame, by: str) -> pl.LazyFrame:
    # Close amounts and days share a step or lie in neighbouring ones: without these keys a popular
    # firm's payments would meet all its slips.
    on = ["mof_div_code", by, "amount_step", "day_step"]
    other = "name" if by == "account" else "account"
    days = (pl.col("slip_date") - pl.col("pay_date")).dt.total_days()
    apart = (pl.col("paid_amt") - pl.col("pay_amt")).abs()
    met = slips.join(payments.select(by).unique(), on=by, how="semi").collect(engine="streaming")
    return (
        payments.drop(other)
        .filter(pl.col(by).is_in(met[by].unique().implode()))
        .with_columns(**_steps("pay_amt", "pay_date"))
        .join(_around(met.lazy().drop(other, "person")), on=on, how="inner")
        .with_columns(days_after=days)
        .with_columns(
            days_apart=pl.col("days_after").abs(),
            met_date=pl.max_horizontal("slip_date", "pay_date"),
        )
        .filter((pl.col("days_apart") <= DAYS) & (apart * PART <= pl.col("pay_amt")))
        .drop(by, "amount_step", "day_step")
    )


def _steps(amount: str, day: str) -> dict[str, pl.Expr]:
    """The step of an amount and of a day, each a little wider than what may lie between a pair."""
    wide = math.log(PART / (PART - 1)) * 1.02
    return {
        "amount_step": (pl.col(amount).log() / wide).floor().cast(pl.Int32),
        "day_step": (pl.col(day).cast(pl.Int32) // (DAYS + 1)),
    }


def _around(slips: pl.LazyFrame) -> pl.LazyFrame:
    """Each slip in its own steps and in the neighbouring ones."""
    near = [
        [step + by for by in (-1, 0, 1)] for step in (pl.col("amount_step"), pl.col("day_step"))
    ]
    stepped = slips.with_columns(**_steps("paid_amt", "slip_date"))
    return (
        stepped.with_columns(amount_step=pl.concat_list(near[0]), day_step=pl.concat_list(near[1]))
        .explode("amount_step")
        .explode("day_step")
    )


SLIP_RETURN = Mart(CONTRACT, ("nontax_payment", "payment", "unit"), (), build)
