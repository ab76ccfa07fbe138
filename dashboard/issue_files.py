"""An issue's HTML as a page of its own, for the frame in 季刊 and for reading whole; its progress.

The HTML is what was built, unchanged. It runs one script, its own, known by hash; it fetches
nothing and may stand only in a frame of this site.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable

import flask

from budget_watch.access import Grant
from budget_watch.digest.checks import RUNNING as CHECKING
from budget_watch.digest.checks import last_check
from budget_watch.digest.errors import DigestError
from budget_watch.digest.issues import RUNNING, UnknownIssueError, content, get_issue
from budget_watch.lake import Home

_SCRIPT = re.compile(rb"<script>(.*?)</script>", re.DOTALL)


def page_of(number: int) -> str:
    """The address of an issue's HTML."""
    return f"/issue/{number}/page"


def state_of(number: int) -> str:
    """The address that says how far a build is."""
    return f"/issue/{number}/state"


def check_of(number: int) -> str:
    """The address that says how far a check is."""
    return f"/issue/{number}/check"


def serve_issues(server: flask.Flask, home: Home, grant: Callable[[], Grant]) -> None:
    """GET /issue/<number>/page, …/state and …/check, for whoever may see the issue."""

    @server.get("/issue/<number>/page")
    def issue_page(number: str) -> flask.Response:
        try:
            _, told = content(home, get_issue(home, grant(), _number(home, number)), "html")
        except (UnknownIssueError, DigestError):
            flask.abort(404)
        answer = flask.Response(told, content_type="text/html; charset=utf-8")
        answer.headers["Content-Security-Policy"] = _policy(told)
        answer.headers["X-Frame-Options"] = "SAMEORIGIN"
        return answer

    @server.get("/issue/<number>/state")
    def issue_state(number: str) -> flask.Response:
        try:
            issue = get_issue(home, grant(), _number(home, number))
        except UnknownIssueError:
            flask.abort(404)
        return flask.jsonify({"running": issue.state == RUNNING, "said": issue.stage})

    @server.get("/issue/<number>/check")
    def issue_check(number: str) -> flask.Response:
        who = grant()
        try:
            issue = get_issue(home, who, _number(home, number))
        except UnknownIssueError:
            flask.abort(404)
        last = last_check(home, issue.number) if who.whole else None
        if last is None:
            flask.abort(404)
        return flask.jsonify({"running": last.state == CHECKING, "said": last.said})


def _number(home: Home, text: str) -> int:
    if not home.exists or not (text.isascii() and text.isdigit() and len(text) < 10):
        flask.abort(404)
    return int(text)


def _policy(content: bytes) -> str:
    hashes = [
        f"'sha256-{base64.b64encode(hashlib.sha256(script).digest()).decode()}'"
        for script in _SCRIPT.findall(content)
    ]
    scripts = " ".join(hashes) or "'none'"
    return (
        f"default-src 'none'; script-src {scripts}; "
        "style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'self'"
    )
