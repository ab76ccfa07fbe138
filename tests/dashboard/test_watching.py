"""What an operator's tools learn of a running dashboard: nothing of what it shows."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from budget_watch.lake import Home
from dashboard.app import create_app

PAGE = {
    "output": "root.children",
    "outputs": {"id": "root", "property": "children"},
    "inputs": [
        {"id": "url", "property": "pathname", "value": "/overview"},
        {"id": "url", "property": "search", "value": "?q=示范"},
    ],
    "changedPropIds": ["url.pathname"],
}


def _asked(pathname: str, search: str = "") -> dict[str, Any]:
    inputs = [{**PAGE["inputs"][0], "value": pathname}, {**PAGE["inputs"][1], "value": search}]  # type: ignore[index]
    return {**PAGE, "inputs": inputs}


def test_alive_and_ready_are_told_to_anybody(home: Home, tmp_path: Path) -> None:
    stranger = {"REMOTE_ADDR": "10.1.2.3"}
    client = create_app(home).server.test_client()
    assert client.get("/health", environ_base=stranger).get_json() == {"alive": True}
    ready = client.get("/ready", environ_base=stranger)
    assert (ready.status_code, ready.get_json()) == (200, {"ready": True, "warm": False})
    assert client.get("/metrics", environ_base=stranger).status_code == 404
    assert client.post("/health").status_code in (403, 404, 405)
    empty = create_app(Home(tmp_path / "none")).server.test_client().get("/ready")
    assert (empty.status_code, empty.get_json()) == (503, {"ready": False, "why": "no snapshot"})


def test_metrics_count_pages_by_name_and_hold_nothing_that_was_asked(home: Home) -> None:
    client = create_app(home).server.test_client()
    before = _counted(client.get("/metrics").get_data(as_text=True), "page:search")
    for _ in range(3):
        answer = client.post(
            "/_dash-update-component",
            json=_asked("/search", "?q=示范"),
            headers={"X-Budget-Watch": "1"},
        )
        assert answer.status_code == 200
        assert re.fullmatch(r"app;dur=\d+\.\d", answer.headers["Server-Timing"])
    client.get("/voucher/2026/secret-number")
    client.post(
        "/_dash-update-component", json=_asked("/nowhere/x"), headers={"X-Budget-Watch": "1"}
    )
    told = client.get("/metrics").get_data(as_text=True)
    assert _counted(told, "page:search") == before + 3
    assert _counted(told, "page:?") >= 1
    assert "budget_watch_snapshot_age_seconds" in told
    memory = re.search(r"^budget_watch_resident_bytes\S* ([\d.e+]+)", told, re.M)
    assert memory is not None
    assert float(memory[1]) > 50e6
    assert not re.search("示范|secret-number|nowhere", told)


def _counted(told: str, page: str) -> float:
    pattern = rf'^budget_watch_requests_total{{page="{re.escape(page)}",status="200"}} (\S+)'
    found = re.search(pattern, told, re.M)
    return float(found[1]) if found else 0.0


# ---- several processes
@pytest.fixture
def several(home: Home, tmp_path: Path) -> Iterator[tuple[str, subprocess.Popen[str], Path]]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    said = tmp_path / "said.jsonl"
    command = [sys.executable, "-m", "budget_watch.cli.main", "--home", str(home.root), "serve"]
    command += ["--port", str(port), "--workers", "2", "--log-json"]
    with said.open("w") as errors:
        server = subprocess.Popen(command, stderr=errors, stdout=subprocess.PIPE, text=True)
    try:
        base = f"http://127.0.0.1:{port}"
        _until(lambda: _ready(base), 120)
        yield base, server, said
    finally:
        server.kill()
        server.wait()


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_workers_end_with_the_process_that_looks_after_them(
    several: tuple[str, subprocess.Popen[str], Path],
) -> None:
    base, server, _ = several
    assert len(_children(server.pid)) == 2
    server.kill()
    _until(lambda: not _ready(base), 30)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_two_processes_answer_and_one_that_dies_is_replaced(
    several: tuple[str, subprocess.Popen[str], Path],
) -> None:
    base, server, said = several
    _until(lambda: len(_workers(base, said)) == 2, 60)
    first = _children(server.pid)
    assert _workers(base, said) == set(first)
    os.kill(first[0], signal.SIGKILL)
    _until(lambda: len(set(_children(server.pid)) - set(first)) == 1, 60)
    _until(lambda: len(_workers(base, said)) == 3, 60)
    memory = re.findall(r'^budget_watch_resident_bytes{pid="(\d+)"}', _metrics(base), re.M)
    assert str(first[0]) not in memory
    server.send_signal(signal.SIGTERM)
    server.wait(60)
    lines = [json.loads(line) for line in said.read_text("utf-8").splitlines()]
    pages = [line for line in lines if line["page"] == "page:search"]
    assert {line["status"] for line in pages} == {200}
    told = {"event", "level", "timestamp", "page", "status", "ms", "bytes", "worker"}
    assert {frozenset(line) for line in lines} == {frozenset(told)}
    assert "示范" not in said.read_text("utf-8")


def _ready(base: str) -> bool:
    try:
        return httpx.get(f"{base}/ready", timeout=5).status_code == 200
    except httpx.HTTPError:
        return False


def _workers(base: str, said: Path) -> set[int]:
    """Ask for some pages; the processes that have answered any so far."""

    def ask(_: int) -> int:
        return httpx.post(
            f"{base}/_dash-update-component",
            json=_asked("/search", "?q=示范"),
            headers={"X-Budget-Watch": "1"},
            timeout=60,
        ).status_code

    with ThreadPoolExecutor(4) as pool, suppress(httpx.TransportError):  # one may just have died
        assert set(pool.map(ask, range(8))) == {200}
    lines = [json.loads(line) for line in said.read_text("utf-8").splitlines()]
    return {line["worker"] for line in lines if line["page"] == "page:search"}


def _metrics(base: str) -> str:
    return httpx.get(f"{base}/metrics").text


def _children(pid: int) -> list[int]:
    """The workers; the process beside them that only keeps count of shared things is none."""
    alive = [c for c in psutil.Process(pid).children() if c.status() != psutil.STATUS_ZOMBIE]
    return [child.pid for child in alive if any("spawn_main" in word for word in child.cmdline())]


def _until(true: Any, seconds: float) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.3)
