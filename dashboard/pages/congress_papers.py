"""Papers of a session: 审议意见汇总 and the draft of 审查结果报告, built as other reports are."""

from __future__ import annotations

from budget_watch.access.granting import may
from budget_watch.casework.accounts import store_of
from budget_watch.congress.session import Congress
from budget_watch.digest.issues import RUNNING, Issue
from budget_watch.digest.template import subject_of
from dashboard import elements as html
from dashboard.acting_on_digests import NEW
from dashboard.context import Context
from dashboard.issue_files import state_of
from dashboard.markup import Input
from dashboard.pages.congress_floor import hidden
from dashboard.pages.digest import called, shown, to_issue
from dashboard.pages.digest_side import BUILDERS
from dashboard.pages.forms import folded, labelled, role_field
from dashboard.pages.opinions import moment
from dashboard.parts import Node, attrs, block, empty, link, source_line, tag

REPORTS = {"opinions": "生成审议意见汇总", "result": "生成审查结果报告（草稿）"}


def papers_block(context: Context, one: Congress) -> list[Node]:
    """What was built of this session, and the forms that build it; nothing to who sees neither."""
    found = shown(context)
    own = [issue for issue in found if subject_of(issue.report) == one.id]
    able = may(store_of(context.home), context.grant.role, "digest")
    forms: list[Node] = []
    if able and context.grant.whole and context.latest:
        forms = [_form(context, one, report, title) for report, title in REPORTS.items()]
    if not forms and not own:
        return []
    items = [html.Li(_line(context, issue, found)) for issue in own]
    body: Node = html.Ol(items, className="acts-list") if items else empty("还没有生成过。")
    line = source_line("季刊登记", "在报告页下载 Word、PDF，发布和核对")
    return [block("会议文件", [body, *forms], source=line)]


def _line(context: Context, issue: Issue, found: list[Issue]) -> list[Node]:
    name = f"{called(context, issue)} 第{issue.number}号"
    head: Node = link(name, to_issue(context, issue, found)) if issue.made else name
    if issue.state == RUNNING:
        stage = html.Span(issue.stage, **attrs({"data-poll": state_of(issue.number)}))
        return [head, " ", tag(RUNNING), " ", stage]
    said = f"{moment(issue.changed_at)}生成" if issue.made else issue.stage
    return [head, html.Div(f"{issue.state}，{said}", className="note")]


def _form(context: Context, one: Congress, report: str, title: str) -> Node:
    year = Input(name="year", type="number", value=str(one.since.year), required=True)
    fields: list[Node] = [
        role_field(context, BUILDERS),
        hidden("report", report),
        hidden("subject", one.id),
        hidden("kind", "year"),
        labelled("预算年度", year),
    ]
    return folded(title, "build", NEW, 0, fields, word="生成")
