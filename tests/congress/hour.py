"""An hour of a session over HTTP: many deputies at real workers, one of which is killed.

Each deputy is a client of their own that does what `assets/congress.js` does: an opinion has one
number, it is sent again with that number until the server says it has it, and only then the next
one goes out. Used by the tests and by `benchmarks.session_hour`.
"""

from __future__ import annotations

import os
import random
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from statistics import median, quantiles

import psutil
import requests

from budget_watch.access import Scope
from budget_watch.casework.cases import today_of
from budget_watch.congress.acting import open_congress
from budget_watch.lake import Home
from tests.dashboard.signing import PASSWORD, make, store_at
from tests.opinions.made_opinions import LI
from tests.views_drill.small_city import CITY

HEADERS = {"X-Budget-Watch": "act"}
GROUPS = 6
PATIENCE = 60.0  # seconds after which an opinion that was never acknowledged counts as lost
Said = tuple[str, str]


@dataclass
class Heard:
    """What came back.

    Attributes:
        numbers: (deputy, text) → the numbers of every acknowledgement of it.
        seconds: of each acknowledged request. failed: requests that were sent again.
        refused: what the server would not take, with its words.
        killed: the worker that was killed, and after how many acknowledgements.
    """

    numbers: dict[Said, list[str]] = field(default_factory=dict)
    seconds: list[float] = field(default_factory=list)
    failed: int = 0
    refused: list[str] = field(default_factory=list)
    killed: tuple[int, int] | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def record(self) -> dict[str, object]:
        """The measured numbers."""
        return {
            "acknowledged": len(self.numbers),
            "sent_again": self.failed,
            "refused": self.refused[:5],
            "median_ms": round(median(self.seconds) * 1000),
            "p95_ms": round(quantiles(self.seconds, n=20)[-1] * 1000),
            "slowest_ms": round(max(self.seconds) * 1000),
            "killed_after": self.killed[1] if self.killed else None,
        }


def staffed(home: Home, deputies: int) -> tuple[str, list[str]]:
    """Accounts and a session that runs today: its number, and the deputies."""
    users = [f"d{at:02}" for at in range(deputies)]
    store, scope = store_at(home), Scope(regions=frozenset({CITY}))
    for user in users:
        make(store, user, "deputy", scope)
    make(store, "office", "clerk")
    make(store, "solver", "finance", scope)
    lines = [f"第{at % GROUPS + 1}代表团 代表{at} {user}" for at, user in enumerate(users)]
    lines.append("财政解答组 解答 solver")
    today = today_of()
    days = (today - timedelta(1), today + timedelta(3))
    done = open_congress(home, LI, "第十六届人大第一次会议", *days, "\n".join(lines), region=CITY)
    return done.congress, users


@contextmanager
def served(home: Home, workers: int = 2) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """`serve --workers`, ready: its address and the process that looks after the workers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "budget_watch.cli.main", "--home", str(home.root), "serve"]
    command += ["--port", str(port), "--workers", str(workers)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    base = f"http://127.0.0.1:{port}"
    try:
        until(lambda: _ready(base) and len(children(server.pid)) == workers, 120)
        yield base, server
    finally:
        server.terminate()
        with suppress(subprocess.TimeoutExpired):
            server.wait(30)
        server.kill()
        server.wait()


def _ready(base: str) -> bool:
    with suppress(requests.RequestException):
        return requests.get(f"{base}/ready", timeout=2).status_code == 200
    return False


def children(pid: int) -> list[int]:
    """The workers of a server."""
    found = psutil.Process(pid).children()
    return [one.pid for one in found if any("spawn_main" in word for word in one.cmdline())]


def until(holds: Callable[[], bool], seconds: float) -> None:
    """Wait until something holds. Raises AssertionError."""
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} s")
        time.sleep(0.1)


def signed_in(base: str, user: str) -> requests.Session:
    """A deputy's client, signed in by the form; tried again while a worker is being replaced."""
    client = requests.Session()
    for _ in range(20):
        with suppress(requests.RequestException):
            form = client.get(f"{base}/login", timeout=20)
            token = re.search(r'name="csrf" value="([0-9a-f]+)"', form.text)
            if token is not None:
                data = {"csrf": token.group(1), "name": user, "password": PASSWORD}
                answer = client.post(f"{base}/login", data, timeout=20, allow_redirects=False)
                if answer.status_code == 302:
                    return client
        time.sleep(0.5)
    raise AssertionError(f"{user} cannot sign in")


def an_hour(
    base: str,
    server: subprocess.Popen[bytes],
    number: str,
    texts: Sequence[Said],
    *,
    within: float = 0.0,
    kill_after: int | None = None,
    twice: float = 0.1,
    seed: int = 1,
) -> Heard:
    """Every deputy gives their opinions at once with all others; one worker is killed.

    Args:
        texts: (deputy, text), all different.
        within: seconds over which each deputy's opinions are spread, at chance.
        kill_after: acknowledgements after which a worker gets signal 9.
        twice: share of the opinions that are sent again though they were acknowledged.
    """
    heard = Heard()
    by_user: dict[str, list[str]] = {}
    for user, text in texts:
        by_user.setdefault(user, []).append(text)

    begun = time.monotonic()

    def deputy(user: str) -> None:
        chance, client = random.Random(f"{seed} {user}"), signed_in(base, user)
        instants = sorted(chance.uniform(0, within) for _ in by_user[user])
        for at, (text, instant) in enumerate(zip(by_user[user], instants, strict=True)):
            time.sleep(max(0.0, begun + instant - time.monotonic()))
            repeats = 2 if chance.random() < twice else 1
            for _ in range(repeats):
                _send(heard, client, base, number, (user, text), f"{user}-{at}")
            _kill(heard, server, kill_after)

    with ThreadPoolExecutor(len(by_user)) as pool:
        for done in [pool.submit(deputy, user) for user in by_user]:
            done.result()
    return heard


def _send(
    heard: Heard, client: requests.Session, base: str, number: str, said: Said, request: str
) -> None:
    body = {"target": number, "step": "give", "version": 0, "request": request, "role": ""}
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        begun = time.monotonic()
        with suppress(requests.RequestException):
            answer = client.post(
                f"{base}/act", json=body | {"given": {"text": said[1]}}, headers=HEADERS, timeout=30
            )
            if answer.status_code == 200:
                found = re.search(r"YJ\d{4}-\d+", answer.json()["said"])
                with heard.lock:
                    heard.seconds.append(time.monotonic() - begun)
                    heard.numbers.setdefault(said, []).append(found.group() if found else "")
                return
            if answer.status_code in (403, 404, 422):
                heard.refused.append(f"{said[0]} {answer.status_code} {answer.text[:100]}")
                return
        with heard.lock:
            heard.failed += 1
        time.sleep(0.3)


def _kill(heard: Heard, server: subprocess.Popen[bytes], after: int | None) -> None:
    with heard.lock:
        if after is None or heard.killed is not None or len(heard.numbers) < after:
            return
        victim = children(server.pid)[0]
        os.kill(victim, signal.SIGKILL)
        heard.killed = (victim, len(heard.numbers))
