"""季刊 on pages and by hand-made requests: list, gaps first, text in its frame, who reads what."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from budget_watch.access import Grant, Scope
from budget_watch.casework.auditing import entries
from budget_watch.casework.cases import Actor
from budget_watch.digest.issues import DONE, content, get_issue, list_issues
from budget_watch.digest.issuing import build_now
from budget_watch.digest.publishing import publish
from budget_watch.lake import Home
from budget_watch.lake.state import engine
from dashboard.app import create_app
from tests.dashboard.reading import cells, kinds, links, words
from tests.dashboard.signing import Browser, make, store_at
from tests.dashboard.test_opinions import OURS
from tests.dashboard.test_pages import main
from tests.views import small_city
from tests.views.small_city import CITY, EAST

OPERATOR = Grant.operator("test")
HERE = "127.0.0.1"


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    made = small_city.make(tmp_path_factory.mktemp("issues"))
    for period in ("2026Q3", "2026-08", "2026Q3"):
        build_now(made, Actor(OPERATOR, "经办"), period, ("docx",), made.root / "out")
    yield made
    engine(made).dispose()


@pytest.fixture(scope="module")
def peopled(city: Home, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    engine(city).dispose()
    folder: Path = tmp_path_factory.mktemp("read") / "own"
    shutil.copytree(city.root, folder)
    own = Home(folder)
    inside = Scope(regions=frozenset({CITY}))
    for name, role, scope in (
        ("clerk", "clerk", None),
        ("signer", "signer", None),
        ("dai", "deputy", inside),
        ("other", "deputy", Scope(regions=frozenset({EAST}))),
        ("wei", "member", inside),
        ("unit", "unit_clerk", Scope(units=frozenset({"101001"}))),
        ("admin", "system_admin", None),
    ):
        make(store_at(own), name, role, scope)
    publish(own, Actor(OPERATOR, "签发"), 3, ["代表"], "主任会议决定")
    yield own
    engine(own).dispose()


def signed(home: Home, app: Any, name: str) -> Browser:
    person = Browser(home, app)
    assert person.sign_in(name).status_code == 302
    return person


def test_the_list_says_when_by_whom_from_what_and_with_how_many_gaps(city: Home) -> None:
    page = main(city, "/digest")
    found = [cells(row) for row in kinds(kinds(page, "Table")[0], "Tr")[1:]]
    issues = {issue.number: issue for issue in list_issues(city, OPERATOR)}
    gaps = {n: f"{len(i.made.gaps)}项" for n, i in issues.items() if i.made}
    snapshot = issues[1].made.snapshot if issues[1].made else ""
    assert [[*row[:5], *row[6:]] for row in found] == [
        [kind, title, str(number), "2026-11-20", snapshot, "operator", gaps[number], "未发布"]
        for kind, title, number in (
            ("季刊", "2026年第三季度", 3),
            ("月报", "2026年8月", 2),
            ("季刊", "2026年第三季度", 1),
        )
    ]
    addresses = [each for each in links(page) if each.startswith("/digest/")]
    assert addresses == ["/digest/2026Q3", "/digest/2026-08", "/digest/2026Q3?no=1"]
    assert "共3号，最近是第3号季刊（2026年第三季度），" in words(page)


def test_gaps_stand_first_and_the_text_in_a_frame_of_its_own(city: Home) -> None:
    page = main(city, "/digest/2026Q3?no=1")
    (issue,) = [each for each in list_issues(city, OPERATOR) if each.number == 1]
    assert issue.made is not None and issue.made.gaps
    first, second = kinds(page, "Section")[:2]
    assert words(kinds(first, "H2")[0]) == "数据缺口"
    told = [words(item) for item in kinds(first, "Li")]
    assert told == [f"{text}影响：{'、'.join(where)}" for text, where in issue.made.gaps]
    (frame,) = kinds(second, "Iframe")
    assert (frame.src, frame.sandbox) == ("/issue/1/page", "allow-scripts")
    person = Browser(city, address=HERE)
    answer = person.get("/issue/1/page")
    assert answer.data == content(city, issue, "html")[1]
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert policy.endswith("frame-ancestors 'self'")
    assert answer.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert person.get("/digest").headers["X-Frame-Options"] == "DENY"


def test_two_issues_are_compared_and_strange_addresses_are_refused(city: Home) -> None:
    page = main(city, "/digest/2026Q3?cmp=1")
    figures = get_issue(city, OPERATOR, 1).made.figures  # type: ignore[union-attr]
    assert f"{figures}个数字相同，0个不同；前一号有而本号没有的0个，本号新有的0个。" in words(page)
    page = main(city, "/digest/2026Q3?cmp=2")
    table = kinds(page, "Table")[0]
    assert cells(kinds(table, "Tr")[0]) == ["数字", "第2号", "第3号", "相差"]
    rows = [cells(row) for row in kinds(table, "Tr")[1:]]
    pace = "支付凭证 · 2026年1—9月"
    assert rows[-1] == [
        f"一般公共预算支出进度与时间进度之差990100000 · 本级 · {pace}",
        "-13.9个百分点",
        "-22.3个百分点",
        "-8.3个百分点",
    ]
    assert f"{len(rows)}个不同" in words(page)
    for strange in ("2026Q1", "2026Q3?no=2", "2026Q3?no=9", "2026Q3?cmp=9", "2026Q3?cmp=3", "x"):
        assert "没有找到这条记录，或您没有查看权限" in words(main(city, f"/digest/{strange}"))
    assert "不能识别" in words(main(city, "/digest/2026Q3?no=0"))


def test_an_earlier_day_shows_no_issue_made_from_later_data(city: Home) -> None:
    days = sorted({day for day in (i.made.biz_date for i in list_issues(city, OPERATOR) if i.made)})
    assert days == ["2026-11-20"]
    assert "还没有生成过" not in words(main(city, "/digest?asof=2026-11-20"))


@pytest.mark.slow
def test_each_reads_the_issues_that_are_for_them_and_takes_away_what_they_may(
    peopled: Home,
) -> None:
    app = create_app(peopled)
    sees = {"clerk": {1, 2, 3}, "signer": {1, 2, 3}, "dai": {3}}
    for name in ("clerk", "signer", "dai", "other", "wei", "unit"):
        person, mine = signed(peopled, app, name), sees.get(name, set())
        told = person.said("/digest")
        assert ("2026年第三季度" in told) == bool(mine), name
        assert ("2026年8月" in told) == (2 in mine), name
        for number in (1, 2, 3, 9):
            assert person.get(f"/issue/{number}/page").status_code == (
                200 if number in mine else 404
            ), (name, number)
            assert person.get(f"/issue/{number}/state").status_code == (
                200 if number in mine else 404
            )
        asked = {"number": "3", "format": "docx", "reason": "会议材料"}
        answer = person.post("/export/digest", json=asked, headers=OURS)
        expected = 200 if name in ("clerk", "signer") else 403 if name == "dai" else 422
        assert answer.status_code == expected, (name, answer.text)
        build = {"target": "digest-new", "step": "publish", "version": 0, "given": {}}
        assert person.post("/act", json=build, headers=OURS).status_code == 422
    admin = signed(peopled, app, "admin")
    assert admin.get("/issue/3/page").status_code == 403
    log = [e for e in entries(peopled, OPERATOR, kind="digest") if e.act == "digest.export"]
    assert [entry.user for entry in log] == ["clerk", "signer"]


@pytest.mark.slow
def test_staff_build_from_the_form_and_wait_until_it_is_done(peopled: Home) -> None:
    app = create_app(peopled)
    person = signed(peopled, app, "clerk")
    form = {"target": "digest-new", "step": "build", "version": 0, "request": "b1"}

    def build(**given: str) -> Any:
        return person.post("/act", json={**form, "given": given}, headers=OURS)

    for given, why in (
        ({}, "请选择期间的种类"),
        ({"kind": "quarter", "year": "2026", "part": "5"}, "应写 1 至 4"),
        ({"kind": "year", "year": "2026"}, "尚未结束"),
    ):
        told = build(**given)
        assert (told.status_code, why in told.json["said"]) == (422, True), told.json
    told = build(kind="half", year="2026", part="1")
    assert told.json == {"done": True, "said": "已开始生成，第4号。"}
    assert build(kind="half", year="2026", part="1").json["said"] == "已开始生成，第4号。"
    until = time.monotonic() + 120
    while person.get("/issue/4/state").json["running"]:
        assert time.monotonic() < until
        time.sleep(0.5)
    issue = get_issue(peopled, OPERATOR, 4)
    assert (issue.state, issue.user, issue.role) == (DONE, "clerk", "经办"), issue.stage
    assert "2026年上半年" in person.said("/digest/2026H1")
    signer = signed(peopled, app, "signer")
    step = {"target": "digest-4", "step": "publish", "version": 0}
    step |= {"given": {"readers": "代表、财经委委员", "reason": "主任会议决定"}}
    assert person.post("/act", json=step, headers=OURS).status_code == 422
    assert signer.post("/act", json=step, headers=OURS).json["said"] == (
        "第4号已发布给代表、财经委委员。"
    )
    assert "2026年上半年" in signed(peopled, app, "wei").said("/digest/2026H1")
