"""A browser whose session was ended is nobody: it does not become the local operator by itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyotp
import pytest

from budget_watch.access import accounts, assigning, second, sessions, signing_in
from budget_watch.audit import Who
from budget_watch.lake import Home
from budget_watch.lake.state import engine
from dashboard.app import create_app
from tests.dashboard.signing import OPERATOR, PASSWORD, Browser, make, store_at

NAME = "demo-member"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """A home with example accounts alone."""
    root: Path = tmp_path_factory.mktemp("ended")
    home = Home(root)
    store = store_at(home)
    for name in (NAME, "demo-leader", "demo-clerk"):
        accounts.add(store, OPERATOR, name, "示范", example=True)
        assigning.assign(store, OPERATOR, name, name.removeprefix("demo-"), "示范")
        signing_in.set_password(store, Who(name), name, PASSWORD)
    yield home
    engine(home).dispose()


@pytest.fixture(scope="module")
def app(home: Home) -> Any:
    return create_app(home)


def test_who_was_put_out_reads_nothing_until_they_ask_to_be_the_operator(home, app):
    here, store = Browser(home, app, "127.0.0.1"), store_at(home)
    assert here.sign_in(NAME).status_code == 302
    assert "财经委委员" in here.said("/inbox")
    assert sessions.end_all(store, OPERATOR, NAME) == 1

    for path in ("/exec", "/inbox"):
        assert here.page(path).status_code == 401  # the page's own script then asks for /login
    away = here.get("/exec?tab=v")
    assert away.status_code == 302 and away.headers["Location"] == "/login?next=/exec?tab%3Dv"
    said = here.get(away.headers["Location"]).text
    assert "会话已结束。" in said and "不登录，以本机操作员查看" in said
    assert here.page("/exec").status_code == 401  # having seen the page changes nothing
    assert here.post("/login/operator").status_code == 403  # nor does another site's form
    assert here.page("/exec").status_code == 401

    done = here.form(away.headers["Location"], "/login/operator", next="/exec?tab=v")
    assert done.status_code == 302 and done.headers["Location"] == "/exec?tab=v"
    assert here.get("/inbox").status_code == 200  # a page brings the token that its script repeats
    assert "本机操作员" in here.said("/inbox")


def test_a_disabled_account_is_put_out_alike_and_signs_in_as_somebody_else(home, app):
    here, store = Browser(home, app, "127.0.0.1"), store_at(home)
    here.sign_in("demo-leader")
    accounts.disable(store, OPERATOR, "demo-leader", "调离")
    assert here.page("/inbox").status_code == 401
    assert "会话已结束" in here.get("/login").text
    assert here.sign_in(NAME).status_code == 302
    assert "财经委委员" in here.said("/inbox")
    assert "会话已结束" not in here.get("/login").text
    # whoever is signed in does not lose their session by the operator's button
    assert here.post("/login/operator").status_code == 403
    assert "财经委委员" in here.said("/inbox")


def test_a_session_that_grew_too_old_is_told_why(home, app):
    here, store = Browser(home, app, "127.0.0.1"), store_at(home)
    here.sign_in(NAME)
    from budget_watch.access import tables as t

    with store.writing() as connection:
        connection.execute(t.session.update().values(seen_at=0))
    assert here.page("/inbox").status_code == 401
    assert "会话已结束：长时间没有操作" in here.get("/login").text


def test_a_cookie_of_another_home_is_no_session_of_this_one(home, app):
    here = Browser(home, app, "127.0.0.1")
    here.client.set_cookie("bw_session", "of-another-port", domain="localhost")
    assert here.get("/inbox").status_code == 200
    assert "本机操作员" in here.said("/inbox")
    assert "会话已结束" not in here.get("/login").text


def test_a_session_tells_whether_the_second_factor_was_used(home, app):
    store = store_at(home)
    make(store, "an-quan", "security_admin")  # the first real account
    seed = second.begin(store, OPERATOR, "an-quan")
    totp = pyotp.TOTP(seed.key)
    codes = second.confirm(store, OPERATOR, "an-quan", totp.now())
    person = Browser(home, app)
    assert person.sign_in("an-quan").status_code == 200
    assert person.form("/login", "/login/second", code=codes[0]).status_code == 302
    assert "密码+恢复码" in person.said("/admin/accounts/an-quan")
    assert "密码+恢复码" in person.get("/login/account").text
    assert sessions.sessions(store, "an-quan")[0].method == "password+recovery"

    # beside a real account the examples are closed, and the list says so
    assert "示范，不能登录" in person.said("/admin/accounts")
    assert "/admin/accounts/demo-clerk" in person.said("/admin/accounts", "?st=示范，不能登录")
    assert "/admin/accounts/an-quan" not in person.said("/admin/accounts", "?st=示范，不能登录")
    assert "共4个账号，1个在用" in person.said("/admin/accounts")
    here = Browser(home, app, "127.0.0.1")
    assert here.post("/login/operator").status_code in (302, 403)
    assert here.page("/inbox").status_code == 401
