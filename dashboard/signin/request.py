"""What is known of a request: the network's address, the device, its cookies, whether it is ours.

A request that changes something must come from a page of this site: the browser says so itself
(Sec-Fetch-Site, Origin), and the page repeats a token that only pages of this site can read.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import os
import re
import secrets
from urllib.parse import urlsplit

import flask

SAFE = ("GET", "HEAD", "OPTIONS")
CSRF_COOKIE, CSRF_HEADER, CSRF_FIELD = "_csrf_token", "X-CSRFToken", "csrf"
FORM_COOKIE = "bw_form"
PHONE_COOKIE, DESKTOP_COOKIE, SECOND_COOKIE = "bw_phone", "bw_desktop", "bw_second"
PROVIDER_COOKIE = "bw_provider"
# Stands for the session where nobody signs in; several processes of one server share it.
_local = os.environ.get("BUDGET_WATCH_LOCAL_TOKEN") or secrets.token_urlsafe(32)
_BROWSERS = (
    ("MicroMessenger", "微信"),
    ("DingTalk", "钉钉"),
    ("Edg/", "Edge"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS = (
    ("HarmonyOS", "鸿蒙"),
    ("Android", "安卓"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS", "macOS"),
    ("Linux", "Linux"),
)


def session_cookie() -> str:
    """The session cookie's name: bound to this host where the connection is encrypted."""
    return "__Host-bw_session" if flask.request.is_secure else "bw_session"


def address() -> str:
    """The network's address."""
    return flask.request.remote_addr or ""


def device() -> str:
    """The browser and system as the browser tells them: `Chrome · Windows`."""
    said = flask.request.user_agent.string
    browser = next((word for mark, word in _BROWSERS if mark in said), "浏览器")
    system = next((word for mark, word in _SYSTEMS if mark in said), "未知系统")
    return f"{browser} · {system}"


def shortened(address_: str) -> str:
    """An address as a person is shown it: `内网 10.…12`."""
    try:
        found = ipaddress.ip_address(address_)
    except ValueError:
        return "未知网络"
    kind = "本机" if found.is_loopback else "内网" if found.is_private else "外网"
    parts = re.split(r"[.:]", address_)
    return kind if found.is_loopback else f"{kind} {parts[0]}.…{parts[-1]}"


def from_this_machine() -> bool:
    """Whether the request came from this machine and was meant for it (no rebound name)."""
    host = urlsplit(f"//{flask.request.host}").hostname or ""
    return _loopback(address()) and (host == "localhost" or _loopback(host))


def _loopback(text: str) -> bool:
    try:
        return ipaddress.ip_address(text).is_loopback
    except ValueError:
        return False


def same_site() -> bool:
    """Whether the browser says that a page of this site sends it."""
    said = flask.request.headers.get("Sec-Fetch-Site")
    if said is not None:
        return said == "same-origin"
    origin = flask.request.headers.get("Origin")
    return origin is None or origin == flask.request.host_url.rstrip("/")


def csrf_of(session: str | None) -> str:
    """The token that pages of a session repeat with what they send."""
    return hmac.new((session or _local).encode(), b"csrf", hashlib.sha256).hexdigest()


def csrf_right(session: str | None) -> bool:
    """Whether the request repeats its session's token, in its header or in a form's field.

    A request with a header of our own needs none: no other site can set one.
    """
    if flask.request.headers.get("X-Budget-Watch"):
        return True
    sent = flask.request.headers.get(CSRF_HEADER) or flask.request.form.get(CSRF_FIELD) or ""
    return hmac.compare_digest(sent.encode(), csrf_of(session).encode())


def bearable(text: str) -> bool:
    """Whether a text can be kept: no NUL and no half of a character, which no database takes."""
    return "\0" not in text and not any("\ud800" <= sign <= "\udfff" for sign in text)


def readable() -> bool:
    """Whether the address and the fields of a form hold only text that can be kept."""
    said = flask.request
    if not bearable(said.path) or not all(map(bearable, said.args.values())):
        return False
    kinds = ("application/x-www-form-urlencoded", "multipart/form-data")
    return said.mimetype not in kinds or all(map(bearable, said.form.values()))


def safe_next(text: str | None) -> str:
    """Where to go after sign-in: a path of this site, else the start page."""
    if not text or not text.startswith("/") or re.search(r"[\\\x00-\x20\x7f]", text):
        return "/"
    parts = urlsplit(text)
    if parts.scheme or parts.netloc or text.startswith("//") or parts.path.startswith("/login"):
        return "/"
    return text


def put_cookie(
    response: flask.Response, name: str, value: str, seconds: int | None, *, readable: bool = False
) -> None:
    """Set a cookie of this site: not sent from others, not read by scripts unless it must be."""
    response.set_cookie(
        name,
        value,
        max_age=seconds,
        path="/",
        secure=flask.request.is_secure,
        httponly=not readable,
        samesite="Lax",
    )


def drop_cookie(response: flask.Response, name: str) -> None:
    """Take a cookie back."""
    response.set_cookie(
        name, "", max_age=0, path="/", secure=flask.request.is_secure, samesite="Lax"
    )
