"""Opinions by hand-made requests and on pages: who may do and read what, and nothing beyond."""

from __future__ import annotations

import hashlib
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from budget_watch.access import Grant, Reached, Scope
from budget_watch.access.granting import grant_of
from budget_watch.casework.acting import act as act_on_case
from budget_watch.casework.cases import Actor, actor_of, today_of
from budget_watch.casework.findings import list_findings
from budget_watch.lake import Home
from budget_watch.lake.state import engine
from budget_watch.opinions.acting import act, write
from budget_watch.opinions.opinion import OpinionDesk, get
from budget_watch.opinions.seeing import possible, sees
from dashboard.app import answer, create_app
from tests.casework.test_attachments import PDF
from tests.dashboard.reading import kinds, links, words
from tests.dashboard.signing import Browser, make, store_at
from tests.dashboard.test_browser import browser, looker  # noqa: F401
from tests.opinions.made_opinions import given_for
from tests.views_drill.small_city import CITY

OURS = {"X-Budget-Watch": "act"}
LATER = date(2099, 12, 31)
PEOPLE: dict[str, tuple[str, Scope | None]] = {
    "dai": ("deputy", Scope(regions=frozenset({CITY}))),
    "qian": ("deputy", None),
    "member": ("member", None),
    "li": ("clerk", None),
    "wang": ("reviewer", None),
    "zhao": ("signer", None),
    "finance": ("finance", Scope(regions=frozenset({CITY}))),
    "kuai": ("unit_clerk", Scope(units=frozenset({"101001"}))),
    "ju": ("unit_head", Scope(units=frozenset({"101001"}))),
    "other": ("unit_clerk", Scope(units=frozenset({"102001"}))),
    "wu": ("expert", None),
}
SAID = {
    "draft": "草稿里只给自己看的话",
    "sent": "提交以后工作机构才看得到的话",
    "open": "愿意让其他代表看到的话",
    "asked": "已经交给承办单位的话",
}


@dataclass
class Made:
    home: Home
    app: Any
    numbers: dict[str, str]
    finding: str

    def actor(self, name: str) -> Actor:
        return actor_of(self.home, grant_of(store_at(self.home), name, "test"))

    def signed(self, name: str) -> Browser:
        person = Browser(self.home, self.app)
        assert person.sign_in(name).status_code == 302
        return person


@pytest.fixture(scope="module")
def made(home: Home, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    engine(home).dispose()
    folder: Path = tmp_path_factory.mktemp("opinions") / "own"
    shutil.copytree(home.root, folder)
    own = Home(folder)
    for name, (role, scope) in PEOPLE.items():
        more = {"matter": ["PZ14", "unit"], "until": LATER} if role == "expert" else {}
        make(store_at(own), name, role, scope, **more)
    operator = Actor(Grant.operator("test"), "经办")
    unverified = replace(grant_of(store_at(own), "dai", "test"), findings=Reached.FOUND)
    finding = list_findings(own, unverified)[0].finding
    act_on_case(own, operator, finding, "take")
    act_on_case(own, operator, finding, "uphold", {"reason": "凭证已核对"})
    this = Made(own, create_app(own), {}, finding)
    dai = this.actor("dai")
    for name, text in SAID.items():
        done = write(own, dai, f"标题{name}", text, open_=name == "open", submit=name != "draft")
        this.numbers[name] = done.opinion
    for name in ("open", "asked"):
        act(own, this.actor("li"), this.numbers[name], "register")
    given = {"addressee": "101001"}
    act(own, this.actor("zhao"), this.numbers["asked"], "hand_over", given)
    yield this
    engine(own).dispose()


READS = {
    "dai": {"draft", "sent", "open", "asked"},
    "qian": {"open"},
    "member": {"open", "asked"},
    "li": {"sent", "open", "asked"},
    "wang": {"sent", "open", "asked"},
    "zhao": {"sent", "open", "asked"},
    "finance": {"asked"},
    "kuai": {"asked"},
    "ju": {"asked"},
    "other": set(),
    "wu": set(),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", PEOPLE)
def test_each_reads_what_is_theirs_and_of_the_rest_not_even_that_it_is_there(made, name):
    person = made.signed(name)
    for path, search in (
        *(("/opinions", each) for each in ("", "?tab=all", "?tab=mine")),
        *(("/todo", each) for each in ("", "?tab=all")),
        (f"/finding/{made.finding[:16]}", ""),
        *((f"/opinion/{number}", "") for number in made.numbers.values()),
    ):
        told = person.said(path, search)
        assert "未能载入" not in told, path
        for each, text in SAID.items():
            if each not in READS[name]:
                assert text not in told and f"标题{each}" not in told, (path, each)
    for each, number in made.numbers.items():
        told = person.said(f"/opinion/{number}")
        if each in READS[name]:
            assert SAID[each] in told
        else:
            gone = person.said("/opinion/YJ2026-9999").replace("YJ2026-9999", number)
            assert told == gone
    count = f"看得到{len(READS[name])}件意见"
    if READS[name]:
        assert count in person.said("/opinions")


@pytest.mark.slow
def test_every_role_with_every_step_by_hand_made_requests(made):
    """200 exactly where the rules of the room say so; nothing else changes a thing."""
    desk = OpinionDesk.of(made.home)
    today, tried = today_of(), 0
    for name in PEOPLE:
        person, actor = made.signed(name), made.actor(name)
        for number in (made.numbers["asked" if name != "dai" else "draft"],):
            for step in desk.flow.transitions:
                with engine(made.home).connect() as connection:
                    before = get(connection, desk, number)
                assert before is not None
                if possible(desk, actor, before, step, today) is None:
                    continue  # tried at the level of functions; here what is refused
                body = {
                    "target": number,
                    "step": step.id,
                    "version": before.version,
                    "request": f"{name}-{step.id}",
                    "role": "签发",  # what a page says of the role is not believed
                    "given": given_for(step.id, before.kind),
                }
                told = person.post("/act", json=body, headers=OURS)
                expected = 422 if sees(desk, actor, before) else 404
                assert told.status_code == expected, (name, number, step.id, told.json)
                if expected == 404:
                    assert told.json["said"] == "没有找到这条记录，或您没有查看权限。"
                with engine(made.home).connect() as connection:
                    assert get(connection, desk, number) == before
                tried += 1
    assert tried > len(PEOPLE) * (len(desk.flow.transitions) - 8)


@pytest.mark.slow
def test_an_opinion_is_written_by_request_once_and_only_by_whom_it_is_open_to(made):
    given = {"title": "关于进度", "text": "请说明原因。", "submit": "是"}
    given |= {"about": "finding", "about_id": made.finding}
    body = {"target": "opinion-new", "step": "write", "version": 0, "request": "n1"}
    body = {**body, "role": "", "given": given}
    dai = made.signed("dai")
    told = [dai.post("/act", json=body, headers=OURS) for _ in range(2)]
    assert [each.status_code for each in told] == [200, 200]
    assert told[0].json["said"] == told[1].json["said"]
    assert told[0].json["said"].startswith("已提交，编号 YJ")
    for name in ("li", "kuai", "wu"):
        refused = made.signed(name).post("/act", json=body, headers=OURS)
        assert refused.status_code in (404, 422), name
    hidden = next(
        f.finding
        for f in list_findings(made.home, Grant.system("test"))
        if f.work_state == "新触发"
    )
    unseen = {**body, "request": "n2", "given": {**given, "about_id": hidden}}
    refused = dai.post("/act", json=unseen, headers=OURS)
    assert (refused.status_code, refused.json["done"]) == (404, False)
    for wrong, status in (
        ({"step": "register"}, 422),
        ({"given": {**given, "author": "qian"}}, 422),
        ({"given": {**given, "kind": "审议意见"}}, 422),
        ({"given": {**given, "text": ""}}, 422),
    ):
        refused = dai.post("/act", json={**body, "request": "n3", **wrong}, headers=OURS)
        assert refused.status_code == status, wrong
    assert Browser(made.home, made.app).post("/act", json=body, headers=OURS).status_code == 401
    assert dai.post("/act", json=body).status_code == 403


def test_the_page_of_a_finding_offers_writing_to_whom_it_is_open(made):
    place = f"/finding/{made.finding[:16]}"

    def offered(name: str) -> list[str]:
        shown = answer(made.home, made.actor(name).grant, place, "")
        return [words(each) for each in kinds(shown, "Summary")]

    assert "写意见" in offered("dai") and "写意见" in offered("member")
    assert "写意见" not in offered("li") and "写意见" not in offered("wang")


def test_a_figure_carries_its_page_and_the_day_it_was_known(made):
    dai = made.actor("dai")
    shown = answer(made.home, dai.grant, "/exec/d101", "?to=9")
    (way,) = [each for each in links(shown) if each.startswith("/opinions?on=")]
    path, _, search = way.partition("?")
    form = answer(made.home, dai.grant, path, f"?{search}")
    told = words(kinds(form, "Main"))
    assert "针对 预算执行 › 教育局，数据截至" in told and "/exec" not in told
    given = {each.name: each.value for each in kinds(form, "Input") if each.type == "hidden"}
    assert given["about"] == "figure" and given["about_id"] == "/exec/d101?to=9"
    done = write(
        made.home,
        dai,
        "支出",
        "这个数偏低。",
        about="figure",
        about_id=given["about_id"],
        as_of=given["as_of"],
    )
    shown = answer(made.home, dai.grant, f"/opinion/{done.opinion}", "")
    assert f"数据截至{given['as_of']}" in words(shown)
    assert "页面上的数据 预算执行 › 教育局，" in words(shown) and "/exec" not in words(shown)
    at = [each for each in links(kinds(shown, "Main")) if each.startswith("/exec/d101")]
    assert len(at) == 1 and "snap=" in at[0]
    bad = answer(made.home, dai.grant, "/opinions", "?on=javascript:alert(1)")
    assert "不能识别" in words(bad)


def test_whose_turn_it_is_stands_in_todo(made):
    def todo(name: str) -> list[str]:
        shown = answer(made.home, made.actor(name).grant, "/todo", "")
        return [each for each in links(kinds(shown, "Table")) if each.startswith("/opinion/")]

    place = {name: f"/opinion/{number}" for name, number in made.numbers.items()}
    assert place["draft"] in todo("dai") and place["asked"] not in todo("dai")
    assert place["sent"] in todo("li") and place["draft"] not in todo("li")
    assert place["open"] in todo("zhao")
    assert todo("kuai") == [place["asked"]]
    assert todo("other") == [] and todo("qian") == []


def test_the_list_is_narrowed_by_state_and_ends_with_how_many_are_left(made, monkeypatch):
    grant = made.actor("li").grant
    shown = answer(made.home, grant, "/opinions", "?tab=all&st=已交办")
    table = kinds(shown, "Table")
    assert links(table) == [f"/opinion/{made.numbers['asked']}"]
    assert [each for each in links(shown) if each.endswith("st=%E5%B7%B2%E4%BA%A4%E5%8A%9E")]
    monkeypatch.setattr("dashboard.pages.opinions.MOST", 1)
    shown = answer(made.home, grant, "/opinions", "?tab=all")
    assert len(links(kinds(shown, "Table"))) == 1
    assert "按状态筛选" in words(kinds(shown, "Table"))


@pytest.mark.slow
def test_the_inbox_tells_of_opinions_and_leads_to_them(made):
    told = made.signed("zhao").said("/inbox")
    open_, asked = made.numbers["open"], made.numbers["asked"]
    assert f"意见 {open_} 标题open：轮到您办" in told and f"/opinion/{open_}" in told
    assert f"意见 {asked} 标题asked：已经交办" in made.signed("dai").said("/inbox")
    assert "标题" not in made.signed("wu").said("/inbox")


@pytest.mark.slow
def test_a_file_is_taken_shown_and_handed_out_to_those_it_is_for(made):
    number = made.numbers["asked"]
    dai, place = made.signed("dai"), f"/file/{number}"
    ask = {"query_string": {"name": "说明.pdf"}, "data": PDF}
    assert dai.post(place, **ask).status_code == 403
    told = dai.post(place, headers=OURS, **ask)
    assert (told.status_code, told.json["said"]) == (200, "已附上“说明.pdf”。")
    bad = {"query_string": {"name": "x.exe"}, "data": b"MZ"}
    told = dai.post(place, headers=OURS, **bad)
    assert (told.status_code, "类型不收" in told.json["said"]) == (422, True)
    at = f"{place}/{hashlib.sha256(PDF).hexdigest()}"
    for name in ("dai", "li", "kuai", "member"):
        got = made.signed(name).get(at)
        assert (got.status_code, got.data) == (200, PDF), name
        assert got.headers["Content-Type"] == "application/octet-stream"
        assert "说明.pdf" in made.signed(name).said(f"/opinion/{number}")
    for name in ("qian", "other", "wu"):
        assert made.signed(name).get(at).status_code == 404
        assert made.signed(name).post(place, headers=OURS, **ask).status_code == 404
    assert made.signed("member").post(place, headers=OURS, **ask).status_code == 422


@pytest.mark.browser
@pytest.mark.parametrize("size", ["phone"])
def test_an_opinion_is_written_and_registered_in_a_browser(
    browser: Any,  # noqa: F811
    home: Home,
    tmp_path: Path,
    size: str,
) -> None:
    import waitress

    engine(home).dispose()
    shutil.copytree(home.root, tmp_path / "own")
    own = Home(tmp_path / "own")
    target = list_findings(own, Grant.operator("test"), level="orange")[0].finding
    app = create_app(own)
    server = waitress.create_server(app.server, host="127.0.0.1", port=0, threads=4)
    threading.Thread(target=server.run, daemon=True).start()
    window = looker(browser, f"http://127.0.0.1:{server.effective_port}", size)
    try:
        window.open(f"/finding/{target}")
        form = window.page.locator("details.step-form", has_text="写意见")
        form.locator("summary").click()
        form.locator("input[name=title]").fill("请说明进度")
        form.locator("textarea[name=text]").fill("支出进度偏慢，请说明原因。")
        form.locator("button[type=submit]").click()
        window.page.locator("#told.on", has_text="已提交，编号 YJ").wait_for(timeout=60_000)
        window.page.get_by_role("link", name="请说明进度").click()
        form = window.page.locator("details.step-form", has_text="拟登记为另一类")
        form.locator("summary").wait_for(timeout=60_000)
        wide = window.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert wide <= 0
        form = window.page.locator(
            "details.step-form", has=window.page.get_by_text("登记", exact=True)
        )
        form.first.locator("summary").click()
        form.first.locator("button[type=submit]").click()
        window.page.locator("#told.on", has_text="“登记”已办").wait_for(timeout=60_000)
        window.page.locator(".tag", has_text="已登记").first.wait_for(timeout=60_000)
        assert window.complaints == []
    finally:
        server.close()
        engine(own).dispose()
