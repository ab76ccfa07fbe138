"""payment 支付: one row a payment voucher, with its application's indicator and its calendar day.

payment_voucher ⟕ payment_application on pay_app_id ⟕ calendar on pay_date. Amounts are fen, a
return (退回) negative. One file (or a few) a fiscal year and month of payment, sorted by unit, date
and key. Memory stays bounded: applications are looked up near the month of payment first, and the
few that were filed elsewhere once for all months.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import polars as pl

from budget_watch.lake.marts.mart import Inputs, Mart, mart_contract
from budget_watch.lake.marts.party import account_key, lead_digit, party_key, person_shaped
from budget_watch.lake.marts.places import scope_kind
from budget_watch.lake.marts.purpose import plain_text, use_core, use_key, use_text

CONTRACT = mart_contract(
    1,
    "payment",
    "支付",
    "event",
    ["pay_cert_id"],
    "支付凭证",
    """
pay_cert_id str 支付凭证主键 !
pay_cert_no str 支付凭证号 !
pay_app_id str 支付申请主键
bgt_id str 指标主键
app_found bool 有对应支付申请 !
fiscal_year int 预算年度 !
month int 月份 !
quarter int 季度 !
pay_date date 支付日期 !
wd int 工作日序号
weekday int 星期
is_workday bool 是否工作日
wd_to_year_end int 距年末工作日数
mof_div_code str 财政区划代码 ! region
scope_kind str 范围口径 !
dept_code str 部门代码 !
agency_code str 单位代码 !
pro_code str 项目代码
fund_type_code str 资金性质代码 fund_type
budget_level_code str 预算级次代码 budget_level
exp_func_code str 支出功能分类科目编码 functional
gov_bgt_eco_code str 政府支出经济分类编码 gov_economic
dep_bgt_eco_code str 部门支出经济分类编码 dept_economic
pay_amt money 支付金额 !
lead_digit int 金额首位数字
payer_acct_name str 付款人户名
payer_acct_no str 付款人账号 account
payer_acct_kind str 付款账户类别
payee_acct_name str 收款人户名 name
payee_acct_no str 收款人账号 account
payee_acct_bank str 收款人开户行
payee_is_person bool 收款人是否自然人
payee_key str 收款人归并户名 name
payee_person_shaped bool 收款人户名像人名
payee_party str 收款人标识（单位按归并户名，自然人和没有户名的按账号） account
payee_differs bool 实际收款人与申请收款人户名不同
xpayee_acct_name str 实际收款人户名 name
xpayee_acct_no str 实际收款人账号 account
set_mode_code str 结算方式
pay_bus_type_code str 支付业务类型
contract_no str 合同号
invoice_no str 发票号
bond_code str 债券代码
use_des str 用途
use_key str 用途归并词
use_text str 用途去标点
use_core str 用途主干
use_plain str 用途（供查词）
app_use_des str 申请用途
meeting_no str 会议培训编号
abstract str 摘要
is_sal bool 是否工资
is_dir bool 是否直达资金
vou_date date 凭证日期
instr_date date 支付指令日期
act_lqd_date date 实际清算日期
data_status str 数据状态
biz_date date 业务日期
""",
    date_column="pay_date",
)

_TAKEN = ("pay_app_id", "app_bgt_id", "app_use_des", "app_payee", "meeting_no")
_NEAR_MONTHS = 3


def build(rows: pl.LazyFrame, applications: pl.LazyFrame, calendar: pl.LazyFrame) -> pl.LazyFrame:
    """Join vouchers with their applications and the calendar.

    Args:
        rows: payment_voucher.
        applications: at least the applications of these rows, one row each: pay_app_id, app_bgt_id,
            app_use_des, app_payee, meeting_no.
        calendar: date, wd, weekday, is_workday, wd_to_year_end.
    """
    return (
        rows.join(
            applications.with_columns(app_found=pl.lit(True)),
            on="pay_app_id",
            how="left",
            maintain_order="left",
        )
        .join(calendar, left_on="pay_date", right_on="date", how="left", maintain_order="left")
        .with_columns(
            app_found=pl.col("app_found").fill_null(False),
            bgt_id=pl.coalesce("app_bgt_id", "bgt_id"),
            month=pl.col("pay_date").dt.month().cast(pl.Int64),
            quarter=pl.col("pay_date").dt.quarter().cast(pl.Int64),
            scope_kind=scope_kind(pl.col("mof_div_code")),
            use_key=use_key(pl.col("use_des")),
            use_text=use_text(pl.col("use_des")),
            use_core=use_core(pl.col("use_des")),
            use_plain=plain_text(pl.col("use_des")),
            payee_key=party_key(pl.col("payee_acct_name")),
            payee_person_shaped=person_shaped(pl.col("payee_acct_name")),
            payee_acct_no=account_key(pl.col("payee_acct_no")),
            xpayee_acct_no=account_key(pl.col("xpayee_acct_no")),
            lead_digit=lead_digit(pl.col("pay_amt")),
        )
        .with_columns(payee_differs=_differs(), payee_party=_party())
        .select(CONTRACT.names)
    )


def _differs() -> pl.Expr:
    """Whether the one who was paid is another than the voucher or its application asked for.

    Names decide, as banks match them with accounts: a payee's second account is no other payee.
    Accounts decide where the voucher names one side only.
    """
    actual = party_key(pl.col("xpayee_acct_name"))
    named = (actual != pl.col("payee_key")).fill_null(False)
    asked = (actual.fill_null(pl.col("payee_key")) != party_key(pl.col("app_payee"))).fill_null(
        False
    )
    unnamed = actual.is_null() | pl.col("payee_key").is_null()
    account = unnamed & (pl.col("xpayee_acct_no") != pl.col("payee_acct_no")).fill_null(False)
    return named | asked | account


def _party() -> pl.Expr:
    """Who is paid, whatever the account: a firm by its name, as it may have several accounts.

    Persons share names, so that a person is the account; so is who has no name.
    """
    person = pl.col("payee_is_person").fill_null(False) | pl.col("payee_person_shaped")
    account, name = pl.col("payee_acct_no"), pl.col("payee_key")
    return pl.when(person).then(account.fill_null(name)).otherwise(name.fill_null(account))


@dataclass(frozen=True)
class PaymentMart(Mart):
    """The mart of one or more files a month."""

    clustered = True
    chunk_by = "agency_code"
    _strays: dict[str, pl.DataFrame] = field(default_factory=dict, compare=False)

    def make(self, inputs: Inputs, part: str, rows: pl.LazyFrame | None = None) -> pl.LazyFrame:
        """One month's rows, or a range of units of it."""
        vouchers = inputs.scan_part(_VOUCHER, part) if rows is None else rows
        wanted = _ids(vouchers)
        near = [_find(inputs.scan_part(_APP, p), wanted) for p in _near(inputs, part)]
        strays = self._strays["found"].join(wanted, on="pay_app_id", how="semi")
        found = pl.concat([*near, strays]).unique("pay_app_id", keep="first", maintain_order=True)
        return build(vouchers, found.lazy(), _days(inputs.days()))

    def prepare(self, inputs: Inputs, todo: Sequence[tuple[str, pl.LazyFrame]]) -> None:
        """Find the applications that lie far from their vouchers' month, once for all months."""
        unmet = [pl.DataFrame(schema={"pay_app_id": pl.String})]
        for part, rows in todo:
            wanted = _ids(rows)
            for near in _near(inputs, part):
                has = inputs.scan_part(_APP, near).select("pay_app_id")
                wanted = _streamed(wanted.lazy().join(has, on="pay_app_id", how="anti"))
            unmet.append(wanted)
        missing = pl.concat(unmet).unique()
        self._strays["found"] = _find(inputs.scan(_APP), missing)

    def stale_parts(self, inputs: Inputs) -> set[str]:
        """Months that lost vouchers, or one of whose vouchers names an application that changed."""
        stale = inputs.rewritten_parts(_VOUCHER)
        touched = _streamed(inputs.changed_rows(_APP).select("pay_app_id").unique())
        for part in inputs.parts(_VOUCHER):
            if part in stale or not touched.height:
                continue
            names = inputs.scan_published(_VOUCHER, part).select("pay_app_id")
            hit = names.join(touched.lazy(), on="pay_app_id", how="semi").select(pl.len())
            if _streamed(hit).item():
                stale.add(part)
        return stale

    def fingerprint(self, calendar: str) -> str:
        """Includes the calendar's."""
        return f"{super().fingerprint(calendar)}-{calendar}"


_APP, _VOUCHER = "payment_application", "payment_voucher"


def _ids(vouchers: pl.LazyFrame) -> pl.DataFrame:
    return _streamed(vouchers.select("pay_app_id").drop_nulls().unique())


def _find(applications: pl.LazyFrame, wanted: pl.DataFrame) -> pl.DataFrame:
    columns = applications.select(
        "pay_app_id",
        "meeting_no",
        app_bgt_id=pl.col("bgt_id"),
        app_use_des=pl.col("use_des"),
        app_payee=pl.col("payee_acct_name"),
    )
    if wanted.is_empty():
        return pl.DataFrame(schema=dict.fromkeys(_TAKEN, pl.String))
    found = columns.join(wanted.lazy(), on="pay_app_id", how="semi")
    # A key stands once after the gate; sorting makes the choice the same if it does not.
    return (
        _streamed(found)
        .select(_TAKEN)
        .sort(_TAKEN)
        .unique("pay_app_id", keep="first", maintain_order=True)
    )


def _near(inputs: Inputs, part: str) -> list[str]:
    earlier = [known for known in inputs.parts(_APP) if known <= part]
    return earlier[-_NEAR_MONTHS:][::-1]


def _streamed(frame: pl.LazyFrame) -> pl.DataFrame:
    return frame.collect(engine="streaming")


def _days(calendar: pl.DataFrame) -> pl.LazyFrame:
    left = pl.col("wd").max().over(pl.col("date").dt.year()) - pl.col("wd")
    return calendar.select("date", "wd", "weekday", "is_workday", wd_to_year_end=left).lazy()


PAYMENT = PaymentMart(CONTRACT, (_VOUCHER, _APP), (_VOUCHER,), build)
