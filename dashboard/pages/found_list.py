"""A list of findings on a topic's page: level, sentence with the way to its page, rule."""

from __future__ import annotations

from collections.abc import Sequence

from budget_watch.casework.findings import Finding
from dashboard import elements as html
from dashboard.context import Context
from dashboard.parts import level_chip, link
from dashboard.table import Column, Line, table


def how_many(context: Context, count: int) -> str:
    """“疑点3条”; of none, whether there are none or only none for this reader."""
    if count:
        return f"疑点{count}条"
    return f"{context.some_findings}，没有可查看的" if context.some_findings else "没有疑点"


def found_list(context: Context, found: Sequence[Finding], caption: str = "疑点") -> html.Div:
    """The findings as a table, in the order given."""
    columns = [Column("级别"), Column("疑点", width="76%", long=True), Column("规则", minor=True)]
    lines = [
        Line(
            [
                level_chip(each.level, each.provisional),
                link(
                    each.message,
                    context.address.at("finding", each.finding[:16], keep=("asof", "snap")),
                ),
                each.rule,
            ]
        )
        for each in found
    ]
    return table(caption, columns, lines)
