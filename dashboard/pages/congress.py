"""人代会 /congress, /congress/<会次>: for deputies one field and what came of it; for the office
the live summary; 审查要点 and 名词解释 for all who take part.
"""

from __future__ import annotations

from datetime import UTC, datetime

from budget_watch.casework.cases import Actor, actor_of, today_of
from budget_watch.congress.errors import UnknownCongressError
from budget_watch.congress.session import (
    DEPUTY,
    Congress,
    CongressDesk,
    get_congress,
    list_congresses,
    reads,
)
from budget_watch.views import formats as fmt
from dashboard import elements as html
from dashboard.acting import chooses_role
from dashboard.acting_on_congress import NEW
from dashboard.context import Context
from dashboard.errors import AddressError, NotFoundError
from dashboard.frame import Page
from dashboard.markup import Input
from dashboard.pages.congress_floor import answering, floor
from dashboard.pages.congress_key import key_points, words_block
from dashboard.pages.congress_live import gathering_blocks, live_blocks
from dashboard.pages.congress_report import report_blocks
from dashboard.pages.forms import folded, labelled, role_field
from dashboard.parts import Node, block, empty, link, segments, source_line, tag
from dashboard.table import Column, Line, table

SOURCE = "会次名单和意见库"
_GRANTED = "名单上的人的角色由安全管理员授，只在会期内有效。"
TABS = {
    "": "意见和解答",
    "live": "汇总",
    "merge": "归并转办",
    "key": "审查要点",
    "report": "报告文本",
    "words": "名词解释",
}


def page(context: Context) -> Page:
    """The sessions, or one."""
    desk, actor = CongressDesk.of(context.home), actor_of(context.home, context.grant)
    if context.address.parts:
        return _one(context, desk, actor)
    today = today_of()
    found = list_congresses(context.home, actor, today)
    columns = [Column("会次", long=True), Column("会期"), Column("代表团"), Column("状态")]
    body: Node = empty("还没有您能看的会次。会期内，名单上的代表从这里提意见。")
    if found:
        lines = [_line(context, each) for each in found]
        body = table("会次", columns, lines)
    blocks: list[Node] = [
        block("会次", body, flush=bool(found), source=source_line(SOURCE, "状态为今天"))
    ]
    blocks += _opening(context, desk, actor)
    lead = f"看得到{len(found)}个会次。" if found else "现在没有您能看的会次。"
    return Page("人代会", [html.Div(blocks, className="rows")], lead=lead, tab_title="人代会")


def _line(context: Context, one: Congress) -> Line:
    today = today_of()
    name = html.Div(
        [
            link(one.title, context.address.at("congress", one.id)),
            html.Div(one.id, className="note"),
        ]
    )
    span = f"{fmt.day(one.since)} 至 {fmt.day(one.until)}"
    return Line(
        [name, span, f"{len(one.delegations)}个", tag(state_word(one), plain=one.until < today)]
    )


def state_word(one: Congress) -> str:
    """会期中, 未开 or 已闭, today."""
    today = today_of()
    if one.running(today):
        return "会期中"
    return "未开" if one.since > today and one.closed_at is None else "已闭"


def _opening(context: Context, desk: CongressDesk, actor: Actor) -> list[Node]:
    mine = desk.flow.keepers if chooses_role(context.grant) else (actor.role,)
    roles = tuple(role for role in mine if role in desk.flow.keepers)
    if not roles or not context.latest:
        return []
    hours = desk.flow.answer_hours
    example = "东城代表团 李明 liming\n财政解答组 王芳 wangfang"
    area = html.Textarea(name="roll", rows=6, required=True, maxLength=20_000, placeholder=example)
    fields: list[Node] = [
        role_field(context, roles),
        labelled("会次名称", Input(name="title", type="text", required=True, maxLength="100")),
        labelled("会期首日", Input(name="since", type="date", required=True)),
        labelled("会期末日", Input(name="until", type="date", required=True)),
        labelled("区划代码（缺省为您的区划）", Input(name="region", type="text")),
        labelled("名单（每行：代表团 姓名 账号）", area),
        labelled(
            f"解答时限（小时，缺省{hours.hours}）", Input(name="hours", type="number", min="1")
        ),
        html.P(
            f"{hours.basis.says}。名单上的人的角色由安全管理员授，只在会期内有效。",
            className="note",
        ),
    ]
    form = folded("开会次", "open", NEW, 0, fields, word="开会次")
    return [block("开会次", form, source=source_line(SOURCE))]


def _one(context: Context, desk: CongressDesk, actor: Actor) -> Page:
    today, now = today_of(), datetime.now(UTC)
    try:
        one = get_congress(context.home, actor, context.address.parts[0], today)
    except UnknownCongressError as error:
        raise NotFoundError from error
    office = reads(desk, actor, one)
    member = desk.part(actor, one, today)
    keeps = desk.keeps(actor, one) or chooses_role(context.grant)
    open_ = [name for name in TABS if _open(name, office, keeps)]
    chosen = context.address.get("tab")
    if chosen and chosen not in TABS:
        raise AddressError(f"地址里“tab={chosen}”（页签）不能识别。")
    tab = chosen if chosen in open_ else open_[0]
    if tab == "key":
        body = key_points(context)
    elif tab == "report":
        body = report_blocks(context, desk, one, keeps)
    elif tab == "words":
        body = [words_block(context)]
    elif tab == "merge":
        body = gathering_blocks(context, desk, one, now)
    elif tab == "live":
        body = live_blocks(context, desk, actor, one, now)
    elif member is not None and member.part == DEPUTY:
        body = floor(context, desk, actor, one, member, now)
    else:
        body = answering(context, desk, actor, one, now)
    here = context.address
    first = open_[0]
    choices = [(TABS[name], here.with_query(tab=None if name == first else name)) for name in open_]
    current = here.with_query(tab=None if tab == first else tab)
    return Page(
        one.title,
        [html.Div(body, className="rows")],
        lead=_lead(one),
        tools=[segments("页签", choices, current)],
        crumbs=[("人代会", here.at("congress")), (one.id, None)],
        tab_title=one.title,
    )


def _open(name: str, office: bool, keeps: bool) -> bool:
    if name == "":
        return not office
    return office if name == "live" else (office and keeps) if name == "merge" else True


def _lead(one: Congress) -> str:
    people = sum(each.part == DEPUTY for each in one.members)
    said = f"会期{fmt.day_sentence(one.since)}至{fmt.day_sentence(one.until)}，{state_word(one)}；"
    return (
        f"{said}{len(one.delegations)}个代表团，{people}位代表；问题转出后{one.hours}小时内解答。"
    )
