"""payee_account 收款账户: what each department paid to each account under each name.

From `payment`, for rules on payees (PZ13). Ordinary transfers alone: with wages, 批量代发 and
公务卡 the account is the bank's. A payment that came back leaves nothing in `paid_amt`. Fen.
`account_…` columns are those of the account in its region, alike in all its rows.
"""

from __future__ import annotations

import polars as pl

from budget_watch.lake.marts.mart import Frames, Mart, mart_contract

CONTRACT = mart_contract(
    11,
    "payee_account",
    "收款账户",
    "reference",
    ["mof_div_code", "dept_code", "payee_acct_no", "payee_key"],
    "区划×部门×收款账号×户名",
    """
mof_div_code str 财政区划代码 ! region
dept_code str 部门代码 !
payee_acct_no str 收款人账号 ! account
payee_key str 收款人归并户名 ! name
payee_acct_name str 收款人户名 ! name
is_person bool 收款人像自然人 !
paid_amt money 支付净额 !
paid_count int 支付笔数 !
first_date date 第一次支付日期 !
last_date date 最近一次支付日期 !
differs_count int 实际收款人不同的笔数 !
differs_amt money 实际收款人不同的金额 !
accounts_of_name int 同一户名的账户数 !
first_of_name bool 同一户名最早的账户 !
account_first_date date 账户第一次收款日期 !
account_first_amt money 账户首日未列合同的最大一笔
region_first_date date 本区划数据起始日期 !
""",
    date_column="first_date",
)
_KEY = ["mof_div_code", "dept_code", "payee_acct_no", "payee_key"]
_ROWS_A_PART = 3_000_000
_ACCOUNT = ["mof_div_code", "payee_acct_no"]
_NAME = ["mof_div_code", "payee_key"]
_SHIFT = 10**14  # fen that a single payment never reaches: a day and an amount in one number


def build(frames: Frames) -> pl.LazyFrame:
    """The payments added up, in parts by account where they are many; all else follows from it."""
    payments = frames["payment"]
    rows = payments.select(pl.len()).collect(engine="streaming").item()
    parts = max(1, -(-rows // _ROWS_A_PART))
    part = pl.col("payee_acct_no").hash(seed=11) % parts
    paid = pl.concat(
        _paid(payments.filter(part == at) if parts > 1 else payments).collect(engine="streaming")
        for at in range(parts)
    ).lazy()
    since = paid.group_by("mof_div_code").agg(region_first_date=pl.col("first_date").min())
    return (
        paid.join(_accounts(paid), on=_ACCOUNT, how="left")
        .join(_names(paid), on=_NAME, how="left")
        .join(since, on="mof_div_code", how="left")
        .with_columns(
            accounts_of_name=pl.col("accounts_of_name").fill_null(0),
            first_of_name=pl.col("payee_acct_no").eq_missing(pl.col("first_account")),
        )
        .select(CONTRACT.names)
    )


def _paid(payments: pl.LazyFrame) -> pl.LazyFrame:
    ordinary = payments.filter(
        pl.col("payee_acct_no").is_not_null()
        & pl.col("payee_key").is_not_null()
        & ~pl.col("is_sal").fill_null(False)
        & ~pl.col("set_mode_code").fill_null("").is_in(["批量代发", "公务卡"])
    )
    out = pl.col("pay_amt") > 0
    other = out & pl.col("payee_differs")
    bare = out & (pl.col("contract_no").fill_null("") == "")
    first = (
        pl.col("pay_date").cast(pl.Int32).cast(pl.Int64) * _SHIFT
        + _SHIFT - 1 - pl.col("pay_amt").clip(0, _SHIFT - 1)
    )  # fmt: skip
    return ordinary.group_by(_KEY).agg(
        payee_acct_name=pl.col("payee_acct_name").min(),
        is_person=(
            pl.col("payee_is_person").fill_null(False) | pl.col("payee_person_shaped")
        ).any(),
        paid_amt=pl.col("pay_amt").sum(),
        paid_count=out.sum().cast(pl.Int64),
        first_date=pl.col("pay_date").min(),
        last_date=pl.col("pay_date").max(),
        differs_count=other.sum().cast(pl.Int64),
        differs_amt=pl.when(other).then("pay_amt").otherwise(0).sum(),
        first_bare=pl.when(bare).then(first).min(),
    )


def _accounts(paid: pl.LazyFrame) -> pl.LazyFrame:
    """The account's first day in the region, and the largest payment of it without a contract."""
    bare_day = (pl.col("first_bare") // _SHIFT).cast(pl.Int32).cast(pl.Date)
    return (
        paid.group_by(_ACCOUNT)
        .agg(account_first_date=pl.col("first_date").min(), first_bare=pl.col("first_bare").min())
        .with_columns(
            account_first_amt=pl.when(bare_day == pl.col("account_first_date")).then(
                _SHIFT - 1 - pl.col("first_bare") % _SHIFT
            )
        )
        .drop("first_bare")
    )


def _names(paid: pl.LazyFrame) -> pl.LazyFrame:
    """How many accounts were paid under a name, and which of them was the first."""
    return (
        paid.group_by(*_NAME, "payee_acct_no")
        .agg(pl.col("paid_amt").sum(), pl.col("first_date").min())
        .filter(pl.col("paid_amt") > 0)
        .sort(*_NAME, "first_date", "payee_acct_no")
        .group_by(_NAME, maintain_order=True)
        .agg(
            accounts_of_name=pl.len().cast(pl.Int64), first_account=pl.col("payee_acct_no").first()
        )
    )


PAYEE_ACCOUNT = Mart(CONTRACT, ("payment",), ("payment_voucher",), build)
