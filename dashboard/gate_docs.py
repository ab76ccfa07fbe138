"""The gate's Data Docs, served from the home behind the reader's grant; they stand alone."""

from __future__ import annotations

import re
from collections.abc import Callable

import flask

from budget_watch.access import Grant
from budget_watch.lake import Home

PATH = "/gate/docs/"
INDEX = f"{PATH}index.html"
_NAME = re.compile(r"[\w\-.]{1,80}\.html")


def has_docs(home: Home) -> bool:
    """Whether any run's page is there."""
    return (home.root / "gate" / "docs" / "index.html").exists()


def serve_docs(server: flask.Flask, home: Home, grant: Callable[[], Grant]) -> None:
    """Add the route. Only pages of the folder, only to who has a grant.

    The pages count rows by table and name no person, place or unit.
    """

    @server.route(f"{PATH}<name>")
    def page(name: str) -> flask.Response:
        if not grant().whole:  # they count rows of everything
            flask.abort(404)
        path = home.root / "gate" / "docs" / name
        if not _NAME.fullmatch(name) or not path.is_file():
            flask.abort(404)
        return flask.Response(path.read_bytes(), content_type="text/html; charset=utf-8")
