"""Pictures of every page, as a reader of the README or a judge of the design looks at them.

    python -m tests.screenshots --out /tmp/pictures           every page, wide, on a phone, dark
    python -m tests.screenshots --readme --out docs/pictures  the few that the README shows

Without `--home` the demo's tiny city is made first, in a folder that is thrown away. Complaints of
the browser's console are printed, and make the exit code 1.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import waitress

from budget_watch.access import Grant
from budget_watch.casework.findings import list_findings
from budget_watch.lake import Home
from dashboard.address import PAGES
from dashboard.app import create_app
from tests.dashboard.test_browser import SWITCHES, looker

NOT_ALONE = ("admin", "login")  # pages of people who have signed in
README = {
    "overview": ("/overview", "desktop", False),
    "department": ("/exec/d101", "desktop", False),
    "debt": ("/debt", "desktop", True),
    "draft": ("/draft", "desktop", False),
    "finding": ("/finding/{finding}", "desktop", False),
    "phone": ("/finding/{finding}", "phone", False),
}


def main() -> int:
    """Make the home if none is given, serve it, take the pictures."""
    options = _options()
    options.out.mkdir(parents=True, exist_ok=True)
    with _home(options.home) as home, _served(home) as base, _browser() as browser:
        finding = _worst(home)
        wanted = README if options.readme else dict(_every(finding))
        complaints = []
        for name, (path, size, dark) in wanted.items():
            window = looker(browser, base, size, dark)
            window.open(path.format(finding=finding))
            window.page.wait_for_timeout(600)  # charts draw after the page stands
            target = options.out / f"{name}.png"
            window.page.screenshot(path=str(target), full_page=not options.readme)
            complaints += [f"{path} {size}: {said}" for said in window.complaints]
            window.page.context.close()
            print(target)
    print("\n".join(complaints), file=sys.stderr)
    return 1 if complaints else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--home", type=Path, help="a home without accounts")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--readme", action="store_true", help="only those of the README")
    return parser.parse_args()


def _every(finding: str) -> Iterator[tuple[str, tuple[str, str, bool]]]:
    for page in PAGES:
        if page in NOT_ALONE:
            continue
        path = f"/finding/{finding}" if page == "finding" else f"/{page}"
        for size, dark in (("desktop", False), ("phone", False), ("desktop", True)):
            yield f"{page}-{size}{'-dark' if dark else ''}", (path, size, dark)


def _worst(home: Home) -> str:
    """The first red finding of the latest run, or the first of any level."""
    found = list_findings(home, Grant.operator("截图"))
    red = [one for one in found if one.level == "red"]
    return (red or found)[0].finding[:16]


@contextmanager
def _home(given: Path | None) -> Iterator[Home]:
    if given is not None:
        yield Home(given)
        return
    with tempfile.TemporaryDirectory(prefix="screenshots-") as folder:
        command = [sys.executable, "-m", "budget_watch.cli.main", "--home", f"{folder}/home"]
        command += ["demo", "--scale", "tiny", "--seed", "1", "--no-serve"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        yield Home(Path(folder) / "home")


@contextmanager
def _served(home: Home) -> Iterator[str]:
    server = waitress.create_server(create_app(home).server, host="127.0.0.1", port=0, threads=4)
    threading.Thread(target=server.run, daemon=True).start()
    yield f"http://127.0.0.1:{server.effective_port}"
    server.close()


@contextmanager
def _browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
    with sync_playwright() as player:
        window = player.chromium.launch(executable_path=found, args=SWITCHES)
        yield window
        window.close()


if __name__ == "__main__":
    sys.exit(main())
