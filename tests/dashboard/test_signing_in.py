"""Nothing is reached without signing in, and signing in cannot be got round: hand-made requests."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pyotp
import pytest

from budget_watch.access import Scope, accounts, assigning, enrolling, second, sessions, signing_in
from budget_watch.audit import Who, read
from budget_watch.lake import Home
from budget_watch.lake.state import engine
from dashboard.app import create_app
from dashboard.signin import request as ask
from dashboard.signin.views import flush
from tests.dashboard.signing import OPERATOR, PASSWORD, Browser, make, store_at


@pytest.fixture
def own(home: Home, tmp_path: Path) -> Iterator[Home]:
    """A copy of the small city, with an account or two."""
    engine(home).dispose()
    shutil.copytree(home.root, tmp_path / "own")
    made = Home(tmp_path / "own")
    yield made
    engine(made).dispose()


@pytest.fixture
def staffed(own: Home) -> Home:
    make(store_at(own), "wang", "clerk")
    return own


def acts(home: Home, name: str) -> list[str]:
    flush(home)
    with engine(home).connect() as connection:
        return [each.act for each in read(connection) if each.user == name]


EVERYTHING = [
    "/",
    "/overview",
    "/exec/d101?tab=v",
    "/voucher/2026/V2026011010011",
    "/alerts",
    "/data",
    "/rules",
    "/search?q=x",
    "/gate/docs/index.html",
    "/admin",
    "/admin/accounts/wang",
    "/admin/audit",
    "/_dash-layout",
    "/_dash-dependencies",
    "/nowhere",
]


def test_a_stranger_reaches_nothing_but_the_way_in(staffed):
    stranger = Browser(staffed)
    for path in EVERYTHING:
        told = stranger.get(path)
        assert told.status_code in (302, 401), path
        if told.status_code == 302:
            assert told.headers["Location"].startswith("/login?next=/"), path
    assert stranger.page("/overview").status_code == 401
    for path in ("/act", "/admin/act", "/export/audit", "/export/matrix"):
        sent = {"X-Budget-Watch": "act"}
        assert stranger.post(path, json={}, headers=sent).status_code == 401, path
    for path in ("/login/account", "/login/password", "/d/abc"):
        assert stranger.get(path).status_code == 302, path
    for path in ("/login/out", "/login/role", "/login/totp", "/login/end", "/login/password"):
        assert stranger.post(path, data={"csrf": ask.csrf_of(None)}).status_code in (302, 403), path
    assert stranger.get("/login").status_code == 200
    assert stranger.get("/assets/10_tokens.css").status_code == 200


def test_without_accounts_this_machine_alone_reads(own):
    here = Browser(own, address="127.0.0.1")
    assert here.get("/overview").status_code == 200
    assert "总览" in here.said("/overview")
    assert here.page("/overview", headers={"X-CSRFToken": "0"}).status_code == 403
    for told in (
        here.get("/overview", headers={"Host": "rebound.example"}),
        Browser(own).get("/overview"),
        Browser(own).page("/overview"),
    ):
        assert told.status_code == 403
    assert "users add" in Browser(own).get("/overview").text


def test_signing_in_leads_to_the_page_that_was_asked_for_and_no_other_site(staffed):
    person = Browser(staffed)
    told = person.sign_in("wang", next="/exec/d101?fy=2026")
    assert (told.status_code, told.headers["Location"]) == (302, "/exec/d101?fy=2026")
    assert "教育局" in person.said("/exec/d101")
    for bad in (
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "javascript:alert(1)",
        "/\n/evil.example",
        "http:evil",
        "/login?next=/login",
        "\\\\evil",
    ):
        told = Browser(staffed).sign_in("wang", next=bad)
        assert told.headers["Location"] == "/", bad


def test_the_cookies_are_not_for_scripts_or_other_sites_and_bound_to_https_where_it_is(staffed):
    told = Browser(staffed).sign_in("wang")
    kept = {c.partition("=")[0]: c for c in told.headers.getlist("Set-Cookie")}
    assert "HttpOnly" in kept["bw_session"] and "SameSite=Lax" in kept["bw_session"]
    assert "Secure" not in kept["bw_session"]
    safe = Browser(staffed)
    page = safe.get("/login", base_url="https://localhost")
    token = re.search(r'name="csrf" value="([0-9a-f]+)"', page.text).group(1)
    told = safe.post(
        "/login",
        base_url="https://localhost",
        data={"csrf": token, "name": "wang", "password": PASSWORD},
    )
    kept = {c.partition("=")[0]: c for c in told.headers.getlist("Set-Cookie")}
    assert all("Secure" in kept[name] for name in ("__Host-bw_session", "_csrf_token"))
    assert told.headers["Strict-Transport-Security"]


def test_answers_carry_the_headers_that_keep_a_browser_safe(staffed):
    for told in (Browser(staffed).get("/login"), Browser(staffed).get("/overview")):
        assert "script-src 'self'" in told.headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in told.headers["Content-Security-Policy"]
        assert told.headers["X-Content-Type-Options"] == "nosniff"
        assert told.headers["X-Frame-Options"] == "DENY"
        assert told.headers["Cache-Control"] == "no-store"
        assert told.headers["Cross-Origin-Opener-Policy"] == "same-origin"


def test_requests_of_other_sites_and_without_their_token_do_nothing(staffed):
    person = Browser(staffed)
    person.sign_in("wang")
    for headers in (
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"X-CSRFToken": "0" * 64},
        {"X-CSRFToken": ""},
    ):
        assert person.page("/overview", headers=headers).status_code == 403, headers
    assert person.post("/login/out", data={"csrf": "0"}).status_code == 403
    assert person.page("/overview").status_code == 200
    other = Browser(staffed)
    other.sign_in("wang")
    theirs = other.client.get_cookie("_csrf_token").value
    assert person.page("/overview", headers={"X-CSRFToken": theirs}).status_code == 403
    told = Browser(staffed).post("/login", data={"name": "wang", "password": PASSWORD})
    assert told.status_code == 403


def test_guessing_is_slowed_down_alike_for_accounts_that_are_and_are_not(staffed):
    said = []
    for name in ("wang", "nobody"):
        person = Browser(staffed)
        told = [person.sign_in(name, "wrong") for _ in range(5)]
        assert {each.status_code for each in told} == {401}
        said.append([re.search(r'role="alert">([^<]+)<', each.text).group(1) for each in told])
    assert (
        said[0]
        == said[1]
        == [
            "账号或密码不正确，还可尝试4次。",
            "账号或密码不正确，还可尝试3次。",
            "账号或密码不正确，还可尝试2次。",
            "账号或密码不正确，还可尝试1次。",
            "账号已锁定，60秒后可再试。",
        ]
    )
    assert "账号已锁定" in Browser(staffed).sign_in("wang").text
    accounts.enable(store_at(staffed), OPERATOR, "wang", "本人核实")
    assert Browser(staffed).sign_in("wang").status_code == 302


def test_a_first_password_is_changed_before_anything_is_seen(staffed):
    store = store_at(staffed)
    first = signing_in.temporary_password()
    signing_in.set_password(store, OPERATOR, "wang", first)
    person = Browser(staffed)
    assert person.sign_in("wang", first).headers["Location"] == "/login/password"
    assert person.get("/overview").headers["Location"] == "/login/password"
    assert person.page("/overview").status_code == 401
    for new, again, said in (
        ("短", "短", "密码至少12个字符"),
        ("password1234", "password1234", "太常见"),
        ("wangwangwang", "wangwangwang", "太常见"),
        ("江南好风景旧曾谙", "江南好风景", "不一致"),
        (first, first, "与原密码相同"),
    ):
        told = person.form("/login/password", "/login/password", old=first, new=new, again=again)
        assert told.status_code == 400 and said in told.text, new
    good = "江南好风景旧曾谙"
    told = person.form("/login/password", "/login/password", old=first, new=good, again=good)
    assert told.status_code == 302
    assert person.page("/overview").status_code == 200


def test_the_second_factor_is_asked_for_and_counts_once(staffed):
    store = store_at(staffed)
    person = Browser(staffed)
    person.sign_in("wang")
    page = person.form("/login/account", "/login/totp")
    key = re.search(r'class="key">([A-Z2-7]+)<', page.text).group(1)
    assert "<svg" in page.text
    code = pyotp.TOTP(key).now()
    shown = person.form("/login/account", "/login/totp", do="confirm", code=code)
    codes = re.findall(r"<li>([A-Z0-9]{5}-[A-Z0-9]{5})</li>", shown.text)
    assert len(codes) == 10

    later = Browser(staffed)
    told = later.sign_in("wang")
    assert (told.status_code, "动态口令" in told.text) == (200, True)
    assert later.page("/overview").status_code == 401

    def second_step(value: str):
        token = re.search(r'name="csrf" value="([0-9a-f]+)"', told.text).group(1)
        return later.post("/login/second", data={"csrf": token, "code": value})

    assert "动态口令不正确，还可尝试4次" in second_step("000000").text
    assert "动态口令不正确，还可尝试3次" in second_step(code).text  # it confirmed; it counts once
    assert second_step(codes[0].lower()).status_code == 302
    assert later.page("/overview").status_code == 200
    assert "已超过5分钟" in second_step(codes[1]).text  # the first half is used up
    assert second.codes_left(store, "wang") == 9
    assert "user.recovery_used" in acts(staffed, "wang")


def test_a_session_ends_at_once_when_anything_it_rests_on_does(staffed):
    store = store_at(staffed)

    def signed() -> Browser:
        person = Browser(staffed)
        person.sign_in("wang")
        assert person.page("/overview").status_code == 200
        return person

    person = signed()
    person.form("/login/account", "/login/out")
    assert person.page("/overview").status_code == 401

    person = signed()
    sessions.end_all(store, OPERATOR, "wang")
    assert person.page("/overview").status_code == 401

    person, other = signed(), signed()
    person.form("/login/account", "/login/end")
    assert (person.page("/overview").status_code, other.page("/overview").status_code) == (200, 401)

    person = signed()
    assigning.end_assignment(store, OPERATOR, "wang", "clerk", "调离")
    assert person.page("/overview").status_code == 401
    assert person.get("/overview").headers["Location"] == "/login/account"
    assert "没有有效的角色" in person.get("/login/account").text
    assigning.assign(store, OPERATOR, "wang", "clerk", "调回")

    person = signed()
    signing_in.set_password(store, OPERATOR, "wang", "海内存知己天涯若比邻")
    assert person.page("/overview").status_code == 401

    accounts.enable(store, OPERATOR, "wang", "x") if accounts.account(
        store, "wang"
    ).failures else None
    signing_in.set_password(store, Who("wang"), "wang", PASSWORD)
    person = signed()
    accounts.disable(store, OPERATOR, "wang", "离任")
    assert person.page("/overview").status_code == 401
    assert "账号或密码不正确" in Browser(staffed).sign_in("wang").text


def test_nobody_ends_another_ones_session_or_acts_in_a_role_they_do_not_hold(staffed):
    store = store_at(staffed)
    make(store, "zhao", "deputy")
    wang, zhao = Browser(staffed), Browser(staffed)
    wang.sign_in("wang")
    zhao.sign_in("zhao")
    (theirs,) = sessions.sessions(store, "wang")
    told = zhao.form("/login/account", "/login/end", session=str(theirs.number))
    assert (told.status_code, "没有这个会话" in told.text) == (400, True)
    told = zhao.form("/login/account", "/login/role", capacity="clerk")
    assert told.status_code == 400 and "没有所选的身份" in told.text
    assert wang.page("/overview").status_code == 200
    assert "到项目为止" in zhao.said("/overview")


def test_a_person_with_two_roles_acts_in_one_and_changes_between_them(staffed):
    store = store_at(staffed)
    make(store, "sun", "deputy")
    assigning.assign(store, OPERATOR, "sun", "member", "兼任")
    person = Browser(staffed)
    person.sign_in("sun")
    assert "sun某·代表" in person.said("/overview")
    person.form("/login/account", "/login/role", capacity="member")
    assert "sun某·财经委委员" in person.said("/overview")


def test_everybody_finds_their_roles_sessions_and_second_factor_in_their_account(staffed):
    store = store_at(staffed)
    make(store, "zhou", "supervisor", Scope(departments=frozenset({"101"})))
    make(store, "guan", "audit_admin")
    person, elsewhere = Browser(staffed), Browser(staffed)
    assert person.sign_in("zhou").status_code == elsewhere.sign_in("zhou").status_code == 302
    told = person.get("/login/account").text
    for words in (
        "我的账号",
        "主管部门（现在）",
        "部门 101",
        "不限",
        "动态口令",
        "修改密码",
        "退出",
    ):
        assert words in told, words
    assert "切换身份" not in told  # there is only one
    assert person.form("/login/account", "/login/end").status_code == 302
    assert elsewhere.get("/overview").headers["Location"].startswith("/login")
    assert person.page("/overview").status_code == 200
    guard = Browser(staffed)
    guard.sign_in("guan")
    told = guard.get("/login/account").text
    assert "不查看业务数据" in told and 'href="/">系统管理' in told


def test_administrators_see_no_business_data(staffed):
    store = store_at(staffed)
    make(store, "an", "security_admin")
    person = Browser(staffed)
    assert person.sign_in("an").status_code == 302
    assert person.get("/overview").headers["Location"] == "/admin"
    assert "您的身份不查看业务数据" in person.said("/overview")
    assert person.get("/gate/docs/index.html").status_code == 403
    assert "不查看业务数据" in person.get("/login/account").text


def test_opening_vouchers_and_findings_is_written_down(staffed):
    person = Browser(staffed)
    person.sign_in("wang")
    person.page("/voucher/2026/V2026011010011")
    person.page("/exec/d101", "?tab=v")
    person.page("/overview")
    assert [act for act in acts(staffed, "wang") if act.startswith("voucher")] == [
        "voucher.view",
        "voucher.list",
    ]


def test_a_phone_is_bound_once_signs_in_with_its_pin_and_is_unbound_by_wrong_ones(staffed):
    store = store_at(staffed)
    make(store, "li", "deputy")
    code = enrolling.issue(store, OPERATOR, "li")
    phone = Browser(staffed)
    assert "li某，您好" in phone.get(f"/q/{code}").text
    for pin, said in (
        ("123456", "太容易"),
        ("111111", "太容易"),
        ("12", "6位数字"),
        ("a23456", "6位"),
    ):
        told = phone.form(f"/q/{code}", f"/q/{code}", pin=pin, again=pin)
        assert told.status_code == 400 and said in told.text, pin
    assert "不一致" in phone.form(f"/q/{code}", f"/q/{code}", pin="258036", again="258037").text
    assert phone.form(f"/q/{code}", f"/q/{code}", pin="258036", again="258036").status_code == 302
    assert phone.page("/overview").status_code == 200
    again = Browser(staffed)
    assert (again.get(f"/q/{code}").status_code, "已被使用" in again.get(f"/q/{code}").text) == (
        410,
        True,
    )
    phone.form("/login/account", "/login/out")
    assert phone.get("/m/login", query_string={"next": "/alerts"}).status_code == 200
    told = phone.form("/m/login", "/m/login", pin="258036", next="/alerts")
    assert told.headers["Location"] == "/alerts"
    stolen = Browser(staffed)
    assert stolen.get("/m/login").status_code == 302  # the PIN is worth nothing without the phone
    phone.form("/login/account", "/login/out")
    said = [phone.form("/m/login", "/m/login", pin="000000").text for _ in range(4)]
    assert "还可尝试1次" in said[-1]
    page = phone.get("/m/login").text
    token = re.search(r'name="csrf" value="([0-9a-f]+)"', page).group(1)
    assert "已解除绑定" in phone.post("/m/login", data={"csrf": token, "pin": "000000"}).text
    assert "没有绑定" in phone.post("/m/login", data={"csrf": token, "pin": "258036"}).text


def test_a_desktop_is_signed_in_by_a_phone_that_chooses_its_number(staffed):
    store = store_at(staffed)
    make(store, "li", "deputy")
    phone, desktop, thief = Browser(staffed), Browser(staffed, address="10.9.8.7"), Browser(staffed)
    phone.sign_in("li")

    def begin() -> tuple[str, str, str]:
        page = desktop.get("/login").text
        number = re.search(r"data-number>(\d\d)<", page).group(1)
        csrf = re.search(r'data-csrf="([0-9a-f]+)"', page).group(1)
        return desktop.client.get_cookie("bw_desktop").value.partition(".")[0], number, csrf

    def wait(browser: Browser, csrf: str) -> str:
        return browser.post("/login/wait", data={"csrf": csrf, "next": "/alerts"}).json["state"]

    code, number, csrf = begin()
    assert wait(desktop, csrf) == "waiting"
    page = phone.get(f"/d/{code}").text
    assert "内网 10.…7" in page and f">{number}<" in page and "li某" in page
    assert wait(desktop, csrf) == "seen"
    told = phone.form(f"/d/{code}", f"/d/{code}", number=number)
    assert "已登录电脑" in told.text
    thief.get("/login")
    thief.client.set_cookie("bw_desktop", f"{code}.guessed")
    token = re.search(r'name="csrf" value="([0-9a-f]+)"', thief.get("/login").text).group(1)
    thief.client.set_cookie("bw_desktop", f"{code}.guessed")
    assert wait(thief, token) == "over"
    told = desktop.post("/login/wait", data={"csrf": csrf, "next": "/alerts"})
    assert told.json == {"state": "agreed", "next": "/alerts"}
    assert desktop.page("/overview").status_code == 200
    assert phone.get(f"/d/{code}").status_code == 410  # once

    desktop.form("/login/account", "/login/out")
    code, number, csrf = begin()
    wrong = next(
        n for n in re.findall(r'value="(\d\d)"', phone.get(f"/d/{code}").text) if n != number
    )
    assert "已拒绝" in phone.form(f"/d/{code}", f"/d/{code}", number=wrong).text
    assert wait(desktop, csrf) == "refused"
    code, number, csrf = begin()
    phone.get(f"/d/{code}")
    assert "不是您本人" in phone.form(f"/d/{code}", f"/d/{code}", number="").text
    assert wait(desktop, csrf) == "refused"
    assert acts(staffed, "li").count("user.desktop_refused") == 2
    assert acts(staffed, "li").count("user.desktop_agreed") == 1
    code, number, csrf = begin()
    phone.get(f"/d/{code}")
    make(store, "zhao", "deputy")
    other = Browser(staffed)
    other.sign_in("zhao")
    assert other.get(f"/d/{code}").status_code == 410  # another phone's from the first look on


def test_where_to_go_after_sign_in_is_always_a_path_of_this_site():
    from hypothesis import given
    from hypothesis import strategies as st

    @given(st.text(alphabet="/\\.:@?#%ahtps \t\n\r\x00", max_size=12))
    def holds(text: str) -> None:
        to = ask.safe_next(text)
        assert to.startswith("/") and not to.startswith(("//", "/\\")) and "\\" not in to

    holds()
    assert create_app is not None
