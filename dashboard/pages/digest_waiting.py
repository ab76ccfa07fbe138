"""待审批 on 我的待办: issues built by schedule that wait for whoever may publish them."""

from __future__ import annotations

from budget_watch.access.granting import may
from budget_watch.casework.accounts import store_of
from budget_watch.casework.cases import actor_of
from budget_watch.digest.issues import Issue, list_issues
from budget_watch.digest.period import parse
from budget_watch.digest.telling import PUBLISHERS
from dashboard import elements as html
from dashboard.acting import chooses_role
from dashboard.context import Context
from dashboard.pages.opinions import moment
from dashboard.parts import Node, block, link, source_line, tag


def waiting_issues(context: Context) -> list[Issue]:
    """The newest build of each report and period, where it waits; none for who may not publish."""
    grant = context.grant
    actor = actor_of(context.home, grant)
    publishes = chooses_role(grant) or actor.role in PUBLISHERS
    if not publishes or not grant.whole or not may(store_of(context.home), grant.role, "digest"):
        return []
    newest: dict[tuple[str, str], Issue] = {}
    for issue in list_issues(context.home, grant):
        if issue.made is not None:
            newest.setdefault((issue.report, issue.period), issue)
    return [issue for issue in newest.values() if issue.waits]


def waiting_block(context: Context, issues: list[Issue]) -> list[Node]:
    """Each with its gaps and the way to where it is published."""
    items = [
        html.Li(
            [
                link(
                    f"第{issue.number}号 {issue.made.title}（{parse(issue.period).title}）",
                    context.address.at("digest", issue.period, no=str(issue.number)),
                ),
                " ",
                tag("待审批"),
                html.Div(
                    f"定时编写，{moment(issue.changed_at)}；数据业务日{issue.made.biz_date}，"
                    + (f"{len(issue.made.gaps)}项数据缺口列在首页。" if issue.made.gaps
                       else "所用输入齐全。"),
                    className="note",
                ),
            ]
        )
        for issue in issues
        if issue.made is not None
    ]  # fmt: skip
    told = html.Ol(items, className="acts-list")
    return [block("季刊待审批", told, source=source_line("季刊登记"))] if items else []
