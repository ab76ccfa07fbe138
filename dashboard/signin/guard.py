"""Nothing is reachable without a Grant: every request is asked who sends it before it is served.

Where there are accounts, only the sign-in pages and the bare scripts and styles answer a stranger.
Where there are none, the one at this machine reads as the local operator; nobody else does.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import cast

import flask

from budget_watch.access import Grant, sessions
from budget_watch.access.accounts import Account, account, any_examples, closed
from budget_watch.access.errors import AccessError
from budget_watch.access.granting import Capacity, capacities, grant_in
from budget_watch.access.sessions import Session
from budget_watch.access.store import Store
from budget_watch.casework.accounts import has_accounts, settings, store_of
from budget_watch.lake import Home
from dashboard.signin import request as ask

log = logging.getLogger("budget_watch.dashboard")
PURPOSE = "看板"
# What 三员 reach: the application's own frame, which asks for pages, and what is theirs.
_OFFICE = (
    *("/_dash-update-component", "/_dash-layout", "/_dash-dependencies", "/_reload-hash"),
    *("/admin", "/export/matrix", "/export/audit"),
)
PAGES = "signin"  # the blueprint of the sign-in pages
_BARE = ("/assets/", "/_dash-component-suites/", "/_favicon.ico", "/signin/")
NO_ACCOUNTS = (
    "本系统还没有账号，只供本机（127.0.0.1）查看。请在服务器上用 budget-watch users add 开立账号，"
    "说明见 docs/users.md。"
)


@dataclass(frozen=True)
class Visitor:
    """Who sends this request.

    Attributes:
        token: of the session, as the browser holds it; None for the local operator.
        grant: what they may see; None where they hold no role in force.
    """

    token: str | None
    session: Session | None
    account: Account | None
    capacities: tuple[Capacity, ...]
    grant: Grant | None

    @property
    def name(self) -> str:
        """What the frame calls them."""
        return self.account.display if self.account else "本机操作员"

    @property
    def capacity(self) -> Capacity | None:
        """In what they act."""
        if self.session is None:
            return None
        wanted = (self.session.role, self.session.approval)
        chosen = [c for c in self.capacities if (c.role, c.number) == wanted]
        return chosen[0] if chosen else next(iter(self.capacities), None)


_OPERATOR = Visitor(None, None, None, (), Grant.operator(PURPOSE))


def visitor() -> Visitor | None:
    """Who sends this request; None for a stranger at a sign-in page."""
    return cast("Visitor | None", flask.g.get("visitor"))


def current_grant() -> Grant:
    """The Grant of this request. Outside of one nobody reads.

    Raises:
        AccessError: a stranger, or a person without a role in force.
    """
    found = visitor()
    if found is None or found.grant is None:
        raise AccessError("您还没有登录，或没有有效的角色。")
    return found.grant


def guard(server: flask.Flask, home: Home) -> None:
    """Put the guard before every request of a server, and the sign-in pages beside it."""
    if settings(home.root).get("behind_proxy"):
        from werkzeug.middleware.proxy_fix import ProxyFix

        server.wsgi_app = ProxyFix(server.wsgi_app)  # type: ignore[method-assign]

    @server.before_request
    def asked() -> flask.typing.ResponseReturnValue | None:
        if flask.request.path.startswith(_BARE):
            return None
        if not ask.readable():
            return _refuse("请求里有不能识别的字符，没有执行。", 400)
        if _changes() and not ask.same_site():
            return _refuse("这个请求不是从本系统的页面发出的，没有执行。", 403)
        alone = not has_accounts(home)
        if alone and not ask.from_this_machine():
            return _refuse(NO_ACCOUNTS, 403)
        known = _known(store_of(home)) if home.exists else None
        flask.g.ended = "" if known or not home.exists else _ended(store_of(home))
        flask.g.visitor = known or (_OPERATOR if alone and not flask.g.ended else None)
        flask.g.examples = alone and home.exists and any_examples(store_of(home))
        return None if flask.request.blueprint == PAGES else _let_in(visitor())

    @server.after_request
    def token(response: flask.Response) -> flask.Response:
        found = visitor()
        if found is not None and response.mimetype == "text/html":
            sent = ask.csrf_of(found.token)
            if flask.request.cookies.get(ask.CSRF_COOKIE) != sent:
                ask.put_cookie(response, ask.CSRF_COOKIE, sent, None, readable=True)
        return response

    from dashboard.signin.pages import pages

    server.register_blueprint(pages(home))


def _changes() -> bool:
    return flask.request.method not in ask.SAFE


def _let_in(found: Visitor | None) -> flask.typing.ResponseReturnValue | None:
    """Why somebody may not go on to the application, as an answer; None where they may.

    The sign-in pages are not asked here: they check their own forms.
    """
    if found is None:
        return _stranger()
    if _changes() and not ask.csrf_right(found.token):
        return _refuse("页面已过期，没有执行。请刷新后重试。", 403)
    if found.account is not None and found.account.temporary:
        return _elsewhere("/login/password")
    if found.grant is None:
        return _elsewhere("/login/account")
    if not found.grant.business:
        return _to_office(flask.request.path)
    return None


def _to_office(path: str) -> flask.typing.ResponseReturnValue | None:
    """三员 reach by name what is theirs, and nothing else."""
    if path in _OFFICE or path.startswith("/admin/"):
        return None
    if path in ("/", "/overview"):
        return flask.redirect("/admin")
    return _refuse("您的身份不查看业务数据。", 403)


def _known(store: Store) -> Visitor | None:
    token = flask.request.cookies.get(ask.session_cookie())
    session = sessions.find(store, token) if token else None
    if session is None or closed(store, session.user):
        return None
    held = tuple(capacities(store, session.user))
    found = Visitor(token, session, account(store, session.user), held, None)
    chosen = found.capacity
    if chosen is None:
        return found
    grant = replace(grant_in(store, chosen, PURPOSE), session=str(session.number))
    return Visitor(token, session, found.account, held, grant)


def _ended(store: Store) -> str:
    """What to tell a browser whose session of this home has ended; empty where it held none.

    Such a browser is nobody until somebody signs in or asks to look on as the local operator:
    whoever was put out must not see more than before.
    """
    token = flask.request.cookies.get(ask.session_cookie())
    session = sessions.begun(store, token) if token else None
    if session is None:
        return ""
    if session.ended_at is None:
        return "会话已结束：长时间没有操作、已满时限，或账号已停用。"
    return "会话已结束。"


def _stranger() -> flask.typing.ResponseReturnValue:
    if flask.request.method == "GET" and not flask.request.path.startswith("/_dash"):
        wanted = flask.request.full_path.rstrip("?")
        to = flask.url_for("signin.login", next=ask.safe_next(wanted))
        return flask.redirect(to)
    return _refuse("登录已失效，请重新登录。", 401)


def _elsewhere(path: str) -> flask.typing.ResponseReturnValue:
    if flask.request.method == "GET" and not flask.request.path.startswith("/_dash"):
        return flask.redirect(path)
    return _refuse("请先完成登录。", 401)


def _refuse(sentence: str, status: int) -> flask.typing.ResponseReturnValue:
    if flask.request.method == "GET" and not flask.request.path.startswith("/_dash"):
        return flask.render_template("signin/message.html", title="无法打开", said=sentence), status
    return flask.jsonify({"error": sentence}), status
