"""fund_line 政府性基金分项收支: the items (项) of FIN-04, each with the fund it belongs to.

A fund (基金项目) is told by its codes: its income items and the expenditure items that it pays for,
those of its special bonds and the interest on them with it, as 《政府收支分类科目》 pairs them.
A line of another code belongs to the fund that the table itself names (`fund_item`); if it
names none, the line is left out. Of sums and parts in one table only one counts: the item of seven
digits, else its parts (目), else the 款 above.
"""

from __future__ import annotations

import polars as pl

from budget_watch.lake.marts.mart import Frames, Mart, mart_contract

CONTRACT = mart_contract(
    31,
    "fund_line",
    "政府性基金分项收支",
    "period",
    ["fiscal_year", "month", "mof_div_code", "scope_kind", "stage", "side", "code"],
    "区划×年×月×基金科目",
    """
fiscal_year int 预算年度 !
month int 月份 !
mof_div_code str 财政区划代码 ! region
scope_kind str 范围口径 !
stage str 阶段口径 !
fund str 基金项目 !
side str 收支 !
code str 科目编码 !
item_name str 科目名称
budget_amt money 年初预算
ytd_amt money 累计数
carry_amt money 该基金上年结转收入
aid_amt money 该基金上级转移支付收入
bond_amt money 该基金专项债务收入
data_status str 数据状态
round_fen int 金额舍入单位（分）
biz_date date 业务日期
""",
    period=("fiscal_year", "month"),
)
# fund: leading codes of its income and of its expenditure
FUNDS: dict[str, tuple[str, ...]] = {
    "国家电影事业发展专项资金": ("1030129", "20707", "20710", "2320405", "2330405"),
    "旅游发展基金": ("1030121", "20709"),
    "国有土地收益基金": ("1030146", "21210"),
    "农业土地开发资金": ("1030147", "21211", "2320413", "2330413"),
    # with it the bonds for land reserves and shanty towns, whose projects land income repays
    "国有土地使用权出让": (
        "1030148", "1031006", "21208", "21215", "21216", "21219", "2320411", "2320431", "2320433",
        "2330411", "2330431", "2330433",
    ),
    "大中型水库移民后期扶持基金": ("1030149", "21372"),
    "大中型水库库区基金": ("1030150", "21366", "21370", "2320414", "2330414"),
    "三峡水库库区基金": ("1030152", "21367"),
    "彩票公益金": ("1030155", "22960"),
    "城市基础设施配套费": ("1030156", "21213", "21217", "2320416", "2330416"),
    "小型水库移民扶助基金": ("1030157", "21373", "21374", "2320417", "2330417"),
    "国家重大水利工程建设基金": ("1030158", "21369", "21371", "2320418", "2330418"),
    "车辆通行费": (
        "1030159", "21462", "21471", "21472", "2320419", "2320432", "2330419", "2330432",
    ),
    "污水处理费": ("1030178", "21214", "21218", "2320420", "2330420"),
    "彩票发行销售机构业务费": ("1030180", "22908"),
    "耕地保护考核奖惩基金": ("1030182", "22006"),
    "其他政府性基金": (
        "1030199", "1031099", "22904", "2320498", "2320499", "2330498", "2330499",
    ),
}  # fmt: skip
_FUND_OF = {code: fund for fund, codes in FUNDS.items() for code in codes}
_KIND, _ITEM = 5, 7  # digits of a 款, of a 项
_TABLE = ["fiscal_year", "month", "mof_div_code", "scope_kind", "stage", "side"]


def build(frames: Frames) -> pl.LazyFrame:
    """gov_fund's items, fund by fund."""
    return (
        _items(frames["gov_fund"])
        .with_columns(fund=pl.coalesce(_by_code(), pl.col("fund_item").str.strip_chars()))
        .filter(pl.col("fund").is_not_null() & (pl.col("fund") != ""))
        .select(CONTRACT.names)
    )


def _by_code() -> pl.Expr:
    """The fund whose codes the line's code begins with: seven digits first, then five."""
    code = pl.col("code")
    return pl.coalesce(
        code.str.slice(0, length).replace_strict(_FUND_OF, default=None, return_dtype=pl.String)
        for length in (7, 5)
    )


def _items(rows: pl.LazyFrame) -> pl.LazyFrame:
    """The rows of one depth: seven digits; longer without these; five without any longer."""
    code, digits = pl.col("code"), pl.col("code").str.len_chars()
    items = rows.filter(digits == _ITEM).select(*_TABLE, "code")
    details = (
        rows.filter(digits > _ITEM)
        .with_columns(item=code.str.slice(0, _ITEM))
        .join(items, left_on=[*_TABLE, "item"], right_on=[*_TABLE, "code"], how="anti")
        .drop("item")
    )
    below = rows.filter(digits > _KIND).select(*_TABLE, code=code.str.slice(0, _KIND)).unique()
    kinds = rows.filter(digits == _KIND).join(below, on=[*_TABLE, "code"], how="anti")
    return pl.concat([rows.filter(digits == _ITEM), details, kinds])


FUND_LINE = Mart(CONTRACT, ("gov_fund",), ("gov_fund",), build)
