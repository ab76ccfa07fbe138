"""A person at a browser of their own, by hand-made requests: no page's help, no script."""

from __future__ import annotations

import json
import re
from typing import Any

from budget_watch.access import Scope, accounts, assigning, signing_in
from budget_watch.access.store import Store
from budget_watch.audit import Who
from budget_watch.casework.accounts import store_of
from budget_watch.lake import Home
from dashboard.app import create_app

PASSWORD = "春江水暖鸭先知道"
OPERATOR = Who("operator", "", "", "test")


def make(
    store: Store, name: str, role: str | None, scope: Scope | None = None, **more: Any
) -> None:
    """An account with a password of its own and a role."""
    accounts.add(store, OPERATOR, name, f"{name}某")
    if role:
        assigning.assign(store, OPERATOR, name, role, "任职", scope, **more)
    signing_in.set_password(store, Who(name), name, PASSWORD)


class Browser:
    """One browser: its cookies, and what it sends."""

    def __init__(self, home: Home, app: Any = None, address: str = "10.0.0.7") -> None:
        self.home = home
        self.client = (app or create_app(home)).server.test_client()
        self.base = {"REMOTE_ADDR": address}

    def get(self, path: str, **more: Any) -> Any:
        return self.client.get(path, environ_base=self.base, **more)

    def post(self, path: str, **more: Any) -> Any:
        return self.client.post(path, environ_base=self.base, **more)

    def form(self, page: str, path: str, **fields: str) -> Any:
        """Send a form of a page, with the token that the page has in it."""
        found = re.search(r'name="csrf" value="([0-9a-f]+)"', self.get(page).text)
        assert found is not None, page
        return self.post(path, data={"csrf": found.group(1), **fields})

    def sign_in(self, name: str, password: str = PASSWORD, **more: str) -> Any:
        return self.form("/login", "/login", name=name, password=password, **more)

    def page(self, path: str, search: str = "", **more: Any) -> Any:
        """Ask the application for a page as its own script does."""
        cookie = self.client.get_cookie("_csrf_token")
        headers = {"X-CSRFToken": cookie.value} if cookie else {}
        inputs = [
            {"id": "url", "property": "pathname", "value": path},
            {"id": "url", "property": "search", "value": search},
        ]
        asked = {
            "output": "root.children",
            "outputs": {"id": "root", "property": "children"},
            "inputs": inputs,
            "changedPropIds": ["url.pathname"],
        }
        return self.post(
            "/_dash-update-component",
            json=asked,
            headers={**headers, **more.pop("headers", {})},
            **more,
        )

    def said(self, path: str, search: str = "") -> str:
        """Everything that the answer for a page has in it, in plain Chinese."""
        told = self.page(path, search)
        assert told.status_code == 200, (path, told.status_code)
        return json.dumps(told.json, ensure_ascii=False)


def store_at(home: Home) -> Store:
    return store_of(home)
