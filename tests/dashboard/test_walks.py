"""Five questions that somebody who has never seen the dashboard answers with the page alone.

Each walk starts at the page one lands on and uses only what can be seen and clicked; the answer is
held against the rows of the lake or the store of findings, not against another page.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from datetime import date
from typing import Any

import polars as pl
import pytest
import waitress

from budget_watch.access import Grant
from budget_watch.casework.findings import list_findings
from budget_watch.lake import Home, Reader
from dashboard.app import create_app
from tests.dashboard.test_acting import own  # noqa: F401
from tests.dashboard.test_browser import Looker, browser, looker  # noqa: F401
from tests.dashboard.test_many import transferred

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
GRANT = Grant.system("test")


@pytest.fixture
def window(browser: Any, served: str) -> Iterator[Looker]:  # noqa: F811
    found = looker(browser, served, "desktop")
    found.open("/overview")
    yield found
    assert found.complaints == []
    found.page.context.close()


def block(window: Looker, title: str) -> Any:
    """The block under a heading."""
    return window.page.locator("section", has=window.page.get_by_role("heading", name=title)).last


def rows(table: Any) -> list[list[str]]:
    """The words of the cells of a table's body."""
    return [
        [" ".join(cell.split()) for cell in row.locator("th, td").all_inner_texts()]
        for row in table.locator("tbody tr").all()
    ]


def click(window: Looker, link: Any, path: str) -> None:
    link.first.click()
    window.stands(path)


def test_which_department_is_furthest_behind_time_and_why(window: Looker, home: Home) -> None:
    slowest = block(window, "支出进度最慢")
    told = rows(slowest)
    assert [row[0] for row in told] == ["水利局", "教育局"]
    assert [float(row[-1]) for row in told] == [-61.3, -11.3]
    click(window, slowest.locator("tbody a", has_text="水利局"), "/exec/f11/d102")
    lead = (
        "水利局（一般公共预算）截至2026年11月20日支出660.00万元，完成变动预算的27.5%，"
        "低于时间进度61.3个百分点"
    )
    assert window.text("main .lead").startswith(lead)
    unit = window.page.locator("main tbody a", has_text=re.compile("^水利局本级$"))
    click(window, unit, "/exec/f11/d102/u102001")
    projects = rows(window.page.locator("main table").last)
    assert [(row[0], row[5], row[6]) for row in projects] == [
        ("合计", "660.00", "27.5%"),
        ("展开水利局本级项目1 水利局本级项目1", "330.00", "27.5%"),
        ("展开水利局本级项目2 水利局本级项目2", "330.00", "27.5%"),
        ("差额（未列明）", "0.00", "—"),
    ]
    voucher = pl.col("dept_code") == "102", pl.col("fund_type_code") == "11"
    vouchers = Reader(home, GRANT).scan("payment").filter(*voucher, pl.col("fiscal_year") == 2026)
    assert vouchers.select(pl.col("pay_amt").sum()).collect().item() == 660_0000_00


def test_who_was_paid_the_most_from_it_last_quarter(window: Looker, home: Home) -> None:
    slowest = block(window, "支出进度最慢")
    click(window, slowest.locator("tbody a", has_text="水利局"), "/exec/f11/d102")
    window.page.locator("summary", has_text="期间").click()
    click(window, window.page.get_by_role("link", name="只看第三季度"), "/exec/f11/d102/m7-9")
    assert window.text("main .lead").startswith("2026年第三季度支出180.00万元")
    window.page.get_by_role("link", name="收款人", exact=True).click()
    window.page.wait_for_url("**/exec/f11/d102/m7-9?by=y")
    window.stands("/exec/f11/d102/m7-9")
    paid = (
        Reader(home, GRANT)
        .scan("payment")
        .filter(pl.col("dept_code") == "102", pl.col("fund_type_code") == "11")
        .filter(pl.col("pay_date").is_between(date(2026, 7, 1), date(2026, 9, 30)))
        .group_by("payee_acct_name")
        .agg(pl.col("pay_amt").sum(), pl.len())
        .collect()
        .rows()
    )
    assert paid == [("示范建设有限公司", 180_0000_00, 6)]
    assert rows(window.page.locator("main table").last) == [
        ["合计", "180.00", "100.0%", "6"],
        ["示范建设有限公司", "180.00", "100.0%", "6"],
        ["差额（与支出合计之差）", "0.00", "0.0%", "0"],
    ]


def test_whether_the_city_is_over_any_debt_limit(window: Looker, home: Home) -> None:
    click(window, window.page.locator(".nav a", has_text="政府债务"), "/debt")
    assert window.text("main .lead").startswith("2026年10月末余额289.00亿元，占限额96.3%")
    limits = [
        one.split("\n") for one in block(window, "限额使用").locator(".figure").all_inner_texts()
    ]
    shown = [[word for word in words if word.strip() and word != "口径"] for words in limits]
    owed = Reader(home, GRANT).scan("debt_limit").filter(pl.col("scope_kind") == "本级")
    row = (
        owed.filter(pl.col("fiscal_year") == 2026, pl.col("month") == 10)
        .collect()
        .row(0, named=True)
    )
    for words, kind in zip(shown, ("total", "general", "special"), strict=True):
        balance, limit = row[f"balance_{kind}"], row[f"limit_{kind}"]
        assert balance < limit
        assert f"{balance / 1e10:.2f}亿元" in words
        assert f"{balance / limit:.1%}" in words
        assert f"余量 {(limit - balance) / 1e10:.2f}亿元" in words


def test_which_alerts_are_new_since_yesterday(window: Looker, home: Home) -> None:
    new = block(window, "新增疑点")
    run = [f for f in list_findings(home, GRANT) if f.first_seen == date(2026, 11, 20)]
    found = [f for f in run if not (f.stock or f.held or f.trial)]  # the year's stock is not new
    click(window, new.get_by_role("link", name=re.compile("^新增")), "/alerts")
    assert window.page.url.endswith("/alerts?new=1")
    listed = rows(window.page.locator("main table").last)
    assert len(listed) == len(found) == 5
    assert sorted(row[2].split()[0] for row in listed) == sorted(f.rule for f in found)


def test_what_became_of_the_one_transferred_last_month(browser: Any, own: Home) -> None:  # noqa: F811
    case = transferred(own)
    server = waitress.create_server(create_app(own).server, host="127.0.0.1", port=0, threads=4)
    threading.Thread(target=server.run, daemon=True).start()
    window = looker(browser, f"http://127.0.0.1:{server.effective_port}", "desktop")
    try:
        window.open("/overview")
        sent = block(window, "办理").locator("tr", has_text="已转交")
        assert [cell.inner_text() for cell in sent.locator("td").all()][-1] == "1"
        click(window, sent.locator("a"), "/alerts")
        (listed,) = rows(window.page.locator("main table").last)
        assert "PZ12 疑似拆分支付" in " ".join(listed)
        window.page.locator("main tbody a").first.click()
        window.page.wait_for_url("**/finding/*")
        window.page.wait_for_selector("text=问询函 预工〔2026〕3号")
        handling = " ".join(block(window, "办理").inner_text().split())
        assert "办理状态 已转交" in handling
        assert f"办理编号 {case} 承办 教育局本级（101001） 文号 问询函 预工〔2026〕3号" in handling
        assert re.search(r"签收期限 2026-11-25", handling)
        went = " ".join(block(window, "经过").inner_text().split())
        steps = ["受理初核", "初核成立", "拟转交文书", "审核文书", "签发文书", "编号转交"]
        assert re.findall("|".join(steps), went)[: len(steps)] == steps[::-1]
        assert window.complaints == []
    finally:
        server.close()
