"""Serving: waitress with threads, no fork (polars and Delta do not survive one)."""

from __future__ import annotations

import waitress

from budget_watch.access import Grant
from budget_watch.lake import Home
from dashboard.app import create_app


def serve(home: Home, host: str = "127.0.0.1", port: int = 8050) -> None:
    """Serve the dashboard until interrupted, for the local operator."""
    app = create_app(home, lambda: Grant.operator("看板"))
    waitress.serve(app.server, host=host, port=port, threads=8, ident="budget_watch")
