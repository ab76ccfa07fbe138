"""系统管理 /admin: accounts, the permission matrix, the audit log, for 三员 as their acts allow."""

from __future__ import annotations

from collections.abc import Callable

from budget_watch.access import accounts, assigning, sessions
from budget_watch.access.accounts import Account
from budget_watch.access.telling import LOCKED, STATES, role_title, state_of
from dashboard import elements as html
from dashboard.address import Address
from dashboard.errors import NotFoundError
from dashboard.frame import OFFICES, Page
from dashboard.markup import Input
from dashboard.office import ACCOUNTS, AUDIT, LOOK_ONLY, MATRIX, Office, clock
from dashboard.pages import admin_account, admin_audit, admin_matrix
from dashboard.pages.admin_forms import checkbox, filter_form, step_form
from dashboard.pages.admin_sessions import sessions_block
from dashboard.pages.forms import labelled, select
from dashboard.pages.paging import AT_ONCE, pager
from dashboard.parts import Node, block, empty, link, segments, source_line, tag
from dashboard.reach import ClosedError
from dashboard.table import Column, Line, table

TITLE = "系统管理"


def page(office: Office) -> Page:
    """The section that the address asks for; the first that is open where it asks for none.

    Raises:
        ClosedError: the reader looks after none of it, or not after this section.
        NotFoundError: there is no such section or account.
    """
    if not office.open:
        raise ClosedError("系统管理由系统管理员、安全管理员、审计管理员办理，不对您的身份开放。")
    name, *rest = office.address.parts or (office.open[0],)
    made = _PAGES.get(name)
    if made is None or (rest and name != ACCOUNTS):
        raise NotFoundError
    if name not in office.open:
        raise ClosedError(f"{OFFICES[name]}不对您的身份开放。")
    shown = admin_account.page(office, rest[0]) if rest else made(office)
    return _framed(office, shown, name)


def _framed(office: Office, shown: Page, name: str) -> Page:
    """A section's page under the row of sections."""
    here = Address("admin", (name,))
    ways = [(OFFICES[each], Address("admin", (each,))) for each in office.open]
    note: list[Node] = []
    if office.grant.role is None:
        note = [html.P(LOOK_ONLY, className="note")]
    body = html.Div([*note, *shown.body], className="rows")
    tools = [segments(TITLE, ways, here, push=True)] if len(ways) > 1 else []
    return Page(
        shown.title,
        [body],
        lead=shown.lead,
        crumbs=shown.crumbs,
        tools=[*tools, *shown.tools],
        tab_title=shown.tab_title,
    )


def accounts_page(office: Office) -> Page:
    """The list of accounts, narrowed by role, state and text."""
    store, at = office.store, office.address
    held: dict[str, list[str]] = {}
    for each in assigning.assignments(store):
        if each.in_force(store.today):
            held.setdefault(each.user, []).append(each.role)
    every = accounts.accounts(store)
    online: dict[str, int] = {}
    for seat in sessions.sessions(store):
        online[seat.user] = max(seat.seen_at, online.get(seat.user, 0))
    found = [one for one in every if _fits(office, one, held.get(one.name, []))]
    after = at.get("after")
    rest = [one for one in found if one.name > after]
    lines = [_line(office, one, held.get(one.name, []), online) for one in rest[:AT_ONCE]]
    columns = [
        Column("账号"),
        Column("姓名"),
        Column("角色"),
        Column("状态"),
        Column("动态口令", minor=True),
        Column("登录着，最近", minor=True),
    ]
    shown: Node = empty("没有符合条件的账号。", link("清除筛选", Address("admin", (ACCOUNTS,))))
    if lines:
        shown = table("账号", columns, lines)
    more = rest[AT_ONCE - 1].name if len(rest) > AT_ONCE else None
    listed = block(
        "账号",
        [shown, pager(at, more)],
        sub=f"{len(found)}个",
        flush=True,
        source=source_line("账号、角色", "停用的账号和收回的角色都留有记录"),
    )
    states = [state_of(store, one) for one in every]
    active = len(accounts.usable(store))
    locked = states.count(LOCKED)
    lead = f"共{len(every)}个账号，{active}个在用" + (f"，{locked}个已锁定。" if locked else "。")
    return Page(
        f"{TITLE}：账号",
        [_filter(office), listed, *_adding(office), *sessions_block(office)],
        lead=lead if every else "还没有账号。",
        tab_title=TITLE,
    )


def _fits(office: Office, one: Account, roles: list[str]) -> bool:
    at = office.address
    if at.get("role") and at.get("role") not in roles:
        return False
    if at.get("st") and at.get("st") != state_of(office.store, one):
        return False
    text = at.get("q").lower()
    return not text or text in one.name or text in one.display.lower()


def _line(office: Office, one: Account, roles: list[str], online: dict[str, int]) -> Line:
    to = Address("admin", (ACCOUNTS, one.name))
    titles = "、".join(role_title(office.store, each) for each in roles)
    seen = online.get(one.name)
    return Line(
        [
            link(one.name, to),
            one.display,
            titles or "没有角色",
            tag(state_of(office.store, one)),
            "已启用" if one.second else "未启用",
            clock(seen) if seen else "—",
        ]
    )


def _filter(office: Office) -> Node:
    at, roles = office.address, office.store.roles
    fields: list[Node] = [
        labelled("账号或姓名", Input(name="q", type="text", value=at.get("q"), maxLength="60")),
        labelled(
            "角色",
            select(
                "role",
                {"": "全部", **{code: role.title for code, role in roles.items()}},
                at.get("role"),
            ),
        ),
        labelled(
            "状态", select("st", {"": "全部", **{each: each for each in STATES}}, at.get("st"))
        ),
    ]
    return filter_form("筛选账号", f"/admin/{ACCOUNTS}", fields)


def _adding(office: Office) -> list[Node]:
    if not office.can("accounts"):
        return []
    fields: list[Node] = [
        labelled(
            "账号（2至32位小写字母、数字、点、横线、下划线）",
            Input(name="name", type="text", required=True, maxLength="32"),
        ),
        labelled("姓名或称谓", Input(name="display", type="text", required=True, maxLength="60")),
        labelled(
            "统一认证的身份（签发者#sub，可不填）",
            Input(name="subject", type="text", maxLength="300"),
        ),
        checkbox("password", "同时给出一次性初始密码（用手机二维码或统一认证登录的不需要）"),
        html.P(
            "账号名不重复使用。没有角色的账号什么也看不到，角色由安全管理员授予。", className="note"
        ),
    ]
    form = step_form("开立账号", "add", "new", fields)
    return [block("开立", form, source=source_line("记入审计日志"))]


_PAGES: dict[str, Callable[[Office], Page]] = {
    ACCOUNTS: accounts_page,
    MATRIX: admin_matrix.page,
    AUDIT: admin_audit.page,
}
