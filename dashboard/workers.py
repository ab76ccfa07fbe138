"""Several processes behind one port: `serve --workers 2`.

Granian (a server written in Rust) hands requests to the workers and puts new ones in the place of
those that died or grew too large, each only after its running requests were answered. Workers are
started, never forked: polars and Delta do not survive a fork.
"""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
import threading
import time
from contextlib import suppress
from multiprocessing import set_start_method
from multiprocessing.util import Finalize
from pathlib import Path
from typing import Any

from flask import Flask
from granian import Granian
from granian.constants import Interfaces

from budget_watch.lake import Home
from dashboard.watching import SHARED

HOME, JSON, LOCAL = "BUDGET_WATCH_SERVED_HOME", "BUDGET_WATCH_LOG_JSON", "BUDGET_WATCH_LOCAL_TOKEN"
PARENT = "BUDGET_WATCH_SERVING_PROCESS"
THREADS = 8  # requests answered at once by one worker
MOST_BYTES = 256 << 20  # of one request


def serve_by(
    workers: int, home: Home, host: str, port: int, *, memory_mb: int = 0, as_json: bool = False
) -> None:
    """Serve until interrupted.

    Args:
        memory_mb: resident memory from which a worker is replaced; 0: never.
        as_json: a JSON line a request on standard error.
    """
    set_start_method("spawn", force=True)
    numbers = tempfile.mkdtemp(prefix="budget-watch-metrics-")
    os.environ |= {
        HOME: str(home.root),
        JSON: "1" if as_json else "",
        LOCAL: secrets.token_urlsafe(32),
        PARENT: str(os.getpid()),
        SHARED: numbers,
        "POLARS_MAX_THREADS": str(max(1, (os.cpu_count() or 1) // workers)),
    }
    server: Any = Granian(
        "dashboard.workers:application",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        factory=True,
        workers=workers,
        blocking_threads=THREADS,
        backpressure=THREADS * 8,
        respawn_failed_workers=True,
        workers_max_rss=memory_mb or None,
        workers_kill_timeout=30,
        websockets=False,
        log_enabled=False,
        process_name=None,
    )
    try:
        server.serve()
    finally:
        shutil.rmtree(numbers, ignore_errors=True)


def application() -> Flask:
    """The dashboard of one worker, as its server calls it."""
    from dashboard.app import create_app
    from dashboard.signin.views import flush
    from dashboard.warming import keep_warm
    from dashboard.watching import log_as_json

    if os.environ.get(JSON):
        log_as_json()
    home = Home(Path(os.environ[HOME]))
    app = create_app(home)
    app.server.config["MAX_CONTENT_LENGTH"] = MOST_BYTES
    # What was seen in the last second is written before the process goes; `atexit` is not asked.
    Finalize(None, flush, args=(home,), exitpriority=1)
    threading.Thread(target=_end_with, args=(int(os.environ[PARENT]), home), daemon=True).start()
    keep_warm(home)
    server: Flask = app.server
    return server


def _end_with(parent: int, home: Home) -> None:
    """End when the process that looks after the workers is gone, say killed: nobody else would."""
    from dashboard.signin.views import flush

    while os.getppid() == parent:
        time.sleep(1.0)
    with suppress(Exception):
        flush(home)
    os._exit(1)
