"""What an operator's tools ask a running dashboard: alive, ready, how busy; and a line a request.

Nothing here tells figures, names, accounts or what was searched for: pages are counted by their
name, requests by route. Metrics are in the Prometheus text format and answer this machine alone.
"""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import flask
import prometheus_client as prometheus
import structlog
from prometheus_client import multiprocess
from sqlalchemy.exc import SQLAlchemyError

from budget_watch.lake import Home, LakeError, Snapshot
from dashboard.address import PAGES
from dashboard.signin import request as ask

PLACES = ("/health", "/ready", "/metrics")
SHARED = "PROMETHEUS_MULTIPROC_DIR"  # where several processes keep their numbers together
_ASKED = "/_dash-update-component"
_BOUNDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_REQUESTS = prometheus.Counter(
    "budget_watch_requests", "Requests by page or route and status", ("page", "status")
)
_SECONDS = prometheus.Histogram(
    "budget_watch_request_seconds", "Server time by page or route", ("page",), buckets=_BOUNDS
)
_MEMORY = prometheus.Gauge(
    "budget_watch_resident_bytes", "Resident memory of a worker", multiprocess_mode="liveall"
)
_AGE = prometheus.Gauge(
    "budget_watch_snapshot_age_seconds",
    "Time since the latest snapshot was published",
    multiprocess_mode="livemostrecent",
)

log = structlog.get_logger("budget_watch.dashboard")
WARM: set[tuple[str, str]] = set()  # home and snapshot for which this process made what is slow


def log_as_json() -> None:
    """Write a JSON object a line to standard error: requests, and what went wrong."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        logger_factory=structlog.PrintLoggerFactory(file=os.fdopen(os.dup(2), "w", buffering=1)),
        cache_logger_on_first_use=True,
    )
    flags["requests"] = True


flags = {"requests": False}


def watch(server: flask.Flask, home: Home) -> None:
    """Add the three addresses and measure every request. Call before the guard is put up."""

    @server.before_request
    def began() -> flask.typing.ResponseReturnValue | None:
        flask.g.began = time.perf_counter()
        if flask.request.method not in ask.SAFE:
            return None
        match flask.request.path:
            case "/health":
                return _health()
            case "/ready":
                return _ready(home)
            case "/metrics":
                return _metrics(home)
        return None

    @server.after_request
    def ended(response: flask.Response) -> flask.Response:
        took = time.perf_counter() - flask.g.get("began", time.perf_counter())
        page = page_of(flask.request)
        response.headers["Server-Timing"] = f"app;dur={took * 1000:.1f}"
        _REQUESTS.labels(page, str(response.status_code)).inc()
        _SECONDS.labels(page).observe(took)
        if flags["requests"]:
            size = response.calculate_content_length()
            status, spent = response.status_code, round(took * 1000, 1)
            log.info("request", page=page, status=status, ms=spent, bytes=size, worker=os.getpid())
        return response


def page_of(request: flask.Request) -> str:
    """The page or route that a request is counted under; never what stands in its address."""
    if request.path == _ASKED:
        return flask.g.get("page") or "page:?"
    rule = request.url_rule.rule if request.url_rule is not None else ""
    return request.path if request.path in PLACES else rule or "?"


def showing(pathname: str | None) -> None:
    """Note which page the request asks for."""
    name = (pathname or "").strip("/").partition("/")[0] or "overview"
    flask.g.page = f"page:{name if name in PAGES else '?'}"


def resident_bytes() -> int:
    """Resident memory of this process; 0 where the system does not tell."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError):
        return 0


def _health() -> flask.Response:
    return flask.jsonify({"alive": True})


def _ready(home: Home) -> tuple[flask.Response, int]:
    """Whether pages can be answered: the state database is there, and a snapshot published.

    `warm` says whether this worker has made what is slow for the newest snapshot.
    """
    try:
        known = list(Snapshot.all(home)) if home.exists else []
    except (LakeError, SQLAlchemyError, OSError):
        return flask.jsonify({"ready": False, "why": "state"}), 503
    if not known:
        return flask.jsonify({"ready": False, "why": "no snapshot"}), 503
    return flask.jsonify({"ready": True, "warm": (str(home.root), known[-1][0]) in WARM}), 200


def _metrics(home: Home) -> flask.Response:
    if not ask.from_this_machine():
        flask.abort(404)
    _MEMORY.set(resident_bytes())
    published = [at for _, _, at in Snapshot.all(home)] if home.exists else []
    if published:
        _AGE.set((datetime.now(UTC) - _utc(published[-1])).total_seconds())
    registry = prometheus.REGISTRY
    if os.environ.get(SHARED):
        _forget_the_dead(Path(os.environ[SHARED]))
        registry = prometheus.CollectorRegistry()
        collector: Any = multiprocess.MultiProcessCollector
        collector(registry)
    told = prometheus.generate_latest(registry)
    return flask.Response(told, content_type=prometheus.CONTENT_TYPE_LATEST)


def _forget_the_dead(folder: Path) -> None:
    """Leave out the memory of workers that are gone; what they counted stays counted."""
    bury: Any = multiprocess.mark_process_dead
    for file in folder.glob("gauge_live*_*.db"):
        number = file.stem.rpartition("_")[2]
        try:
            os.kill(int(number), 0)
        except ProcessLookupError:
            bury(number)
        except (ValueError, PermissionError):
            continue


def _utc(at: datetime) -> datetime:
    return at if at.tzinfo else at.replace(tzinfo=UTC)
