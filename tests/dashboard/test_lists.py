"""四张清单 by hand-made requests and in a browser: what each sees, and who may take it away."""

from __future__ import annotations

import json
import threading
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from budget_watch.audit import read
from budget_watch.lake.state import engine
from budget_watch.views.four_lists import LISTS
from tests.dashboard.signing import PASSWORD
from tests.dashboard.test_browser import browser, looker  # noqa: F401
from tests.dashboard.test_opinions import OURS, PEOPLE, READS, SAID, made  # noqa: F401

EXPORTERS = {"li", "wang", "zhao"}


@pytest.mark.slow
def test_each_finds_their_own_and_only_three_roles_take_it_away(made):  # noqa: F811
    for name in PEOPLE:
        person = made.signed(name)
        for tab in ("", "?tab=problems", "?tab=advice", "?tab=outcomes"):
            told = person.said("/lists", tab)
            assert "未能载入" not in told
            for each, text in SAID.items():
                if each not in READS[name]:
                    assert text not in told and f"标题{each}" not in told, (name, tab, each)
        assert ("导出四张清单" in told) is (name in EXPORTERS)
        asked = {"reason": "向主任会议汇报", "year": ""}
        answer = person.post("/export/lists", json=asked, headers=OURS)
        assert answer.status_code == (200 if name in EXPORTERS else 403), name
        assert person.post("/export/lists", json=asked).status_code == 403
    told = made.signed("li").said("/lists", "?tab=advice")
    assert made.numbers["open"] in told and made.numbers["sent"] not in told


@pytest.mark.slow
def test_a_wrong_request_takes_nothing(made):  # noqa: F811
    li = made.signed("li")
    for asked in ({"reason": "看"}, {"reason": "汇报汇报", "year": "去年"}, [], {"reason": 5}):
        assert li.post("/export/lists", json=asked, headers=OURS).status_code == 422
    assert li.get("/export/lists").status_code in (404, 405)  # a page that is not there


@pytest.mark.browser
def test_the_workbook_is_taken_away_in_a_browser(
    browser: Any,  # noqa: F811
    made: Any,  # noqa: F811
) -> None:
    import waitress

    server = waitress.create_server(made.app.server, host="127.0.0.1", port=0, threads=4)
    threading.Thread(target=server.run, daemon=True).start()
    window = looker(browser, f"http://127.0.0.1:{server.effective_port}", "desktop")
    try:
        window.page.goto(f"http://127.0.0.1:{server.effective_port}/login")
        window.page.locator("input[name=name]").fill("wang")
        window.page.locator("input[name=password]").fill(PASSWORD)
        window.page.get_by_role("button", name="登录", exact=True).click()
        window.page.wait_for_selector("#main h1", timeout=60_000)
        window.open("/lists?tab=advice")
        form = window.page.locator("details.step-form", has_text="导出四张清单")
        form.locator("summary").click()
        form.locator("input[name=reason]").fill("向主任会议汇报")
        with window.page.expect_download(timeout=60_000) as caught:
            form.locator("button[type=submit]").click()
        assert caught.value.suggested_filename == "四张清单.xlsx"
        content = Path(caught.value.path()).read_bytes()
        assert window.complaints == []
    finally:
        server.close()
    book = load_workbook(BytesIO(content))
    assert book.sheetnames == [f"{name}清单" for name in LISTS]
    with engine(made.home).connect() as connection:
        last = list(read(connection, act="lists.export"))[-1]
    assert json.loads(last.details)["reason"] == "向主任会议汇报"
