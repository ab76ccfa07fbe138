"""Papers of a session: 审议意见汇总 and the draft of 审查结果报告, built as other reports are."""

from __future__ import annotations

from budget_watch.access.granting import may
from budget_watch.casework.accounts import store_of
from budget_watch.casework.cases import today_of
from budget_watch.congress.session import DEPUTY, Congress
from budget_watch.digest.issues import RUNNING, Issue
from budget_watch.digest.package import LEAST
from budget_watch.digest.template import subject_of
from dashboard import elements as html
from dashboard.acting_on_digests import NEW
from dashboard.context import Context
from dashboard.issue_files import state_of
from dashboard.markup import Input
from dashboard.pages.congress_floor import hidden
from dashboard.pages.digest import called, shown, to_issue
from dashboard.pages.digest_side import BUILDERS
from dashboard.pages.forms import export_form, folded, labelled, role_field, select
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


def package_block(context: Context, one: Congress) -> list[Node]:
    """The form that makes a deputy's offline package, for those who may take things away."""
    able = may(store_of(context.home), context.grant.role, "export")
    deputies = {e.user: f"{e.delegation} {e.name}" for e in one.members if e.part == DEPUTY}
    if not able or not context.latest or not one.running(today_of()):
        return []
    fields: list[Node] = [
        labelled("代表", select("user", deputies)),
        labelled(
            f"口令（至少{LEAST}个字符）",
            Input(name="passphrase", type="text", required=True),
        ),
        labelled(
            "有效至（不晚于会期末日）",
            Input(name="until", type="date", value=one.until.isoformat(), required=True),
        ),
    ]
    note = (
        "按这位代表本人的权限编制，加密、签名，不用服务器就能在浏览器里打开。口令系统不保存，请另行告诉本人。"
        "到期后页面不再显示；但拿着文件和口令的人可以调慢设备的时钟，所以到期只是提醒，不能收回。"
    )
    form = export_form(
        "制作离线材料", "package", fields=fields, note=note, word="制作并下载", session=one.id
    )
    return [block("平板离线材料", form, source=source_line("制作记入审计日志"))]


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
