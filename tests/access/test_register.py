"""Codes that a grant names: looked up in the unit table, by the rooms, the command and the page."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from budget_watch.access import Depth, Scope, Sensitivity, assigning
from budget_watch.access.errors import AccessError
from budget_watch.access.register import NOT_DELIVERED
from budget_watch.access.telling import granted_text, rows_of
from budget_watch.audit import read
from budget_watch.casework.accounts import register_of, store_of
from budget_watch.cli.main import main
from budget_watch.lake import Home
from budget_watch.lake.state import engine
from dashboard.app import create_app
from tests.dashboard.signing import OPERATOR, Browser, make, store_at
from tests.views_drill.small_city import CITY, COUNTY, make_home


def units(*codes: str, regions: frozenset[str] | None = None) -> Scope:
    return Scope(regions=regions, units=frozenset(codes))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    root: Path = tmp_path_factory.mktemp("register")
    made, _ = make_home(root, "unit")
    store = store_at(made)
    make(store, "anquan", "security_admin")
    make(store, "xitong", "system_admin")
    make(store, "zhao", None)
    yield made
    engine(made).dispose()


@pytest.fixture(scope="module")
def anquan(home: Home) -> Browser:
    browser = Browser(home, create_app(home))
    assert browser.sign_in("anquan").status_code == 302
    return browser


def command(home: Home, capsys: Any, *words: str) -> tuple[int, str]:
    capsys.readouterr()
    with pytest.raises(SystemExit) as ended:
        main(["--home", str(home.root), "users", *words])
    told = capsys.readouterr()
    return int(ended.value.code or 0), told.out + told.err


def told(browser: Browser, step: str, **given: str) -> tuple[int, str]:
    asked = {"step": step, "target": "zhao", "version": 0, "request": "", "given": given}
    answer = browser.post("/admin/act", json=asked, headers={"X-Budget-Watch": "act"})
    return answer.status_code, answer.json["said"]


def test_codes_and_their_names(home):
    register, store = register_of(home), store_of(home)
    assert register.told("units", "101002") == "101002 第一中学"
    assert register.told("departments", "101") == "101 教育局"
    assert register.told("regions", COUNTY) == f"{COUNTY} 示范市清河县"
    assert register.told("units", "999999") == "999999"
    assert register.unknown(units("101002", "102001")) == []
    assert register.unknown(units("101002", "999999")) == [
        "单位代码 999999 在预算单位表（REF-01）里没有"
    ]
    assert register.unknown(Scope(departments=frozenset({"101001"}))) != []  # a unit is none
    assert register.unknown(Scope(frozenset({"990100001"}))) == [
        "区划代码 990100001 在区划代码表里没有"
    ]
    elsewhere = units("B1101001", regions=frozenset({CITY}))
    assert register.unknown(elsewhere) == [
        f"单位代码 B1101001 在预算单位表（REF-01）的区划{CITY}里没有"
    ]
    assert rows_of(store, units("101002", "102001")) == "单位 101002 第一中学、102001 水利局本级"
    assert rows_of(store, Scope()) == "不限行" and granted_text(store, Scope()) == ""


def test_no_way_to_a_grant_takes_an_unknown_code(home):
    store = store_of(home)
    before = assigning.assignments(store), assigning.approvals(store)
    wrong = units("999999")
    with pytest.raises(AccessError, match="单位代码 999999"):
        assigning.assign(store, OPERATOR, "zhao", "unit_clerk", "任职", wrong)
    made = assigning.assign(store, OPERATOR, "zhao", "unit_clerk", "任职", units("101002"))
    with pytest.raises(AccessError, match="单位代码 999999"):
        assigning.rescope(store, OPERATOR, "zhao", "unit_clerk", wrong, "调整")
    deep = (Depth.VOUCHER, Sensitivity.SENSITIVE, store.today)
    with pytest.raises(AccessError, match="单位代码 999999"):
        assigning.approve(store, OPERATOR, "zhao", ["payment"], *deep, "调研", wrong)
    assert [a for a in assigning.assignments(store) if a not in before[0]] == [made]
    assert assigning.approvals(store) == before[1]
    assigning.end_assignment(store, OPERATOR, "zhao", "unit_clerk", "完")


def test_the_page_names_codes_before_and_after_and_refuses_what_is_not_there(home, anquan):
    given = {"role_code": "unit_clerk", "reason": "任职"}
    status, said = told(anquan, "assign", units="999999", **given)
    assert status == 422
    assert said == "单位代码 999999 在预算单位表（REF-01）里没有。请核对代码后再办。"
    named = anquan.get(f"/admin/names?units=101002、999999&regions={COUNTY}").json
    assert named["regions"] == f"{COUNTY} 示范市清河县"
    assert named["units"] == "101002 没有这个代码、999999 没有这个代码"  # not in this division
    named = anquan.get("/admin/names?units=101002、999999&departments=").json
    assert named == {
        "regions": "",
        "departments": "",
        "units": "101002 第一中学、999999 没有这个代码",
    }
    assert told(anquan, "assign", units="101002", **given) == (
        200,
        "已授予 zhao 角色单位经办。范围：单位 101002 第一中学。",
    )
    page = anquan.said("/admin/accounts/zhao")
    assert "单位 101002 第一中学" in page
    assert "field-names" in page and "/admin/names" in page
    assert told(anquan, "rescope", units="101001", **given)[1].endswith("101001 教育局本级。")


def test_who_gives_no_roles_is_not_told_the_names_and_nothing_else_opens(home, anquan):
    other = Browser(home, create_app(home))
    assert other.sign_in("xitong").status_code == 302
    answer = other.get("/admin/names?units=101002")
    assert answer.status_code == 403 and "第一中学" not in answer.text
    assert Browser(home, create_app(home)).get("/admin/names?units=101002").status_code == 302
    assert "不查看业务数据" in anquan.said("/exec")


def test_the_command_refuses_alike_and_names_what_it_granted(home, capsys):
    status, said = command(
        home, capsys, "add", "qian", "--name", "钱", "--role", "单位经办", "--unit", "10102"
    )
    assert status == 3 and "单位代码 10102 在预算单位表（REF-01）里没有" in said
    with engine(home).connect() as connection:
        assert "qian" not in {entry.subject for entry in read(connection)}
    status, said = command(
        home, capsys, "add", "qian", "--name", "钱", "--role", "单位经办", "--unit", "101002"
    )
    assert status == 0 and "范围：单位 101002 第一中学。" in said
    why = ("--because", "调整", "--as", "anquan")
    status, said = command(home, capsys, "scope", "qian", "单位经办", "--unit", "10201", *why)
    assert status == 3 and "单位代码 10201" in said
    status, said = command(home, capsys, "scope", "qian", "单位经办", "--unit", "102001", *why)
    assert status == 0 and "102001 水利局本级" in said
    status, said = command(home, capsys, "show", "qian")
    assert status == 0 and "102001 水利局本级" in said
    status, said = command(home, capsys, "role", "qian", "代表", "--region", "990100001", *why)
    assert status == 3 and "区划代码 990100001" in said


def test_where_no_unit_table_was_delivered_it_is_said_and_divisions_are_checked(tmp_path, capsys):
    home = Home(tmp_path)
    status, said = command(
        home, capsys, "add", "qian", "--name", "钱", "--role", "单位经办", "--unit", "101002"
    )
    assert status == 0 and NOT_DELIVERED in said
    status, said = command(
        home, capsys, "role", "qian", "代表", "--region", "990100001", "--because", "x"
    )
    assert status == 3 and "区划代码 990100001" in said
    make(store_at(home), "anquan", "security_admin")
    browser = Browser(home, create_app(home))
    browser.sign_in("anquan")
    assert browser.get("/admin/names?units=101002").json["units"] == NOT_DELIVERED
    given = {"role_code": "unit_head", "reason": "任职", "units": "101002"}
    asked = {"step": "assign", "target": "qian", "version": 0, "request": "", "given": given}
    answer = browser.post("/admin/act", json=asked, headers={"X-Budget-Watch": "act"})
    assert answer.status_code == 200 and answer.json["said"].endswith(NOT_DELIVERED)
    assert json.loads(json.dumps(answer.json))["done"] is True
    engine(home).dispose()
