"""Every page against WCAG 2.2 AA, as axe-core judges it: light and dark, wide and on a phone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from budget_watch.access import Grant
from budget_watch.casework.findings import list_findings
from budget_watch.lake import Home
from tests.dashboard.test_browser import SWITCHES, looker
from tests.dashboard.test_pages import PAGES

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]
TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
OPTIONS = {"runOnly": {"type": "tag", "values": list(TAGS)}, "resultTypes": ["violations"]}


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as player:
        window = player.chromium.launch(executable_path=chromium, args=SWITCHES)
        yield window
        window.close()


@pytest.mark.parametrize(
    ("size", "dark", "every"), [("desktop", False, 1), ("desktop", True, 3), ("phone", False, 3)]
)
def test_axe_finds_nothing(
    browser: Any, served: str, home: Home, size: str, dark: bool, every: int
) -> None:
    from axe_playwright_python.sync_playwright import Axe

    found: dict[str, set[str]] = {}
    window, axe = looker(browser, served, size, dark), Axe()
    findings = sorted(f.finding[:16] for f in list_findings(home, Grant.operator("test")))[:3]
    for path in [*_places()[::every], *(f"/finding/{one}" for one in findings)]:
        window.open(path)
        for wrong in axe.run(window.page, options=OPTIONS).response["violations"]:
            nodes = [f"{node['target']} {node['html'][:120]}" for node in wrong["nodes"][:3]]
            found.setdefault(f"{wrong['id']}: {wrong['help']}", set()).add(f"{path} {nodes}")
    told = {rule: sorted(places)[:4] for rule, places in sorted(found.items())}
    assert told == {}


def _places() -> list[str]:
    """Each page of the list once, in its first state."""
    named: dict[str, str] = {}
    for path in PAGES:
        if path != "/":
            named.setdefault("/".join(path.split("?")[0].split("/")[:3]), path)
    return list(named.values())
