"""A worker that has shown no page yet serves what another worker's page asks for."""

from __future__ import annotations

import re

from budget_watch.lake import Home
from dashboard.app import create_app


def test_scripts_and_styles_come_from_a_worker_that_has_shown_no_page(home: Home) -> None:
    page = create_app(home).server.test_client().get("/").get_data(as_text=True)
    asked = re.findall(r'(?:src|href)="(/_dash-component-suites/[^"]+)"', page)
    assert len(asked) > 5
    another = create_app(home).server.test_client()
    told = {path: another.get(path).status_code for path in asked}
    assert set(told.values()) == {200}, told
