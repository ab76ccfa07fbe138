"""What 监督日历 reminds of beside the reader's own tasks: nodes that are near or past their day."""

from __future__ import annotations

from budget_watch.views import formats as fmt
from budget_watch.views.supervision_year import LATE, NEAR
from dashboard import elements as html
from dashboard.context import Context
from dashboard.pages.calendar import followed_nodes, state_words, title_of
from dashboard.parts import Node, block, link, source_line

_MOST = 5


def soon_block(context: Context) -> list[Node]:
    """The block; nothing for whoever sees a part only, or where nothing is near or past."""
    if not context.grant.whole:
        return []
    due = [each for _, each in followed_nodes(context) if each.state in (LATE, NEAR)]
    if not due:
        return []
    items: list[Node] = [
        html.Li(
            [
                link(title_of(each), context.address.at("calendar", keep=())),
                " ",
                fmt.day(each.due.day) if each.due else "",
                " ",
                state_words(each, context.as_of),
            ]
        )
        for each in due[:_MOST]
    ]
    if len(due) > _MOST:
        more = link(f"另有{len(due) - _MOST}个", context.address.at("calendar", keep=()))
        items.append(html.Li(more))
    source = source_line(
        "FIN-29 程序节点与公开登记表",
        f"业务日 {fmt.day(context.as_of)}",
        f"快照 {context.snapshot.id}",
    )
    return [block("监督日历", html.Ol(items, className="acts-list"), source=source)]
