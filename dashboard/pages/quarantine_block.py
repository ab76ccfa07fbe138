"""隔离区 on the 数据质量 page: which rows were kept out, why, and what became of them."""

from __future__ import annotations

from budget_watch.lake.quarantine import Bundle
from budget_watch.views import formats as fmt
from budget_watch.views import quarantine as view
from budget_watch.views.quarantine import Row, Waiting
from dashboard import elements as html
from dashboard.context import Context
from dashboard.errors import NotFoundError
from dashboard.frame import Page
from dashboard.gate_docs import INDEX, has_docs
from dashboard.pages.place_text import source
from dashboard.parts import Node, block, empty, link
from dashboard.table import Column, Line, table

_KEEP = ("asof", "snap")
_SHOWN = 20
_ROWS = 200


def found(context: Context) -> list[Waiting]:
    """Every delivery with rows in quarantine, once per snapshot and grant."""
    return context.kept(
        "quarantine", lambda: view.bundles(context.home, context.grant, context.snapshot)
    )


def quarantine_block(context: Context) -> html.Section:
    """What waits for somebody, and the way to the gate's own record."""
    everything = found(context)
    waiting = [one for one in everything if one.open]
    rows = sum(one.open for one in waiting)
    body: list[Node] = [_bundles(context, "隔离区", waiting[:_SHOWN])] if waiting else []
    if not waiting:
        body = [empty("没有待处理的隔离行。")]
    if len(waiting) > _SHOWN:
        body.append(html.P(f"另有{len(waiting) - _SHOWN}个批次，见各报表的页面。"))
    record: Node = None
    if has_docs(context.home):
        record = html.A("入库校验记录（Data Docs）", href=INDEX, target="_blank", rel="noopener")
    done = sum(one.rows - one.open for one in everything)
    sub = f"{len(waiting)}个批次待处理{fmt.count(rows)}行；已放行、作废或取代{fmt.count(done)}行"
    origin = source(context, "隔离区")
    return block("隔离区", body, flush=True, sub=sub, unit=record, source=origin)


def of_table(context: Context, name: str) -> html.Section | None:
    """The quarantine of one table; None where there never was any."""
    own = [one for one in found(context) if one.contract.name == name]
    if not own:
        return None
    return block(
        "隔离区",
        _bundles(context, "隔离区", own[:_ROWS]),
        flush=True,
        sub="隔离 = 待处理 + 放行 + 作废 + 已取代",
        source=source(context, "隔离区"),
    )


def quarantine_page(context: Context, name: str) -> Page:
    """The rows of one delivery. Raises NotFoundError."""
    one = view.bundle(context.home, context.snapshot, name)
    told = next((each for each in found(context) if each.name == name), None)
    if one is None or told is None:
        raise NotFoundError
    rows, count = view.rows(context.home, context.grant, context.snapshot, one, _ROWS)
    shown = f"，列出前{_ROWS}行" if count > _ROWS else ""
    title = f"{told.contract.code} {told.contract.title}"
    lead = (
        f"批次{told.batch}隔离{fmt.count(told.rows)}行：待处理{fmt.count(told.open)}，"
        f"放行{fmt.count(told.released)}，作废{fmt.count(told.discarded)}，"
        f"已取代{fmt.count(told.superseded)}。"
    )
    facts = html.Dl(
        [
            html.Div([html.Dt(key), html.Dd(value)])
            for key, value in (
                ("报表", title),
                ("来源", html.Span(one.source, className="anywhere")),
                ("业务日", fmt.day(one.biz_date)),
                ("怎样处理", _how(told)),
            )
        ],
        className="facts",
    )
    return Page(
        f"隔离 {name}",
        [
            html.Div(
                [
                    block("批次", facts, source=source(context, "入库批次账")),
                    block(
                        "隔离的行",
                        _rows(name, rows),
                        flush=True,
                        sub=f"共{fmt.count(count)}行{shown}",
                        source=source(context, "隔离区"),
                    ),
                    _log(context, one),
                ],
                className="rows",
            )
        ],
        lead=lead,
        crumbs=[
            ("数据质量", context.address.at("data")),
            (told.contract.title, context.address.at("data", told.contract.name, keep=_KEEP)),
            (name, None),
        ],
    )


def _how(told: Waiting) -> Node:
    if not told.open:
        return "已处理完"
    base = "budget-watch quarantine"
    return [
        html.Div(f"更正：{base} export {told.name} --out 更正.xlsx，改好后"),
        html.Div(f"{base} release {told.name} --file 更正.xlsx --why 理由"),
        html.Div(f"作废：{base} discard {told.name} --rows 行号 --why 理由"),
    ]


def _bundles(context: Context, title: str, some: list[Waiting]) -> Node:
    columns = [
        Column("编号", width="7%"),
        Column("报表", width="22%"),
        Column("业务日", minor=True),
        Column("隔离", number=True),
        Column("待处理", number=True),
        Column("放行", number=True, minor=True),
        Column("作废", number=True, minor=True),
        Column("已取代", number=True, minor=True),
        Column("原因", long=True),
        Column("来源", minor=True, width="16%"),
    ]
    lines = [
        Line(
            [
                link(one.name, context.address.at("data", one.name, keep=_KEEP)),
                f"{one.contract.code} {one.contract.title}",
                one.day,
                fmt.count(one.rows),
                fmt.count(one.open),
                fmt.count(one.released),
                fmt.count(one.discarded),
                fmt.count(one.superseded),
                "；".join(f"{why} {fmt.count(rows)}行" for why, rows in one.reasons[:3])
                or fmt.NOT_APPLICABLE,
                html.Span(one.source, className="anywhere"),
            ]
        )
        for one in some
    ]
    return table(title, columns, lines)


def _rows(name: str, rows: list[Row]) -> Node:
    columns = [
        Column("隔离行", width="8%"),
        Column("来源行"),
        Column("状态"),
        Column("原因", long=True, width="30%"),
        Column("内容", long=True, width="40%"),
    ]
    lines = [
        Line(
            [
                f"{name}:{row.line}",
                row.place or fmt.NOT_APPLICABLE,
                html.Span(
                    [row.state, "（可放行）" if row.releasable and row.state == "待处理" else ""],
                    title=row.why or None,
                ),
                html.Span(row.reason, className="anywhere"),
                html.Span(
                    "；".join(f"{title} {text}" for title, text in row.content),
                    className="anywhere",
                ),
            ]
        )
        for row in rows
    ]
    return table("隔离的行", columns, lines) if lines else empty("没有您可以查看的行。")


def _log(context: Context, one: Bundle) -> html.Section:
    columns = [
        Column("时间"),
        Column("经办"),
        Column("处理"),
        Column("行数", number=True),
        Column("理由", long=True),
    ]
    lines = [
        Line([when, html.Span(who, className="anywhere"), what, fmt.count(rows), why])
        for when, who, what, rows, why in view.log(context.home, context.snapshot, one)
    ]
    body = table("处理记录", columns, lines) if lines else empty("尚未处理。")
    return block("处理记录", body, flush=True, source=source(context, "隔离区"))
