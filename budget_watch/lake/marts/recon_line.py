"""recon_line 调节表签认行: what the finance department wrote into the reconciliation and signed.

Taken from the state database when a snapshot is published, so that a run on the snapshot finds the
same lines ever after; a line signed later is the next snapshot's. Amounts are cumulative since
January like the month report; positive: the report is higher than vouchers can tell.
"""

from __future__ import annotations

import polars as pl

from budget_watch.lake.marts.mart import Inputs, Mart, mart_contract

CONTRACT = mart_contract(
    48,
    "recon_line",
    "调节表签认行",
    "period",
    ["line"],
    "调节行",
    """
line int 调节行编号 !
fiscal_year int 预算年度 !
month int 月份 !
mof_div_code str 财政区划代码 ! region
func_class str 功能分类类级 !
kind str 差异种类 !
amt money 调节金额（截至本月累计） !
explanation str 说明 !
filled_by str 填列人 !
filled_on date 填列日期 !
signed_by str 签认人 !
signed_on date 签认日期 !
""",
    period=("fiscal_year", "month"),
)


def build(signed: pl.DataFrame) -> pl.LazyFrame:
    """The signed lines, by number."""
    return signed.lazy().select(CONTRACT.names)


class SignedMart(Mart):
    """A mart made of what people signed; its fingerprint holds their content."""

    uses_signatures = True

    def make(self, inputs: Inputs, part: str, rows: pl.LazyFrame | None = None) -> pl.LazyFrame:
        """All signed lines."""
        return self.build(inputs.signed())


RECON_LINE = SignedMart(CONTRACT, (), (), build)
