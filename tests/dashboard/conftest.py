"""The hand-made small city, checked by the real rule book, behind the real application."""

import os
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from budget_watch.casework.checking import check
from budget_watch.lake import Home
from tests.views_drill.small_city import make_home

BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    folder: Path = tmp_path_factory.mktemp("dashboard")
    made, _ = make_home(folder)
    check(folder)
    return made


@pytest.fixture(scope="session")
def served(home: Home) -> Iterator[str]:
    """The address of a server on a free port."""
    import waitress

    from dashboard.app import create_app

    app = create_app(home)
    server = waitress.create_server(app.server, host="127.0.0.1", port=0, threads=4)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.effective_port}"
    server.close()


@pytest.fixture(scope="session")
def chromium() -> str:
    """The machine's Chromium; in CI it must be there."""
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if found is None:
        if os.environ.get("BUDGET_WATCH_CI") == "1":
            pytest.fail("no Chromium on this machine; CI must have one")
        pytest.skip("no Chromium on this machine: pages were not looked at")
    return found


@pytest.fixture(scope="package", autouse=True)
def quick_hashing() -> Iterator[None]:
    """Passwords hashed with few passes: how strong they are kept is tested in tests/access."""
    from argon2 import PasswordHasher

    from budget_watch.access import passwords

    strong, passwords._hasher = passwords._hasher, PasswordHasher(1, 64, 1)
    passwords._nobody.clear()
    yield
    passwords._hasher = strong
    passwords._nobody.clear()
