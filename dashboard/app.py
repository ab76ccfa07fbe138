"""The Dash application: one callback from the address to the page.

Offline by construction: everything is served from this machine, and a content
security policy forbids the rest. The only script is ours in `assets/` and the
component libraries'.
"""

from __future__ import annotations

import logging
import secrets

import dash
import dash_mantine_components as dmc
import flask
from dash import Input, Output, dcc

from budget_watch.access import Grant
from budget_watch.lake import DamagedError, Home
from dashboard import elements as html
from dashboard.acting import serve_acts, serve_files
from dashboard.acting_on_accounts import serve_accounts
from dashboard.acting_on_backtests import serve_progress
from dashboard.address import PAGES, Address, parse
from dashboard.context import Context, open_context
from dashboard.damage import damage
from dashboard.errors import DashboardError
from dashboard.frame import PRODUCT, Page, Seat, render
from dashboard.gate_docs import serve_docs
from dashboard.issue_files import serve_issues
from dashboard.markup import plain
from dashboard.office import PAGE as OFFICE
from dashboard.office import Office, sections
from dashboard.pages import admin, route
from dashboard.papers import serve_papers
from dashboard.parts import Node, empty, link
from dashboard.reach import ClosedError, check_open
from dashboard.sending import slim
from dashboard.signin import current_grant, guard, visitor
from dashboard.signin.request import bearable
from dashboard.signin.views import saw
from dashboard.watching import showing, watch

log = logging.getLogger("budget_watch.dashboard")

_LONGEST = 4_000  # characters of an address
_INDEX = """<!DOCTYPE html>
<html lang="zh-CN" data-mantine-color-scheme="light">
<head>
{%metas%}
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>{%title%}</title>
<link rel="icon" type="image/svg+xml" href="/assets/icon.svg">
{%css%}
</head>
<body>
{%app_entry%}
<div id="waiting" class="waiting" role="status"></div>
<footer>
{%config%}
{%scripts%}
{%renderer%}
</footer>
</body>
</html>"""


def create_app(home: Home) -> dash.Dash:
    """The dashboard over one home, behind its sign-in (`dashboard.signin`)."""
    app = dash.Dash(
        __name__,
        title=PRODUCT,
        update_title="正在更新…",
        serve_locally=True,
        index_string=_INDEX,
        suppress_callback_exceptions=True,
        enable_mcp=False,
    )
    app.layout = dmc.MantineProvider(
        [dcc.Location(id="url", refresh="callback-nav"), html.Div(id="root")]
    )

    @app.callback(Output("root", "children"), Input("url", "pathname"), Input("url", "search"))
    def show(pathname: str | None, search: str | None) -> list[Node]:
        dark = flask.has_request_context() and flask.request.cookies.get("bw_theme") == "dark"
        grant = current_grant()
        showing(pathname)
        saw(home, grant, pathname, search)
        return [plain(part) for part in answer(home, grant, pathname, search, dark=dark)]

    watch(app.server, home)
    guard(app.server, home)
    slim(app.server)
    _tell_by_status(app.server)
    _only_ours(app)
    serve_docs(app.server, home, current_grant)
    serve_acts(app.server, home, current_grant)
    serve_progress(app.server, home, current_grant)
    serve_accounts(app.server, home, current_grant)
    serve_files(app.server, home, current_grant)
    serve_papers(app.server, home, current_grant)
    serve_issues(app.server, home, current_grant)
    _harden(app)
    return app


def answer(
    home: Home, grant: Grant, pathname: str | None, search: str | None, *, dark: bool = False
) -> list[Node]:
    """The document body for an address: the page, or one sentence why there is none."""
    address = Address("overview")
    context: Context | None = None
    seat = Seat(grant)
    try:
        seat = Seat(grant, sections(home, grant))
        address = parse(pathname, search)
        check_open(grant, address)
        if address.page == OFFICE:
            return render(admin.page(Office(home, grant, address)), address, None, seat)
        context = open_context(home, grant, address, dark=dark and not address.get("print"))
        if context is None:
            return render(_nothing_yet(PAGES[address.page].title), address, None, seat)
        return render(route(context), address, context, seat)
    except DashboardError as refused:
        usable = _plain(home, grant, dark)
        return render(_refused(str(refused), grant), Address(address.page), usable, seat)
    except Exception as failed:
        number = f"E-{secrets.token_hex(2).upper()}"
        log.exception("page %s failed (%s)", pathname, number)
        why = damage(home, grant, failed) if isinstance(failed, DamagedError) else ""
        return render(_failed(number, address, why), address, None, seat)


def _plain(home: Home, grant: Grant, dark: bool) -> Context | None:
    """A context for the frame around a refusal; administrators have none."""
    if not grant.business:
        return None
    return open_context(home, grant, Address("overview"), dark=dark)


def _nothing_yet(title: str) -> Page:
    return Page(
        title,
        [
            empty(
                "尚无运行记录，还没有入库的数据。请先运行 budget-watch demo 或 budget-watch load。"
            )
        ],
    )


def _refused(sentence: str, grant: Grant) -> Page:
    back = link("回到总览", Address("overview"))
    if not grant.business:
        back = link("系统管理", Address(OFFICE))
    return Page("无法打开", [empty(sentence, back)])


def _failed(number: str, address: Address, why: str = "") -> Page:
    again = link("重试", address, replace=True)
    return Page("未能载入", [empty(f"本页未能载入（编号 {number}）。{why}", again)])


_FRAMES = ("/", "/<path:path>")  # where the library answers with the frame, whatever is asked


def _tell_by_status(server: flask.Flask) -> None:
    """Say by the status, too, that an address is no page (404) or not open to its reader (403)."""

    @server.after_request
    def told(response: flask.Response) -> flask.Response:
        rule, who = flask.request.url_rule, visitor()
        if rule is None or rule.rule not in _FRAMES or response.status_code != 200:
            return response
        if who is None or who.grant is None:  # answered before anybody was known, as /health is
            return response
        search = flask.request.query_string.decode("utf-8", "replace")
        try:
            check_open(who.grant, parse(flask.request.path, f"?{search}" if search else ""))
        except ClosedError:
            response.status_code = 403
        except DashboardError:
            response.status_code = 404
        return response


def _only_ours(app: dash.Dash) -> None:
    """Let only what the page's own script sends come to the library, which believes all it gets."""

    @app.server.before_request  # type: ignore[untyped-decorator]
    def checked() -> flask.typing.ResponseReturnValue | None:
        if flask.request.path != "/_dash-update-component" or flask.request.method != "POST":
            return None
        if expected(flask.request.get_json(silent=True)):
            return None
        return flask.jsonify({"error": "请求读不懂；请刷新页面。"}), 400


def expected(asked: object) -> bool:
    """Whether a body asks for what the one callback makes, as its script asks."""
    if not isinstance(asked, dict) or asked.get("output") != "root.children":
        return False
    inputs, outputs = asked.get("inputs"), asked.get("outputs")
    if outputs != {"id": "root", "property": "children"} or not isinstance(inputs, list):
        return False
    if not set(asked) <= {"output", "outputs", "inputs", "changedPropIds", "parsedChangedPropsIds"}:
        return False
    changed = asked.get("changedPropIds", [])
    if not isinstance(changed, list) or not all(each in _CHANGES for each in changed):
        return False
    return [_input(each) for each in inputs] == ["pathname", "search"]


_CHANGES = ("url.pathname", "url.search")


def _input(given: object) -> str | None:
    """The property of an input whose value is text or nothing; None for anything else."""
    if not isinstance(given, dict) or given.get("id") != "url":
        return None
    value = given.get("value")
    if value is not None and not isinstance(value, str):
        return None
    if value is not None and (len(value) > _LONGEST or not bearable(value)):
        return None
    said = given.get("property")
    return said if isinstance(said, str) else None


def _harden(app: dash.Dash) -> None:
    """Headers that keep the browser on this machine."""

    @app.server.after_request  # type: ignore[untyped-decorator]
    def headers(response: flask.Response) -> flask.Response:
        scripts = " ".join(
            f"'{digest}'" if not digest.startswith("'") else digest for digest in app.csp_hashes()
        )
        ours = (
            f"default-src 'self'; script-src 'self' {scripts}; style-src 'self' 'unsafe-inline'; "
            "img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; object-src 'none'; "
            "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
        )
        # an issue of the digest brings its own: it runs one script of its own, and is framed here
        response.headers.setdefault("Content-Security-Policy", ours)
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers.setdefault("X-Frame-Options", "DENY")
        response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
        response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
        response.headers["Permissions-Policy"] = "camera=(), microphone=(), geolocation=()"
        if response.status_code != 304 and response.mimetype in ("text/html", "application/json"):
            response.headers["Cache-Control"] = "no-store"
        if flask.request.is_secure:
            response.headers["Strict-Transport-Security"] = "max-age=31536000"
        return response
