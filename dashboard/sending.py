"""What goes over a slow line: answers packed by gzip, scripts and styles fetched once.

Packed are scripts, styles and what a page is made of (the answer to a POST that only the page's own
script may send, and in which no secret stands). HTML is never packed: forms of the sign-in pages
carry a token beside words of the address, and the length of a packed page would tell of it (the
attack known as BREACH).
"""

from __future__ import annotations

import gzip
import hashlib
import re
from threading import Lock

import flask

ASKED = "/_dash-update-component"
_LIBRARIES = "/_dash-component-suites/"
_STILL = ("/assets/", _LIBRARIES, "/signin/")
_PACKABLE = {"text/javascript", "application/javascript", "text/css", "image/svg+xml"}
_SMALLEST = 1_000  # bytes; below it packing saves nothing
_EVERY_TIME, _ONCE = 3, 6  # levels: 285 kB of a page take 0.8 ms and become 22 kB
_MOST = 100  # packed files kept
_YEAR = "public, max-age=31536000, immutable"
_OF_A_TIME = re.compile(r"\d+(\.\d+)?")


def slim(server: flask.Flask) -> None:
    """Pack what a server sends, and let browsers keep scripts and styles of a known time."""
    packed = _Packed()

    @server.after_request
    def sent(response: flask.Response) -> flask.Response:
        path = flask.request.path
        if path.startswith("/assets/") and _still_this(server, response):
            response.headers["Cache-Control"] = _YEAR
        if path.startswith(_LIBRARIES):
            response.headers.setdefault("Cache-Control", "no-cache")
            response.make_conditional(flask.request)  # the library knows no ETag of a packed file
        if not _may_pack(path, response):
            return response
        response.vary.add("Accept-Encoding")
        if response.status_code != 200 or not flask.request.accept_encodings["gzip"]:
            return response
        response.direct_passthrough = False
        plain = response.get_data()
        if len(plain) < _SMALLEST:
            return response
        response.set_data(gzip.compress(plain, _EVERY_TIME) if path == ASKED else packed.of(plain))
        response.headers["Content-Encoding"] = "gzip"
        etag, _ = response.get_etag()
        if etag:
            response.set_etag(etag, weak=True)  # the same file in another form
        return response


def _may_pack(path: str, response: flask.Response) -> bool:
    if "Content-Encoding" in response.headers:
        return False
    if path == ASKED:
        return response.mimetype == "application/json"
    return path.startswith(_STILL) and response.mimetype in _PACKABLE


def _still_this(server: flask.Flask, response: flask.Response) -> bool:
    """Whether the address of an asset names the time of the file that is there now."""
    named = flask.request.args.get("m", "")
    if response.status_code not in (200, 304) or not _OF_A_TIME.fullmatch(named):
        return False
    return response.last_modified is not None and int(float(named)) == int(
        response.last_modified.timestamp()
    )


class _Packed:
    """Files packed well, once each: by their content, so that a changed file is packed anew."""

    def __init__(self) -> None:
        self._kept: dict[bytes, bytes] = {}
        self._lock = Lock()

    def of(self, plain: bytes) -> bytes:
        key = hashlib.sha256(plain).digest()
        with self._lock:
            if key not in self._kept:
                if len(self._kept) >= _MOST:
                    self._kept.clear()
                self._kept[key] = gzip.compress(plain, _ONCE, mtime=0)
            return self._kept[key]
