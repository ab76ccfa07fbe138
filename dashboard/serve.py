"""Serving: waitress with threads in this process, or several processes (`dashboard.workers`).

No fork: polars and Delta do not survive one.
"""

from __future__ import annotations

import waitress

from budget_watch.lake import Home
from dashboard.app import create_app
from dashboard.warming import keep_warm
from dashboard.watching import log_as_json


def serve(
    home: Home,
    host: str = "127.0.0.1",
    port: int = 8050,
    workers: int = 1,
    memory_mb: int = 0,
    as_json: bool = False,
) -> None:
    """Serve the dashboard until interrupted: behind sign-in, or to this machine alone.

    Args:
        workers: processes; one answers in this process itself.
        memory_mb: of several, the resident memory from which one is replaced; 0: never.
        as_json: a JSON line a request on standard error.
    """
    if workers > 1:
        from dashboard.workers import serve_by

        serve_by(workers, home, host, port, memory_mb=memory_mb, as_json=as_json)
        return
    if as_json:
        log_as_json()
    app = create_app(home)
    keep_warm(home)
    waitress.serve(
        app.server, host=host, port=port, threads=8, ident="budget_watch", asyncore_use_poll=True
    )
