"""The frame around every page: head, navigation, breadcrumbs, the foot bar of narrow screens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import dash_mantine_components as dmc
import flask

from budget_watch.access import Depth, Grant, Reached, Sensitivity
from budget_watch.casework.cases import actor_of
from budget_watch.notices.inbox import count_unseen
from budget_watch.opinions.writers import may_write
from budget_watch.views import formats as fmt
from dashboard import elements as html
from dashboard import reach
from dashboard.address import Address
from dashboard.context import Context
from dashboard.jumping import contents
from dashboard.parts import Node, attrs, link, menu
from dashboard.printing import printed
from dashboard.signin.guard import visitor

PRODUCT = "人大预算国资联网监督"
NAVIGATION: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = (
    (
        "工作",
        (
            ("todo", "我的待办"),
            ("inbox", "我的消息"),
            ("overview", "总览"),
            ("alerts", "预警中心"),
            ("opinions", "审议意见"),
            ("lists", "四张清单"),
            ("congress", "人代会"),
            ("livelihood", "民生实事"),
            ("resolution", "决议事项台账"),
        ),
    ),
    (
        "专题",
        (
            ("exec", "预算执行"),
            ("sangong", "三公经费"),
            ("transfer", "转移支付"),
            ("debt", "政府债务"),
            ("assets", "国有资产"),
            ("social", "社保基金"),
        ),
    ),
    (
        "审查",
        (
            ("draft", "预算草案审查"),
            ("final", "决算与公开"),
            ("performance", "绩效"),
            ("audit", "审计整改"),
            ("calendar", "监督日历"),
            ("agenda", "会议与议题"),
            ("events", "大事记"),
        ),
    ),
    (
        "资料",
        (
            ("digest", "季刊与报告"),
            ("laws", "政策法规"),
            ("rules", "规则与参数"),
            ("exemptions", "例外情形登记"),
        ),
    ),
    ("管理", (("data", "数据质量"), ("admin", "系统管理"))),
)
TABBAR = (
    ("overview", "总览"),
    ("alerts", "疑点"),
    ("exec", "执行"),
    ("debt", "债务"),
)
MORE = (
    ("todo", "我的待办"),
    ("inbox", "我的消息"),
    ("opinions", "审议意见"),
    ("lists", "四张清单"),
    ("congress", "人代会"),
    ("livelihood", "民生实事"),
    ("resolution", "决议事项台账"),
    ("sangong", "三公经费"),
    ("transfer", "转移支付"),
    ("assets", "国有资产"),
    ("social", "社保基金"),
    ("draft", "预算草案审查"),
    ("final", "决算与公开"),
    ("performance", "绩效"),
    ("audit", "审计整改"),
    ("calendar", "监督日历"),
    ("agenda", "会议与议题"),
    ("events", "大事记"),
    ("digest", "季刊与报告"),
    ("laws", "政策法规"),
    ("rules", "规则与参数"),
    ("exemptions", "例外情形登记"),
    ("data", "数据质量"),
    ("admin", "系统管理"),
    ("search", "搜索"),
)
OFFICES = {"accounts": "账号", "matrix": "权限矩阵", "audit": "审计日志"}  # parts of 系统管理
_BELONGS = {
    "finding": "alerts",
    "case": "todo",
    "inquiries": "todo",
    "inspections": "todo",
    "voucher": "exec",
    "opinion": "opinions",
    "topic": "opinions",
    "params": "rules",
}


@dataclass(frozen=True)
class Page:
    """What a page hands to the frame.

    Attributes:
        title: the heading. lead: one sentence: how much, against what, by how much.
        crumbs: (name, address) of the places above; the last is this page (no address).
        tools: switches above the blocks. body: the blocks.
        acts: what can be done with the page, beside its heading.
        year: the fiscal year it is of, where it chooses one by itself.
    """

    title: Node
    body: Sequence[Node]
    lead: Node = None
    crumbs: Sequence[tuple[str, Address | None]] = field(default_factory=tuple)
    tools: Sequence[Node] = field(default_factory=tuple)
    tab_title: str = ""
    acts: Sequence[Node] = field(default_factory=tuple)
    year: int | None = None


@dataclass(frozen=True)
class Seat:
    """Who looks at a page that reads no snapshot, or at the frame around any page.

    Attributes:
        offices: what is open to them of 系统管理.
    """

    grant: Grant
    offices: tuple[str, ...] = ()


def render(
    page: Page, address: Address, context: Context | None, seat: Seat | None = None
) -> list[Node]:
    """The whole document body for a page. Without a seat the navigation names what all may see."""
    current = _BELONGS.get(address.page, address.page)
    if address.get("print") and context is not None:
        return printed(_inside(page), PRODUCT, address, context)
    return [
        html.A("跳到正文", href="#main", className="skip"),
        _head(address, context, seat, page.year),
        *_past(address, context),
        *_limits(context),
        html.Div([_nav(address, current, seat), _main(page, address, context)], className="body"),
        _tabbar(address, current, seat),
    ]


def _entry(name: str, title: str, address: Address, current: str) -> html.A:
    inside = [
        html.Span(className=f"icon icon-{name}", **attrs({"aria-hidden": "true"})),
        html.Span(title),
    ]
    return link(inside, address.at(name), current=name == current, title=title)


def _tabbar(address: Address, current: str, seat: Seat | None) -> html.Nav:
    """The foot bar of narrow screens: four pages, and “更多” with all the others."""
    reads = seat is None or seat.grant.business
    here = reads and any(name == current for name, _ in MORE)
    inside = [
        html.Span(className="icon icon-more", **attrs({"aria-hidden": "true"})),
        html.Span("更多"),
    ]
    more = html.Details(
        [
            html.Summary(
                inside,
                className="current" if here else "",
                **attrs({"aria-label": "更多栏目"}),
            ),
            html.Div(
                [
                    _entry(name, title, address, current)
                    for name, title in MORE
                    if _named(seat, name)
                ],
                className="more-list",
            ),
        ],
        className="menu more",
    )
    return html.Nav(
        [*_feet(address, current, seat), more],
        className="tabbar",
        **attrs({"aria-label": "主要栏目"}),
    )


def _feet(address: Address, current: str, seat: Seat | None) -> list[html.A]:
    """What stands in the foot bar beside “更多”: of administrators, what they look after."""
    if seat is None or seat.grant.business:
        return [_entry(name, title, address, current) for name, title in TABBAR]
    here = (address.parts or seat.offices)[0] if current == "admin" else ""
    return [
        link(
            [
                html.Span(className=f"icon icon-{name}", **attrs({"aria-hidden": "true"})),
                html.Span(OFFICES[name]),
            ],
            Address("admin", (name,)),
            current=name == here,
            title=OFFICES[name],
        )
        for name in seat.offices
    ]


def _named(seat: Seat | None, name: str) -> bool:
    if seat is None:
        return name not in reach.NO_DATA
    return reach.shown(seat.grant, name, seat.offices)


def _nav(address: Address, current: str, seat: Seat | None) -> html.Nav:
    items: list[Node] = []
    for group, entries in NAVIGATION:
        open_ = [entry for entry in entries if _named(seat, entry[0])]
        items += [html.H2(group)] if open_ else []
        items += [_entry(name, title, address, current) for name, title in open_]
    return html.Nav(items, className="nav", **attrs({"aria-label": "栏目"}))


def _head(
    address: Address, context: Context | None, seat: Seat | None, year: int | None = None
) -> html.Header:
    tools: list[Node] = [html.Div(className="head-fill")]
    if context is not None:
        city = context.city
        tools = [
            html.Span(city.name if city else "尚无区划", className="head-plain wide-only"),
            _years(address, context, year),
            _days(address, context),
            _units(address, context),
            html.Div(className="head-fill"),
            _search(),
            link("搜索", address.at("search"), className="head-plain narrow-only"),
            *_unread(address, context),
        ]
    switch = {"data-theme-switch": "1"}
    return html.Header(
        [
            link(PRODUCT, Address(_start(seat)), className="brand"),
            html.Div(
                [
                    *tools,
                    html.Button(
                        "明暗", className="head-plain", title="浅色或深色", **attrs(switch)
                    ),
                    *_who(),
                ],
                className="head-tools",
            ),
        ],
        className="head",
    )


def _start(seat: Seat | None) -> str:
    """The page that a reader starts with."""
    return "admin" if seat is not None and not seat.grant.business else "overview"


def _unread(address: Address, context: Context) -> list[Node]:
    """“消息 3”: how many notices the reader has not read; none for the local operator."""
    if context.grant.role is None:
        return []
    count = count_unseen(context.home, actor_of(context.home, context.grant))
    said = "消息" if not count else f"消息 {count}"
    title = f"未读消息 {count} 条（已办过的不计）" if count else "没有要看的未读消息"
    return [link(said, address.at("inbox"), className="head-plain", title=title)]


def _who() -> list[Node]:
    """Who reads, and in what; the way to their account and out."""
    found = visitor() if flask.has_request_context() else None
    if found is None or found.session is None:
        why = (
            "还没有开立正式账号：只有这台机器上的浏览器能打开，不用登录。"
            "用 budget-watch users add 开立第一个账号后，任何人都须登录。"
        )
        sign_in = html.A("登录示范账号", href="/login", **attrs({"data-plain": "1"}))
        told = [html.P(why, className="note"), *([sign_in] if _examples() else [])]
        return [menu([html.B("本机操作员")], told, "登录的人", right=True, wide_only=True)]
    said = f"{found.name}·{found.capacity.title}" if found.capacity else found.name
    account = html.A("我的账号", href="/login/account", **attrs({"data-plain": "1"}))
    shown = html.Span([html.B(said, className="full"), html.B("我", className="short")])
    return [menu([html.B(shown, className="who")], [account], f"登录的人：{said}", right=True)]


def _examples() -> bool:
    return bool(flask.has_request_context() and flask.g.get("examples"))


def _limits(context: Context | None) -> list[Node]:
    """What a reader to whom only a part is open should know of every figure."""
    if context is None or context.grant.whole:
        return []
    grant = context.grant
    said = []
    if grant.scope.regions is not None or grant.scope.own:
        said.append("只含您范围内的区划、部门和单位")
    if grant.reach("payment") < Depth.VOUCHER:
        said.append(f"到{grant.reach('payment').word}为止")
    if grant.tables < Sensitivity.SENSITIVE:
        said.append("不含敏感数据")
    if grant.findings is Reached.UPHELD:
        said.append("疑点只列初核成立以后的")
    if grant.findings is Reached.TRANSFERRED:
        said.append("疑点只列已转交的，答复后才显示级别")
    if not grant.window.open:
        said.append(f"业务日期 {grant.window.key.replace('..', ' 至 ')}")
    return [html.Div(f"您看到的：{'；'.join(said)}。", className="past")] if said else []


def _search() -> html.Form:
    """The box of the head; `/` leads into it (nav.js)."""
    return html.Form(
        dmc.TextInput(
            debounce=True,
            placeholder="搜索（按 / 键）",
            className="search-input",
            **attrs({"aria-label": "检索词"}),
        ),
        className="search-form wide-only",
        role="search",
        **attrs({"data-search": "1", "aria-label": "搜索"}),
    )


def _years(address: Address, context: Context, own: int | None = None) -> html.Details:
    """The years; a page that chooses its own year is told every one by name."""
    shown = own or context.span.fiscal_year
    known = (*context.snapshot.years("payment"), *context.snapshot.years("budget_line"))
    years = sorted({*known, context.as_of.year, shown}, reverse=True)
    return menu(
        [html.B(f"{shown}年")],
        [
            link(
                f"{year}年",
                address.with_query(
                    fy=None if year == context.as_of.year and own is None else str(year),
                    to=None,
                    after=None,
                ),
                replace=True,
                current=year == shown,
            )
            for year in years
            if year <= max(context.as_of.year, shown)
        ],
        "预算年度",
        wide_only=True,
    )


def _days(address: Address, context: Context) -> html.Details:
    items: list[Node] = [html.Div("按所知日期查看", className="note")]
    seen: set[str] = set()
    for name, day, _ in reversed(context.known):
        if fmt.day(day) in seen:
            continue
        seen.add(fmt.day(day))
        newest = name == context.known[-1][0]
        to = address.with_query(asof=None if newest else fmt.day(day), snap=None, after=None)
        text = f"{fmt.day(day)}（最新）" if newest else fmt.day(day)
        items.append(link(text, to, replace=True, current=day == context.as_of))
    return menu([html.Span("数据截至"), html.B(fmt.day(context.as_of))], items[:61], "数据截至")


def _units(address: Address, context: Context) -> html.Details:
    units: tuple[fmt.Unit, ...] = ("yuan", "wan", "yi")
    return menu(
        [html.B(fmt.UNIT_TITLES[context.unit])],
        [
            link(
                fmt.UNIT_TITLES[unit],
                address.with_query(unit=None if unit == "wan" else unit),
                replace=True,
                current=unit == context.unit,
            )
            for unit in units
        ],
        "金额单位",
        wide_only=True,
    )


def _past(address: Address, context: Context | None) -> list[Node]:
    if context is None or context.latest:
        return []
    return [
        html.Div(
            [
                f"正在查看 {fmt.day(context.as_of)} 当日所知的数据（快照 {context.snapshot.id}） ",
                link("返回最新", address.with_query(asof=None, snap=None), replace=True),
            ],
            className="past",
        )
    ]


def _main(page: Page, address: Address, context: Context | None) -> html.Main:
    crumbs = [
        html.Li(link(name, to) if to else html.Span(name, **attrs({"aria-current": "page"})))
        for name, to in page.crumbs
    ]
    parts: list[Node] = []
    if len(crumbs) > 1:
        parts.append(html.Nav(html.Ol(crumbs, className="crumbs"), **attrs({"aria-label": "位置"})))
    acts = _acts(page, address, context)
    parts.append(html.Div([html.Div(_heading(page)), acts], className="page-head"))
    if page.tools:
        parts.append(html.Div(list(page.tools), className="tools"))
    parts += [contents(page.body), *page.body]
    return html.Main(parts, id="main", className="main", tabIndex="-1")


def _heading(page: Page) -> list[Node]:
    lead = [html.P(page.lead, className="lead")] if page.lead else []
    return [html.H1(page.title), *lead]


def _inside(page: Page) -> list[Node]:
    """A page without its ways around: what stands on paper."""
    return [html.Div(html.Div(_heading(page)), className="page-head"), *page.body]


def _acts(page: Page, address: Address, context: Context | None) -> Node:
    if context is None:
        return None
    fixed = replace(address.with_query(asof=None)).with_query(snap=context.snapshot.id)
    share = [
        html.Button("复制随数据更新的链接", **attrs({"data-copy": address.href})),
        html.Button("复制固定链接（含快照）", **attrs({"data-copy": fixed.href})),
    ]
    shared = menu("分享", share, "分享本页", right=True)
    paper = link(
        "打印", address.with_query(print="1"), className="button wide-only", target="_blank"
    )
    return html.Div([*_opinion_on(address, context), *page.acts, paper, shared], className="acts")


FIGURES = (
    "overview", "exec", "voucher", "sangong", "transfer", "debt", "assets", "social", "audit",
    "draft", "final", "performance", "rules", "params", "alerts", "digest", "calendar",
)  # fmt: skip


def _opinion_on(address: Address, context: Context) -> list[Node]:
    """The way to an opinion on what this page shows, for whoever writes opinions."""
    if address.page not in FIGURES or not context.latest or not context.grant.business:
        return []
    if not may_write(context.home, context.grant):
        return []
    on = address.with_query(asof=None, snap=None, print=None).href
    return [link("提意见", address.at("opinions", keep=(), on=on), className="button")]
