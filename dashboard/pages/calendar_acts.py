"""What the year's nodes did by themselves, on 监督日历: for the office, the latest first."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from budget_watch.casework.cases import HERE
from budget_watch.digest.issues import list_issues
from budget_watch.meetings.node_acts import (
    BUILT,
    DATED,
    DONE,
    FAILED,
    MOVED,
    RAN,
    REMINDED,
    WORDS,
    NodeAct,
    node_acts,
)
from budget_watch.views import formats as fmt
from dashboard import elements as html
from dashboard.context import Context
from dashboard.pages.forms import committee_roles
from dashboard.parts import Node, block, empty, link, source_line, tag
from dashboard.table import Column, Line, table

_MOST = 60


def acts_block(context: Context, year: int) -> list[html.Section]:
    """The block; nothing for readers outside the office."""
    if not committee_roles(context) or not context.grant.whole:
        return []
    acts = [each for each in node_acts(context.home, year) if each.act != DATED]
    source = source_line("监督日历的运行记录", "只增不改")
    if not acts:
        said = "还没有自动办过。定时运行（schedule）每天按节点提醒、记下规则结果、生成报告。"
        return [block("节点自动办了什么", empty(said), source=source)]
    issues = {e.number: e for e in list_issues(context.home, context.grant)}
    columns = [Column("时间", width="132px"), Column("节点", width="30%", long=True)]
    columns += [Column("办了什么"), Column("说明", long=True)]
    lines = [_line(context, each, issues) for each in reversed(acts)][:_MOST]
    counts = "，".join(
        f"{word}{sum(each.act == act for each in acts)}次"
        for act, word in WORDS.items()
        if any(each.act == act for each in acts)
    )
    body: list[Node] = [table("节点自动办了什么", columns, lines)]
    if len(acts) > _MOST:
        body.append(html.P(f"另有{len(acts) - _MOST}条没有列出。", className="tools inner note"))
    return [block("节点自动办了什么", body, flush=True, sub=counts, source=source)]


def _line(context: Context, each: NodeAct, issues: Mapping[int, Any]) -> Line:
    at = datetime.fromisoformat(each.at).astimezone(HERE)
    part = f"（{each.part}）" if each.part else ""
    name = f"{each.node} {each.said['title']}{part}"
    return Line([f"{at:%Y-%m-%d %H:%M}", name, tag(WORDS[each.act], plain=True),
                 _said(context, each, issues)])  # fmt: skip


def _said(context: Context, each: NodeAct, issues: Mapping[int, Any]) -> Node:
    said = each.said
    if each.act == MOVED:
        return f"由{said['from']}改为{said['to']}：{said['why']}"
    if each.act == REMINDED:
        people = len(said["told"])
        whom = f"提醒了{people}人" if people else "没有可提醒的账号"
        return f"{said['state']}，期限{fmt.day(each.due) if each.due else '未定'}；{whom}"
    if each.act == DONE:
        late = f"，其中{said['late']}项晚办" if said["late"] else ""
        return f"登记{said['entries']}项{late}"
    if each.act == BUILT:
        issue = issues.get(said["issue"])
        state = issue.state if issue else "已取消或不可见"
        to = context.address.at("digest", said["period"], keep=(), no=str(said["issue"]))
        return [link(f"{said['report']} {said['period']}（第{said['issue']}号）", to), f" {state}"]
    if each.act == FAILED:
        return f"{said['report']} {said['period']}：{said['why']}"
    return _ran(context, said) if each.act == RAN else fmt.NOT_APPLICABLE


def _ran(context: Context, said: Mapping[str, Any]) -> Node:
    """What each rule found in that run, and which documents were missing."""
    parts: list[Node] = []
    for rule, tally in said["rules"].items():
        told = "没有运行"
        if tally is not None:
            told = f"判断{tally['judged']}，疑点{tally['hit']}"
            told += f"，数据不足{tally['insufficient_data']}" if tally["insufficient_data"] else ""
        to = context.address.at("rules", rule, keep=())
        parts.append(html.Div([link(rule, to), f" {told}"]))
    if said["missing"]:
        parts.append(html.Div(f"缺 {'、'.join(said['missing'])}"))
    return html.Div(parts) if parts else "材料都已送达"
