"""unit_circle 单位往返: money from one unit to another and about as much back (PZ17).

Flows known: FIN-15 (`payment`), FIN-17, FIN-18, each from who pays to who is paid. A party is known
by its unit code (accounts of REF-02, names of REF-01) or by its account; so a firm, that pays in no
table, closes no circle here, and what it pays as non-tax revenue is `slip_return`'s. The mart holds
more than the rule's limits: up to `DAYS` between, amounts up to `PART` apart. Returns (negative
amounts), wages, 批量代发 and a unit's payments to itself stay out. Amounts are fen.
"""

from __future__ import annotations

import polars as pl

from budget_watch.lake.marts.mart import Frames, Mart, mart_contract
from budget_watch.lake.marts.party import account_key, party_key

CONTRACT = mart_contract(
    13,
    "unit_circle",
    "单位往返",
    "event",
    ["pay_cert_id", "earlier_cert_id"],
    "回流凭证×原凭证",
    """
pay_cert_id str 回流的凭证 !
earlier_cert_id str 原付款的凭证 !
source str 回流凭证所在报表 !
earlier_source str 原付款凭证所在报表 !
fiscal_year int 预算年度 !
mof_div_code str 财政区划代码 ! region
dept_code str 原付款部门代码 !
agency_code str 原付款单位代码 !
other_agency str 中间单位代码 !
pay_amt money 回流金额 !
earlier_amt money 原付款金额 !
pay_date date 回流日期 !
earlier_date date 原付款日期 !
days int 相隔日数 !
use_des str 回流用途
earlier_use str 原付款用途
""",
    date_column="pay_date",
)
DAYS, PART = 92, 20
_SALARY = ~pl.col("is_sal").fill_null(False)
_BATCH = pl.col("set_mode_code").fill_null("") == "批量代发"
_INPUTS = ("payment", "allocation_voucher", "unit_fund_voucher", "unit", "unit_account")


def build(frames: Frames) -> pl.LazyFrame:
    """The flows among those that pay somewhere are few; the circles are found among them."""
    accounts = _accounts(frames["unit_account"])
    names = _names(frames["unit"])
    flows = [
        _payments(frames["payment"]),
        _allocations(frames["allocation_voucher"]),
        _unit_funds(frames["unit_fund_voucher"]),
    ]
    payers = pl.concat([each.select(account="payer_account") for each in flows]).unique()
    payers = pl.concat([payers, accounts.select("account")]).drop_nulls().unique()
    paid_in = _values(payers, "account")
    named = _values(names, "name")
    inside = pl.col("payee_account").is_in(paid_in) | pl.col("payee_key").is_in(named)
    # a filter by values reads the other columns of the few rows alone
    few = [each.filter((pl.col("amt") > 0) & inside) for each in flows]
    known = pl.concat([each.collect(engine="streaming") for each in few])
    return _circles(_known(known.lazy(), accounts, names)).select(CONTRACT.names)


def _values(rows: pl.LazyFrame, name: str) -> list[str]:
    """The distinct values of a column, of which there are few."""
    return rows.select(name).unique().collect(engine="streaming")[name].drop_nulls().to_list()


def _accounts(rows: pl.LazyFrame) -> pl.LazyFrame:
    """account → unit; the last opened where two units name it."""
    return (
        rows.select("agency_code", "valid_from", account=account_key(pl.col("acct_no")))
        .drop_nulls("account")
        .sort("valid_from", "agency_code", nulls_last=False)
        .group_by("account", maintain_order=True)
        .agg(unit=pl.col("agency_code").last())
    )


def _names(rows: pl.LazyFrame) -> pl.LazyFrame:
    """name → unit, past names too; names that two units bear tell nothing."""
    return (
        rows.select("agency_code", "dept_code", name=party_key(pl.col("agency_name")))
        .drop_nulls("name")
        # a department stands as a unit of its own beside its head office of the same name
        .filter(pl.col("agency_code") != pl.col("dept_code"))
        .group_by("name")
        .agg(unit=pl.col("agency_code").min(), units=pl.col("agency_code").n_unique())
        .filter(pl.col("units") == 1)
        .drop("units")
    )


def _payments(rows: pl.LazyFrame) -> pl.LazyFrame:
    return rows.filter(_SALARY & ~_BATCH).select(
        source=pl.lit("国库集中支付凭证"),
        id="pay_cert_id",
        fiscal_year="fiscal_year",
        mof_div_code="mof_div_code",
        dept_code="dept_code",
        agency_code="agency_code",
        date="pay_date",
        amt="pay_amt",
        use_des="use_des",
        payer=pl.col("agency_code"),
        payer_account=account_key(pl.col("payer_acct_no")),
        payee_account="payee_acct_no",
        payee_key="payee_key",
    )


def _allocations(rows: pl.LazyFrame) -> pl.LazyFrame:
    return rows.select(
        source=pl.lit("预算拨款凭证"),
        id="pay_alloc_cert_no",
        fiscal_year="fiscal_year",
        mof_div_code="mof_div_code",
        dept_code="dept_code",
        agency_code="agency_code",
        date="vou_date",
        amt="amt",
        use_des="use_des",
        payer=pl.lit(None, pl.String),
        payer_account=account_key(pl.col("payer_acct_no")),
        payee_account=account_key(pl.col("payee_acct_no")),
        payee_key=party_key(pl.col("payee_acct_name")),
    )


def _unit_funds(rows: pl.LazyFrame) -> pl.LazyFrame:
    return rows.filter(~_BATCH).select(
        source=pl.lit("单位资金支付凭证"),
        id="inc_cert_id",
        fiscal_year="fiscal_year",
        mof_div_code="mof_div_code",
        dept_code="dept_code",
        agency_code="agency_code",
        date="pay_date",
        amt="pay_amt",
        use_des="use_des",
        payer=pl.col("agency_code"),
        payer_account=pl.lit(None, pl.String),
        payee_account=account_key(pl.col("payee_acct_no")),
        payee_key=party_key(pl.col("payee_acct_name")),
    )


def _known(flows: pl.LazyFrame, accounts: pl.LazyFrame, names: pl.LazyFrame) -> pl.LazyFrame:
    """Each flow with all that its payer and its payee are known by; none to oneself."""
    found = (
        flows.join(accounts.rename({"account": "payer_account", "unit": "payer_unit"}),
                   on="payer_account", how="left")
        .join(accounts.rename({"account": "payee_account", "unit": "payee_unit"}),
              on="payee_account", how="left")
        .join(names.rename({"name": "payee_key", "unit": "payee_named"}),
              on="payee_key", how="left")
        .with_columns(payee_unit=pl.coalesce("payee_unit", "payee_named"))
    )  # fmt: skip
    own = (
        (pl.col("payee_unit") == pl.col("payer")).fill_null(False)
        | (pl.col("payee_unit") == pl.col("payer_unit")).fill_null(False)
        | (pl.col("payee_account") == pl.col("payer_account")).fill_null(False)
    )
    return found.filter(~own).with_columns(
        payers=pl.concat_list("payer", "payer_unit", "payer_account").list.drop_nulls(),
        payees=pl.concat_list("payee_unit", "payee_account").list.drop_nulls(),
    )


def _circles(flows: pl.LazyFrame) -> pl.LazyFrame:
    """Flows met by flows the other way round, not earlier, of about the same amount."""
    sides = (
        flows.explode("payers").explode("payees").drop_nulls(["payers", "payees"])
        .collect(engine="streaming")
        .lazy()
    )  # fmt: skip
    out = sides.select(
        "payers", "payees", "agency_code", "dept_code",
        earlier_cert_id="id", earlier_source="source", earlier_amt="amt", earlier_date="date",
        earlier_use="use_des",
    )  # fmt: skip
    back = sides.select(
        "fiscal_year", "mof_div_code", "source", "use_des",
        payers="payees", payees="payers", other_agency="agency_code", pay_cert_id="id",
        pay_amt="amt", pay_date="date",
    )  # fmt: skip
    apart = (pl.col("pay_amt") - pl.col("earlier_amt")).abs()
    return (
        out.join(back, on=["payers", "payees"], how="inner")
        .with_columns(days=(pl.col("pay_date") - pl.col("earlier_date")).dt.total_days())
        .filter(
            pl.col("days").is_between(0, DAYS)
            & (apart * PART <= pl.col("earlier_amt"))
            # of two on one day one is the first
            & ((pl.col("days") > 0) | (pl.col("earlier_cert_id") < pl.col("pay_cert_id")))
        )
        .unique(["pay_cert_id", "earlier_cert_id"])
    )


UNIT_CIRCLE = Mart(CONTRACT, _INPUTS, (), build)
