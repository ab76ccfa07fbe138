"""重大项目: what the department told by quarter, and what vouchers paid, with a way down."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import polars as pl
import pytest

from budget_watch.access import Depth, Grant, Scope
from budget_watch.casework.checking import check
from budget_watch.lake import Batch, Coverage, Home, Writer
from budget_watch.lake.state import engine
from dashboard.app import answer
from tests.dashboard.reading import cells, kinds, links, words
from tests.dashboard.test_pages import main
from tests.views_drill.small_city import AS_OF, CITY, COUNTY, WAN, make_home

PATH, MAJOR = "/livelihood", "?tab=major"
FULL = {3: 100_000, 6: 250_000, 9: None, 10: 405_000}


def told(code: str, name: str, month: int, pct: int | None, **more: Any) -> dict[str, Any]:
    """One month's row; 概算 of 5,000 and 3,000 万元."""
    row = {"fiscal_year": 2026, "month": month, "pro_code": code, "nat_code": None}
    row |= {"pro_name": name, "mof_div_code": CITY, "dept_code": "101", "agency_code": "101001"}
    row |= {"estimate": 5_000 * WAN, "design_budget": 5_000 * WAN, "plan_amt": 1_000 * WAN}
    row |= {"paid_amt": 1_500 * WAN + month * 50 * WAN, "contract_amt": 4_800 * WAN}
    days = {"start_date": date(2025, 5, 1), "finish_date": None, "accept_date": None}
    days |= {"estimate_date": None, "design_date": None, "final_account_date": None}
    return {**row, "progress_pct": pct, **days, **more}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """A school told in every quarter, a dam that costs more than approved and was told of once,
    and a county's road."""
    made, _ = make_home(tmp_path_factory.mktemp("major"))
    rows = [told("P1010011", "校舍", month, pct) for month, pct in FULL.items()]
    dam = {"agency_code": "102001", "dept_code": "102", "design_budget": 3_000 * WAN}
    dam |= {"estimate": 3_000 * WAN, "contract_amt": 2_900 * WAN, "paid_amt": 3_030 * WAN}
    rows.append(told("P9999999", "水库", 6, 800_000, **dam))
    county = {"mof_div_code": COUNTY, "agency_code": "B1101001", "dept_code": "B1101"}
    rows.append(told("PB11010011", "县道", 10, 990_000, **county))
    days = [name for name in rows[0] if name.endswith("_date")]
    kinds_ = {**dict.fromkeys(days, pl.Date), "nat_code": pl.String}
    frame = pl.DataFrame(rows, infer_schema_length=None, schema_overrides=kinds_)
    covered = tuple(
        Coverage(2026, month, each) for month in range(1, 11) for each in (CITY, COUNTY)
    )
    with Writer.open(made, owner="test") as writer:
        name = "investment_project"
        writer.replace(name, frame, Batch(name, name, "n.csv", "hash-n", AS_OF, covered))
        writer.publish(AS_OF)
    check(made.root, rules=["ZX26"])
    yield made
    engine(made).dispose()


def shown(home: Home, grant: Grant | None = None) -> Any:
    page = answer(home, grant or Grant.operator("test"), PATH, MAJOR)
    return kinds(page, "Main")[0]


def rows(page: Any) -> list[list[str]]:
    return [cells(each) for each in kinds(kinds(page, "Table")[0], "Tr")[1:]]


def test_each_project_with_its_quarters_and_what_vouchers_paid(home: Home) -> None:
    page = shown(home)
    school, dam = "P1010011 校舍", "P9999999 水库"
    assert rows(page) == [
        ["合计", "—", "8,000.00", "2,000.00", "5,030.00", "62.9%", "—", "—", "—", "—", "缺", "—"],
        [school, "教育局本级（101001）", "5,000.00", "1,000.00", "2,000.00", "40.0%",
         "10.0%", "25.0%", "缺", "40.5%", "498.20", "—"],
        [dam, "水利局本级（102001）", "3,000.00", "1,000.00", "3,030.00", "101.0%",
         "缺", "80.0%", "缺", "缺", "缺", "疑点1"],
    ]  # fmt: skip
    lead = "2026年10月报送政府投资项目2项，概算合计8,000.00万元，累计支付为概算的62.9%；"
    assert f"{lead}规则ZX26现有疑点1条。" in words(page)
    ways = links(kinds(page, "Table")[0])
    drill = "/exec/d101/u101001/pP1010011"
    assert ways == [drill, f"{drill}?tab=v", "/alerts?rule=ZX26"]
    paid = words(kinds(main(home, drill), "Main"))
    assert "498.20" in paid


def test_a_reader_is_shown_their_own_and_never_told_of_others(home: Home) -> None:
    county = Grant("x", "test", scope=Scope(regions=frozenset({COUNTY})), role="clerk")
    assert [each[0] for each in rows(shown(home, county))] == ["合计", "PB11010011 县道"]
    unit = Grant("k", "test", scope=Scope(units=frozenset({"101001"})), role="unit_clerk")
    text = words(shown(home, unit))
    assert "水库" not in text and "县道" not in text
    scope = Scope(regions=frozenset({CITY}))
    deputy = Grant("d", "test", scope=scope, depth=Depth.PROJECT, role="deputy")
    page = shown(home, deputy)
    assert rows(page)[1][10] == "498.20" and not any("tab=v" in each for each in links(page))


def test_a_year_without_a_table_says_what_is_missing(home: Home) -> None:
    page = kinds(answer(home, Grant.operator("test"), PATH, f"{MAJOR}&fy=2025"), "Main")[0]
    said = "缺 NDRC-02 政府投资项目计划与进度表（2025年），由发改部门送达。"
    assert said in words(page) and "2025年没有报送政府投资项目。" in words(page)
    wrong = answer(home, Grant.operator("test"), PATH, "?tab=x")
    assert "没有“x”这一页" in words(wrong)
