"""Twenty people at the dashboard at once: server time of every page, and memory of the workers.

    python -m benchmarks.dashboard_load --home DIR --users 20 --minutes 3

Starts `serve --workers 2` on a home without accounts, then lets Locust's users open pages as people
do: the overview, a department, down to its units, projects and vouchers, one voucher, findings, the
topics, a search; five seconds of thought between two pages on average. What each user opens next is
read from the page before, so that addresses are those of the home. Times are the server's own
(`Server-Timing`), without the network; memory is that of each worker, read every few seconds.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import socket
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from statistics import median, quantiles

import gevent.monkey

gevent.monkey.patch_all()

import psutil  # noqa: E402 (what Locust needs patched comes first)
from locust import HttpUser, task  # noqa: E402
from locust.env import Environment  # noqa: E402

TOPICS = ("sangong", "transfer", "debt", "assets", "social", "audit", "alerts", "rules", "overview")
_LINK = re.compile(r"/(?:exec|voucher|finding)/[^\"\\\s#<>]*")
_WORDS = ("教育局", "水利", "学校", "工程", "2026")
times: dict[str, list[float]] = defaultdict(list)
slowest: list[tuple[float, str]] = []
failures: list[str] = []


class Reader(HttpUser):
    """One person who opens a page, thinks, and opens another that the page leads to."""

    abstract = True
    think = 5.0

    def wait_time(self) -> float:
        """Seconds of thought: `think` on average, never the same."""
        return random.expovariate(1 / self.think) if self.think else 0.0

    def on_start(self) -> None:
        """Nothing was seen yet; nobody begins in the same instant as all others."""
        self.found: list[str] = []
        time.sleep(random.uniform(0, self.think))

    @task(6)
    def further(self) -> None:
        """Go on from what was seen: mostly down the drill."""
        self.opened(random.choice(self.found) if self.found else "/exec")

    @task(3)
    def topic(self) -> None:
        """Look at one of the topics."""
        self.opened(f"/{random.choice(TOPICS)}")

    @task(1)
    def search(self) -> None:
        """Search for a word."""
        self.opened("/search", f"?q={random.choice(_WORDS)}")

    def opened(self, path: str, search: str = "") -> None:
        """Ask for a page as its script does; note the time and the links."""
        path, _, query = path.partition("?")
        body = {
            "output": "root.children",
            "outputs": {"id": "root", "property": "children"},
            "inputs": [
                {"id": "url", "property": "pathname", "value": path},
                {"id": "url", "property": "search", "value": search or (query and f"?{query}")},
            ],
            "changedPropIds": ["url.pathname"],
        }
        name = path.strip("/").partition("/")[0]
        if "tab=v" in query:
            name = "exec, vouchers"
        asked = {"X-Budget-Watch": "1"}
        with self.client.post(
            "/_dash-update-component", json=body, headers=asked, name=name, catch_response=True
        ) as answer:
            told = re.search(r"app;dur=([\d.]+)", answer.headers.get("Server-Timing", ""))
            text = _written(answer.text or "")
            if answer.status_code != 200 or told is None or "本页未能载入" in text:
                failures.append(f"{path} {answer.status_code}")
                answer.failure("no page")
                return
            times[name].append(float(told[1]))
            slowest.append((float(told[1]), f"/{path.strip('/')}{query and '?' + query}"))
        links = [link.replace("&amp;", "&") for link in _LINK.findall(text)]
        deep = [link for link in links if link.count("/") > 2 or "tab=v" in link]
        self.found = (deep or links or self.found)[:400]


def _written(text: str) -> str:
    """An answer without the escapes of its JSON, so that links stand in it as they are."""
    try:
        return json.dumps(json.loads(text), ensure_ascii=False)
    except ValueError:
        return text


def main() -> None:
    """Serve, load, print."""
    options = _options()
    with _served(options.home, options.workers) as (base, server):
        _warm(base, options.workers)
        memory: list[list[int]] = []
        Reader.think = options.think
        user = type("Person", (Reader,), {"host": base, "abstract": False})
        environment = Environment(user_classes=[user])
        runner = environment.create_local_runner()
        runner.start(options.users, spawn_rate=options.users)
        end = time.monotonic() + options.minutes * 60
        while time.monotonic() < end:
            memory.append(sorted(_memory(server)))
            time.sleep(5)
        runner.quit()
    print(_page(options, memory))
    if failures:
        raise SystemExit(f"{len(failures)} pages failed: {failures[:5]}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--home", type=Path, required=True, help="a home without accounts")
    parser.add_argument("--users", type=int, default=20)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--minutes", type=float, default=3.0)
    parser.add_argument("--think", type=float, default=5.0, help="mean seconds between pages")
    return parser.parse_args()


@contextmanager
def _served(home: Path, workers: int) -> Iterator[tuple[str, psutil.Process]]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "budget_watch.cli.main", "--home", str(home), "serve"]
    command += ["--port", str(port), "--workers", str(workers)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        yield f"http://127.0.0.1:{port}", psutil.Process(server.pid)
    finally:
        server.terminate()
        server.wait(60)


def _warm(base: str, workers: int) -> None:
    """Wait until every worker has made what is slow; they answer in turn, by chance."""
    import requests

    end, answers = time.monotonic() + 600, 0
    while answers < 20 * workers:
        try:
            told = requests.get(f"{base}/ready", timeout=5, headers={"Connection": "close"})
            answers = answers + 1 if told.ok and told.json().get("warm") else 0
        except requests.RequestException:
            answers = 0
        if time.monotonic() > end:
            raise SystemExit("the dashboard does not get warm")
        time.sleep(0.05 if answers else 1.0)


def _memory(server: psutil.Process) -> list[int]:
    found = [one for one in server.children() if any("spawn_main" in w for w in one.cmdline())]
    return [one.memory_info().rss for one in found] or [server.memory_info().rss]


def _page(options: argparse.Namespace, memory: list[list[int]]) -> str:
    from benchmarks.whole_book import machine

    everything = sorted(value for those in times.values() for value in those)
    lines = [
        f"{date.today()}, {machine()}, {options.users} users, {options.think:g} s of thought, "
        f"{options.workers} workers, {options.minutes:g} minutes, {len(everything)} pages, "
        f"{len(failures)} failed",
        "",
        "| page | asked | p50 ms | p95 ms | slowest ms |",
        "|---|---:|---:|---:|---:|",
    ]
    listed = sorted(times.items(), key=lambda one: -len(one[1]))
    for name, those in [("all", everything), *listed]:
        told = f"{median(those):.0f} | {_p95(those):.0f} | {max(those):.0f}"
        lines.append(f"| {name} | {len(those)} | {told} |")
    lines += ["", "Slowest: " + "; ".join(f"{ms:.0f} {at}" for ms, at in sorted(slowest)[:-11:-1])]
    early, late = memory[len(memory) // 4], memory[-1]
    told = [f"{a / 2**20:,.0f} → {b / 2**20:,.0f}" for a, b in zip(early, late, strict=False)]
    lines += ["", f"Memory of the workers, MiB, a quarter in → at the end: {'; '.join(told)}"]
    return "\n".join(lines)


def _p95(values: list[float]) -> float:
    return quantiles(values, n=20)[18] if len(values) > 1 else values[0]


if __name__ == "__main__":
    main()
