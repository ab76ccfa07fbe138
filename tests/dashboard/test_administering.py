"""系统管理 by hand-made requests: what each role may do there, and what it is refused."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from budget_watch.access import Scope, accounts, assigning, second, sessions, signing_in
from budget_watch.access.granting import may
from budget_watch.access.roles import standard_roles
from budget_watch.audit import Who, read
from budget_watch.lake import Home
from budget_watch.lake.state import engine
from budget_watch.notices.contacts import contacts
from dashboard.acting_on_accounts import STEPS
from dashboard.address import PAGES
from dashboard.app import create_app
from dashboard.office import OPENED_BY
from tests.dashboard.signing import OPERATOR, PASSWORD, Browser, make, store_at

ROWS: dict[str, Any] = {
    "regions": frozenset({"990100000"}),
    "departments": frozenset({"101"}),
    "units": frozenset({"101001"}),
}
GIVEN = {  # of every step, what its form sends
    "reason": "机构改革",
    "sure": "1",
    "name": "sun",
    "display": "孙某",
    "password": "1",
    "role_code": "member",
    "of": "债务率",
    "depth": "voucher",
    "sensitivity": "敏感",
    "until": "2099-12-31",
    "mail": "li@example.gov.cn",
    "session": "1",
    "device": "1",
    "approval": "1",
}


@pytest.fixture(scope="module")
def offices(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """A new home without any data, and one account of each role."""
    root: Path = tmp_path_factory.mktemp("offices")
    home = Home(root)
    store = store_at(home)
    for code, role in standard_roles().items():
        scope = Scope(**{name: ROWS[name] for name in role.rows if name in ROWS})
        more: dict[str, Any] = {"matter": ["ZX15"]} if "matter" in role.rows else {}
        more |= {"until": date(2099, 12, 31)} if "until" in role.rows else {}
        make(store, code.replace("_", "-"), code, scope, **more)
    yield home
    engine(home).dispose()


@pytest.fixture(scope="module")
def app(offices: Home) -> Any:
    return create_app(offices)


@pytest.fixture(scope="module")
def browsers(offices: Home, app: Any) -> dict[str, Browser]:
    found = {}
    for code in standard_roles():
        found[code] = Browser(offices, app)
        assert found[code].sign_in(code.replace("_", "-")).status_code == 302
    return found


def ask(browser: Browser, step: str, target: str, **given: str) -> Any:
    """A step as the page's script sends it."""
    asked = {"step": step, "target": target, "version": 0, "request": "", "given": given}
    return browser.post("/admin/act", json=asked, headers={"X-Budget-Watch": "act"})


def told(browser: Browser, step: str, target: str, **given: str) -> tuple[int, str]:
    answer = ask(browser, step, target, **given)
    return answer.status_code, answer.json["said"]


def trail(home: Home) -> list[tuple[str, str, str]]:
    with engine(home).connect() as connection:
        return [(e.user, e.act, e.subject) for e in read(connection)]


def test_every_step_is_refused_to_every_role_that_lacks_its_act(offices, browsers):
    before = trail(offices)
    for code in standard_roles():
        for name, step in STEPS.items():
            if not may(store_at(offices), code, step.act):
                status, said = told(browsers[code], name, "deputy", **GIVEN)
                assert status == 403, (code, name, status)
                assert "不能办理" in said or "不查看业务数据" in said, (code, name, said)
    assert trail(offices) == before  # nothing was done, and nothing was written


def test_the_acts_of_the_three_are_apart(offices):
    store = store_at(offices)
    able = {
        code: {name for name, step in STEPS.items() if may(store, code, step.act)}
        for code in standard_roles()
    }
    both = {"end_session", "end_sessions"}
    grants = {"assign", "rescope", "withdraw", "approve", "end_approval"}
    grants |= {"grant_session", "end_session_roles"}
    log = {"verify", "anchor"}
    assert able.pop("system_admin") == set(STEPS) - grants - log
    assert able.pop("security_admin") == grants | both
    assert able.pop("audit_admin") == log
    assert set().union(*able.values()) == set()


def test_no_section_opens_to_a_role_that_does_not_look_after_it(offices, browsers):
    for code in standard_roles():
        for section, acts in OPENED_BY.items():
            said = browsers[code].said(f"/admin/{section}")
            allowed = any(may(store_at(offices), code, act) for act in acts)
            assert ("不对您的身份开放" in said) is not allowed, (code, section)
            if not allowed:
                assert "/admin/accounts/" not in said, (code, section)
        if code not in ("system_admin", "security_admin"):
            said = browsers[code].said("/admin/accounts/deputy")
            assert "不对您的身份开放" in said
            assert said == browsers[code].said("/admin/accounts/nobody").replace("nobody", "deputy")


def test_administrators_reach_nothing_but_their_own_pages(offices, app, browsers):
    everything = [
        *("/act", "/acts", "/inquiry", "/export/lists", "/export/reconciliation"),
        *("/file/x", "/file/x/y", "/letter/x", "/inquiry/101/2026-09", "/gate/docs/index.html"),
    ]
    for code in ("system_admin", "security_admin", "audit_admin"):
        browser = browsers[code]
        for path in everything:
            sent = {"X-Budget-Watch": "act"}
            for answer in (browser.get(path), browser.post(path, json={}, headers=sent)):
                assert answer.status_code == 403, (code, path, answer.status_code)
                words = answer.json["error"] if answer.is_json else answer.text
                assert words.count("不查看业务数据") == 1, (code, path)
        for page in PAGES:
            if page != "admin":
                path = f"/{page}/x" if PAGES[page].parts == range(1, 2) else f"/{page}"
                path = "/voucher/2026/x" if page == "voucher" else path
                assert "不查看业务数据" in browser.said(path), (code, page)
        assert browser.get("/").headers["Location"] == "/admin"


def test_an_account_is_made_with_a_password_shown_once_and_gets_its_role_from_another(
    offices, app, browsers
):
    system, security = browsers["system_admin"], browsers["security_admin"]
    made = ask(system, "add", "new", name="zhao", display="赵经办", password="1")
    assert made.status_code == 200 and made.json["to"] == "/admin/accounts/zhao"
    (_, name), (word, first) = made.json["kept"]
    assert (name, word) == ("zhao", "一次性初始密码")
    assert first not in system.said("/admin/accounts/zhao")  # once, and nowhere else
    with engine(offices).connect() as connection:
        assert all(first not in entry.details for entry in read(connection))
    assert told(system, "add", "new", name="zhao", display="另一位")[0] == 422
    assert told(system, "add", "new", name="Zhao 1", display="另一位")[0] == 422
    person = Browser(offices, app)
    assert person.sign_in("zhao", first).headers["Location"] == "/login/password"
    assert told(system, "assign", "zhao", role_code="clerk", reason="任职")[0] == 403
    assert told(security, "assign", "zhao", role_code="clerk", reason=" ")[0] == 422
    assert told(security, "assign", "zhao", role_code="clerk", reason="任职") == (
        200,
        "已授予 zhao 角色经办。",
    )
    status, said = told(security, "assign", "zhao", role_code="audit_admin", reason="任职")
    assert status == 422 and "三员不兼业务角色" in said
    status, said = told(security, "assign", "zhao", role_code="supervisor", reason="任职")
    assert (status, said) == (422, "授予主管部门须写明部门。")  # not in the words of a command
    scope = {"departments": "101、102", "regions": "990100000"}
    given = {"role_code": "supervisor", "reason": "任职", "until": "2099-01-01", **scope}
    assert told(security, "assign", "zhao", **given)[0] == 200
    held = assigning.assignments(store_at(offices), "zhao")[-1]
    assert held.scope == Scope(frozenset({"990100000"}), frozenset({"101", "102"}))
    moved = {"role_code": "supervisor", "reason": "机构改革", "departments": "103"}
    assert told(security, "rescope", "zhao", **moved)[0] == 200
    assert "部门 103" in security.said("/admin/accounts/zhao")
    assert told(security, "withdraw", "zhao", role_code="supervisor", reason="辞职")[0] == 422
    gone = {"role_code": "supervisor", "reason": "辞职", "sure": "1"}
    assert told(security, "withdraw", "zhao", **gone)[0] == 200
    now = assigning.assignments(store_at(offices), "zhao")
    assert [a.role for a in now if a.in_force(store_at(offices).today)] == ["clerk"]
    acts = [act for user, act, subject in trail(offices) if subject == "zhao"]
    assert acts == [
        *("user.add", "user.password", "user.sign_in", "user.role", "user.role", "user.scope"),
        "user.role_end",
    ]


def test_nobody_gives_themselves_a_role_or_resets_their_own_password_here(browsers):
    security, system = browsers["security_admin"], browsers["system_admin"]
    status, said = told(security, "assign", "security-admin", role_code="clerk", reason="任职")
    assert status == 422 and said == "不能给自己授权；请另一位安全管理员办理。"
    for step in ("password", "totp_off", "enrol", "connect"):
        status, said = told(system, step, "system-admin", **GIVEN)
        assert status == 422 and "我的账号" in said, step
    status, said = told(system, "disable", "system-admin", **GIVEN)
    assert status == 422 and "不能停用自己" in said


def test_an_approval_is_recorded_and_taken_back(offices, browsers):
    security = browsers["security_admin"]
    given = {**GIVEN, "role_code": "deputy", "of": "债务率、ZX*", "departments": "101"}
    assert told(security, "approve", "deputy", **{**given, "of": "debt_limt"})[0] == 422
    assert told(security, "approve", "deputy", **{**given, "until": ""})[0] == 422
    assert told(security, "approve", "deputy", **given)[0] == 200
    made = assigning.approvals(store_at(offices), "deputy")[-1]
    assert "ZX*" in made.names and "debt_limit" in made.names
    assert "debt_limit" in security.said("/admin/accounts/deputy")
    number = str(made.number)
    other = told(security, "end_approval", "member", approval=number, reason="结束")
    assert other[0] == 422  # not another account's
    assert told(security, "end_approval", "deputy", approval=number, reason="结束")[0] == 200
    assert assigning.approvals(store_at(offices), "deputy")[-1].ended


WAYS_IN = {
    "password": {},
    "totp_off": {"reason": "手机遗失"},
    "enrol": {},
    "connect": {"subject": "https://sso#7"},
}


@pytest.mark.parametrize("code", ["security-admin", "audit-admin"])
def test_no_administrator_comes_alone_into_the_account_of_another(offices, browsers, code):
    system, store = browsers["system_admin"], store_at(offices)
    before, account = trail(offices), accounts.account(store, code)
    for step, given in WAYS_IN.items():
        status, said = told(system, step, code, sure="1", **given)
        assert (status, said) == (
            422,
            f"{code} 是{account_role(store, code)}：三员分设，不能由一位管理员独自取得另一位管理员"
            "的登录凭据。请两人到场，在服务器上用 budget-watch users 办理（不写 --as），"
            "记入审计日志。",
        ), step
    assert (trail(offices), accounts.account(store, code)) == (before, account)
    made = signing_in.temporary_password()
    signing_in.set_password(store, OPERATOR, code, made)  # at the server, by two
    assert trail(offices)[-1] == ("operator", "user.password", code)
    signing_in.set_password(store, Who(code), code, PASSWORD)
    assert browsers[code.replace("-", "_")].sign_in(code).status_code == 302


def account_role(store, name):
    return store.roles[name.replace("-", "_")].title


def test_a_lost_phone_a_forgotten_password_and_a_person_who_left(offices, app, browsers):
    system, store = browsers["system_admin"], store_at(offices)
    make(store, "qian", "deputy")
    person = Browser(offices, app)
    person.sign_in("qian")
    seat = sessions.sessions(store, "qian")[0]
    assert told(system, "end_session", "deputy", session=str(seat.number))[0] == 422
    assert told(system, "end_session", "qian", session=str(seat.number))[0] == 200
    assert person.page("/admin").status_code == 401
    import pyotp

    seed = second.begin(store, OPERATOR, "qian")
    second.confirm(store, OPERATOR, "qian", pyotp.TOTP(seed.key).now())
    assert told(system, "totp_off", "qian", reason="手机遗失")[0] == 422  # the box was not ticked
    assert told(system, "totp_off", "qian", reason="手机遗失", sure="1")[0] == 200
    assert not accounts.account(store, "qian").second
    enrolled = ask(system, "enrol", "qian", sure="1")
    (_, link), image = enrolled.json["kept"][0], enrolled.json["image"]
    assert b"<svg" in base64.b64decode(image.removeprefix("data:image/svg+xml;base64,"))
    phone = Browser(offices, app)
    path = link[link.index("/q/") :]
    assert phone.form(path, path, pin="258036", again="258036").status_code == 302
    assert "绑定的手机" in system.said("/admin/accounts/qian")
    for _ in range(5):
        Browser(offices, app).sign_in("qian", "不是这个密码啊啊啊")
    assert "已锁定" in system.said("/admin/accounts", "?st=已锁定")
    assert told(system, "enable", "qian", reason="本人核实")[0] == 200
    assert accounts.account(store, "qian").failures == 0
    again = ask(system, "password", "qian", sure="1").json["kept"][1][1]
    with pytest.raises(signing_in.SignInError):
        signing_in.sign_in(store, "qian", PASSWORD, "", "")
    assert signing_in.sign_in(store, "qian", again, "", "").temporary
    assert told(system, "end_sessions", "qian", sure="1")[0] == 200
    assert sessions.sessions(store, "qian") == []
    assert told(system, "disable", "qian", reason="", sure="1")[0] == 422
    assert told(system, "disable", "qian", reason="调离", sure="1")[0] == 200
    assert not accounts.account(store, "qian").active


def test_where_messages_go_and_whom_the_province_knows_them_as(offices, browsers):
    system, store = browsers["system_admin"], store_at(offices)
    assert told(system, "address", "leader", mail="不是地址")[0] == 422
    assert told(system, "address", "leader", mail="a@example.gov.cn", gateway="zz7")[0] == 200
    with store.reading() as connection:
        kept = contacts(connection)["leader"]
    assert (kept.mail, kept.gateway) == ("a@example.gov.cn", "zz7")
    assert "a@example.gov.cn" in system.said("/admin/accounts/leader")
    assert "a@example.gov.cn" not in browsers["security_admin"].said("/admin/accounts/leader")
    assert told(system, "connect", "leader", subject="https://sso#1")[0] == 200
    assert told(system, "connect", "member", subject="https://sso#1")[0] == 422
    assert told(system, "connect", "leader")[0] == 200
    assert accounts.account(store, "leader").subject is None


def test_what_no_page_sends_is_refused(offices, browsers):
    system = browsers["system_admin"]
    before = trail(offices)
    bare = {"step": "enable", "target": "deputy", "given": {"reason": "x"}}
    assert system.post("/admin/act", json=bare).status_code == 403  # from another site
    sent = {"X-Budget-Watch": "act"}
    for asked in ({}, {"step": "x", "target": "deputy", "given": {}}, {**bare, "given": []}, []):
        assert system.post("/admin/act", json=asked, headers=sent).status_code in (400, 422)
    assert told(system, "enable", "nobody", reason="x") == (404, "没有这个账号。")
    for number in ("", "x", "²", "9" * 30, "-1"):
        assert told(system, "end_session", "deputy", session=number)[0] == 422, number
    assert told(browsers["security_admin"], "assign", "deputy", role_code="king")[0] == 422
    far = {"role_code": "member", "reason": "x", "until": "2026-02-30"}
    assert told(browsers["security_admin"], "assign", "deputy", **far)[0] == 422
    assert trail(offices) == before


def test_the_list_is_narrowed_by_role_state_and_text_and_cut_by_key(offices, browsers):
    system = browsers["system_admin"]
    said = system.said("/admin/accounts", "?role=deputy")
    assert "/admin/accounts/deputy" in said and "/admin/accounts/leader" not in said
    said = system.said("/admin/accounts", "?q=leader")
    assert "/admin/accounts/leader" in said and "/admin/accounts/deputy" not in said
    assert "没有符合条件的账号" in system.said("/admin/accounts", "?q=nobody")
    said = system.said("/admin/accounts", "?after=leader")
    assert "/admin/accounts/member" in said and "/admin/accounts/deputy" not in said
    assert "不能识别" in system.said("/admin/accounts", "?role=A'")


def test_before_the_first_account_the_local_operator_looks_and_changes_nothing(tmp_path):
    home = Home(tmp_path)
    accounts.add(store_at(home), OPERATOR, "demo-x", "示范", example=True)
    here = Browser(home, address="127.0.0.1")
    here.client.get("/", base_url="http://127.0.0.1/")
    asked = {"step": "add", "target": "new", "given": {"name": "a1", "display": "甲"}}
    answer = here.post(
        "/admin/act", json=asked, headers={"X-Budget-Watch": "act"}, base_url="http://127.0.0.1/"
    )
    assert answer.status_code == 403 and "命令行开立" in answer.json["said"]
    assert [one.name for one in accounts.accounts(store_at(home))] == ["demo-x"]
    engine(home).dispose()


def test_an_example_account_makes_only_examples(tmp_path):
    home = Home(tmp_path)
    store = store_at(home)
    accounts.add(store, OPERATOR, "demo-sys", "示范", example=True)
    assigning.assign(store, OPERATOR, "demo-sys", "system_admin", "示范")
    signing_in.set_password(store, OPERATOR, "demo-sys", PASSWORD)
    with store.writing() as connection:
        accounts.update(connection, "demo-sys", temporary=False)
    person = Browser(home, address="127.0.0.1")
    local = {"base_url": "http://127.0.0.1/"}
    page = person.get("/login", **local).text
    token = json.dumps(page).split('name=\\"csrf\\" value=\\"')[1].split("\\")[0]
    form = {"csrf": token, "name": "demo-sys", "password": PASSWORD}
    assert person.post("/login", data=form, **local).status_code == 302
    sent = {"X-Budget-Watch": "act"}
    asked = {"step": "add", "target": "new", "given": {"name": "wang", "display": "王"}}
    answer = person.post("/admin/act", json=asked, headers=sent, **local)
    assert answer.status_code == 403 and "示范账号" in answer.json["said"]
    asked["given"] = {"name": "demo-wang", "display": "王"}
    assert person.post("/admin/act", json=asked, headers=sent, **local).status_code == 200
    engine(home).dispose()
