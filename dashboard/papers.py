"""Papers that readers take away or hand in: letters as Word, inquiry lists as Excel.

What is taken away is written into the audit log as an export; who may have it, the rooms below
decide by the session's grant.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import flask

from budget_watch.access import Grant
from budget_watch.access.errors import ForbiddenError
from budget_watch.audit import Note
from budget_watch.casework.auditing import noted
from budget_watch.casework.cases import Actor, actor_of
from budget_watch.casework.committee import committee
from budget_watch.casework.errors import CaseworkError
from budget_watch.casework.file_check import MOST_BYTES
from budget_watch.casework.inquiries import Outcome, answered
from budget_watch.congress.roll import day_of
from budget_watch.digest import reconciliation_sheet
from budget_watch.digest.errors import DigestError
from budget_watch.digest.inquiry_sheet import inquiry_sheet
from budget_watch.digest.issuing import exported
from budget_watch.digest.letter import letter_of, write_letter
from budget_watch.digest.lists_sheet import lists_sheet
from budget_watch.digest.office_files import audit_file, matrix_file
from budget_watch.lake import Home, Snapshot
from dashboard.acting import as_download, elsewhere, foreign, said, text_of, too_long
from dashboard.book import book_at
from dashboard.errors import BadRequestError, DashboardError
from dashboard.office import utc_of
from dashboard.offline import packed
from dashboard.page_taking import pictured, taken

_STRANGE = "请求读不懂；请刷新页面后再办。"
_SHOWN = 10  # so many refused rows are told one by one


def serve_papers(server: flask.Flask, home: Home, grant: Callable[[], Grant]) -> None:
    """GET /letter/<case>, GET /inquiry/<unit>/<month>, POST /inquiry, POST /export/<what>,
    POST /picture."""

    @server.get("/letter/<case>")
    def letter(case: str) -> flask.Response:
        actor = actor_of(home, grant())
        try:
            made = letter_of(home, actor, case, committee(home).issuer())
        except (CaseworkError, DigestError):
            flask.abort(404)
        name = f"{made.kind}-{case[:16]}.docx"
        return _handed(home, actor, case, name, write_letter(made))

    @server.get("/inquiry/<unit>/<month>")
    def inquiry(unit: str, month: str) -> flask.Response:
        actor = actor_of(home, grant())
        try:
            content = inquiry_sheet(home, actor, unit, month)
        except (CaseworkError, DigestError):
            flask.abort(404)
        return _handed(home, actor, unit, f"问询清单-{unit}-{month}.xlsx", content)

    @server.post("/inquiry")
    def answer() -> tuple[flask.Response, int]:
        request = flask.request
        refused = elsewhere(request) or too_long(request, MOST_BYTES)
        if refused:
            return said(False, refused, 403)
        actor = actor_of(home, grant(), request.args.get("role", ""))
        try:
            done = answered(home, actor, request.args.get("name", ""), request.get_data())
        except CaseworkError as error:
            return said(False, str(error), 422)
        return said(all(row.done for row in done), _told(done), 200)

    @server.post("/export/<what>")
    def export(what: str) -> flask.Response | tuple[flask.Response, int]:
        refused = foreign(flask.request)
        if refused:
            return said(False, refused, 403)
        made = _EXPORTS.get(what)
        if made is None:
            flask.abort(404)
        asked = flask.request.get_json(silent=True)
        try:
            if not isinstance(asked, dict):
                raise BadRequestError(_STRANGE)
            name, content = made(home, actor_of(home, grant()), asked)
        except ForbiddenError as error:
            return said(False, str(error), 403)
        except (CaseworkError, DigestError, DashboardError) as error:
            return said(False, str(error), 422)
        return as_download(content, name)

    @server.post("/picture")
    def picture() -> tuple[flask.Response, int]:
        refused = foreign(flask.request)
        if refused:
            return said(False, refused, 403)
        asked = flask.request.get_json(silent=True)
        try:
            if not isinstance(asked, dict):
                raise BadRequestError(_STRANGE)
            return flask.jsonify(pictured(home, actor_of(home, grant()), asked)), 200
        except ForbiddenError as error:
            return said(False, str(error), 403)
        except (CaseworkError, DigestError, DashboardError) as error:
            return said(False, str(error), 422)


def _lists(home: Home, actor: Actor, asked: Mapping[str, Any]) -> tuple[str, bytes]:
    year = text_of(asked, "year")
    if year and re.fullmatch(r"[0-9]{4}", year) is None:
        raise BadRequestError(_STRANGE)
    content = lists_sheet(home, actor, text_of(asked, "reason"), int(year) if year else None)
    return "四张清单.xlsx", content


def _reconciliation(home: Home, actor: Actor, asked: Mapping[str, Any]) -> tuple[str, bytes]:
    """Of the whole government, so only for whoever 数据质量 is open to."""
    period = re.fullmatch(r"([0-9]{4})-([0-9]{2})", text_of(asked, "period"))
    wanted = text_of(asked, "snapshot")
    if period is None:
        raise BadRequestError(_STRANGE)
    if not actor.grant.whole:
        raise ForbiddenError("调节表按全部报送统计，您的范围只是其中一部分，不能导出。")
    known = {number for number, _, _ in Snapshot.all(home)}
    if wanted and wanted not in known:
        raise BadRequestError(_STRANGE)
    snapshot = Snapshot.get(home, wanted) if wanted else Snapshot.latest(home)
    year, month = int(period[1]), int(period[2])
    content = reconciliation_sheet.export(
        home, actor, snapshot, year, month, text_of(asked, "reason")
    )
    return f"调节表-{period[0]}.xlsx", content


def _matrix(home: Home, actor: Actor, asked: Mapping[str, Any]) -> tuple[str, bytes]:
    ending = f".{text_of(asked, 'format') or 'xlsx'}"
    content = matrix_file(home, actor, book_at(home), text_of(asked, "reason"), ending)
    return f"权限矩阵{ending}", content


def _audit(home: Home, actor: Actor, asked: Mapping[str, Any]) -> tuple[str, bytes]:
    try:
        since = utc_of(text_of(asked, "since"))
        until = utc_of(text_of(asked, "until"), days=1)
    except ValueError:
        raise BadRequestError("日期写法不对，请写成 2026-11-20 这样。") from None
    return "审计日志.jsonl", audit_file(home, actor, text_of(asked, "reason"), since, until)


def _digest(home: Home, actor: Actor, asked: Mapping[str, Any]) -> tuple[str, bytes]:
    number = text_of(asked, "number")
    if not (number.isascii() and number.isdigit() and len(number) < 10):
        raise BadRequestError(_STRANGE)
    return exported(home, actor, int(number), text_of(asked, "format"), text_of(asked, "reason"))


def _package(home: Home, actor: Actor, asked: Mapping[str, Any]) -> tuple[str, bytes]:
    """The offline package of a deputy of a session."""
    until = text_of(asked, "until")
    made = packed(
        home,
        actor,
        text_of(asked, "session"),
        text_of(asked, "user"),
        text_of(asked, "passphrase"),
        text_of(asked, "reason"),
        until=day_of(until) if until else None,
    )
    return made.name, made.content


_EXPORTS: Mapping[str, Callable[[Home, Actor, Mapping[str, Any]], tuple[str, bytes]]] = {
    "page": taken,
    "lists": _lists,
    "reconciliation": _reconciliation,
    "matrix": _matrix,
    "audit": _audit,
    "digest": _digest,
    "package": _package,
}


def _told(done: Sequence[Outcome]) -> str:
    """What became of the rows of a list: how many, and why those not."""
    if not done:
        return "清单里没有填写任何一行，没有办理。"
    left = [row for row in done if not row.done]
    lines = [f"{len(done) - len(left)}行已办。"]
    if left:
        lines = [f"{len(done) - len(left)}行已办，{len(left)}行没有办："]
        lines += [f"第{row.line}行 {row.case}：{row.said}" for row in left[:_SHOWN]]
    if len(left) > _SHOWN:
        lines.append(f"另有{len(left) - _SHOWN}行。")
    return "\n".join(lines)


def _handed(home: Home, actor: Actor, subject: str, name: str, content: bytes) -> flask.Response:
    """A download; it counts once it is written down."""
    noted(
        home,
        Note(actor.who, "paper.export", "paper", subject, {"file": name, "bytes": len(content)}),
    )
    return as_download(content, name)
