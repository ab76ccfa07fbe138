"""The plain pages: sign-in, second factor, password, account; a phone's binding and confirming."""

from __future__ import annotations

import io
import secrets
from collections.abc import Callable
from typing import Any

import flask
import segno

from budget_watch.access import enrolling, oidc, pairing, second, sessions, signing_in
from budget_watch.access.accounts import any_examples
from budget_watch.access.errors import AccessError, SignInError
from budget_watch.access.granting import Capacity
from budget_watch.access.passwords import LEAST
from budget_watch.access.sessions import METHODS, Session
from budget_watch.access.store import Store, moment
from budget_watch.access.telling import approval_text, limits_of
from budget_watch.audit import Who
from budget_watch.casework.accounts import has_accounts, lasting, store_of
from budget_watch.casework.oidc import provider
from budget_watch.lake import Home
from budget_watch.lake.snapshot import CHINA
from dashboard.signin import request as ask
from dashboard.signin.guard import Visitor, visitor

Answer = Any
_HALF_YEAR = enrolling.DEVICE_LASTS


def pages(home: Home) -> flask.Blueprint:
    """The routes, for a server."""
    made = flask.Blueprint(
        "signin",
        __name__,
        template_folder="templates",
        static_folder="static",
        static_url_path="/signin",
    )
    _by_password(made, home)
    _of_the_account(made, home)
    _by_phone(made, home)
    _desktop(made, home)
    _by_provider(made, home)
    return made


def _by_password(made: flask.Blueprint, home: Home) -> None:
    @made.get("/login")
    def login() -> Answer:
        who = visitor()
        nobody = not has_accounts(home) and not (home.exists and any_examples(store_of(home)))
        if nobody or (who is not None and who.session is not None):
            return flask.redirect(_next())
        return _login_page(home)

    @made.post("/login/operator")
    @_from_a_form
    def as_operator() -> Answer:
        """Leave a session that ended, and look on as the one at this machine."""
        who = visitor()
        if has_accounts(home) or (who is not None and who.session is not None):
            return flask.redirect("/login")
        response = flask.make_response(flask.redirect(_next()))
        ask.drop_cookie(response, ask.session_cookie())
        ask.drop_cookie(response, ask.CSRF_COOKIE)
        return response

    @made.post("/login")
    @_from_a_form
    def enter() -> Answer:
        form, store = flask.request.form, store_of(home)
        name, password = form.get("name", "").strip(), form.get("password", "")
        try:
            done = signing_in.sign_in(
                store, name, password, ask.device(), ask.address(), lasting(home)
            )
        except SignInError as error:
            return _login_page(home, str(error), name), 401
        if done.token is None:
            response = _page("second.html")
            ask.put_cookie(response, ask.SECOND_COOKIE, done.pending or "", signing_in.SECOND_LASTS)
            return response
        return _enter(done.token, done.temporary)

    @made.post("/login/second")
    @_from_a_form
    def enter_second() -> Answer:
        form, held = flask.request.form, flask.request.cookies.get(ask.SECOND_COOKIE, "")
        try:
            done = signing_in.finish(
                store_of(home),
                held,
                form.get("code", ""),
                ask.device(),
                ask.address(),
                lasting(home),
            )
        except SignInError as error:
            return _page("second.html", error=str(error)), 401
        response = _enter(done.token or "", done.temporary)
        ask.drop_cookie(response, ask.SECOND_COOKIE)
        return response

    @made.post("/login/out")
    @_signed_in
    def leave(who: Visitor) -> Answer:
        store = store_of(home)
        if who.session is not None:
            sessions.end(store, _who(who, "退出"), who.session.number)
        response = flask.make_response(flask.redirect("/login"))
        ask.drop_cookie(response, ask.session_cookie())
        ask.drop_cookie(response, ask.CSRF_COOKIE)
        return response

    @made.get("/login/password")
    @_signed_in
    def password(who: Visitor) -> Answer:
        return _page("password.html", who=who, least=LEAST)

    @made.post("/login/password")
    @_signed_in
    def change(who: Visitor) -> Answer:
        form = flask.request.form
        if form.get("new") != form.get("again"):
            return _page(
                "password.html", who=who, least=LEAST, error="两次输入的新密码不一致。"
            ), 400
        try:
            token = signing_in.change_password(
                store_of(home),
                _who(who, "修改密码"),
                _user(who),
                form.get("old", ""),
                form.get("new", ""),
                ask.device(),
                ask.address(),
                lasting(home),
                _session(who).method,
            )
        except AccessError as error:
            return _page("password.html", who=who, least=LEAST, error=str(error)), 400
        return _enter(token, False)


def _of_the_account(made: flask.Blueprint, home: Home) -> None:
    @made.get("/login/account")
    @_signed_in
    def account(who: Visitor) -> Answer:
        return _account_page(home, who)

    @made.post("/login/role")
    @_signed_in
    def act_in(who: Visitor) -> Answer:
        role, _, number = flask.request.form.get("capacity", "").partition("#")
        try:
            sessions.act_in(
                store_of(home), _session(who), role, int(number) if number.isdigit() else None
            )
        except AccessError as error:
            return _account_page(home, who, str(error)), 400
        return flask.redirect("/")

    @made.post("/login/totp")
    @_signed_in
    def totp(who: Visitor) -> Answer:
        store, form = store_of(home), flask.request.form
        by = _who(who, "动态口令")
        try:
            if form.get("do") == "off":
                signing_in.prove(store, _user(who), form.get("password", ""), ask.address())
                second.stop(store, by, _user(who), "本人停用")
                return flask.redirect("/login/account")
            if form.get("do") == "confirm":
                codes = second.confirm(store, by, _user(who), form.get("code", ""))
                return _page("codes.html", codes=codes)
            seed = second.begin(store, by, _user(who))
        except AccessError as error:
            return _account_page(home, who, str(error)), 400
        return _page("totp.html", qr=qr_svg(seed.uri), key=seed.key)

    @made.post("/login/end")
    @_signed_in
    def end(who: Visitor) -> Answer:
        """One of one's own sessions, all others, or a phone."""
        store, form, by = store_of(home), flask.request.form, _who(who, "结束会话")
        try:
            if form.get("device", "").isdigit():
                enrolling.unbind(store, by, _user(who), int(form["device"]))
            elif form.get("session", "").isdigit():
                number = int(form["session"])
                if number not in {s.number for s in sessions.sessions(store, _user(who))}:
                    raise AccessError("没有这个会话。")
                sessions.end(store, by, number)
            else:
                sessions.end_all(store, by, _user(who), but=_session(who).number)
        except AccessError as error:
            return _account_page(home, who, str(error)), 400
        return flask.redirect("/login/account")


def _by_phone(made: flask.Blueprint, home: Home) -> None:
    @made.get("/q/<code>")
    def code(code: str) -> Answer:
        try:
            found = enrolling.look(store_of(home), code)
        except SignInError as error:
            return _message("无法绑定", str(error)), 410
        return _page("enrol.html", display=found.display, phone=True)

    @made.post("/q/<code>")
    @_from_a_form
    def bind(code: str) -> Answer:
        form, store = flask.request.form, store_of(home)
        try:
            found = enrolling.look(store, code)
        except SignInError as error:
            return _message("无法绑定", str(error)), 410
        try:
            if form.get("pin") != form.get("again"):
                raise AccessError("两次输入的口令不一致。")
            phone, token = enrolling.enrol(
                store, code, form.get("pin", ""), ask.device(), ask.address()
            )
        except SignInError as error:
            return _message("无法绑定", str(error)), 410
        except AccessError as error:
            return _page("enrol.html", display=found.display, error=str(error), phone=True), 400
        response = _enter(token, False)
        ask.put_cookie(response, ask.PHONE_COOKIE, phone, _HALF_YEAR)
        return response

    @made.get("/m/login")
    def phone() -> Answer:
        who = visitor()
        if who is not None and who.session is not None:
            return flask.redirect(_next())
        held = flask.request.cookies.get(ask.PHONE_COOKIE)
        found = enrolling.bound(store_of(home), held) if held else None
        if found is None:
            return flask.redirect(flask.url_for("signin.login", next=_next()))
        return _page("pin.html", display=found.display, phone=True)

    @made.post("/m/login")
    @_from_a_form
    def by_pin() -> Answer:
        store = store_of(home)
        held = flask.request.cookies.get(ask.PHONE_COOKIE, "")
        found = enrolling.bound(store, held)
        try:
            token = enrolling.sign_in(
                store, held, flask.request.form.get("pin", ""), ask.device(), ask.address()
            )
        except SignInError as error:
            if found is None or enrolling.bound(store, held) is None:
                return _message("无法登录", str(error)), 401
            return _page("pin.html", display=found.display, error=str(error), phone=True), 401
        return _enter(token, False)


def _desktop(made: flask.Blueprint, home: Home) -> None:
    @made.post("/login/wait")
    @_from_a_form
    def wait() -> Answer:
        """The desktop asks how its code stands; with `agreed` comes the session's cookie."""
        code, _, secret = flask.request.cookies.get(ask.DESKTOP_COOKIE, "").partition(".")
        state, token = pairing.collect(
            store_of(home), code, secret, ask.device(), ask.address(), lasting(home)
        )
        if token is None:
            return flask.jsonify({"state": state})
        response = flask.jsonify({"state": state, "next": _next()})
        _put_session(response, token)
        ask.drop_cookie(response, ask.DESKTOP_COOKIE)
        return response

    @made.post("/login/code")
    @_from_a_form
    def fresh() -> Answer:
        """A new code for a waiting desktop."""
        made, waiting = _new_code(home)
        response = flask.jsonify({"qr": made, "number": waiting.number})
        _put_desktop(response, waiting)
        return response

    @made.get("/d/<code>")
    def opened(code: str) -> Answer:
        who = visitor()
        if who is None or who.session is None:
            held = flask.request.cookies.get(ask.PHONE_COOKIE)
            known = held and enrolling.bound(store_of(home), held)
            to = "signin.phone" if known else "signin.login"
            return flask.redirect(flask.url_for(to, next=f"/d/{code}"))
        try:
            asking = pairing.seen(store_of(home), code, who.session)
        except SignInError as error:
            return _message("无法登录电脑", str(error)), 410
        return _page("confirm.html", who=who, asking=_told(asking), phone=True)

    @made.post("/d/<code>")
    @_signed_in
    def answered(who: Visitor, code: str) -> Answer:
        number = flask.request.form.get("number", "")
        try:
            right = pairing.answer(
                store_of(home), code, _session(who), int(number) if number.isdigit() else None
            )
        except SignInError as error:
            return _message("无法登录电脑", str(error)), 410
        if right:
            return _message("已登录电脑", "电脑上将自动打开页面，本页可以关闭。")
        if number.isdigit():
            said = "所选数字与电脑上显示的不符，已拒绝并记录。请在电脑上刷新二维码后重试。"
        else:
            said = "已拒绝并记录。若不是您本人在登录，请告诉预算工委或系统管理员。"
        return _message("已拒绝", said)


def _by_provider(made: flask.Blueprint, home: Home) -> None:
    @made.get("/login/oidc")
    def to_provider() -> Answer:
        found = provider(home.root)
        if found is None:
            return flask.redirect("/login")
        back = flask.url_for("signin.from_provider", _external=True)
        try:
            leaving = oidc.leave(store_of(home), found, back, _next())
        except SignInError as error:
            return _login_page(home, str(error)), 502
        response = flask.make_response(flask.redirect(leaving.url))
        ask.put_cookie(response, ask.PROVIDER_COOKIE, leaving.state, oidc.LASTS)
        return response

    @made.get("/login/oidc/back")
    def from_provider() -> Answer:
        found = provider(home.root)
        state = flask.request.cookies.get(ask.PROVIDER_COOKIE, "")
        if found is None:
            return flask.redirect("/login")
        try:
            token, to = oidc.come_back(
                store_of(home),
                found,
                flask.request.args.to_dict(),
                state,
                ask.device(),
                ask.address(),
                lasting(home),
            )
        except SignInError as error:
            return _login_page(home, str(error)), 401
        response = flask.make_response(flask.redirect(ask.safe_next(to)))
        _put_session(response, token)
        ask.drop_cookie(response, ask.PROVIDER_COOKIE)
        return response


def _from_a_form(view: Callable[..., Answer]) -> Callable[..., Answer]:
    """A form of a stranger: it repeats the value of a cookie that its page set."""

    def checked(**parts: Any) -> Answer:
        held = flask.request.cookies.get(ask.FORM_COOKIE) or secrets.token_urlsafe(16)
        if not ask.csrf_right(held):
            return _message("页面已过期", "没有执行。请返回上一页，刷新后重试。"), 403
        return view(**parts)

    checked.__name__ = view.__name__
    return checked


def _signed_in(view: Callable[..., Answer]) -> Callable[..., Answer]:
    """A page of a person who is signed in; what changes something repeats the session's token."""

    def checked(**parts: Any) -> Answer:
        who = visitor()
        if who is None or who.session is None:
            return flask.redirect(flask.url_for("signin.login", next=_next()))
        unsafe = flask.request.method not in ask.SAFE
        if unsafe and not ask.csrf_right(who.token):
            return _message("页面已过期", "没有执行。请返回上一页，刷新后重试。"), 403
        return view(who=who, **parts)

    checked.__name__ = view.__name__
    return checked


def _page(template: str, phone: bool = False, **more: Any) -> flask.Response:
    """A page with its form token; strangers get the cookie that the token goes with."""
    who = visitor()
    held = flask.request.cookies.get(ask.FORM_COOKIE)
    fresh = held or secrets.token_urlsafe(16)
    signed = who is not None and who.session is not None
    token = ask.csrf_of(who.token if who and signed else fresh)
    more.setdefault("next", _next())
    words = {"csrf": token, "phone": phone, "name": who.name if who and signed else None, **more}
    response = flask.make_response(flask.render_template(f"signin/{template}", **words))
    if not signed and held is None:
        ask.put_cookie(response, ask.FORM_COOKIE, fresh, None)
    return response


def _message(title: str, said: str) -> str:
    return flask.render_template("signin/message.html", title=title, said=said, phone=True)


def _login_page(home: Home, error: str = "", name: str = "") -> flask.Response:
    qr, waiting = _new_code(home)
    sso = provider(home.root)
    response = _page(
        "login.html",
        error=error,
        user=name,
        qr=qr,
        number=waiting.number,
        seconds=pairing.LASTS,
        sso=sso.title if sso else None,
        examples=not has_accounts(home),
        ended=flask.g.get("ended", ""),
    )
    _put_desktop(response, waiting)
    return response


def _new_code(home: Home) -> tuple[str, pairing.Waiting]:
    waiting = pairing.begin(store_of(home), ask.device(), ask.address())
    link = flask.url_for("signin.opened", code=waiting.code, _external=True)
    return qr_svg(link), waiting


def qr_svg(text: str) -> str:
    """A QR code as SVG to stand in a page: ink on white, whatever the theme."""
    out = io.BytesIO()
    segno.make(text, error="m").save(
        out, kind="svg", xmldecl=False, svgns=True, scale=4, border=4, light="#ffffff",
        dark="#1b2430", omitsize=True, svgclass="qr", lineclass=None, title="二维码",
    )  # fmt: skip
    return out.getvalue().decode()


def _put_desktop(response: flask.Response, waiting: pairing.Waiting) -> None:
    ask.put_cookie(response, ask.DESKTOP_COOKIE, f"{waiting.code}.{waiting.secret}", pairing.LASTS)


def _put_session(response: flask.Response, token: str) -> None:
    ask.put_cookie(response, ask.session_cookie(), token, None)
    ask.put_cookie(response, ask.CSRF_COOKIE, ask.csrf_of(token), None, readable=True)


def _enter(token: str, temporary: bool) -> flask.Response:
    response = flask.redirect("/login/password" if temporary else _next())
    made = flask.make_response(response)
    _put_session(made, token)
    return made


def _next() -> str:
    said = flask.request.form.get("next") or flask.request.args.get("next")
    return ask.safe_next(said)


def _user(who: Visitor) -> str:
    return _session(who).user


def _session(who: Visitor) -> Session:
    if who.session is None:
        raise AccessError("您还没有登录。")
    return who.session


def _who(who: Visitor, purpose: str) -> Who:
    """Whom the audit log names."""
    session, chosen = _session(who), who.capacity
    return Who(session.user, chosen.role if chosen else "", str(session.number), purpose)


def _told(asking: pairing.Asking) -> dict[str, Any]:
    return {
        "device": asking.device,
        "network": ask.shortened(asking.address),
        "at": moment(asking.made_at).astimezone(CHINA).strftime("%H:%M"),
        "choices": asking.choices,
    }


def _limits(store: Store, each: Capacity) -> str:
    """What a person sees in one of the capacities they hold."""
    if store.roles[each.role].admin:
        return "不查看业务数据"
    own = "；".join(limits_of(store, each.assignment))
    return own if each.approval is None else f"{own}；批准：{approval_text(store, each.approval)}"


def _account_page(home: Home, who: Visitor, error: str = "") -> flask.Response:
    store, user = store_of(home), _user(who)
    own = _session(who)
    seats = [
        {
            "number": each.number,
            "words": f"{each.device} · {ask.shortened(each.address)} · {METHODS[each.method]}",
            "at": moment(each.seen_at).astimezone(CHINA).strftime("%m-%d %H:%M"),
            "own": each.number == own.number,
        }
        for each in sessions.sessions(store, user)
    ]
    chosen = who.capacity
    held = [
        {
            "title": each.title,
            "limits": _limits(store, each),
            "until": (each.approval or each.assignment).until or "不限",
            "now": each == chosen,
        }
        for each in who.capacities
    ]
    return _page(
        "account.html",
        held=held,
        who=who,
        error=error,
        user=user,
        seats=seats,
        chosen=(chosen.role, chosen.number) if chosen else None,
        codes=second.codes_left(store, user),
        phones=enrolling.devices(store, user),
    )
