"""Numbers on pages of the topics, each traced to delivered rows, to the fen.

Which month, department, county, enterprise or pool is drawn anew by `BUDGET_WATCH_SEED`; rows are
those of the delivered tables, added up here without any mart, cube or view.
"""

from __future__ import annotations

import os
import random
from calendar import monthrange
from collections import Counter
from datetime import date

import polars as pl
import pytest

from budget_watch.access import Grant
from budget_watch.digest.page_book import Sheet
from budget_watch.lake import Home, Reader
from dashboard.page_reading import read
from tests.dashboard.test_pages import main
from tests.views import small_city
from tests.views.small_city import BUSINESS_DATE, CITY

CODES = ("30212", "30217", "30231", "31013", "30913")
YEAR, LAST = BUSINESS_DATE.year, 9
FIRST = random.Random(os.environ.get("BUDGET_WATCH_SEED", "1"))
SEEDS = [FIRST.randrange(10**6) for _ in range(3)]


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return small_city.make(tmp_path_factory.mktemp("traced"))


@pytest.mark.parametrize("seed", SEEDS)
def test_three_public_amounts_are_vouchers_and_indicators(city: Home, seed: int) -> None:
    chance = random.Random(seed)
    # Of the months before the first voucher of last year nothing says that they were delivered.
    month, dept = chance.randint(5, 11), chance.choice(["", "101", "102"])
    place = f"/d{dept}" if dept else ""
    sheet = _sheet(city, f"/sangong{place}?to={month}", "五项科目")
    ours = (pl.col("dept_code") == dept) if dept else pl.lit(True)
    codes = pl.col("dep_bgt_eco_code").is_in(CODES)
    paid = _rows(city, "payment_voucher").filter(
        ours, codes, pl.col("pay_date").dt.month() <= month
    )
    given = _rows(city, "indicator").filter(ours, codes, pl.col("doc_date").dt.month() <= month)
    given = given.filter(pl.col("fiscal_year") == YEAR)
    changed = _rows(city, "indicator_adjustment").join(
        given.select("bgt_id", "dep_bgt_eco_code"), on="bgt_id"
    )
    changed = changed.filter(pl.col("adj_date").dt.month() <= month)
    opening = _by(given.filter(pl.col("found_type_code") == "年初预算"), "amount")
    current = _by(given, "amount")
    current.update(_by(changed, "amt"))
    now = _by(paid.filter(pl.col("fiscal_year") == YEAR), "pay_amt")
    before = _by(paid.filter(pl.col("fiscal_year") == YEAR - 1), "pay_amt")
    expected = {c: (opening[c], current[c], now[c], before[c]) for c in CODES}
    shown = _amounts(sheet, "年初预算", "变动预算", "支出", "上年同期")
    assert {
        name.split()[0]: amounts for name, amounts in shown.items() if name[0] == "3"
    } == expected
    totals = tuple(sum(column) for column in zip(*expected.values(), strict=True))
    assert shown["合计（五项科目）"] == totals


@pytest.mark.parametrize("seed", SEEDS)
def test_transfers_are_the_rows_of_their_documents(city: Home, seed: int) -> None:
    chance = random.Random(seed)
    rows = _rows(city, "transfer").filter(pl.col("doc_date").dt.year() <= YEAR)
    county = chance.choice(["", *sorted(rows["sub_mof_div_code"].unique())])
    month = chance.randint(2, 12) if not county else 12
    rows = rows.filter(pl.col("doc_date") <= min(BUSINESS_DATE, _end(month)))
    rows = rows.filter(pl.col("sub_mof_div_code") == county) if county else rows
    path = f"/transfer/z{county}" if county else f"/transfer?to={month}"
    kinds = _amounts(_sheet(city, path, "按类型和资金来源方式"), "合计")
    by_kind = {kind: (total,) for kind, total in _sums(rows, "tra_type", "amt").items()}
    assert kinds == {
        "合计": (rows["amt"].sum(),),
        **by_kind,
        "差额（未列明）": (0,),
    }
    projects = _amounts(_sheet(city, path, "项目"), "金额")
    by_project = {name: (total,) for name, total in _sums(rows, "pro_name", "amt").items()}
    assert projects == {"合计": (rows["amt"].sum(),), **by_project}
    if not county:
        counties = _sheet(city, path, "各县区")
        listed = sorted(amount for name, (amount,) in _amounts(counties, "合计").items())
        assert listed == sorted(
            [rows["amt"].sum(), *_sums(rows, "sub_mof_div_code", "amt").values()]
        )


@pytest.mark.parametrize("seed", SEEDS)
def test_debt_is_what_fin_24_and_fin_25_say(city: Home, seed: int) -> None:
    place = random.Random(seed).choice(["市本级", "东城区"])
    rows = _rows(city, "debt_limit").filter(pl.col("month") == LAST)
    region = (
        (pl.col("scope_kind") == "本级") if place == "市本级" else (pl.col("region_name") == place)
    )
    row = rows.filter(region).row(0, named=True)
    shown = _amounts(_sheet(city, "/debt", "本级与各县区"), "限额", "余额", "余量")
    limit, balance = row["limit_total"], row["balance_total"]
    assert shown[place] == (limit, balance, limit - balance)
    bonds = _rows(city, "bond")
    issued = bonds.filter(pl.col("seq") == 0, pl.col("issue_date").dt.year() == YEAR)
    sold = _amounts(_sheet(city, "/debt", "本年发行"), "金额")
    kinds = issued.with_columns(
        as_one=pl.concat_str(pl.lit("发行"), "category", "kind", pl.lit("债券"))
    )
    assert {name: v for name, v in sold.items() if v != (0,)} == {
        "合计": (issued["amt"].sum(),),
        **{name: (total,) for name, total in _sums(kinds, "as_one", "amt").items()},
    }
    due = bonds.filter(pl.col("due_date").is_not_null(), pl.col("seq") > 0)
    due = due.filter(pl.col("due_date") >= BUSINESS_DATE.replace(day=1))
    months = _amounts(_sheet(city, "/debt", "到期与付息"), "本金", "利息")
    told = {name: v for name, v in months.items() if v != (0, 0)}
    expected = {
        day.strftime("%Y-%m"): (principal, interest)
        for day, principal, interest in due.group_by("due_date")
        .agg(pl.col("principal_due").sum(), pl.col("interest_due").sum())
        .iter_rows()
    }
    whole = (due["principal_due"].sum(), due["interest_due"].sum())
    assert told == {"合计": whole, **expected}


@pytest.mark.parametrize("seed", SEEDS)
def test_an_enterprise_and_the_class_are_its_monthly_reports(city: Home, seed: int) -> None:
    reports = _rows(city, "soe_monthly").filter(pl.col("report_scope") == "合并")
    firm = random.Random(seed).choice(sorted(reports["uscc"].unique()))
    heads = ("资产", "负债", "所有者权益", "营业收入", "利润")
    columns = ("asset", "liab", "equity", "revenue", "profit")
    shown = _amounts(_sheet(city, f"/assets/{firm}", "各月快报"), *heads)
    own = reports.filter(pl.col("uscc") == firm)
    assert shown == {
        f"{row['fiscal_year']}-{row['month']:02}": tuple(row[name] for name in columns)
        for row in own.iter_rows(named=True)
    }
    latest = reports.filter(pl.col("fiscal_year") == YEAR, pl.col("month") == LAST)
    classes = _amounts(_sheet(city, "/assets", "四类资产"), "资产", "负债", "国有权益")
    for name, part in (
        ("市本级", latest.filter(pl.col("mof_div_code") == CITY)),
        ("县区", latest.filter(pl.col("mof_div_code") != CITY)),
        ("合计", latest),
    ):
        assert classes[f"企业（不含金融）{name}"] == tuple(part[c].sum() for c in columns[:3])


@pytest.mark.parametrize("seed", SEEDS)
def test_a_pool_is_its_months(city: Home, seed: int) -> None:
    months = _rows(city, "social_fund_month").filter(pl.col("fund_kind") != "工伤")
    pools = months.select("mof_div_code", "fund_kind").unique().sort(pl.all()).rows()
    region, kind = random.Random(seed).choice(pools)
    own = months.filter(pl.col("mof_div_code") == region, pl.col("fund_kind") == kind)
    columns = [pl.col("income"), pl.col("subsidy_income").fill_null(0), pl.col("expense")]
    gap = (pl.col("income") - pl.col("expense")).alias("gap")
    each = own.select("fiscal_year", "month", *columns, gap, "balance_end")
    expected = {f"{year}-{month:02}": tuple(rest) for year, month, *rest in each.iter_rows()}
    this_year = each.filter(pl.col("fiscal_year") == YEAR).sort("month")
    sums = this_year.select("income", "subsidy_income", "expense", "gap").sum().row(0)
    expected[f"{YEAR}年1—{LAST}月合计"] = (*sums, this_year["balance_end"].last())
    sheet = _sheet(city, f"/social/{region}/{kind}", "各月收支")
    assert _amounts(sheet, "收入", "其中补助", "支出", "收支差", "期末结余") == expected


def _sheet(home: Home, path: str, title: str) -> Sheet:
    return next(sheet for sheet in read(main(home, path)).sheets if sheet.title == title)


def _amounts(sheet: Sheet, *names: str) -> dict[str, tuple[int | None, ...]]:
    """The exact amounts of a table's rows by the first cell, fen."""
    heads = [head.text for head in sheet.columns]
    at = [heads.index(name) for name in names]
    return {
        row.cells[0].text.replace("\n", " "): tuple(row.cells[position].fen for position in at)
        for row in sheet.rows
    }


def _rows(home: Home, table: str) -> pl.DataFrame:
    return Reader(home, Grant.system("test")).scan(table).collect()


def _sums(rows: pl.DataFrame, key: str, amount: str) -> dict[str, int]:
    return dict(rows.group_by(key).agg(pl.col(amount).sum()).iter_rows())


def _by(rows: pl.DataFrame, amount: str) -> Counter[str]:
    """Sums by 部门经济科目; nothing is zero, for every table was delivered."""
    return Counter(_sums(rows, "dep_bgt_eco_code", amount))


def _end(month: int) -> date:
    return date(YEAR, month, monthrange(YEAR, month)[1])
