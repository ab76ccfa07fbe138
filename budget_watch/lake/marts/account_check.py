"""account_check 跨表勾稽 (SJ07): what must agree between tables, budgets and levels of government.

One row an identity of a region, year and stage, with both sides and what rounding alone can make
(half a unit for each figure added up). Which identities:

- 上级下达＝下级收到: FIN-08 by receiving region and kind up to the month's end, against the
  receiver's transfer revenue in FIN-01 (11001 返还, 11002 一般性, 11003 专项).
- 调出＝调入: 23008 of the other budgets against 11009 of the general one, in their reports (FIN-04,
  FIN-05; FIN-01 without 110090199) and, where it names both, in FIN-07.
- 预备费 227 (FIN-02) ＝ 51401 (FIN-03), the opening budget.
- 功能合计＝经济合计: own-level expenditure of FIN-02 without 230, 231 against FIN-03 without 512,
  513; budget and cumulative execution.
- 债务: last year's balance + issued (新增, 再融资) − repaid ＝ this balance, general and special.

Of month reports the last month of each year is taken. Where one side is not there at all there is
no row: what is missing is SJ02's affair.
"""

from __future__ import annotations

import polars as pl

from budget_watch.lake.marts.mart import Frames, Mart, mart_contract

CONTRACT = mart_contract(
    44,
    "account_check",
    "跨表勾稽",
    "period",
    ["fiscal_year", "mof_div_code", "scope_kind", "stage", "check_id"],
    "区划×年×版本×勾稽关系",
    """
fiscal_year int 预算年度 !
month int 月份 !
mof_div_code str 财政区划代码 ! region
scope_kind str 范围口径 !
stage str 阶段口径 !
check_id str 勾稽编号 !
title str 勾稽关系 !
left_amt money 左侧金额
right_amt money 右侧金额
difference_amt money 不符金额
tolerance_amt money 舍入容差 !
data_status str 数据状态
""",
    period=("fiscal_year",),
)
_PLACE = ["fiscal_year", "month", "mof_div_code", "scope_kind", "stage"]
_OWN = ["本级", "县区", "开发区"]
_NOT_SPENT, _NOT_SPENT_ECO = ["230", "231"], ["512", "513"]
_REVENUE = {"税收返还": "11001", "一般": "11002", "共同财权": "11002", "专项": "11003"}
_OTHER_BOOKS = ["政府性基金", "国有资本经营"]
_RESERVE = "功能分类预备费（227）＝经济分类预备费（51401）"
_MOVED = "其他预算调出资金＝一般公共预算调入资金"
_KINDS = {"11001": "税收返还", "11002": "一般性转移支付", "11003": "专项转移支付"}


def build(frames: Frames) -> pl.LazyFrame:
    """All identities one under the other."""
    parts = [
        _handed_down(frames["transfer"], frames["general_revenue"]),
        _moved_in_balance(frames["balance"]),
        _moved_in_reports(frames["general_revenue"], frames["gov_fund"], frames["state_capital"]),
        *_functional(frames["general_expenditure"], frames["general_expenditure_economic"]),
        *_debt(frames["debt_limit"]),
    ]
    return (
        pl.concat(parts)
        .with_columns(
            difference_amt=(pl.col("left_amt") - pl.col("right_amt")).abs(),
            tolerance_amt=pl.when(pl.col("unit") > 1)
            .then(pl.col("unit") * pl.col("figures") // 2)
            .otherwise(0)
            .cast(pl.Int64),
        )
        .select(CONTRACT.names)
    )


def _latest(rows: pl.LazyFrame, stages: list[str]) -> pl.LazyFrame:
    """Own-scope rows of these stages, of month reports only the last month of each year."""
    own = rows.filter(pl.col("scope_kind").is_in(_OWN) & pl.col("stage").is_in(stages))
    last = pl.col("month").max().over("fiscal_year", "mof_div_code", "scope_kind", "stage")
    return own.filter(pl.col("month") == last)


def _total(name: str) -> pl.Expr:
    """A sum that a blank among its rows makes unknown."""
    column = pl.col(name)
    return pl.when(column.is_null().any()).then(None).otherwise(column.sum())


def _shape(rows: pl.LazyFrame, check: pl.Expr, title: pl.Expr) -> pl.LazyFrame:
    return rows.select(
        *_PLACE, check.alias("check_id"), title.alias("title"),
        pl.col("left_amt").cast(pl.Int64), pl.col("right_amt").cast(pl.Int64),
        pl.col("unit").fill_null(1).cast(pl.Int64), pl.col("figures").cast(pl.Int64),
        "data_status",
    )  # fmt: skip


def _handed_down(transfers: pl.LazyFrame, revenue: pl.LazyFrame) -> pl.LazyFrame:
    kind = pl.col("rev_code")
    received = _latest(revenue, ["月报", "决算批准"]).filter(kind.is_in(list(_KINDS))).select(
        *_PLACE, "data_status", code=kind, right_amt="ytd_amt", unit="round_fen"
    )  # fmt: skip
    sent = transfers.select(
        "fiscal_year",
        "doc_date",
        "amt",
        mof_div_code="sub_mof_div_code",
        code=pl.col("tra_type").replace_strict(_REVENUE, default=None, return_dtype=pl.String),
    ).filter(pl.col("code").is_not_null())
    where = ["fiscal_year", "mof_div_code"]
    told = sent.select(where).unique()
    end = pl.date(pl.col("fiscal_year"), pl.col("month"), 1).dt.month_end()
    sums = (
        received.join(told, on=where, how="semi")
        .join(sent, on=[*where, "code"], how="left")
        .group_by([*_PLACE, "code"])
        .agg(
            pl.col("data_status", "right_amt", "unit").first(),
            left_amt=pl.when((pl.col("amt").is_not_null() & pl.col("doc_date").is_null()).any())
            .then(None)
            .otherwise(pl.col("amt").filter(pl.col("doc_date") <= end).sum()),
        )
        .with_columns(figures=pl.lit(1))
    )
    names = pl.col("code").replace_strict(_KINDS, return_dtype=pl.String)
    title = pl.concat_str(pl.lit("上级下达"), names, pl.lit("＝本级收到"))
    return _shape(sums, pl.concat_str(pl.lit("transfer-"), "code"), title)


def _moved_in_balance(balance: pl.LazyFrame) -> pl.LazyFrame:
    """In FIN-07, where it names both lines."""
    other = pl.col("book").is_in(_OTHER_BOOKS)
    out = other & (pl.col("side") == "支出") & (pl.col("code") == "23008")
    general = (pl.col("book") == "一般公共预算") & (pl.col("side") == "收入")
    into = general & (pl.col("code") == "11009")
    sums = (
        balance.filter(pl.col("scope_kind").is_in(_OWN) & (out | into))
        .group_by("fiscal_year", "mof_div_code", "scope_kind", "stage")
        .agg(
            left_amt=_sum_where(out, "amt"),
            right_amt=_sum_where(into, "amt"),
            unit=pl.col("round_fen").max(),
            figures=pl.len(),
            data_status=pl.col("data_status").first(),
            both=out.any() & into.any(),
        )
        .filter("both")
        .with_columns(month=pl.lit(12, pl.Int64))
    )
    return _shape(sums, pl.lit("moved-balance"), pl.lit(_MOVED))


def _moved_in_reports(
    revenue: pl.LazyFrame, fund: pl.LazyFrame, capital: pl.LazyFrame
) -> pl.LazyFrame:
    """In the reports of the three budgets: 23008 of FIN-04 and FIN-05, 11009 of FIN-01.

    What the general budget took from elsewhere (110090199 从其他资金调入) has no other side here. A
    report that came without the line counts as zero.
    """
    place = pl.concat([_line(fund, "23008"), _line(capital, "23008")]).group_by(_PLACE).agg(
        left_amt=_sum_where(pl.col("mine"), "amt"), unit=pl.col("round_fen").max(),
        left=pl.col("mine").sum(), data_status=pl.col("data_status").first(),
    )  # fmt: skip
    income = revenue.with_columns(code=pl.col("rev_code"), side=pl.lit("收入"))
    whole = _line(income, "11009", "收入").group_by(_PLACE).agg(
        whole=_sum_where(pl.col("mine"), "amt"), right=pl.col("mine").sum(),
        own_unit=pl.col("round_fen").max(),
    )  # fmt: skip
    elsewhere = _line(income, "110090199", "收入").group_by(_PLACE).agg(
        less=_sum_where(pl.col("mine"), "amt")
    )  # fmt: skip
    sums = (
        place.join(whole, on=_PLACE)
        .join(elsewhere, on=_PLACE)
        .filter(pl.col("left") + pl.col("right") > 0)
        .with_columns(
            right_amt=pl.col("whole") - pl.col("less"),
            unit=pl.max_horizontal("unit", "own_unit"),
            figures=pl.col("left") + pl.col("right"),
        )
    )
    return _shape(sums, pl.lit("moved-report"), pl.lit(_MOVED))


def _line(rows: pl.LazyFrame, code: str, side: str = "支出") -> pl.LazyFrame:
    """All rows of the places' reports, marked where they are the line; budgets where approved."""
    approved = pl.col("stage") == "批准"
    return _latest(rows, ["批准", "月报", "决算批准"]).select(
        *_PLACE, "data_status", "round_fen",
        mine=(pl.col("code") == code) & (pl.col("side") == side),
        amt=pl.when(approved).then("budget_amt").otherwise("ytd_amt"),
    )  # fmt: skip


def _sum_where(here: pl.Expr, name: str) -> pl.Expr:
    """The sum of some rows; zero where there are none, unknown where one is blank."""
    amounts = pl.col(name).filter(here)
    return pl.when(amounts.is_null().any()).then(None).otherwise(amounts.sum())


def _functional(function: pl.LazyFrame, economic: pl.LazyFrame) -> list[pl.LazyFrame]:
    stages = ["批准", "月报", "决算批准"]
    code, eco = pl.col("exp_func_code"), pl.col("gov_bgt_eco_code")
    own = _latest(function.filter(pl.col("level_flag") == "本级支出"), stages)
    other = _latest(economic, stages)
    reserve = own.filter(code == "227").select(*_PLACE, "data_status", left_amt="budget_amt",
                                                unit="round_fen")  # fmt: skip
    mirrored = other.filter(eco == "51401").select(*_PLACE, right_amt="budget_amt")
    both = reserve.join(mirrored, on=_PLACE).with_columns(figures=pl.lit(2))
    checks = [_shape(both, pl.lit("reserve"), pl.lit(_RESERVE))]
    spent = own.filter((code.str.len_chars() == 3) & ~code.is_in(_NOT_SPENT))
    mirror = other.filter((eco.str.len_chars() == 3) & ~eco.is_in(_NOT_SPENT_ECO))
    for column, mark, name in (("budget_amt", "budget", "预算数"), ("ytd_amt", "spent", "累计数")):
        left = spent.group_by(_PLACE).agg(
            left_amt=_total(column), unit=pl.col("round_fen").max(), count=pl.len(),
            data_status=pl.col("data_status").first(),
        )  # fmt: skip
        right = mirror.group_by(_PLACE).agg(right_amt=_total(column), other=pl.len())
        sums = left.join(right, on=_PLACE).with_columns(figures=pl.col("count") + pl.col("other"))
        checks.append(
            _shape(
                sums.filter(pl.col("left_amt").is_not_null() | pl.col("right_amt").is_not_null()),
                pl.lit(f"total-{mark}"), pl.lit(f"功能分类支出{name}合计＝经济分类支出{name}合计"),
            )
        )  # fmt: skip
    return checks


def _debt(limits: pl.LazyFrame) -> list[pl.LazyFrame]:
    """Balances and flows of the year so far, against the balance at the end of the year before."""
    now = _latest(limits, ["月报", "决算批准"])
    ended = limits.filter((pl.col("month") == 12) & pl.col("stage").is_in(["月报", "决算批准"]))
    place = ["fiscal_year", "mof_div_code", "scope_kind"]
    checks = []
    for kind, name in (("general", "一般"), ("special", "专项")):
        opening = (
            ended.sort(pl.col("stage") == "决算批准", descending=True)
            .group_by(place, maintain_order=True)
            .agg(opening=pl.col(f"balance_{kind}").first())
            .with_columns(pl.col("fiscal_year") + 1)
        )
        flows = [f"issue_{kind}", f"repay_{kind}"]
        sums = (
            now.filter(pl.all_horizontal(pl.col(flows).is_not_null()))
            .join(opening, on=place)
            .select(
                *_PLACE,
                "data_status",
                left_amt=pl.col("opening") + pl.col(flows[0]) - pl.col(flows[1]),
                right_amt=pl.col(f"balance_{kind}"),
                unit="round_fen",
                figures=pl.lit(4),
            )
        )
        title = f"{name}债务期初余额＋新增＋再融资－还本＝期末余额"
        checks.append(_shape(sums, pl.lit(f"debt-{kind}"), pl.lit(title)))
    return checks


ACCOUNT_CHECK = Mart(
    CONTRACT,
    (
        "transfer",
        "general_revenue",
        "balance",
        "gov_fund",
        "state_capital",
        "general_expenditure",
        "general_expenditure_economic",
        "debt_limit",
    ),
    (),
    build,
)
