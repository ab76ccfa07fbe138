"""An hour of a session, compressed: 60 deputies, 300 opinions over HTTP, a worker killed by -9."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from budget_watch.audit import key_of, verify
from budget_watch.congress.session import given_in
from budget_watch.lake import Home
from budget_watch.lake.state import engine
from tests.congress.hour import (
    GROUPS,
    Said,
    an_hour,
    children,
    served,
    signed_in,
    staffed,
    until,
)
from tests.dashboard.conftest import chromium, quick_hashing  # noqa: F401
from tests.dashboard.signing import PASSWORD
from tests.dashboard.test_browser import browser, looker  # noqa: F401
from tests.views_drill.small_city import make_home

DEPUTIES, EACH = 60, 5
pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def hall(
    tmp_path_factory: pytest.TempPathFactory,
    quick_hashing: None,  # noqa: F811
) -> Iterator[Any]:
    home, _ = make_home(tmp_path_factory.mktemp("hall"))
    number, users = staffed(home, DEPUTIES)
    with served(home) as (base, server):
        yield home, number, users, base, server
    engine(home).dispose()


def kept(home: Home, number: str) -> list[Said]:
    return sorted((e.opinion.author, e.opinion.text) for e in given_in(home, number))


def test_of_300_opinions_over_http_none_is_lost_or_doubled_though_a_worker_is_killed(
    hall: Any,
) -> None:
    home, number, users, base, server = hall
    wanted = [(user, f"{user}的第{at}件意见") for at in range(EACH) for user in users]
    first = set(children(server.pid))
    begun = time.monotonic()
    heard = an_hour(base, server, number, wanted, kill_after=100)
    seconds = time.monotonic() - begun
    assert heard.refused == []
    assert heard.killed is not None and heard.killed[0] in first
    assert kept(home, number) == sorted(wanted)
    assert all(len(set(numbers)) == 1 for numbers in heard.numbers.values())
    assert sorted(numbers[0] for numbers in heard.numbers.values()) == sorted(
        each.opinion.id for each in given_in(home, number)
    )
    per_group = len(wanted) // GROUPS
    assert Counter(each.delegation for each in given_in(home, number)) == {
        f"第{at + 1}代表团": per_group for at in range(GROUPS)
    }
    with engine(home).connect() as connection:
        assert verify(connection, key_of(home.root)).damages == []
    until(
        lambda: len(children(server.pid)) == 2 and heard.killed[0] not in children(server.pid), 60
    )
    assert signed_in(base, "office").get(f"{base}/congress/{number}").status_code == 200
    print(f"\n{heard.record()} {seconds:.1f} s")


@pytest.mark.browser
def test_on_the_phone_page_what_waits_without_network_goes_out_once(
    hall: Any,
    browser: Any,  # noqa: F811
) -> None:
    home, number, users, base, _ = hall
    before, wanted = kept(home, number), []
    for user in users[:2]:
        phone = looker(browser, base, "phone")
        phone.page.goto(f"{base}/congress/{number}")
        phone.page.fill("input[name=name]", user)
        phone.page.fill("input[name=password]", PASSWORD)
        phone.page.click("button.main")
        phone.stands(f"/congress/{number}")
        assert phone.page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0
        for at in range(2):
            text = f"{user}在手机上提的第{at}件，建议公开绩效目标。"
            wanted.append((user, text))
            area = "form[data-kept] textarea"
            assert "未能载入" not in phone.text("main")
            phone.page.fill(area, text)
            phone.page.context.set_offline(at == 1)
            phone.page.click("form[data-kept] button")
            if at == 1:
                phone.page.locator("form[data-kept] .form-said", has_text="没有网络").wait_for()
                assert kept(home, number) == sorted([*before, *wanted[:-1]])
                phone.page.context.set_offline(False)
            phone.page.locator(".acts-list", has_text=text).wait_for(timeout=20_000)
        own = [each for each in phone.complaints if "ERR_INTERNET_DISCONNECTED" not in each]
        assert own == []
        phone.page.context.close()
    assert kept(home, number) == sorted([*before, *wanted])
