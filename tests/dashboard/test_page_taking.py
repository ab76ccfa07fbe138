"""Pages taken away: what the files hold, who may, what is written down, what stays hidden."""

from __future__ import annotations

import csv
import json
import threading
from collections.abc import Iterator
from datetime import datetime
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from budget_watch.access import Grant, Scope
from budget_watch.audit import read
from budget_watch.casework.cases import actor_of
from budget_watch.lake import Home
from budget_watch.lake.state import engine
from dashboard import context, page_taking
from dashboard.page_taking import TooManyError, book_of, taken
from tests.dashboard.reading import kinds
from tests.dashboard.signing import PASSWORD, make, store_at
from tests.dashboard.test_browser import browser, looker  # noqa: F401
from tests.dashboard.test_opinions import OURS, PEOPLE, made  # noqa: F401
from tests.dashboard.test_pages import PAGES
from tests.dashboard.test_pages import main as shown

EXPORTERS = {"li", "wang", "zhao"}
WHY = "向主任会议汇报"


def asked(at: str, **more: Any) -> dict[str, Any]:
    return {"at": at, "reason": WHY, "format": "xlsx", **more}


def workbook(content: bytes) -> dict[str, list[list[Any]]]:
    """The rows of every sheet from the column titles on, without what is empty at their ends."""
    book = load_workbook(BytesIO(content))
    return {
        sheet.title: [[cell for cell in row if cell is not None] for row in list(sheet.values)[5:]]
        for sheet in book
    }


def test_a_division_is_taken_away_as_it_stands(home: Home) -> None:
    name, content = taken(home, actor_of(home, Grant.operator("test")), asked("/exec"))
    assert name == "市本级预算执行-2026-11-20.xlsx"
    sheets = workbook(content)
    assert list(sheets) == ["说明", "月度累计", "年初预算到变动预算", "市本级：按部门"]
    assert sheets["市本级：按部门"][:5] == [
        ["部门", "年初预算", "变动预算", "追加率", "用款计划", "支出", "支出进度", "同比", "占比",
         "疑点"],
        ["合计", 4200, 4320, 0.029, 2475, 2148.2, 0.497, 0.001, 1, "▲橙 2 · 共32"],
        ["教育局", 1800, 1920, 0.067, 1705, 1488.2, 0.775, 0.002, 0.693, "▲橙 2 · 共22"],
        ["水利局", 2400, 2400, 0, 770, 660, 0.275, 0, 0.307, "■黄 9"],
        ["差额（未列明）", 0, 0, "—", 0, 0, "—", "—", 0, "●蓝 1"],
    ]  # fmt: skip
    assert sheets["年初预算到变动预算"][:4] == [
        ["步骤", "金额", "分类", "起点", "数额", "增加", "减少"],
        ["年初预算", 4200, "年初预算", 4200],
        ["追加：上级转移支付", 120, "上级转移支付", 4200, 120],
        ["变动预算", 4320, "变动预算", 4320],
    ]
    book = load_workbook(BytesIO(content))
    kinds_ = {sheet.title: [type(chart).__name__ for chart in sheet._charts] for sheet in book}
    assert kinds_ == {
        "说明": [],
        "月度累计": ["LineChart"],
        "年初预算到变动预算": ["BarChart"],
        "市本级：按部门": [],
    }
    first = [cell for row in book["说明"].values for cell in row]
    lead = (
        "市本级截至2026年11月20日支出2,148.20万元，完成变动预算的49.7%，"
        "低于时间进度39.0个百分点；同比+0.1%。"
        "从结构看，水利局少支出最多，比时间进度少1,470.41万元。"
    )
    assert lead in first
    assert "/exec?snap=S20261120-01" in first and "当前页19行" in first


def test_the_unit_of_the_page_is_that_of_the_file_and_csv_is_always_yuan(home: Home) -> None:
    actor = actor_of(home, Grant.operator("test"))
    _, content = taken(home, actor, asked("/exec?unit=yi"))
    assert workbook(content)["市本级：按部门"][1][:3] == ["合计", 0.42, 0.432]
    _, content = taken(home, actor, asked("/exec?unit=yi", format="csv", table="市本级：按部门"))
    lines = list(csv.reader(StringIO(content.decode("utf-8-sig"))))
    assert lines[0][:3] == ["部门", "年初预算（元）", "变动预算（元）"]
    assert lines[2] == ["教育局", "18000000.00", "19200000.00", "6.7%", "17050000.00",
                        "14882000.00", "77.5%", "0.2%", "69.3%", "▲橙 2 · 共22"]  # fmt: skip


def test_all_vouchers_come_in_their_order_however_they_are_cut_and_persons_stay_masked(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    actor = actor_of(home, Grant.operator("test"))
    wanted = asked("/exec/d101?tab=v", range="all")
    _, content = taken(home, actor, wanted)
    rows = workbook(content)["支付凭证"]
    assert rows[0] == ["支付日期", "凭证号", "收款人", "金额", "用途", "部门经济科目", "结算方式"]
    vouchers = rows[1:46]
    assert sum(row[3] for row in vouchers) == 14_882_000
    assert vouchers[8] == [
        datetime(2026, 10, 9), "99-loose", "张**", 32000, "差旅费", "30201 办公费", "公务卡",
    ]  # fmt: skip
    assert "张三丰" not in str(rows) and "6222" not in str(rows)
    monkeypatch.setattr(context, "AT_ONCE", 10)
    book = book_of(home, actor.grant, page_taking.address_of(wanted), whole=True)
    assert book.extent == "全部45行"
    assert [row.cells[1].text for row in book.sheets[0].rows] == [row[1] for row in vouchers]


def test_more_rows_than_one_export_holds_are_told_and_not_cut(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    actor = actor_of(home, Grant.operator("test"))
    monkeypatch.setattr(page_taking, "MOST", 44)
    with engine(home).connect() as connection:
        before = len(list(read(connection, act="page.export")))
    with pytest.raises(TooManyError) as told:
        taken(home, actor, asked("/exec/d101?tab=v", range="all"))
    assert str(told.value) == (
        "共45行超过一次导出的上限44行，没有导出。请按部门、单位、月份或金额缩小范围后分次导出。"
    )
    with engine(home).connect() as connection:
        assert len(list(read(connection, act="page.export"))) == before
    monkeypatch.setattr(page_taking, "MOST", 45)
    _, content = taken(home, actor, asked("/exec/d101?tab=v", range="all"))
    assert len(workbook(content)["支付凭证"]) > 45


def test_shortened_lists_are_whole_where_all_is_asked_for(home: Home) -> None:
    grant = Grant.operator("test")
    part = book_of(home, grant, page_taking.address_of(asked("/alerts")), whole=False)
    whole = book_of(home, grant, page_taking.address_of(asked("/alerts")), whole=True)
    assert len(whole.sheets[0].rows) >= len(part.sheets[0].rows) > 0
    assert whole.extent == f"全部{len(whole.sheets[0].rows)}行"


@pytest.mark.parametrize("path", [path for path in PAGES if not path.startswith("/admin")])
def test_every_page_can_be_taken_away_and_holds_no_formula(home: Home, path: str) -> None:
    every = kinds(shown(home, path), "Form")
    forms = [form for form in every if getattr(form, "data-export", "") == "page"]
    if not forms:  # nothing but sentences stands there
        book = book_of(
            home, Grant.operator("test"), page_taking.address_of(asked(path)), whole=True
        )
        assert not book.sheets and not book.figures
        return
    at = getattr(forms[0], "data-at", "")
    _, content = taken(home, actor_of(home, Grant.operator("test")), asked(at, range="all"))
    book = load_workbook(BytesIO(content))
    kinds_ = {cell.data_type for sheet in book for row in sheet.iter_rows() for cell in row}
    assert kinds_ <= {"s", "n", "d"}
    assert len(book.sheetnames) > len(kinds(shown(home, path), "Table"))


@pytest.mark.slow
def test_only_three_roles_take_pages_away_each_under_their_own_grant(made):  # noqa: F811
    store = store_at(made.home)
    make(store, "part", "clerk", Scope(departments=frozenset({"102"})))
    for name in (*PEOPLE, "part"):
        person = made.signed(name)
        may = name in EXPORTERS or name == "part"
        told = person.said("/exec")
        assert ("导出将加水印并记入审计日志" in told) is may, name
        answer = person.post("/export/page", json=asked("/exec"), headers=OURS)
        assert answer.status_code == (200 if may else 403), (name, answer.text)
        answer = person.post("/picture", json=asked("/exec", chart="月度累计"), headers=OURS)
        assert answer.status_code == (200 if may else 403), name
        assert person.post("/export/page", json=asked("/exec")).status_code == 403  # not our page
    content = made.signed("part").post("/export/page", json=asked("/exec"), headers=OURS).data
    rows = workbook(content)["您范围内的市本级：按部门"]
    assert [row[0] for row in rows[:4]] == ["部门", "合计", "水利局", "差额（未列明）"]
    assert "教育局" not in str(workbook(content))


@pytest.mark.slow
def test_what_is_taken_is_written_down_with_reason_address_and_rows(made):  # noqa: F811
    li = made.signed("li")
    wanted = asked("/exec/d101?tab=v", format="csv", table="支付凭证", range="all")
    answer = li.post("/export/page", json=wanted, headers=OURS)
    assert answer.status_code == 200
    line = answer.data.decode("utf-8-sig").rstrip().splitlines()[-1]
    assert line.startswith("li某（li） 20") and line.endswith(f" 导出，用途：{WHY}")
    li.post("/picture", json=asked("/exec", chart="月度累计"), headers=OURS)
    with engine(made.home).connect() as connection:
        voucher, picture = list(read(connection, act="page.export"))[-2:]
    assert (voucher.user, voucher.subject) == ("li", "/exec/d101?snap=S20261120-01&tab=v")
    assert json.loads(voucher.details) == {
        "reason": WHY,
        "page": "教育局预算执行",
        "snapshot": "S20261120-01",
        "rows": {"支付凭证": 45},
        "format": "csv",
        "range": "全部45行",
    }
    assert json.loads(picture.details) == {
        "reason": WHY,
        "page": "市本级预算执行",
        "snapshot": "S20261120-01",
        "rows": {"月度累计": 12},
        "format": "png",
        "range": "图",
    }


@pytest.mark.slow
def test_a_wrong_request_takes_nothing_and_says_why(made):  # noqa: F811
    li = made.signed("li")
    for wrong, sentence in (
        (asked("/exec", reason="看"), "至少4个字"),
        (asked("/exec", format="exe"), "只导出为 Excel 或 CSV"),
        (asked("/exec", format="csv", table="没有的表"), "没有这张表"),
        (asked("/exec?colour=red"), "不能识别"),
        (asked("/admin/accounts"), "没有可导出的内容"),
        (asked("//example.org/exec"), "只导出本系统的页面"),
        (asked("/voucher/2026/nothing"), "没有找到这条记录，或您没有查看权限"),
        (asked(""), "读不懂"),
        (asked("/exec" + "?" * 5000), "读不懂"),
        ({"reason": WHY, "at": 5}, "读不懂"),
        ([], "读不懂"),
    ):
        answer = li.post("/export/page", json=wrong, headers=OURS)
        assert answer.status_code == 422, (wrong, answer.status_code)
        assert sentence in answer.json["said"], (wrong, answer.json)
    answer = li.post("/picture", json=asked("/exec", chart="没有的图"), headers=OURS)
    assert (answer.status_code, answer.json["said"]) == (
        422,
        "页面上没有这张图；请刷新页面后再导出。",
    )


@pytest.fixture
def seen(browser: Any, made: Any) -> Iterator[Any]:  # noqa: F811
    import waitress

    server = waitress.create_server(made.app.server, host="127.0.0.1", port=0, threads=4)
    threading.Thread(target=server.run, daemon=True).start()
    base = f"http://127.0.0.1:{server.effective_port}"
    window = looker(browser, base, "desktop")
    window.page.goto(f"{base}/login")
    window.page.locator("input[name=name]").fill("wang")
    window.page.locator("input[name=password]").fill(PASSWORD)
    window.page.get_by_role("button", name="登录", exact=True).click()
    window.page.wait_for_selector("#main h1", timeout=60_000)
    yield window
    server.close()


def take(window: Any, kind: str, reason: str = WHY) -> Path:
    """Fill the form in and wait for the file."""
    menu = window.page.locator(".acts details", has_text="导出").first
    menu.locator("summary").click()
    form = menu.locator("form")
    form.locator("select[name=format]").select_option(kind)
    form.locator("input[name=reason]").fill(reason)
    with window.page.expect_download(timeout=60_000) as caught:
        form.locator("button[type=submit]").click()
    return Path(caught.value.path()).rename(
        Path(caught.value.path()).with_name(caught.value.suggested_filename)
    )


@pytest.mark.browser
def test_in_a_browser_a_page_becomes_a_workbook_and_a_chart_a_picture(seen: Any) -> None:
    seen.open("/exec")
    book = take(seen, "xlsx")
    assert book.name == "市本级预算执行-2026-11-20.xlsx"
    assert workbook(book.read_bytes())["市本级：按部门"][1][0] == "合计"
    seen.open("/exec")
    picture = take(seen, "png")
    assert picture.name == "市本级预算执行-2026-11-20-月度累计.png"
    content = picture.read_bytes()
    assert content[:8] == b"\x89PNG\r\n\x1a\n"
    wide, high = (int.from_bytes(content[at : at + 4]) for at in (16, 20))
    assert (wide, high) == (1920, 1104)
    assert len(content) > 30_000  # lines, ticks and words; an empty canvas takes a tenth of it
    assert seen.complaints == []


@pytest.mark.browser
def test_in_a_browser_too_short_a_reason_is_refused_where_the_form_stands(seen: Any) -> None:
    seen.open("/debt")
    menu = seen.page.locator(".acts details", has_text="导出").first
    menu.locator("summary").click()
    form = menu.locator("form")
    assert not form.locator(".only-csv").is_visible()
    form.locator("select[name=format]").select_option("csv")
    assert form.locator(".only-csv").is_visible()
    form.locator("input[name=reason]").fill("看看")
    form.locator("button[type=submit]").click()
    form.locator(".form-said:not(:empty)").wait_for()
    assert form.locator(".form-said").text_content() == "导出要写明用途，至少4个字。"
