"""The addresses that change anything: POST /act takes a step on a case or opinion, /acts on many.

It does not trust the page: who asks comes from the session's grant, and `casework.acting` decides.
Forms of other sites cannot reach it: it takes JSON alone, with a header that only scripts of this
site can set, and refuses what a browser marks as coming from elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote, urlsplit

import flask

from budget_watch.access import Grant
from budget_watch.casework.acting import act, act_on_many, merge, rate
from budget_watch.casework.attachments import attach, read_file
from budget_watch.casework.cases import Actor, Desk, actor_of
from budget_watch.casework.errors import (
    CaseworkError,
    StaleError,
    UnknownCaseError,
    UnknownExemptionError,
    UnknownFindingError,
)
from budget_watch.casework.file_check import MOST_BYTES
from budget_watch.casework.livelihood import UnknownLivelihoodError
from budget_watch.casework.telling.following import follow
from budget_watch.congress import reports as congress_reports
from budget_watch.congress.errors import UnknownCongressError
from budget_watch.digest.issues import UnknownIssueError
from budget_watch.lake import Home
from budget_watch.meetings import files as demand_files
from budget_watch.meetings.demands import PREFIX as DEMAND
from budget_watch.meetings.errors import UnknownAgendaError, UnknownDemandError
from budget_watch.notices.inbox import mark_seen
from budget_watch.opinions import attachments as opinion_files
from budget_watch.opinions.errors import UnknownOpinionError, UnknownTopicError
from budget_watch.opinions.opinion import PREFIX as OPINION
from dashboard.acting_on_agenda import agenda_own, on_agenda
from dashboard.acting_on_backtests import backtests_own, on_backtest
from dashboard.acting_on_congress import congress_own, on_congress
from dashboard.acting_on_digests import digests_own, on_digest
from dashboard.acting_on_inspections import inspections_own, on_inspection
from dashboard.acting_on_livelihood import livelihood_own, on_livelihood
from dashboard.acting_on_opinions import Asked, on_opinion, opinions_own
from dashboard.acting_on_resolutions import on_resolution, resolutions_own
from dashboard.errors import BadRequestError
from dashboard.exempting import EXEMPTIONS, exempted
from dashboard.signin.request import bearable

HEADER = "X-Budget-Watch"
RATE = "rate"
FOLLOW, UNFOLLOW = "follow", "unfollow"
SEEN = "seen"
MERGE = "merge"
MANY = 200  # cases in one request
_STRANGE = "这个请求不是从本系统的页面发出的，没有办理。"
UNKNOWN = (
    UnknownCongressError,
    UnknownAgendaError,
    UnknownCaseError,
    UnknownDemandError,
    UnknownExemptionError,
    UnknownFindingError,
    UnknownIssueError,
    UnknownLivelihoodError,
    UnknownOpinionError,
    UnknownTopicError,
)
_ELSEWHERE = (
    (congress_own, on_congress),
    (opinions_own, on_opinion),
    (livelihood_own, on_livelihood),
    (resolutions_own, on_resolution),
    (agenda_own, on_agenda),
    (digests_own, on_digest),
    (backtests_own, on_backtest),
)
_MOST = 200_000  # bytes of a request
_LONGEST = 20_000  # characters of one field


def chooses_role(grant: Grant) -> bool:
    """Whether the reader says in which role they act: only at this machine, without sign-in."""
    return grant.role is None


def serve_acts(server: flask.Flask, home: Home, grant: Callable[[], Grant]) -> None:
    """Take steps at POST /act."""

    @server.post("/act")
    def take() -> tuple[flask.Response, int]:
        refused = foreign(flask.request)
        if refused:
            return said(False, refused, 403)
        asked = flask.request.get_json(silent=True)
        if not isinstance(asked, dict):
            return said(False, "请求读不懂；请刷新页面后再办。", 400)
        try:
            return said(True, _taken(home, grant(), asked), 200)
        except StaleError as error:
            return said(False, str(error), 409)
        except UNKNOWN:
            return said(False, "没有找到这条记录，或您没有查看权限。", 404)
        except (CaseworkError, BadRequestError) as error:
            return said(False, str(error), 422)

    @server.post("/acts")
    def take_many() -> tuple[flask.Response, int]:
        refused = foreign(flask.request)
        if refused:
            return said(False, refused, 403)
        asked = flask.request.get_json(silent=True)
        if not isinstance(asked, dict):
            return said(False, "请求读不懂；请刷新页面后再办。", 400)
        try:
            return said(*_taken_on_many(home, grant(), asked), 200)
        except UNKNOWN:
            return said(False, "没有找到这条记录，或您没有查看权限。", 404)
        except (CaseworkError, BadRequestError) as error:
            return said(False, str(error), 422)


def as_download(content: bytes, name: str) -> flask.Response:
    """A file that is handed out and never shown."""
    response = flask.make_response(content)
    response.headers["Content-Type"] = "application/octet-stream"
    response.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name)}"
    response.headers["Cache-Control"] = "private, no-store"
    return response


def serve_files(server: flask.Flask, home: Home, grant: Callable[[], Grant]) -> None:
    """Files of cases and opinions: taken at POST /file/<number>?name=…, handed out at
    GET /file/<number>/<hash>.

    They go out as downloads and are never shown: nothing in them can run under this site's name.
    """

    @server.post("/file/<case>")
    def upload(case: str) -> tuple[flask.Response, int]:
        request = flask.request
        refused = elsewhere(request) or too_long(request, MOST_BYTES)
        if refused:
            return said(False, refused, 403)
        name = request.args.get("name", "")
        try:
            actor = actor_of(home, grant(), request.args.get("role", ""))
            _adds(case)(home, actor, case, name, request.get_data())
        except UNKNOWN:
            return said(False, "没有找到这条记录，或您没有查看权限。", 404)
        except CaseworkError as error:
            return said(False, str(error), 422)
        return said(True, f"已附上“{name.strip()}”。", 200)

    @server.get("/file/<case>/<digest>")
    def download(case: str, digest: str) -> flask.Response:
        try:
            found, content = _reads(case)(home, actor_of(home, grant()), case, digest)
        except CaseworkError:
            flask.abort(404)
        return as_download(content, found.name)


def _adds(number: str) -> Callable[..., Any]:
    """Who takes a file for what is numbered so."""
    if number.startswith(DEMAND):
        return demand_files.attach
    if congress_own(number):
        return congress_reports.add_report
    return opinion_files.attach if number.startswith(OPINION) else attach


def _reads(number: str) -> Callable[..., Any]:
    """Who hands out a file of what is numbered so."""
    if number.startswith(DEMAND):
        return demand_files.read_file
    if congress_own(number):
        return congress_reports.read_report
    return opinion_files.read_file if number.startswith(OPINION) else read_file


def _taken(home: Home, grant: Grant, asked: dict[str, Any]) -> str:
    target, step = text_of(asked, "target"), text_of(asked, "step")
    actor = actor_of(home, grant, text_of(asked, "role"))
    given = asked.get("given")
    if not isinstance(given, dict) or not target:
        raise BadRequestError("请求不完整；请刷新页面后再办。")
    filled = {str(field_of(name)): field_of(value) for name, value in given.items()}
    if inspections_own(target):
        return on_inspection(home, actor, target, filled)
    for own, act_on in _ELSEWHERE:
        if own(target):
            seen, request = _version(asked), text_of(asked, "request") or None
            return act_on(home, actor, Asked(target, step, seen, request, filled))
    return _on_case(home, actor, asked, filled)


def _on_case(home: Home, actor: Actor, asked: dict[str, Any], filled: dict[str, str | int]) -> str:
    """A step on a case, a rating, an exemption, or what a reader wants to be told."""
    target, step = text_of(asked, "target"), text_of(asked, "step")
    if step == RATE:
        rate(home, actor, target, str(filled.get("word", "")), str(filled.get("remark", "")))
        return "评价已记下。"
    if step in (FOLLOW, UNFOLLOW):
        follow(home, actor, target, step == FOLLOW)
        return "已关注；反馈、办完时通知您。" if step == FOLLOW else "已不再关注。"
    if step in EXEMPTIONS:
        return exempted(home, actor, target, step, filled, text_of(asked, "request") or None)
    version, request = _version(asked), text_of(asked, "request") or None
    if step == SEEN:
        return f"已读 {mark_seen(home, actor, upto=version)} 条。"
    return _acted(home, actor, Asked(target, step, version, request, filled))


def _acted(home: Home, actor: Actor, asked: Asked) -> str:
    """A step on a case."""
    version, request = asked.version, asked.request
    done = act(home, actor, asked.target, asked.step, asked.given, version=version, request=request)
    title = Desk.of(home).flow.named(asked.step).title
    if done.proposed:
        return f"“{title}”已拟，须由另一人确认。"
    return f"“{title}”已办。"


def _taken_on_many(home: Home, grant: Grant, asked: dict[str, Any]) -> tuple[bool, str]:
    """A step on many cases, or their merging: whether all went, and what is told."""
    step, targets = text_of(asked, "step"), asked.get("targets")
    if not isinstance(targets, list) or not all(isinstance(each, str) for each in targets):
        raise BadRequestError("请求不完整；请刷新页面后再办。")
    if not all(map(bearable, targets)):
        raise BadRequestError("请求读不懂；请刷新页面后再办。")
    wanted = list(dict.fromkeys(each for each in targets if each))
    if not 0 < len(wanted) <= MANY:
        raise BadRequestError(f"请先选中要办的，一次最多{MANY}件。")
    actor = actor_of(home, grant, text_of(asked, "role"))
    given = asked.get("given") or {}
    if not isinstance(given, dict):
        raise BadRequestError("请求不完整；请刷新页面后再办。")
    filled = {str(field_of(name)): field_of(value) for name, value in given.items()}
    if step == MERGE:
        main, *others = wanted
        done = merge(home, actor, main, others, str(filled.get("reason", "")))
        return True, f"{len(wanted)}件已并为一件：{done.case}。"
    request = text_of(asked, "request") or None
    told = act_on_many(home, actor, wanted, step, filled, request=request)
    left = [(target, why) for target, why in told if isinstance(why, str)]
    if not left:
        return True, f"{len(told)}件已办。"
    lines = [f"{len(told) - len(left)}件已办，{len(left)}件没有办："]
    lines += [f"{target[:16]}：{why}" for target, why in left[:10]]
    lines += [f"另有{len(left) - 10}件。"] if len(left) > 10 else []
    return False, "\n".join(lines)


def _version(asked: dict[str, Any]) -> int:
    version = asked.get("version")
    if not isinstance(version, int) or isinstance(version, bool):
        raise BadRequestError("请求没有写明所见的版本；请刷新页面后再办。")
    return version


def field_of(value: Any) -> str | int:
    """A field of a form as it was sent: a text that can be kept, or a whole number."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise BadRequestError("填写的内容应是文字或整数。")
    if isinstance(value, str) and len(value) > _LONGEST:
        raise BadRequestError(f"一栏最多写 {_LONGEST} 个字。")
    if isinstance(value, str) and not bearable(value):
        raise BadRequestError("填写的内容里有不能保存的字符；请重新填写。")
    return value


def text_of(asked: Mapping[str, Any], name: str) -> str:
    """A short text of a request; empty where it is not there."""
    value = asked.get(name, "")
    if not isinstance(value, str) or len(value) > 200 or not bearable(value):
        raise BadRequestError("请求读不懂；请刷新页面后再办。")
    return value


def foreign(request: flask.Request) -> str | None:
    """Why a step is not asked for by this site's own page."""
    if not request.is_json:
        return _STRANGE
    return elsewhere(request) or too_long(request, _MOST)


def elsewhere(request: flask.Request) -> str | None:
    """Why a request was not made by a page of this site."""
    origin = request.headers.get("Origin")
    ours = (
        request.headers.get(HEADER) == "act"
        and request.headers.get("Sec-Fetch-Site", "same-origin") == "same-origin"
        and (origin is None or urlsplit(origin).netloc == request.host)
    )
    return None if ours else _STRANGE


def too_long(request: flask.Request, most: int) -> str | None:
    """Why a request is too long."""
    if request.content_length is None or request.content_length > most:
        return f"一次提交的内容最多 {most // 1000} KB；请压缩或分开。"
    return None


def said(done: bool, words: str, status: int) -> tuple[flask.Response, int]:
    """What the page is told."""
    return flask.jsonify({"done": done, "said": words}), status
