"""The one address that changes anything: POST /act takes a step on a case and answers in JSON.

It does not trust the page: who asks comes from the session's grant, and `casework.acting` decides.
Forms of other sites cannot reach it: it takes JSON alone, with a header that only scripts of this
site can set, and refuses what a browser marks as coming from elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import flask

from budget_watch.access import Grant
from budget_watch.casework.acting import act, rate
from budget_watch.casework.cases import Actor, Desk
from budget_watch.casework.errors import CaseworkError, StaleError, UnknownCaseError
from budget_watch.lake import Home

HEADER = "X-Budget-Watch"
RATE = "rate"
_MOST = 200_000  # bytes of a request
_LONGEST = 20_000  # characters of one field


def actor_of(grant: Grant, role: str | None = None) -> Actor:
    """Who acts: a signed-in person in their own role; the local operator in the one they choose."""
    own: str | None = getattr(grant, "role", None)
    session: str = getattr(grant, "session", "")
    return Actor(grant, own if own is not None else role or "", session)


def chooses_role(grant: Grant) -> bool:
    """Whether the reader says in which role they act: only at this machine, without sign-in."""
    return getattr(grant, "role", None) is None


def serve_acts(server: flask.Flask, home: Home, grant: Callable[[], Grant]) -> None:
    """Take steps at POST /act."""

    @server.post("/act")
    def take() -> tuple[flask.Response, int]:
        refused = _foreign(flask.request)
        if refused:
            return _answer(False, refused, 403)
        asked = flask.request.get_json(silent=True)
        if not isinstance(asked, dict):
            return _answer(False, "请求读不懂；请刷新页面后再办。", 400)
        try:
            return _answer(True, _taken(home, grant(), asked), 200)
        except StaleError as error:
            return _answer(False, str(error), 409)
        except UnknownCaseError:
            return _answer(False, "没有找到这条记录，或您没有查看权限。", 404)
        except (CaseworkError, _BadRequest) as error:
            return _answer(False, str(error), 422)


class _BadRequest(Exception):
    """What was sent is not what the page sends."""


def _taken(home: Home, grant: Grant, asked: dict[str, Any]) -> str:
    target, step = _text(asked, "target"), _text(asked, "step")
    actor = actor_of(grant, _text(asked, "role"))
    given = asked.get("given")
    if not isinstance(given, dict) or not target:
        raise _BadRequest("请求不完整；请刷新页面后再办。")
    filled = {str(name): _field(value) for name, value in given.items()}
    if step == RATE:
        rate(home, actor, target, str(filled.get("word", "")), str(filled.get("remark", "")))
        return "评价已记下。"
    version = asked.get("version")
    if not isinstance(version, int) or isinstance(version, bool):
        raise _BadRequest("请求没有写明所见的版本；请刷新页面后再办。")
    request = _text(asked, "request") or None
    done = act(home, actor, target, step, filled, version=version, request=request)
    title = Desk.of(home).flow.named(step).title
    if done.proposed:
        return f"“{title}”已拟，须由另一人确认。"
    return f"“{title}”已办。"


def _field(value: Any) -> str | int:
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise _BadRequest("填写的内容应是文字或整数。")
    if isinstance(value, str) and len(value) > _LONGEST:
        raise _BadRequest(f"一栏最多写 {_LONGEST} 个字。")
    return value


def _text(asked: dict[str, Any], name: str) -> str:
    value = asked.get(name, "")
    if not isinstance(value, str) or len(value) > 200 or "\0" in value:
        raise _BadRequest("请求读不懂；请刷新页面后再办。")
    return value


def _foreign(request: flask.Request) -> str | None:
    """Why a request is not this site's own."""
    told = "这个请求不是从本系统的页面发出的，没有办理。"
    if request.headers.get(HEADER) != "act" or not request.is_json:
        return told
    if request.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
        return told
    origin = request.headers.get("Origin")
    if origin is not None and urlsplit(origin).netloc != request.host:
        return told
    if request.content_length is None or request.content_length > _MOST:
        return "一次提交的内容太长；请分开填写。"
    return None


def _answer(done: bool, said: str, status: int) -> tuple[flask.Response, int]:
    return flask.jsonify({"done": done, "said": said}), status
