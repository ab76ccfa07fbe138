"""POST /admin/act: what 三员 do with accounts, by the same functions as the commands.

It believes nothing of the page: the act that a step needs is asked of the session's role, and the
rooms below refuse what their rules refuse. What is shown once (a first password, a QR code) goes
out in this one answer and is stored nowhere.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import flask

from budget_watch.access import (
    Depth,
    Grant,
    Scope,
    Sensitivity,
    Window,
    accounts,
    assigning,
    enrolling,
    second,
    sessions,
    signing_in,
)
from budget_watch.access.accounts import EXAMPLE
from budget_watch.access.errors import AccessError, ForbiddenError, UnknownUserError
from budget_watch.access.granting import require
from budget_watch.access.register import NOT_DELIVERED, REGIONS, WORDS
from budget_watch.access.roles import Act, find_role
from budget_watch.access.store import Store
from budget_watch.access.telling import granted_text, role_title
from budget_watch.audit import AuditError, Who
from budget_watch.casework.accounts import store_of
from budget_watch.casework.auditing import anchor_log, latest_anchor, verdict_text, verify_log
from budget_watch.casework.cases import actor_of
from budget_watch.casework.errors import CaseworkError
from budget_watch.casework.naming import named_things
from budget_watch.congress.granting import end_grants, grant_members
from budget_watch.lake import Home
from budget_watch.notices.contacts import set_contact
from dashboard.acting import field_of, foreign, said, text_of
from dashboard.book import book_at
from dashboard.errors import BadRequestError
from dashboard.office import LOOK_ONLY

PATH = "/admin/act"
NAMES = "/admin/names"
SURE = "sure"  # the box that says: I have looked
NEW, LOG = "new", "log"  # what is no account
MOST_DAMAGES = 50  # told one by one
_OPTION = re.compile(r"（--[a-z-]+）")  # how the command line calls a field
_APART = re.compile(r"[、，,；;\s]+")
ONCE = "只显示这一次，请当面或另行告知本人；首次登录须修改。"


@dataclass(frozen=True)
class Told:
    """What the page is told.

    Attributes:
        kept: what is shown once: (name, text). image: a QR code as SVG.
        to: the address to go on to.
    """

    said: str
    kept: tuple[tuple[str, str], ...] = ()
    image: str = ""
    to: str = ""


@dataclass(frozen=True)
class Asked:
    """One act.

    Attributes:
        target: the account; the number of a session or approval is in `given`.
    """

    home: Home
    store: Store
    by: Who
    grant: Grant
    target: str
    given: Mapping[str, str]

    def text(self, name: str) -> str:
        """A field; empty where it was left out."""
        return self.given.get(name, "").strip()

    def day(self, name: str) -> date | None:
        """A day, if it was filled in."""
        said = self.text(name)
        try:
            return date.fromisoformat(said) if said else None
        except ValueError:
            raise BadRequestError(f"日期“{said}”写法不对，请写成 2026-11-20 这样。") from None

    def codes(self, name: str) -> frozenset[str] | None:
        """Codes, separated by 、 or spaces; None where nothing was filled in."""
        return _codes(self.text(name))

    def number(self, name: str) -> int:
        """A number that the page put into the form."""
        said = self.text(name)
        if not (said.isascii() and said.isdigit() and len(said) < 10):
            raise BadRequestError("请求不完整；请刷新页面后再办。")
        return int(said)

    @property
    def scope(self) -> Scope:
        """The rows that were filled in."""
        return Scope(*(self.codes(name) for name in ("regions", "departments", "units")))

    @property
    def role(self) -> str:
        """The role that was chosen."""
        return find_role(dict(self.store.roles), self.text("role_code"))


@dataclass(frozen=True)
class Step:
    """A step: what it is called, which act its role must have, how it is done.

    Attributes:
        sure: the box must be ticked. others: not on one's own account.
    """

    title: str
    act: Act
    take: Callable[[Asked], Told]
    sure: bool = False
    others: bool = field(default=False)


def serve_accounts(server: flask.Flask, home: Home, grant: Callable[[], Grant]) -> None:
    """Take steps at POST /admin/act."""

    @server.post(PATH)
    def administer() -> tuple[flask.Response, int]:
        refused = foreign(flask.request)
        if refused:
            return said(False, refused, 403)
        asked = flask.request.get_json(silent=True)
        if not isinstance(asked, dict):
            return said(False, "请求读不懂；请刷新页面后再办。", 400)
        try:
            return _answer(taken(home, grant(), asked))
        except ForbiddenError as error:
            return said(False, str(error), 403)
        except UnknownUserError:
            return said(False, "没有这个账号。", 404)
        except (AccessError, AuditError, CaseworkError, BadRequestError) as error:
            return said(False, _OPTION.sub("", str(error)), 422)

    @server.get(NAMES)
    def named() -> tuple[flask.Response, int]:
        """What the codes typed into a form stand for, before anything is granted."""
        try:
            require(store_of(home), grant().role, "permissions")
        except ForbiddenError as error:
            return said(False, str(error), 403)
        asked = flask.request.args
        scope = Scope(*(_codes(asked.get(kind, "")[:300]) for kind in WORDS))
        return flask.jsonify(names_of(store_of(home), scope)), 200


def names_of(store: Store, scope: Scope) -> dict[str, str]:
    """What stands below each field for codes: the bodies by name, or that there is none."""
    told = dict.fromkeys(WORDS, "")
    if scope == Scope():
        return told
    register = store.register()
    for kind in WORDS:
        codes = sorted(getattr(scope, kind) or ())
        found = [
            register.told(kind, code, scope.regions)
            if register.names(kind, code, scope.regions)
            else f"{code} 没有这个代码"
            for code in codes
        ]
        unread = kind != REGIONS and not register.rows
        told[kind] = NOT_DELIVERED if codes and unread else "、".join(found)
    return told


def _codes(text: str) -> frozenset[str] | None:
    return frozenset(each for each in _APART.split(text.strip()) if each) or None


def taken(home: Home, grant: Grant, asked: Mapping[str, Any]) -> Told:
    """Take one step.

    Raises:
        ForbiddenError: the role may not. AccessError, CaseworkError: the rules refuse it.
        BadRequestError: what was sent is not what the page sends.
    """
    step, target, given = STEPS.get(text_of(asked, "step")), text_of(asked, "target"), {}
    filled = asked.get("given")
    if step is None or not target or not isinstance(filled, dict):
        raise BadRequestError("请求不完整；请刷新页面后再办。")
    given = {str(field_of(name)): str(field_of(value)) for name, value in filled.items()}
    if grant.role is None:
        raise ForbiddenError(LOOK_ONLY)
    store = store_of(home)
    require(store, grant.role, step.act)
    if step.sure and given.get(SURE) != "1":
        raise BadRequestError(f"请先核对，再勾选“{CHECKED}”。")
    by = Who(grant.user, grant.role, grant.session, f"系统管理：{step.title}")
    if step.others and by.user == target:
        raise AccessError("自己的账号在“我的账号”里办理；其余请另一位系统管理员办理。")
    if target not in (NEW, LOG):
        accounts.account(store, target)
    return step.take(Asked(home, store, by, grant, target, given))


CHECKED = "我已核对账号和本人"


def _answer(told: Told) -> tuple[flask.Response, int]:
    image = base64.b64encode(told.image.encode()).decode() if told.image else ""
    body = {
        "done": True,
        "said": told.said,
        "kept": [list(each) for each in told.kept],
        "image": f"data:image/svg+xml;base64,{image}" if image else "",
        "to": told.to,
    }
    return flask.jsonify(body), 200


def _add(asked: Asked) -> Told:
    name, example = asked.text("name"), asked.by.user.startswith(EXAMPLE)
    if example and not name.startswith(EXAMPLE):
        raise ForbiddenError(
            f"您用示范账号登录，只能开立 {EXAMPLE} 开头的示范账号；正式账号请在服务器上开立。"
        )
    subject = asked.text("subject") or None
    accounts.add(asked.store, asked.by, name, asked.text("display"), subject, example=example)
    to = f"/admin/accounts/{name}"
    if asked.text("password") != "1":
        return Told(f"已开立账号 {name}；还没有角色，什么也看不到。", to=to)
    kept = (("账号", name), ("一次性初始密码", _temporary(asked, name)))
    return Told(f"已开立账号 {name}；还没有角色，什么也看不到。初始密码{ONCE}", kept, to=to)


def _temporary(asked: Asked, name: str) -> str:
    made = signing_in.temporary_password()
    signing_in.set_password(asked.store, asked.by, name, made)
    return made


def _password(asked: Asked) -> Told:
    kept = (("账号", asked.target), ("一次性密码", _temporary(asked, asked.target)))
    return Told(f"已重设 {asked.target} 的密码，原有会话即时失效。{ONCE}", kept)


def _disable(asked: Asked) -> Told:
    accounts.disable(asked.store, asked.by, asked.target, asked.text("reason"))
    return Told(f"已停用账号 {asked.target}，即时生效；记录保留。")


def _enable(asked: Asked) -> Told:
    accounts.enable(asked.store, asked.by, asked.target, asked.text("reason"))
    return Told(f"已恢复账号 {asked.target}。")


def _totp_off(asked: Asked) -> Told:
    second.stop(asked.store, asked.by, asked.target, asked.text("reason"))
    return Told(f"已停用 {asked.target} 的动态口令；本人登录后在“我的账号”再启用。")


def _enrol(asked: Asked) -> Told:
    from dashboard.signin.pages import qr_svg

    code = enrolling.issue(asked.store, asked.by, asked.target)
    link = flask.url_for("signin.code", code=code, _external=True)
    told = f"已为 {asked.target} 发放二维码，7天内用一次；以前未用的已作废。只显示这一次。"
    return Told(told, (("链接", link),), qr_svg(link))


def _unbind(asked: Asked) -> Told:
    enrolling.unbind(asked.store, asked.by, asked.target, asked.number("device"))
    return Told(f"已解除 {asked.target} 的这部手机，它的会话即时失效。")


def _connect(asked: Asked) -> Told:
    subject = asked.text("subject") or None
    accounts.connect(asked.store, asked.by, asked.target, subject)
    return Told(
        f"{asked.target} 已对上 {subject}。"
        if subject
        else f"{asked.target} 已不对应统一认证的身份。"
    )


def _address(asked: Asked) -> Told:
    actor = actor_of(asked.home, asked.grant)
    new = set_contact(asked.home, actor, asked.target, asked.text("mail"), asked.text("gateway"))
    places = "、".join(each for each in (new.mail, new.gateway) if each)
    return Told(f"{asked.target} 的消息发到：{places or '只在系统内'}。")


def _assign(asked: Asked) -> Told:
    made = assigning.assign(
        asked.store,
        asked.by,
        asked.target,
        asked.role,
        asked.text("reason"),
        asked.scope,
        asked.codes("matter"),
        Window(asked.day("window_since"), asked.day("window_until")),
        asked.day("since"),
        asked.day("until"),
    )
    said = f"已授予 {asked.target} 角色{role_title(asked.store, made.role)}。"
    return Told(said + granted_text(asked.store, made.scope))


def _rescope(asked: Asked) -> Told:
    role, reason = asked.role, asked.text("reason")
    made = assigning.rescope(asked.store, asked.by, asked.target, role, asked.scope, reason)
    said = f"已改 {asked.target} 作为{role_title(asked.store, role)}的范围，即时生效。"
    return Told(said + granted_text(asked.store, made.scope))


def _withdraw(asked: Asked) -> Told:
    role = asked.role
    assigning.end_assignment(asked.store, asked.by, asked.target, role, asked.text("reason"))
    return Told(f"已收回 {asked.target} 的角色{role_title(asked.store, role)}，即时生效。")


def _approve(asked: Asked) -> Told:
    until = asked.day("until")
    if until is None:
        raise BadRequestError("请写明批准的截止日。")
    try:
        depth = Depth.of(asked.text("depth"))
        sensitivity = Sensitivity.of(asked.text("sensitivity"))
    except ValueError as error:
        raise BadRequestError(str(error)) from error
    made = assigning.approve(
        asked.store,
        asked.by,
        asked.target,
        named_things(book_at(asked.home), sorted(asked.codes("of") or ())),
        depth,
        sensitivity,
        until,
        asked.text("reason"),
        asked.scope,
        asked.role if asked.text("role_code") else None,
    )
    said = f"已记录批准 {made.number}：{asked.target} 至 {made.until} 有效，由本人选用。"
    return Told(said + granted_text(asked.store, made.scope))


def _end_approval(asked: Asked) -> Told:
    number = asked.number("approval")
    if number not in {each.number for each in assigning.approvals(asked.store, asked.target)}:
        raise AccessError(f"账号 {asked.target} 没有批准 {number}。")
    assigning.end_approval(asked.store, asked.by, number, asked.text("reason"))
    return Told(f"已收回批准 {number}，即时生效。")


def _end_session(asked: Asked) -> Told:
    number = asked.number("session")
    if number not in {each.number for each in sessions.sessions(asked.store, asked.target)}:
        raise AccessError(f"账号 {asked.target} 没有仍有效的会话 {number}。")
    sessions.end(asked.store, asked.by, number)
    return Told(f"会话 {number} 已结束。")


def _end_sessions(asked: Asked) -> Told:
    ended = sessions.end_all(asked.store, asked.by, asked.target)
    return Told(f"已结束 {asked.target} 的 {ended} 个会话。")


def _verify(asked: Asked) -> Told:
    verdict = verify_log(asked.home, asked.grant)
    kept = tuple(("发现", each.words) for each in verdict.damages[:MOST_DAMAGES])
    return Told(verdict_text(verdict), kept)


def _anchor(asked: Asked) -> Told:
    path, latest = anchor_log(asked.home), latest_anchor(asked.home)
    if path is None or latest is None:
        return Told("日志还没有记录，没有可锚定的。")
    return Told("已写成锚。请抄送到别的机器，或打印存档。", (("锚", latest.line),))


def _grant_session(asked: Asked) -> Told:
    found = grant_members(asked.home, asked.by, asked.grant.role, asked.text("session"))
    kept = tuple((f"{e.name}（{e.user}）", e.said) for e in found if not e.said.startswith("已"))
    given = sum(each.said.startswith("已授予") for each in found)
    said = f"会次 {asked.text('session')}：{len(found)}人，新授{given}人，没有授成{len(kept)}人。"
    return Told(said, kept)


def _end_session_roles(asked: Asked) -> Told:
    number, reason = asked.text("session"), asked.text("reason")
    found = end_grants(asked.home, asked.by, asked.grant.role, number, reason)
    return Told(f"会次 {number}：已收回{len(found)}人为会次授的角色，即时生效。")


STEPS: Mapping[str, Step] = {
    "add": Step("开立账号", "accounts", _add),
    "password": Step("重设密码", "accounts", _password, sure=True, others=True),
    "disable": Step("停用账号", "accounts", _disable, sure=True),
    "enable": Step("恢复账号", "accounts", _enable),
    "totp_off": Step("停用动态口令", "accounts", _totp_off, sure=True, others=True),
    "enrol": Step("发放手机二维码", "accounts", _enrol, sure=True, others=True),
    "unbind": Step("解除绑定的手机", "accounts", _unbind),
    "connect": Step("统一认证的身份", "accounts", _connect, others=True),
    "address": Step("消息发到哪里", "accounts", _address),
    "assign": Step("授予角色", "permissions", _assign),
    "rescope": Step("改范围", "permissions", _rescope),
    "withdraw": Step("收回角色", "permissions", _withdraw, sure=True),
    "grant_session": Step("授会次角色", "permissions", _grant_session),
    "end_session_roles": Step("收回会次角色", "permissions", _end_session_roles, sure=True),
    "approve": Step("批准看得更深", "permissions", _approve),
    "end_approval": Step("收回批准", "permissions", _end_approval),
    "end_session": Step("结束会话", "sessions", _end_session),
    "end_sessions": Step("结束全部会话", "sessions", _end_sessions, sure=True),
    "verify": Step("核对日志", "audit", _verify),
    "anchor": Step("现在锚定", "audit", _anchor),
}
