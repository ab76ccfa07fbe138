"""What stands beside a finding: its unit's year, other findings of the rule, its past."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from budget_watch.casework.findings import Finding, history
from budget_watch.views import formats as fmt
from budget_watch.views import judgement
from budget_watch.views.drill import Place, Scope
from dashboard import elements as html
from dashboard.context import Context
from dashboard.pages.alerts import chip_of, owner
from dashboard.pages.place_charts import monthly
from dashboard.pages.place_text import source
from dashboard.parts import (
    Node,
    block,
    empty,
    level_chip,
    link,
)
from dashboard.table import Column, Line, table


def pace(context: Context, f: Finding) -> list[Node]:
    """How the unit's year ran, beside a finding about its execution."""
    year, month = f.grain.get("fiscal_year"), f.grain.get("month")
    if f.area != "execution" or f.dept_code is None or not isinstance(year, int):
        return []
    scope: Scope = "local" if context.city and f.mof_div_code == context.city.region else "county"
    path = [("d", f.dept_code)]
    if f.agency_code and f.agency_code != f.dept_code:
        path.append(("u", f.agency_code))
    if year > context.as_of.year:
        return []
    latest = context.as_of.month if year == context.as_of.year else 12
    to = str(month) if isinstance(month, int) and 1 <= month < latest else None
    address = context.address.with_query(fy=str(year), to=to)
    return [monthly(replace(context, address=address), Place(scope, tuple(path)))]


def peers(context: Context, f: Finding, book: Any) -> html.Section:
    """Other findings of the same rule."""
    others = judgement.same_rule(context.home, context.grant, f)
    columns = [
        Column("对象", width="46%"),
        Column("级别"),
        Column("数值", number=True),
        Column("限值", number=True),
        Column("首见", minor=True),
    ]
    lines = []
    for other in others[:8]:
        shown = judgement.shown(book, other)
        to = context.address.at("finding", other.finding[:16], keep=("asof", "snap"))
        lines.append(
            Line(
                [
                    link(owner(context, other), to),
                    chip_of(context, other),
                    shown.value or fmt.NOT_APPLICABLE,
                    shown.limit or fmt.NOT_APPLICABLE,
                    fmt.day(other.first_seen),
                ]
            )
        )
    more = link(
        f"全部{fmt.count(len(others) + 1)}条",
        context.address.at("alerts", keep=("asof", "snap"), rule=f.rule),
    )
    body: Node = (
        table("同一规则的其他疑点", columns, lines)
        if lines
        else empty("本次运行中这条规则没有其他疑点。")
    )
    return block(
        "同类",
        body,
        flush=True,
        unit=more,
        sub=f"{f.rule} 的其他疑点{len(others)}条",
        source=source(context, "疑点库"),
    )


def past(context: Context, f: Finding, book: Any) -> html.Section:
    """The runs in which something about the finding changed."""
    columns = [
        Column("业务日"),
        Column("数据状态"),
        Column("结果"),
        Column("级别"),
        Column("数值", number=True),
        Column("限值", number=True),
        Column("运行", minor=True),
    ]
    outcomes = {
        "hit": "命中",
        "cleared": "未触发",
        "not_applicable": "例外登记",
        "insufficient_data": "数据不足",
        "error": "出错",
    }
    lines = []
    for event in history(context.home, context.grant, f.finding):
        seen = event["observation"]
        then = replace(f, observation=seen, values=seen.get("values") or {})
        shown = judgement.shown(book, then)
        lines.append(
            Line(
                [
                    fmt.day(event["as_of"]),
                    event["data_state"],
                    outcomes.get(event["outcome"], "—"),
                    level_chip(event["level"]) if event["level"] else fmt.NOT_APPLICABLE,
                    shown.value or fmt.NOT_APPLICABLE,
                    shown.limit or fmt.NOT_APPLICABLE,
                    event["run"],
                ]
            )
        )
    return block(
        "历史",
        table("历史", columns, lines),
        flush=True,
        sub="只列有变化的运行",
        source=source(context, "疑点库"),
    )
