"""数据质量 /data: what arrived, how far it reaches, what was kept out (pages.md §3.9)."""

from __future__ import annotations

import re
from collections import Counter

from budget_watch.casework.runs import PastRun
from budget_watch.tables import contracts
from budget_watch.views import formats as fmt
from budget_watch.views.arrivals import STATES, Arrival, arrivals, deliveries
from dashboard import elements as html
from dashboard.book import book_of
from dashboard.context import Context
from dashboard.errors import NotFoundError
from dashboard.frame import Page
from dashboard.pages.due_block import due_block, periods_block
from dashboard.pages.place_text import source
from dashboard.pages.quarantine_block import of_table, quarantine_block, quarantine_page
from dashboard.pages.recon_block import recon_block, recon_page
from dashboard.parts import Node, block, empty, insufficient, link
from dashboard.table import Column, Line, table

QUARANTINE = re.compile(r"Q\d{1,9}")


def arrived(context: Context) -> list[Arrival]:
    """All tables' arrivals, once per snapshot."""
    return context.kept(
        "arrivals", lambda: arrivals(context.home, context.reader, context.snapshot)
    )


def reports(found: list[Arrival]) -> list[Arrival]:
    """The 53 report tables, without the reference tables that stand beside them."""
    return [a for a in found if not a.contract.code.startswith("REF")]


def page(context: Context) -> Page:
    """The board, or one table."""
    if context.address.parts == ("recon",):
        return recon_page(context)
    if context.address.parts and QUARANTINE.fullmatch(context.address.parts[0]):
        return quarantine_page(context, context.address.parts[0])
    if context.address.parts:
        return _table_page(context, context.address.parts[0])
    everything = arrived(context)
    found = reports(everything)
    beside = len(everything) - len(found)
    counts = Counter(a.state for a in found)
    kept_out = sum(a.quarantined for a in found)
    rows = sum(a.rows for a in found)
    words = [f"{len(found)}张报表：到齐{counts['arrived'] + counts['quarantined']}张"]
    words.append(f"迟到{counts['late']}张")
    words.append(f"从未送达{counts['never']}张")
    lead = f"{'，'.join(words)}；入库{fmt.count(rows)}行，隔离{fmt.count(kept_out)}行。"
    if beside:
        lead += f"另有{beside}张参照表。"
    run = context.last_run
    if run is not None and run.not_loaded:
        lead += f"规则：{run.counted}。"
    body = [
        due_block(context),
        _board(context, everything),
        quarantine_block(context),
        recon_block(context),
        _not_judged(context, run),
    ]
    return Page("数据质量", [html.Div(body, className="rows")], lead=lead)


def _not_judged(context: Context, run: PastRun | None) -> html.Section:
    """Which rules the last whole run did not judge, and why."""
    title, origin = "没有判断的规则", source(context, "运行记录")
    if run is None:
        sentence = "尚无规则运行记录。请运行 budget-watch check。"
        return block(title, insufficient(sentence), flush=True, source=origin)
    reasons = [(rule, "没有运行", why) for rule, why in run.not_loaded.items()]
    reasons += [(rule, "等待报表", why) for rule, why in run.waiting.items()]
    reasons += [(rule, "出错", "没有可判断的对象") for rule in run.failed]
    columns = [Column("规则", width="20%"), Column("情况"), Column("原因", long=True)]
    read = book_of(context).rules  # a rule that cannot be read has no page
    keep = ("asof", "snap")
    lines = [
        Line(
            [
                link(rule, context.address.at("rules", rule, keep=keep)) if rule in read else rule,
                said,
                html.Span(why, className="anywhere"),
            ]
        )
        for rule, said, why in sorted(reasons)
    ]
    sub = "；".join(filter(None, (f"业务日 {fmt.day(run.as_of)}，{run.counted}", run.beside)))
    body: Node = table(title, columns, lines) if lines else empty("最近一次运行中规则都已判断。")
    return block(title, body, flush=True, sub=sub, source=origin)


def _sign(arrival: Arrival) -> Node:
    sign, word = STATES[arrival.state]
    kind = {"arrived": "ok", "never": "missing"}.get(arrival.state, "")
    return html.Span(f"{sign} {word}", className=kind or None, title=arrival.behind or word)


def _board(context: Context, everything: list[Arrival]) -> html.Section:
    found = reports(everything)
    references = [a for a in everything if a not in found]
    columns = [
        Column("报表", width="30%"),
        Column("送数部门", minor=True),
        Column("频率", minor=True),
        Column("到达"),
        Column("覆盖至"),
        Column("最近业务日", minor=True),
        Column("批次", number=True, minor=True),
        Column("入库行数", number=True),
        Column("隔离行数", number=True),
        Column("说明", minor=True),
    ]
    total = [
        f"合计（{len(found)}张报表，不含参照表）",
        fmt.NOT_APPLICABLE,
        fmt.NOT_APPLICABLE,
        f"{sum(a.state in ('arrived', 'quarantined') for a in found)}张到齐",
        fmt.NOT_APPLICABLE,
        fmt.NOT_APPLICABLE,
        fmt.count(sum(a.batches for a in found)),
        fmt.count(sum(a.rows for a in found)),
        fmt.count(sum(a.quarantined for a in found)),
        fmt.NOT_APPLICABLE,
    ]
    lines = [Line(total, "total")]
    for a in [*found, *references]:
        to = context.address.at("data", a.contract.name, keep=("asof", "snap"))
        dash = fmt.NOT_APPLICABLE
        lines.append(
            Line(
                [
                    [link(f"{a.contract.code} {a.contract.title}", to)],
                    a.contract.delivering_dept,
                    a.contract.frequency,
                    _sign(a),
                    a.reach_title,
                    fmt.day(a.last) if a.last else dash,
                    fmt.count(a.batches) if a.batches else dash,
                    fmt.count(a.rows) if a.batches else dash,
                    fmt.count(a.quarantined) if a.batches else dash,
                    a.behind or dash,
                ]
            )
        )
    key = "图例 " + "　".join(f"{sign} {word}" for sign, word in STATES.values())
    return block(
        "报表到达",
        table("报表到达", columns, lines),
        flush=True,
        unit=key,
        sub="“—”为没有送达，不是零",
        source=source(context, "入库批次账"),
    )


def _table_page(context: Context, name: str) -> Page:
    if name not in contracts():
        raise NotFoundError
    contract = contracts()[name]
    entry = next(a for a in arrived(context) if a.contract.name == name)
    listed = deliveries(context.home, context.snapshot, name)
    dash = fmt.NOT_APPLICABLE
    columns = [
        Column("批次", width="28%"),
        Column("业务日"),
        Column("送达行", number=True),
        Column("入库行", number=True),
        Column("隔离行", number=True),
        Column("拒收行", number=True, minor=True),
        Column("来源", minor=True),
        Column("原因", minor=True),
    ]
    lines = [
        Line(
            [
                "合计",
                dash,
                fmt.count(entry.delivered),
                fmt.count(entry.delivered - entry.quarantined - entry.refused),
                fmt.count(entry.quarantined),
                fmt.count(entry.refused),
                dash,
                dash,
            ],
            "total",
        )
    ]
    lines += [
        Line(
            [
                d.id,
                fmt.day(d.biz_date),
                fmt.count(d.delivered),
                fmt.count(d.stored),
                fmt.count(d.quarantined),
                fmt.count(d.refused),
                d.source.rsplit("/", 1)[-1],
                d.reason or dash,
            ]
        )
        for d in listed
    ]
    body: Node = table("批次", columns, lines)
    if not listed:
        body = empty(
            f"{contract.title}从未送达，由{contract.delivering_dept}负责，应{'、'.join(contract.due)}送达。"
        )
    facts = html.Dl(
        [
            html.Div([html.Dt(key), html.Dd(value)])
            for key, value in (
                ("送数部门", contract.delivering_dept),
                ("频率", contract.frequency),
                ("应送达", "、".join(contract.due)),
                ("粒度", contract.grain),
                ("敏感级别", contract.sensitivity),
                ("覆盖至", entry.reach_title),
            )
        ],
        className="facts",
    )
    fields = table(
        "字段",
        [Column("字段"), Column("名称"), Column("必填"), Column("单位")],
        [
            Line([c.name, c.title, "是" if c.required else "否", c.unit or dash])
            for c in contract.columns
        ],
    )
    stored = fmt.count(entry.delivered - entry.quarantined - entry.refused)
    return Page(
        f"{contract.code} {contract.title}",
        [
            html.Div(
                [
                    block("约定", facts, source=source(context, contract.code)),
                    block(
                        "批次",
                        body,
                        flush=True,
                        sub=f"送达{fmt.count(entry.delivered)} = 入库{stored} + 隔离"
                        f"{fmt.count(entry.quarantined)} + 拒收{fmt.count(entry.refused)}",
                        source=source(context, "入库批次账"),
                    ),
                    periods_block(context, name),
                    of_table(context, name),
                    block("字段", fields, flush=True, source=source(context, contract.code)),
                ],
                className="rows",
            )
        ],
        lead=f"{STATES[entry.state][1]}，覆盖至{entry.reach_title}，入库{fmt.count(entry.rows)}行"
        f"{'；' + entry.behind if entry.behind else ''}。",
        crumbs=[("数据质量", context.address.at("data")), (contract.title, None)],
    )
