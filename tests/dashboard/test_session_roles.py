"""Roles of a session given on 系统管理: for its days, by who gives roles, taken back early."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from budget_watch.access import accounts, signing_in
from budget_watch.audit import Who
from budget_watch.casework.cases import today_of
from budget_watch.congress.acting import open_congress
from budget_watch.lake import Home
from budget_watch.lake.state import engine
from dashboard.app import create_app
from tests.congress.made_congress import ROLL
from tests.dashboard.signing import OPERATOR, PASSWORD, Browser, make, store_at
from tests.dashboard.test_administering import told
from tests.opinions.made_opinions import LI
from tests.views_drill.small_city import CITY, make_home

MEMBERS = ("east", "east2", "west", "solver")
TITLE = "第十六届人大第一次会议"


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    made, _ = make_home(tmp_path / "home")
    store = store_at(made)
    for name in MEMBERS:
        accounts.add(store, OPERATOR, name, name)
        signing_in.set_password(store, Who(name), name, PASSWORD)
    for name, role in (("an", "security_admin"), ("xi", "system_admin"), ("shen", "audit_admin")):
        make(store, name, role)
    make(store, "li", "clerk")
    yield made
    engine(made).dispose()


def hold(home: Home, begins: int) -> str:
    since = today_of() + timedelta(begins)
    until = since + timedelta(4)
    return open_congress(home, LI, TITLE, since, until, ROLL, region=CITY).congress


def signed(home: Home, app: Any, name: str) -> Browser:
    person = Browser(home, app)
    assert person.sign_in(name).status_code == 302, name
    return person


def standing(browser: Browser) -> str:
    said = browser.said("/admin/accounts")
    return said.partition("今天有角色的")[2].partition('"')[0]


def test_roles_come_and_go_with_the_session_from_the_page(home: Home) -> None:
    number, app = hold(home, -1), create_app(home)
    an = signed(home, app, "an")
    assert standing(an) == "0人，会期首日起生效的0人"
    assert told(an, "grant_session", "new", session=number) == (
        200,
        f"会次 {number}：4人，新授4人，没有授成0人。",
    )
    assert standing(an) == "4人，会期首日起生效的0人"
    assert number in signed(home, app, "east").said("/congress")
    assert told(an, "grant_session", "new", session=number)[1].endswith("新授0人，没有授成0人。")
    refused = told(an, "end_session_roles", "new", session=number, reason="提前闭会")
    assert refused == (422, "请先核对，再勾选“我已核对账号和本人”。")
    ended = told(an, "end_session_roles", "new", session=number, reason="提前闭会", sure="1")
    assert ended == (200, f"会次 {number}：已收回4人为会次授的角色，即时生效。")
    assert standing(an) == "0人，会期首日起生效的0人"


def test_before_its_first_day_the_roles_wait(home: Home) -> None:
    number, app = hold(home, 2), create_app(home)
    an = signed(home, app, "an")
    assert told(an, "grant_session", "new", session=number)[0] == 200
    assert standing(an) == "0人，会期首日起生效的4人"


def test_nobody_else_gives_or_sees_them(home: Home) -> None:
    number, app = hold(home, -1), create_app(home)
    for name in ("xi", "shen", "li"):
        person = signed(home, app, name)
        for step in ("grant_session", "end_session_roles"):
            given = {"session": number, "reason": "试一试", "sure": "1"}
            assert told(person, step, "new", **given)[0] == 403, (name, step)
        assert "人代会会次的角色" not in person.said("/admin/accounts"), name
    an = signed(home, app, "an")
    assert told(an, "grant_session", "new", session="RD2026-99")[0] == 422
    assert standing(an) == "0人，会期首日起生效的0人"


def test_who_has_no_account_is_named_and_the_others_get_theirs(home: Home) -> None:
    since = today_of()
    roll = f"{ROLL}\n西城代表团 新来 newcomer"
    days = (since, since + timedelta(2))
    number = open_congress(home, LI, TITLE, *days, roll, region=CITY).congress
    an = signed(home, create_app(home), "an")
    body = {"step": "grant_session", "target": "new", "version": 0, "request": "",
            "given": {"session": number}}  # fmt: skip
    answer = an.post("/admin/act", json=body, headers={"X-Budget-Watch": "act"}).json
    assert answer["said"] == f"会次 {number}：5人，新授4人，没有授成1人。"
    assert [each[0] for each in answer["kept"]] == ["新来（newcomer）"]
