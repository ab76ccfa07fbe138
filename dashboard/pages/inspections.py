"""随机抽查 /inspections: the draws, a form to draw, and each draw with its list and results."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import date

from budget_watch.casework.cases import Actor, today_of
from budget_watch.casework.inspection import (
    ANSWERS,
    Draw,
    InspectionError,
    Result,
    default_share,
    draws,
    get_draw,
    results,
)
from dashboard import elements as html
from dashboard.acting_on_inspections import NEW_DRAW, RESULT
from dashboard.context import Context
from dashboard.errors import NotFoundError
from dashboard.frame import Page
from dashboard.markup import Input
from dashboard.pages.forms import committee_roles, folded, labelled, role_field, select
from dashboard.parts import Node, block, empty, link, source_line, tag
from dashboard.table import Column, Line, table

WORDS = {"voucher": "支付凭证", "case": "办理"}
_MOST = 200  # items shown of one draw


def page(context: Context) -> Page:
    """All draws, or one of them."""
    roles = committee_roles(context)
    if not roles:
        raise NotFoundError
    actor = Actor(context.grant, roles[0])
    if not context.address.parts:
        return _all(context, actor, roles)
    try:
        one = get_draw(context.home, actor, context.address.parts[0])
    except InspectionError as error:
        raise NotFoundError from error
    return _one(context, actor, roles, one)


def _all(context: Context, actor: Actor, roles: tuple[str, ...]) -> Page:
    found = draws(context.home, actor)
    columns = [
        Column("编号"),
        Column("抽查", long=True),
        Column("总体", number=True),
        Column("抽取", number=True),
        Column("已查", number=True),
        Column("种子", minor=True),
    ]
    lines = [_line(context, actor, one) for one in reversed(found)]
    listed: Node = (
        table("随机抽查", columns, lines)
        if lines
        else empty("还没有抽查。", link("我的待办", context.address.at("todo")))
    )
    blocks = [block("各次抽查", listed, flush=True, source=source_line("随机抽查"))]
    if context.latest:
        blocks.append(block("新抽一次", _draw_form(context, roles)))
    return Page(
        "随机抽查",
        [html.Div(blocks, className="rows")],
        lead="抽到哪几件只由种子和编号决定；种子、总体、清单和结果都留存，谁都可以再抽一次核对。",
        crumbs=[("我的待办", context.address.at("todo")), ("随机抽查", None)],
        tab_title="随机抽查",
    )


def _line(context: Context, actor: Actor, one: Draw) -> Line:
    checked = {each.item for each in results(context.home, actor, one.id)}
    return Line(
        [
            link(one.id, context.address.at("inspections", one.id)),
            _what(context, one),
            str(one.population),
            str(len(one.items)),
            str(len(checked)),
            one.seed,
        ]
    )


def _what(context: Context, one: Draw) -> str:
    place = context.names.of("d", one.department) if one.department else "全部部门"
    return f"{WORDS[one.kind]} · {place} · {one.since}—{one.until} · {one.reason}"


def _draw_form(context: Context, roles: tuple[str, ...]) -> html.Details:
    today = today_of()
    first = date(today.year, 1, 1)
    departments = {code: f"{name}（{code}）" for code, name in sorted(_departments(context))}
    fields: list[Node] = [
        role_field(context, roles),
        labelled("抽什么", select("kind", WORDS)),
        labelled("部门", select("department", {"": "全部部门", **departments})),
        labelled("起", Input(name="since", type="date", value=f"{first}", required=True)),
        labelled("止", Input(name="until", type="date", value=f"{today}", required=True)),
        labelled(
            "份额（%）",
            Input(name="share", type="number", min="1", max="100", value=str(default_share())),
        ),
        labelled("种子（可改成当场商定的）", Input(name="seed", type="text", value=_seed())),
        labelled("事由", html.Textarea(name="reason", rows=2, required=True, maxLength=500)),
    ]
    return folded("抽取", "draw", NEW_DRAW, 0, fields, word="抽取", open_=True)


def _seed() -> str:
    """The form's own seed, so that a form sent twice draws once."""
    return secrets.token_hex(8)


def _departments(context: Context) -> list[tuple[str, str]]:
    return [(code, context.names.of("d", code)) for code in context.names.departments]


def _one(context: Context, actor: Actor, roles: tuple[str, ...], one: Draw) -> Page:
    found: dict[str, list[Result]] = {}
    for each in results(context.home, actor, one.id):
        found.setdefault(each.item, []).append(each)
    facts = [
        ("抽查", _what(context, one)),
        ("份额", f"{one.share}%：从{one.population}件中抽取{len(one.items)}件"),
        ("种子", one.seed),
        ("总体摘要", one.population_hash),
        ("数据快照", one.snapshot or "—"),
        ("抽取人", f"{context.called(one.user)}（{one.role}）"),
    ]
    told = html.Dl(
        [html.Div([html.Dt(name), html.Dd(value)]) for name, value in facts], className="facts"
    )
    columns = [Column("编号", long=True), Column("结果", long=True), Column("检查人", minor=True)]
    shown = one.items[:_MOST]
    lines = [_item(context, one, item, found.get(item, [])) for item in shown]
    blocks = [
        block("这次抽查", told, source=source_line("随机抽查")),
        block("清单", table("抽到的", columns, lines), flush=True, source=source_line("随机抽查")),
    ]
    cut = len(shown) < len(one.items)
    rest = f"只列前{_MOST}件，其余用 budget-watch inspect show 列出。" if cut else ""
    waiting = [item for item in one.items if item not in found]
    if context.latest:
        title = "记结果" if waiting else "补记结果"
        blocks.append(block(title, _result_form(context, roles, one, waiting or list(one.items))))
    return Page(
        f"随机抽查 {one.id}",
        [html.Div(blocks, className="rows")],
        lead=f"{len(one.items)}件，已查{len(found)}件。{rest}",
        crumbs=[
            ("我的待办", context.address.at("todo")),
            ("随机抽查", context.address.at("inspections")),
            (one.id, None),
        ],
        tab_title=f"抽查 {one.id}",
    )


def _item(context: Context, one: Draw, item: str, found: Sequence[Result]) -> Line:
    page_ = "voucher" if one.kind == "voucher" else "case"
    said: list[Node] = [html.Div(_said(each)) for each in found]
    who = "、".join(dict.fromkeys(each.user for each in found))
    return Line([link(item, context.address.at(page_, item)), said or tag("未查"), who or "—"])


def _said(each: Result) -> str:
    wrong = [check for check, answer in each.answers.items() if answer == "否"]
    if not wrong:
        return "各项没有发现问题" + (f"：{each.remark}" if each.remark else "")
    return f"{'、'.join(wrong)}：否。{each.remark}"


def _result_form(
    context: Context, roles: tuple[str, ...], one: Draw, items: Sequence[str]
) -> html.Details:
    fields: list[Node] = [
        role_field(context, roles),
        labelled("编号", select("item", {each: each for each in items})),
        *[
            labelled(check, select(f"a{at}", {each: each for each in ANSWERS}))
            for at, check in enumerate(one.checklist)
        ],
        labelled("情况（有“否”时必填）", html.Textarea(name="remark", rows=2, maxLength=2000)),
    ]
    return folded("记一件", RESULT, one.id, 0, fields, word="记下", open_=True)
