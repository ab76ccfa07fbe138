"""What goes out: packed, once, and with the status that fits."""

from __future__ import annotations

import gzip
import re
import threading
from typing import Any

import pytest
import waitress

from budget_watch.lake import Home
from dashboard.app import create_app
from tests.dashboard.signing import PASSWORD, Browser
from tests.dashboard.test_browser import browser, looker  # noqa: F401
from tests.dashboard.test_signing_in_browser import staffed  # noqa: F401

PACKED = {"Accept-Encoding": "gzip, deflate, br"}
FIRST_PAGE = 300_000  # bytes after sign-in, libraries aside
LIBRARIES = 700_000  # bytes, once for a year
LIBRARY = "/_dash-component-suites/"


@pytest.mark.browser
def test_the_first_page_on_a_phone_is_small(browser: Any, staffed: Home) -> None:  # noqa: F811
    server = waitress.create_server(create_app(staffed).server, host="127.0.0.1", port=0, threads=4)
    threading.Thread(target=server.run, daemon=True).start()
    window = looker(browser, f"http://127.0.0.1:{server.effective_port}", "phone")
    fetched = _fetched(window.page)
    try:
        window.page.goto(f"{window.base}/login?next=%2Ftodo")
        window.page.fill("input[name=name]", "li")
        window.page.fill("input[name=password]", PASSWORD)
        fetched.clear()
        window.page.click("button.main")
        window.stands("/todo")
        window.page.wait_for_load_state("networkidle")
        own = sum(size for url, size in fetched if LIBRARY not in url)
        libraries = sum(size for url, size in fetched if LIBRARY in url)
        assert 20_000 < own <= FIRST_PAGE
        assert 100_000 < libraries <= LIBRARIES
        for path in ("/overview", "/alerts", "/exec", "/debt", "/draft", "/final", "/opinions"):
            fetched.clear()
            window.open(path)
            window.page.wait_for_load_state("networkidle")
            assert sum(size for url, size in fetched if LIBRARY not in url) <= FIRST_PAGE, path
            again = {url for url, size in fetched if size and re.search(r"\?m=|\.v\d", url)}
            assert again == set(), path
        assert window.complaints == []
    finally:
        window.page.context.close()
        server.close()


def _fetched(page: Any) -> list[tuple[str, int]]:
    """Address and transferred bytes (heads too) of every answer from the network, as they come."""
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    asked: dict[str, str] = {}
    fetched: list[tuple[str, int]] = []
    session.on(
        "Network.responseReceived",
        lambda told: asked.__setitem__(told["requestId"], told["response"]["url"]),
    )
    session.on(
        "Network.loadingFinished",
        lambda told: fetched.append((asked.get(told["requestId"], ""), told["encodedDataLength"])),
    )
    return fetched


def test_a_page_is_packed_for_whoever_unpacks_it(home: Home) -> None:
    person = Browser(home, address="127.0.0.1")
    person.get("/overview")
    plain = person.page("/overview")
    packed = person.page("/overview", headers=PACKED)
    assert "Content-Encoding" not in plain.headers
    assert (packed.headers["Content-Encoding"], packed.headers["Vary"]) == (
        "gzip",
        "Accept-Encoding",
    )
    assert gzip.decompress(packed.data) == plain.data
    assert len(packed.data) * 5 < len(plain.data)
    assert int(packed.headers["Content-Length"]) == len(packed.data)
    assert packed.headers["Cache-Control"] == "no-store"


def test_pages_with_secrets_are_never_packed(home: Home) -> None:
    person = Browser(home, address="127.0.0.1")
    for path in ("/login", "/overview", "/login/account", "/_dash-layout"):
        assert "Content-Encoding" not in person.get(path, headers=PACKED).headers, path


def test_scripts_and_styles_come_once_and_libraries_are_asked_for_by_their_tag(home: Home) -> None:
    person = Browser(home, address="127.0.0.1")
    (style,) = re.findall(r'href="(/assets/30_[^"]+)"', person.get("/overview").text)
    fetched = person.get(style, headers=PACKED)
    assert fetched.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert gzip.decompress(fetched.data) == person.get(style).data
    earlier = person.get(style.partition("?")[0] + "?m=1600000000.5", headers=PACKED)
    assert earlier.headers["Cache-Control"] == "no-cache"
    chart = f"{LIBRARY}plotly/package_data/plotly.min.js"
    sent = person.get(chart, headers=PACKED)
    assert (sent.status_code, sent.headers["Content-Encoding"]) == (200, "gzip")
    again = person.get(chart, headers={**PACKED, "If-None-Match": sent.headers["ETag"]})
    assert (again.status_code, again.data, again.headers["Cache-Control"]) == (304, b"", "no-cache")


def test_what_is_no_page_or_not_open_says_so_by_its_status(staffed: Home) -> None:  # noqa: F811
    deputy = Browser(staffed)
    deputy.sign_in("li")
    told = {
        path: deputy.get(path).status_code
        for path in ("/", "/exec/d101", "/nothing", "/exec/x1", "/alerts?lv=none", "/data?zz=1")
    }
    assert told == {
        "/": 200,
        "/exec/d101": 200,
        "/nothing": 404,
        "/exec/x1": 404,
        "/alerts?lv=none": 404,
        "/data?zz=1": 404,
    }
    assert deputy.get("/exec/d101/u101001/pP1010011/iI1").status_code == 403  # too deep
    assert 'id="react-entry-point"' in deputy.get("/nothing").text  # the frame says why
