"""Example accounts: one a role, on this machine alone, closed by the first real one."""

from __future__ import annotations

import pytest

from budget_watch.access import accounts, signing_in
from budget_watch.access.errors import AccessError, SignInError
from budget_watch.access.granting import grant_of
from budget_watch.access.roles import standard_roles
from budget_watch.audit import Who
from budget_watch.casework.accounts import has_accounts, store_of
from budget_watch.cli.demo_accounts import example_accounts
from dashboard.app import create_app
from tests.dashboard.signing import Browser
from tests.views_drill.small_city import make_home


@pytest.fixture
def home(tmp_path):
    made, _ = make_home(tmp_path)
    return made


def test_every_role_has_an_example_whose_password_is_told_once(home):
    password, made = example_accounts(home)
    store = store_of(home)
    assert [each["role"] for each in made] == [role.title for role in standard_roles().values()]
    for each in made:
        assert grant_of(store, each["user"], "test").role is not None
    assert example_accounts(home) == (None, [])
    assert not has_accounts(home)

    app = create_app(home)
    here = Browser(home, app, "127.0.0.1")
    assert here.get("/overview").status_code == 200
    assert "本机操作员" in here.said("/overview") and "登录示范账号" in here.said("/overview")
    assert "demo-deputy" in here.get("/login").text
    assert here.sign_in("demo-deputy", password).status_code == 302
    assert "示范·代表" in here.said("/overview")
    assert Browser(home, app).get("/login").status_code == 403  # not from elsewhere

    with pytest.raises(AccessError, match="只用于示范账号"):
        accounts.add(store, Who("operator"), "demo-x", "某")
    accounts.add(store, Who("operator"), "wang", "王经办")
    assert here.page("/overview").status_code == 401
    with pytest.raises(SignInError):
        signing_in.sign_in(store, "demo-clerk", password or "", "d", "127.0.0.1")
    assert Browser(home, app, "127.0.0.1").page("/overview").status_code == 401
