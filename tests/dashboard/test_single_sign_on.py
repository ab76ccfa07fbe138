"""Signing in through a province's provider: a real one, and whoever is between or pretends."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from budget_watch.access import accounts
from budget_watch.access.errors import AccessError
from budget_watch.casework.oidc import provider
from budget_watch.lake import Home
from budget_watch.lake.state import engine
from tests.dashboard.signing import OPERATOR, Browser, make, store_at
from tests.servers.oidc import CLIENT, SECRET, Oidc

BACK = "http://localhost/login/oidc/back"


@pytest.fixture(scope="module")
def sso(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Oidc]:
    made = Oidc(tmp_path_factory.mktemp("provider"))
    made.allow(BACK)
    yield made
    made.stop()


@pytest.fixture
def own(home: Home, sso: Oidc, tmp_path: Path) -> Iterator[Home]:
    engine(home).dispose()
    shutil.copytree(home.root, tmp_path / "own")
    made = Home(tmp_path / "own")
    configure(made, sso.issuer)
    store = store_at(made)
    make(store, "diana", "clerk")
    sso.person = "diana"
    yield made
    engine(made).dispose()


def configure(home: Home, issuer: str, client: str = CLIENT, secret: str = SECRET) -> None:
    (home.root / "sso.secret").write_text(secret, encoding="utf-8")
    (home.root / "budget_watch.toml").write_text(
        f'[access.oidc]\ntitle = "省统一认证"\nissuer = "{issuer}"\nclient_id = "{client}"\n'
        'client_secret_file = "sso.secret"\n',
        encoding="utf-8",
    )


def leave(browser: Browser, to: str = "/alerts") -> str:
    told = browser.get("/login/oidc", query_string={"next": to})
    assert told.status_code == 302
    return str(told.headers["Location"])


def there_and_back(browser: Browser, to: str = "/alerts") -> Any:
    """The browser's way: to the provider, and back with what it gives."""
    answer = httpx.get(leave(browser, to))
    assert answer.status_code == 302, answer.text
    back = urlsplit(answer.headers["location"])
    assert f"{back.scheme}://{back.netloc}{back.path}" == BACK
    return browser.get(f"{back.path}?{back.query}")


def said(told: Any) -> str:
    return str(told.text)


def test_a_person_signs_in_by_the_provider_once_their_identity_is_connected(own, sso):
    browser = Browser(own)
    assert "省统一认证" in browser.get("/login").text
    told = there_and_back(browser)
    assert told.status_code == 401 and "还没有对应的账号" in said(told)
    subject = next(word for word in said(told).split("：")[-1].split("<") if "#" in word)
    assert subject.startswith(f"{sso.issuer}#")
    accounts.connect(store_at(own), OPERATOR, "diana", subject)
    told = there_and_back(browser)
    assert (told.status_code, told.headers["Location"]) == (302, "/alerts")
    assert "diana某" in browser.said("/overview")
    with pytest.raises(AccessError, match="只对应一个账号"):
        make(store_at(own), "other", "clerk")
        accounts.connect(store_at(own), OPERATOR, "other", subject)
    accounts.disable(store_at(own), OPERATOR, "diana", "离任")
    assert there_and_back(Browser(own)).status_code == 401


def test_what_is_asked_of_the_provider_is_a_code_with_pkce_state_and_nonce(own):
    asked = parse_qs(urlsplit(leave(Browser(own))).query)
    assert asked["response_type"] == ["code"] and asked["code_challenge_method"] == ["S256"]
    assert asked["redirect_uri"] == [BACK] and "openid" in asked["scope"][0].split()
    assert min(len(asked[name][0]) for name in ("code_challenge", "state", "nonce")) >= 30
    again = parse_qs(urlsplit(leave(Browser(own))).query)
    assert all(asked[name] != again[name] for name in ("code_challenge", "state", "nonce"))


def test_an_answer_counts_once_and_only_for_the_browser_that_left(own):
    browser, other = Browser(own), Browser(own)
    back = urlsplit(httpx.get(leave(browser)).headers["location"])
    path = f"{back.path}?{back.query}"
    leave(other)
    for stranger in (other, Browser(own)):  # a link that somebody was made to open
        told = stranger.get(path)
        assert told.status_code == 401 and "请返回登录页重试" in said(told)
    assert "还没有对应的账号" in said(browser.get(path))
    assert "请返回登录页重试" in said(browser.get(path))
    state = parse_qs(urlsplit(leave(browser)).query)["state"][0]
    told = browser.get("/login/oidc/back", query_string={"state": state, "error": "access_denied"})
    assert "没有同意登录" in said(told)


def test_a_code_of_another_leaving_is_refused_by_its_pkce(own):
    """A code that was caught on its way is worth nothing without the verifier kept here."""
    victim, thief = Browser(own), Browser(own)
    caught = parse_qs(urlsplit(httpx.get(leave(victim)).headers["location"]).query)["code"][0]
    state = parse_qs(urlsplit(leave(thief)).query)["state"][0]
    told = thief.get("/login/oidc/back", query_string={"state": state, "code": caught})
    assert told.status_code == 401 and "没有给出登录结果" in said(told)


@pytest.mark.parametrize("wrong", ["secret", "client"])
def test_a_client_that_is_not_registered_so_is_refused(own, sso, wrong):
    sso.allow(BACK, "another")
    changed = {"secret": {"secret": "x" * 40}, "client": {"client": "unknown"}}[wrong]
    configure(own, sso.issuer, **changed)
    browser = Browser(own)
    answer = httpx.get(leave(browser))
    if wrong == "client":
        assert answer.status_code == 400
        return
    back = urlsplit(answer.headers["location"])
    assert browser.get(f"{back.path}?{back.query}").status_code == 401


def test_a_token_for_another_client_or_browser_is_not_believed(own, sso, monkeypatch):
    """The provider's signature is right; the audience or the nonce is not."""
    from budget_watch.access import oidc

    browser = Browser(own)
    real = oidc._own

    def another_nonce(*args: Any) -> dict[str, Any]:
        return {**real(*args), "nonce": "another"}

    monkeypatch.setattr(oidc, "_own", another_nonce)
    assert "不可信" in said(there_and_back(browser)) or "登录结果" in said(there_and_back(browser))
    monkeypatch.setattr(oidc, "_own", real)
    keys = oidc._fetch

    def other_keys(url: str) -> dict[str, Any]:
        found = keys(url)
        if url.endswith("/jwks"):
            return {"keys": [{**k, "kid": "x"} for k in found["keys"]]}
        return found

    monkeypatch.setattr(oidc, "_fetch", other_keys)
    assert "不可信" in said(there_and_back(browser))


def test_a_provider_that_is_silent_or_says_it_is_another_lets_nobody_in(own, sso):
    configure(own, "http://127.0.0.1:9")
    told = Browser(own).get("/login/oidc")
    assert told.status_code == 502 and "连不上" in said(told)
    configure(own, sso.issuer.replace("127.0.0.1", "localhost"))
    told = Browser(own).get("/login/oidc")
    assert told.status_code == 502 and "与设置不符" in said(told)


def test_settings_that_are_not_whole_are_told(own):
    path = own.root / "budget_watch.toml"
    path.write_text('[access.oidc]\nissuer = "https://x"\n', encoding="utf-8")
    with pytest.raises(AccessError, match="缺少 client_id、client_secret_file"):
        provider(own.root)
    path.write_text(
        '[access.oidc]\nissuer = "https://x"\nclient_id = "c"\nclient_secret_file = "none"\n',
        encoding="utf-8",
    )
    with pytest.raises(AccessError, match="读不出"):
        provider(own.root)
    path.write_text("", encoding="utf-8")
    assert provider(own.root) is None
    assert Browser(own).get("/login/oidc").headers["Location"] == "/login"
