"""A whole year of the committee, 2025, played through the pages by the people whose work it is."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl
import pytest
import waitress

from budget_watch.access import Scope
from budget_watch.casework.accounts import store_of
from budget_watch.casework.checking import check
from budget_watch.lake import Batch, Coverage, Home, Writer
from budget_watch.lake.state import engine
from budget_watch.meetings.node_acts import REMINDED, node_acts
from budget_watch.meetings.node_sweep import sweep
from dashboard.app import create_app
from tests.dashboard.signing import PASSWORD, make
from tests.dashboard.test_browser import Looker, browser, looker  # noqa: F401
from tests.meetings.test_agenda import ref03
from tests.meetings.test_nodes_act import settled
from tests.views.test_supervision_year import home_of, row, whole_year
from tests.views_drill.small_city import CITY, WAN, frames

pytestmark = [pytest.mark.browser, pytest.mark.slow]
FIRST, LAST = date(2024, 12, 1), date(2026, 1, 5)
PEOPLE = {
    "li": ("clerk", None),
    "wang": ("reviewer", None),
    "zhao": ("signer", None),
    "cai": ("finance", Scope(regions=frozenset({CITY}))),
}
DONE = {
    "草案送审": "2024-12-16",
    "部门批复": "2025-02-16",  # ten days late
    "单位批复": "2025-02-10",
    "预算公开": "2025-02-12",
    "备案": None,  # never registered
    "决算草案送审": "2025-07-30",
    "审计报告审议": "2025-08-31",
    "执行报告": "2025-08-31",
    "决算部门批复": "2025-09-20",
    "决算单位批复": "2025-09-24",
    "决算备案": "2025-09-28",
    "决算公开": "2025-09-26",
    "调整方案送审": "2025-08-25",
    "调整方案批准": "2025-10-20",  # after 2025-09-26, when the committee was to decide
    "整改报告审议": "2025-12-25",
    "审议意见反馈": "2025-11-01",
}
# every node: its end, how it stood on 2026-01-05, its entries, its rules' findings, and on which
# days the office was reminded of it. What no table tells is not called done: it was reminded of.
YEAR = """
2024-12-18 预算草案初步方案送初步审查 | 已办 | 1/1 | JS03 未触发 | 临近 2024-12-03
2025-01-17 提出初步审查意见 | 无法判断 没有报表登记这件事是否办了 | — | — | 临近 2025-01-02
2025-01-17 人代会审查和批准预算 | 已办 | 1/1 | — | 临近 2025-01-02
2025-02-06 财政部门批复部门预算 | 已办 1项晚办 | 1/1 | ZX01 疑点1 | 临近 2025-01-22、逾期 2025-02-07
2025-02-11 部门批复所属单位预算 | 已办 | 1/1 | ZX02 未触发 | 临近 2025-01-27
2025-02-17 下达本级年初安排的一般性转移支付 | 无法判断 没有报表登记这件事是否办了 | — | ZX03 未触发 ZX05 未触发 | 临近 2025-02-02
2025-02-17 预算公开 | 已办 | 1/1 | JS05 未触发 | 临近 2025-02-02
2025-02-17 预算备案 | 逾期 过322天 | 0/1 | JS04 疑点1 | 临近 2025-02-02、逾期 2025-02-18
2025-03-18 下达本级年初安排的专项转移支付 | 无法判断 没有报表登记这件事是否办了 | — | ZX04 未触发 ZX05 未触发 | 临近 2025-03-03
2025-08-01 决算草案送初步审查 | 已办 | 1/1 | JS01 未触发 JS02 未触发 JS03 未触发 JS07 未触发 | 临近 2025-07-17
2025-08-27 预算调整方案送初步审查 | 已办 | 1/1 | JS03 未触发 | 临近 2025-08-12
2025-08-31 听取和审议审计工作报告 | 已办 | 1/1 | JS08 未触发 JS10 未触发 |
2025-09-22 财政部门批复部门决算 | 已办 | 1/1 | JS04 疑点1 | 临近 2025-09-07
2025-09-24 部门批复所属单位决算 | 已办 | 1/1 | JS04 疑点1 | 临近 2025-09-09
2025-09-26 常委会批准预算调整方案 | 已办 1项晚办 | 1/1 | ZX13 疑点1 ZW09 未触发 | 临近 2025-09-11、逾期 2025-09-27
2025-09-29 决算公开 | 已办 | 1/1 | JS05 未触发 JS06 未触发 | 临近 2025-09-14
06-01 至 2025-09-30 决算草案提请常委会审查和批准 | 已办 | 1/1 | JS03 未触发 |
06-01 至 2025-09-30 报告本年度上一阶段预算执行情况 | 已办 | 1/1 | JS03 未触发 ZX06 未触发 ZX08 未触发 |
2025-09-30 决算备案 | 已办 | 1/1 | JS04 疑点1 | 临近 2025-09-15
2025-11-05 审议意见研究处理情况反馈 | 已办 | 1/1 | JS11 未触发 | 临近 2025-10-21
2025-12-31 报告国有资产管理情况 | 已办 | 1/1 | JS12 疑点2 GZ01 未触发 GZ02 未触发 |
2025-12-31 报告政府债务管理情况 | 逾期 过5天 FIN-29 没有登记“债务报告” | — | JS12 疑点2 ZW01 未触发 ZW02 未触发 | 临近 2025-12-16、逾期 2026-01-01
2025-12-31 政府综合财务报告备案 | 已办 | 1/1 | JS12 疑点2 | 临近 2025-12-16
2026-02-28 听取和审议审计查出问题整改情况报告 | 已办 | 1/1 | JS08 未触发 JS09 未触发 |
""".strip().splitlines()  # noqa: E501
ASKED = (
    "压减一般性支出 加快专项债券使用 盘活存量资金 规范部门结转 细化代编预算 "
    "提高绩效目标质量 公开部门决算明细 清理往来款 完善国资收益收缴 做实项目库"
)
DEMANDS = [f"第{number}项：{what}" for number, what in enumerate(ASKED.split(), start=1)]


def entries() -> list[dict[str, Any]]:
    """FIN-29 as it was at the year's end, and the beginning of the next."""
    rows = whole_year(2025)
    for each in rows:
        told = DONE.get(each["item"])
        each["done_date"] = date.fromisoformat(told) if told else each["done_date"]
    return [
        *rows,
        row("国资报告", date(2025, 10, 28), date(2025, 10, 28), fiscal_year=2024),
        row("综合财务报告", date(2025, 12, 20), date(2025, 12, 20), fiscal_year=2024),
        row("草案送审", date(2026, 1, 23), date(2025, 12, 22)),
    ]


def adjusted() -> pl.DataFrame:
    """FIN-07: an adjustment of three 亿 that happened before it was approved."""
    shared = {"fiscal_year": 2025, "mof_div_code": CITY, "scope_kind": "本级"}
    shared |= {"book": "一般公共预算", "carry_amt": None, "reason": None}
    days = {"approve_date": date(2025, 10, 20), "occur_date": date(2025, 10, 8)}
    approved = {"approve_date": date(2025, 1, 17), "occur_date": None}
    rows = []
    for stage, total, when in (("批准", 100, approved), ("调整1", 103, days)):
        for side, code, amount in (
            ("收入", "T", total),
            ("收入", "11003", 5),
            ("支出", "T", total),
        ):
            line = {"stage": stage, "side": side, "code": code, "amt": amount * 10_000 * WAN}
            rows.append(
                {**shared, **line, "item_name": "总计" if code == "T" else "专项转移支付", **when}
            )
    dates = {"approve_date": pl.Date, "occur_date": pl.Date}
    return pl.DataFrame(
        rows, schema_overrides={**dates, "carry_amt": pl.Int64, "reason": pl.String}
    )


def deliver(home: Home) -> None:
    """The rest of the year: payments, books, meetings, the adjustment; then the rules run."""
    rows = {name: frame for name, frame in frames().items() if name != "balance"}
    rows["balance"] = adjusted()
    meetings = [
        ref03("HY202501", date(2025, 1, 17), "审查批准预算"),
        ref03("HY202502", date(2025, 8, 31), "审议决算、审计工作报告"),
        ref03("HY202601", date(2026, 1, 23), "审查批准预算"),
    ]
    rows["meeting"] = pl.DataFrame(meetings)
    with Writer.open(home, owner="test") as writer:
        for name, frame in rows.items():
            own = frame
            if "fiscal_year" in own.columns and name != "meeting":
                own = own.filter(pl.col("fiscal_year") <= 2025)
            covered = tuple(Coverage(2025, month, CITY) for month in range(1, 13))
            writer.replace(
                name, own, Batch(f"{name}/all", name, name, f"hash-{name}", LAST, covered)
            )
        writer.publish(LAST)
    check(home.root)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """The year as it went by: every day the nodes acted by themselves."""
    made = settled(home_of(tmp_path_factory.mktemp("year"), entries(), FIRST))
    store = store_of(made, lambda: datetime(2024, 11, 1, tzinfo=UTC))
    for name, (role, scope) in PEOPLE.items():
        make(store, name, role, scope)
    day = FIRST
    while day < LAST:
        sweep(made, datetime(day.year, day.month, day.day, 2, tzinfo=UTC))
        day += timedelta(1)
    deliver(made)
    sweep(made, datetime(LAST.year, LAST.month, LAST.day, 2, tzinfo=UTC))
    yield made
    engine(made).dispose()


@pytest.fixture(scope="module")
def base(home: Home) -> Iterator[str]:
    server = waitress.create_server(create_app(home).server, host="127.0.0.1", port=0, threads=4)
    threading.Thread(target=server.run, daemon=True).start()
    yield f"http://127.0.0.1:{server.effective_port}"
    server.close()


@pytest.fixture(scope="module")
def office(browser: Any, base: str) -> dict[str, Looker]:  # noqa: F811
    """Everybody at a browser of their own."""
    people = {}
    for name in PEOPLE:
        person = people[name] = looker(browser, base, "desktop")
        person.page.goto(f"{base}/login")
        person.page.fill("input[name=name]", name)
        person.page.fill("input[name=password]", PASSWORD)
        person.page.click("form[action='/login'] button[type=submit]")
        person.page.locator("main h1").wait_for()
    return people


def act(window: Looker, step: str, /, **fields: str) -> str:
    """Open a step's form on the page, fill it in, send it; what was told afterwards."""
    page = window.page
    summary = page.locator("details.step-form > summary", has_text=re.compile(f"^{step}$"))
    form = summary.locator("xpath=..")
    summary.click()
    for name, value in fields.items():
        field = form.locator(f"[name={name}]")
        if field.evaluate("each => each.tagName") == "SELECT":
            field.select_option(value)
        else:
            field.fill(value)
    with page.expect_navigation():
        form.locator("button[type=submit]").click()
    page.locator("#told").wait_for()
    page.locator("main h1").wait_for()
    return str(page.locator("#told").text_content())


def rows_of(window: Looker, table: str) -> list[list[str]]:
    """The cells of a table of the page, by its caption, as they are seen."""
    seen: list[list[str]] = window.page.evaluate(
        """name => [...document.querySelectorAll('table')]
            .filter(each => each.caption && each.caption.textContent === name)
            .flatMap(each => [...each.tBodies[0].rows])
            .map(row => [...row.cells].map(cell => cell.innerText.replace(/\\s+/g, ' ').trim()))""",
        table,
    )
    return seen


def test_every_node_of_the_year_is_done_or_was_reminded_of(
    office: dict[str, Looker], home: Home
) -> None:
    reminded: dict[str, list[str]] = {}
    for each in node_acts(home, 2025):
        if each.act == REMINDED:
            assert each.said["told"] == ["li", "wang"]
            told = f"{each.said['state']} {each.at[:10]}"
            reminded.setdefault(str(each.said["title"]), []).append(told)
    window = office["li"]
    window.open("/calendar?year=2025")
    seen = []
    for day, node, _, state, done, rules, _ in rows_of(window, "一年的节点"):
        title = re.split(" (?:法定|惯例) ", node)[0]
        days = "、".join(reminded.get(title, []))
        seen.append(f"{day} {title} | {state} | {done} | {rules} | {days}".strip())
    assert seen == YEAR
    lead = "截至2026-01-05，2025年共24个节点：逾期2，无法判断3，已办19。"
    assert lead in window.text("main") and window.complaints == []


def test_ten_demands_are_tracked_into_the_next_year(office: dict[str, Looker]) -> None:
    li = office["li"]
    li.open("/resolution")
    given = {"title": "关于2025年预算的决议", "decided": "2025-01-17", "due": "2025-10-31"}
    told = act(li, "登记决议事项", texts="\n".join(DEMANDS), whom="政府", **given)
    assert told == "已登记 10 项：JY2025-001 至 JY2025-010。"
    for number in range(1, 11):
        for name, step, fields in way(number):
            office[name].open(f"/resolution/JY2025-{number:03}")
            assert act(office[name], step, **fields) == f"“{step}”已办。"
    expected = [
        [f"{text} JY2025-{number:03}", state, word]
        for number, (text, (state, word)) in enumerate(zip(DEMANDS, ENDS, strict=True), start=1)
    ]
    li.open("/agenda/HY202601")  # the next congress
    assert tracked(li, "以前要求过什么") == expected
    li.open("/draft")
    assert tracked(li, "上年决议事项") == expected
    said = "要在审查2026年草案时问的10项：没有办结7项（逾期2项），评价为满意或基本满意6项。"
    assert said in li.text("#demands")
    late = [each[3].split(" ")[1][:2] for each in rows_of(li, "上年决议事项") if " " in each[3]]
    assert late == ["逾期", "逾期"]  # by how many days: by the clock of today
    assert [window.complaints for window in office.values()] == [[]] * len(office)


ENDS = [("办结", "基本满意")] * 3 + [("已评价", "基本满意")] * 3
ENDS += [("已评价", "不满意")] * 2 + [("已交办", "—")] * 2


def tracked(window: Looker, table: str) -> list[list[str]]:
    """Demand, state and evaluation of each line of a list of demands."""
    return [[line[0], *line[4:]] for line in rows_of(window, table)]


def way(number: int) -> list[tuple[str, str, dict[str, str]]]:
    """How far the n-th demand comes: whose step, its name, what is given."""
    steps: list[tuple[str, str, dict[str, str]]] = [("wang", "交办", {})]
    if number > 8:
        return steps
    steps.append(("cai", "报告办理情况", {"text": f"第{number}项已办。"}))
    judged = {"word": "基本满意"} if number <= 6 else {"word": "不满意", "remark": "没有金额"}
    steps.append(("wang", "登记评价", judged))
    return [*steps, ("zhao", "办结", {"reason": "已落实"})] if number <= 3 else steps


def test_two_agenda_items_are_prepared_and_closed(office: dict[str, Looker]) -> None:
    li, wang = office["li"], office["wang"]
    outcome = "审议通过，提出三条意见。"
    for number, thing in (("HY202501", "/exec"), ("HY202502", "AUD-01 审计工作报告")):
        li.open(f"/agenda/{number}")
        text = li.text("main")
        for title in ("数据怎么说", "以前要求过什么", "法律怎么要求", "应有的材料"):
            assert title in text
        assert act(li, "挂材料", thing=thing) == "“挂材料”已办。"
        assert act(li, "备齐") == "“备齐”已办。"
        wang.open(f"/agenda/{number}")
        assert act(wang, "登记审议结果", outcome=outcome) == "“登记审议结果”已办。"
    li.open("/agenda?st=已议")
    assert rows_of(li, "会议与议题") == [
        ["2025-08-31 2025年常委会会议（常委会）"],
        ["审议决算、审计工作报告", "决算、审计工作和整改", outcome, "1", "已议"],
        ["2025-01-17 2025年常委会会议（常委会）"],
        ["审查批准预算", "预算草案", outcome, "1", "已议"],
    ]
    li.open("/events?tab=meeting&year=2025")
    assert rows_of(li, "大事记") == [
        ["2025-08-31", "会议", "2025年常委会会议：审议决算、审计工作报告", outcome],
        ["2025-01-17", "会议", "2025年常委会会议：审查批准预算", outcome],
    ]
    assert [window.complaints for window in office.values()] == [[]] * len(office)


def test_the_adjustment_approved_late_is_found_from_its_node(office: dict[str, Looker]) -> None:
    li = office["li"]
    li.open("/calendar?year=2025")
    row = li.page.locator("tr", has_text="常委会批准预算调整方案").first
    row.locator("a", has_text="疑点1").click()
    li.stands("/alerts")
    li.page.locator("main a[href^='/finding/']").first.click()
    li.page.locator("main h1", has_text="预算调整未见批准或者先于批准").wait_for()
    said = li.text("main")
    for part in (
        "ZX13",
        "2025年一般公共预算调整1（2025年10月8日发生）：总支出增加3.00亿元",
        "批准日期晚于发生日期",
        "《预算法》第六十九条",
    ):
        assert part in said, said[:900]
    assert li.complaints == []
