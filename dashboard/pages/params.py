"""参数 /params, /params/<id>: every number of the rules: its history, authority, back-tests."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from budget_watch.engine.authority import STATUSES, standard
from budget_watch.engine.model import AREAS
from budget_watch.engine.params import Parameter
from budget_watch.views import formats as fmt
from budget_watch.views.params import KINDS, Use, kind_of, uses
from dashboard import elements as html
from dashboard.book import book_of
from dashboard.context import Context
from dashboard.errors import AddressError, NotFoundError
from dashboard.frame import Page
from dashboard.pages import backtests
from dashboard.pages.law_text import value_basis, value_text
from dashboard.pages.param_history import history
from dashboard.pages.place_text import source
from dashboard.parts import Node, block, class_tag, empty, level_chip, link, segments, tag
from dashboard.table import Column, Line, table

UNITS = {
    "ratio": "比率",
    "fen": "金额",
    "day": "日（自然日）",
    "workday": "工作日",
    "count": "数",
    "month": "月数",
    "monthday": "月日",
}
TIGHTER = {"lower": "越低越严，各地的值只能更低", "higher": "越高越严，各地的值只能更高"}


def page(context: Context) -> Page:
    """The list of parameters, or one of them."""
    book = book_of(context)
    if context.address.parts:
        if context.address.parts[0] not in book.params:
            raise NotFoundError
        return _one(context, book, book.params[context.address.parts[0]])
    return _list(context, book)


def region_of(context: Context) -> str | None:
    """The region whose value is in force here."""
    return context.city.region if context.city else None


# ---- the list
def _list(context: Context, book: Any) -> Page:
    address, chosen = context.address, context.address.get("tab")
    if chosen and chosen not in KINDS:
        raise AddressError(f"地址里“tab={chosen}”（页签）不能识别，应为 {'、'.join(KINDS)}。")
    area, region = address.get("area"), region_of(context)
    kinds = {p: kind_of(book.params[p], context.as_of, region) for p in book.params}
    users = {p: uses(book, p) for p in book.params}
    listed = [
        parameter
        for name, parameter in book.params.items()
        if (not chosen or kinds[name] == KINDS[chosen])
        and (not area or any(each.rule.rule.area == area for each in users[name]))
    ]
    counts = {key: sum(kind == title for kind in kinds.values()) for key, title in KINDS.items()}
    tabs = [(f"全部 {len(kinds)}", address.with_query(tab=None))]
    tabs += [(f"{KINDS[key]} {n}", address.with_query(tab=key)) for key, n in counts.items() if n]
    areas = [("全部领域", address.with_query(area=None))]
    present = {each.rule.rule.area for found in users.values() for each in found}
    areas += [(AREAS[a], address.with_query(area=a)) for a in AREAS if a in present]
    rules = address.at("rules", keep=("asof", "snap"))
    return Page(
        "参数",
        [_listed(context, book, listed, users)],
        lead=f"规则用到{len(kinds)}个参数，"
        + "，".join(f"{KINDS[key]}{n}个" for key, n in counts.items() if n)
        + "；经验标准没有法律规定的限额。",
        crumbs=[("规则与参数", rules), ("参数", None)],
        tools=[
            segments("规则与参数", [("规则", rules), ("参数", address)], address, push=True),
            segments("性质", tabs, address),
            segments("领域", areas, address),
        ],
    )


def _listed(
    context: Context, book: Any, listed: Sequence[Parameter], users: dict[str, list[Use]]
) -> html.Section:
    columns = [
        Column("参数", width="32%"),
        Column("现行值", number=True),
        Column("自"),
        Column("性质"),
        Column("依据", width="30%", minor=True),
        Column("本地值", number=True, minor=True),
        Column("规则", number=True),
    ]
    lines = [_line(context, book, each, len(users[each.param.id])) for each in listed]
    shown: Node = table("参数", columns, lines)
    if not lines:
        shown = empty("没有符合条件的参数。", link("清除筛选", context.address.at("params")))
    return block("参数", shown, flush=True, sub=f"{len(lines)}个", source=source(context, "规则库"))


def _line(context: Context, book: Any, parameter: Parameter, used: int) -> Line:
    param, none = parameter.param, fmt.NOT_APPLICABLE
    held = parameter.at(context.as_of, region_of(context))
    name = link(param.title, context.address.at("params", param.id, keep=("asof", "snap")))
    local = sum(bool(each.jurisdiction) for each in parameter.values)
    if held is None:
        return Line([name, none, none, none, "只在登记的辖区有值", fmt.count(local), str(used)])
    said = held.said
    basis = value_basis(context, book, param.id, said.since, said.jurisdiction)
    return Line(
        [
            name,
            value_text(said.value),
            fmt.day(held.since),
            tag(standard(said.authority)),
            basis or said.note or none,
            fmt.count(local),
            fmt.count(used),
        ]
    )


# ---- one
def _one(context: Context, book: Any, parameter: Parameter) -> Page:
    param, found = parameter.param, uses(book, parameter.param.id)
    tried = [each.rule.id for each in found if each.rule.rule.status in ("trial", "active")]
    body = [
        _about(context, book, parameter),
        history(context, book, parameter),
        _users(context, found),
        *([backtests.of_param(context, book, param.id, tried)] if context.grant.whole else []),
    ]
    to_rules = context.address.at("rules", keep=("asof", "snap"))
    to_list = context.address.at("params", keep=("asof", "snap"))
    return Page(
        param.title,
        [html.Div(body, className="rows")],
        lead=_lead(context, parameter, len(found)),
        crumbs=[("规则与参数", to_rules), ("参数", to_list), (param.id, None)],
    )


def _lead(context: Context, parameter: Parameter, used: int) -> str:
    held = parameter.at(context.as_of, region_of(context))
    if held is None:
        return f"本地没有这个参数的值；{used}条规则用到它。"
    said = f"现行值{held.said.value}，{standard(held.said.authority)}"
    return f"{said}，自{fmt.day_sentence(held.since)}起；{used}条规则用到它。"


def _about(context: Context, book: Any, parameter: Parameter) -> html.Section:
    param = parameter.param
    checked = param.last_checked
    facts: list[tuple[str, Node]] = [
        ("编号", param.id),
        ("单位", UNITS[param.unit]),
        ("是否法定", "是" if param.statutory else "否"),
        ("更严的方向", TIGHTER.get(param.tighter or "", fmt.NOT_APPLICABLE)),
        ("原文", _checked(parameter)),
        (
            "最近核对",
            f"{fmt.day(checked.on)} {checked.note or ''}" if checked else fmt.NOT_APPLICABLE,
        ),
    ]
    rows = [html.Div([html.Dt(name), html.Dd(said)]) for name, said in facts]
    body: list[Node] = [html.Dl(rows, className="facts")]
    for each in book.local:
        if each.kind == "参数" and each.id == param.id:
            said = f"本地改动：{'；'.join(each.changes)}（{Path(each.file).name} 第{each.line}行）"
            body.append(html.P(said, className="words anywhere"))
    return block("登记", body, source=source(context, "规则库"))


def _checked(parameter: Parameter) -> str:
    """Whether the number was held against the text it rests on; nothing to hold it against: —."""
    if not any(each.said.basis for each in parameter.values):
        return fmt.NOT_APPLICABLE
    return "已与原文核对" if parameter.param.confidence in (None, "H") else "待核对原文"


def _users(context: Context, found: Sequence[Use]) -> html.Section:
    columns = [
        Column("规则", width="50%"),
        Column("类"),
        Column("级别的条件用到它"),
        Column("领域", minor=True),
        Column("状态", minor=True),
    ]
    lines = []
    for each in found:
        rule = each.rule.rule
        signs: list[Node] = [level_chip(level) for level in dict.fromkeys(each.levels)]
        to = context.address.at("rules", rule.id, keep=("asof", "snap"))
        lines.append(
            Line(
                [
                    link(f"{rule.id} {rule.title}", to),
                    class_tag(rule.klass),
                    html.Span(signs, className="chips") if signs else "计量或范围",
                    AREAS.get(rule.area, rule.area),
                    STATUSES[rule.status],
                ]
            )
        )
    return block(
        f"用到它的规则 {len(lines)}",
        table("用到它的规则", columns, lines) if lines else empty("没有规则用到这个参数。"),
        flush=bool(lines),
        source=source(context, "规则库"),
    )
