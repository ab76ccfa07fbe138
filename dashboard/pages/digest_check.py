"""核对 on an issue's page: asked for with a button, what came of it, figure by figure."""

from __future__ import annotations

from budget_watch.access.granting import may
from budget_watch.casework.accounts import store_of
from budget_watch.digest.checks import FAILED, LOOK, RUNNING, Check, last_check
from budget_watch.digest.issues import Issue
from dashboard import elements as html
from dashboard.acting_on_digests import PREFIX
from dashboard.context import Context
from dashboard.issue_files import check_of
from dashboard.pages.forms import folded, labelled, role_field, select
from dashboard.pages.opinions import moment
from dashboard.parts import Node, attrs, block, source_line, tag

SOURCE = "季刊核对"
AGAINST = {"own": "编写时的快照", "latest": "最近的快照"}
_MOST = 20  # things shown; the command lists all
_FORMATS = {"docx": "Word", "pdf": "PDF", "html": "网页"}


def checking(context: Context, issue: Issue, builders: tuple[str, ...]) -> list[Node]:
    """The block; absent for whoever may not ask."""
    able = may(store_of(context.home), context.grant.role, "digest")
    if not able or not context.grant.whole or not context.latest or issue.made is None:
        return []
    last = last_check(context.home, issue.number)
    body: list[Node] = [*_told(context, issue, last)]
    if last is None or last.state != RUNNING:
        fields: list[Node] = [
            role_field(context, builders),
            labelled("按哪个快照重算", select("against", AGAINST, "own")),
            html.P(
                "每个数字从数据重算，与登记的原件对照；在单独的进程里，记入审计日志。",
                className="note",
            ),
        ]
        body.append(folded("核对本号", "verify", f"{PREFIX}{issue.number}", 0, fields, word="核对"))
    return [block("核对", body, source=source_line(SOURCE, f"第{issue.number}号"))]


def _told(context: Context, issue: Issue, last: Check | None) -> list[Node]:
    if last is None:
        return [html.P("还没有核对过。")]
    if last.state == RUNNING:
        going = html.Span(last.said, **attrs({"data-poll": check_of(issue.number)}))
        return [html.P([tag("正在核对"), " ", going])]
    word = {FAILED: "没有核对", LOOK: "有不同"}.get(last.state, "一致")
    when = f" {moment(last.at)} {context.called(last.user)}"
    against = html.P(f"按快照 {last.against} 重算。", className="note") if last.against else ""
    found: list[Node] = [html.P([tag(word), when]), *_sentences(last), against]
    if last.told:
        items = [_item(each) for each in last.told[:_MOST]]
        found.append(html.Ol(items, className="acts-list"))
    if len(last.told) > _MOST:
        more = f"共{len(last.told)}处，这里列{_MOST}处；digest verify 列出全部。"
        found.append(html.P(more, className="note"))
    return found


def _sentences(last: Check) -> list[Node]:
    lines = []
    for line in last.said.splitlines():
        format, colon, rest = line.partition("：")
        known = colon and format in _FORMATS
        lines.append(html.P(f"{_FORMATS[format]}：{rest}" if known else line))
    return lines


def _item(each: dict[str, object]) -> html.Li:
    places = each["places"]
    where = "；".join(map(str, places[:2])) if isinstance(places, list) else ""
    return html.Li(
        [tag(str(each["title"])), f" {each['message']}", html.Div(where, className="note")]
    )
