"""Serving: waitress with threads, no fork (polars and Delta do not survive one)."""

from __future__ import annotations

import threading

import waitress

from budget_watch.access import Grant
from budget_watch.lake import Home
from dashboard.app import answer, create_app


def serve(home: Home, host: str = "127.0.0.1", port: int = 8050) -> None:
    """Serve the dashboard until interrupted: behind sign-in, or to this machine alone."""
    app = create_app(home)
    threading.Thread(target=_warm, args=(home, Grant.operator("看板")), daemon=True).start()
    waitress.serve(
        app.server, host=host, port=port, threads=8, ident="budget_watch", asyncore_use_poll=True
    )


def _warm(home: Home, grant: Grant) -> None:
    """Make the first page's sums before anybody asks for it; a failure shows on that page."""
    answer(home, grant, "/overview", "")
