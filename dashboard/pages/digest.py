"""季刊 /digest, /digest/<期>: every issue built, its gaps first, its text, what changed."""

from __future__ import annotations

from collections.abc import Sequence

from budget_watch.access.granting import may
from budget_watch.casework.accounts import store_of
from budget_watch.digest.comparing import Changed, Comparison, compare
from budget_watch.digest.errors import DigestError, PeriodError
from budget_watch.digest.issues import RUNNING, Issue, figures_of, list_issues, newest
from budget_watch.digest.period import parse
from budget_watch.digest.settings import read_settings
from budget_watch.digest.signature import UNSIGNED, Signature
from budget_watch.digest.template import templates_of
from budget_watch.views import formats as fmt
from dashboard import elements as html
from dashboard.acting_on_digests import KINDS, NEW, PREFIX, QUARTERLY
from dashboard.address import Address
from dashboard.context import Context
from dashboard.errors import NotFoundError
from dashboard.frame import Page
from dashboard.issue_files import page_of, state_of
from dashboard.markup import Input
from dashboard.pages.digest_side import BUILDERS, side, signed_fields
from dashboard.pages.forms import folded, labelled, role_field, select
from dashboard.pages.opinions import moment
from dashboard.parts import Node, attrs, block, empty, insufficient, link, source_line, tag
from dashboard.table import Column, Line, table

SOURCE = "季刊登记"
_MOST = 40  # changed figures shown before somebody asks for all


def page(context: Context) -> Page:
    """The list, or one period's issue."""
    found = shown(context)
    if context.address.parts:
        return _one(context, found)
    body = [*_going(context, found), _list(context, found), *_building(context)]
    return Page(
        "季刊与报告",
        [html.Div(body, className="rows")],
        lead=_lead(context, found),
        tab_title="季刊与报告",
    )


def shown(context: Context) -> list[Issue]:
    """Issues open to the reader, of snapshots up to the as-of day."""
    day = context.as_of.isoformat()
    return [
        issue
        for issue in list_issues(context.home, context.grant)
        if issue.made is None or issue.made.biz_date <= day
    ]


def _lead(context: Context, found: Sequence[Issue]) -> str:
    built = [issue for issue in found if issue.made]
    if not built:
        return "还没有生成过。" if context.grant.whole else "还没有发布给您的季刊。"
    last = built[0]
    gaps = len(last.made.gaps) if last.made else 0
    told = f"{gaps}项数据缺口列在首页" if gaps else "所用输入齐全"
    name = f"{called(context, last)}（{parse(last.period).title}）"
    return (
        f"共{len(built)}号，最近是第{last.number}号{name}，{moment(last.changed_at)}生成，{told}。"
    )


def _going(context: Context, found: Sequence[Issue]) -> list[Node]:
    going = [issue for issue in found if issue.state == RUNNING]
    if not going:
        return []
    rows = [
        html.Li(
            [
                html.B(f"第{issue.number}号 {called(context, issue)} {parse(issue.period).title}"),
                " ",
                tag(RUNNING),
                " ",
                html.Span(issue.stage, **attrs({"data-poll": state_of(issue.number)})),
                folded(
                    "取消生成",
                    "cancel",
                    f"{PREFIX}{issue.number}",
                    0,
                    [role_field(context, BUILDERS)],
                    word="取消",
                ),
            ]
        )
        for issue in going
    ]
    return [block("正在生成", html.Ol(rows, className="acts-list"), source=source_line(SOURCE))]


def _list(context: Context, found: Sequence[Issue]) -> Node:
    told = [issue for issue in found if issue.state != RUNNING]
    if not told:
        way = "由预算工委生成，签发发布后在这里阅读。"
        return empty("还没有季刊和报告。" + ("" if context.grant.whole else way))
    columns = [
        Column("报告"),
        Column("期间"),
        Column("编号", number=True),
        Column("数据业务日"),
        Column("快照", minor=True),
        Column("生成"),
        Column("生成人", minor=True),
        Column("数据缺口", number=True),
        Column("状态", long=True),
    ]
    return block(
        "各期",
        table("各期季刊和报告", columns, [_line(context, issue, found) for issue in told]),
        flush=True,
        source=source_line(SOURCE, f"数据截至 {fmt.day(context.as_of)}"),
    )


def _line(context: Context, issue: Issue, found: Sequence[Issue]) -> Line:
    made, title = issue.made, parse(issue.period).title
    name: Node = called(context, issue)
    cells: list[Node] = [
        link(name, to_issue(context, issue, found)) if made else name,
        title,
        str(issue.number),
        made.biz_date if made else fmt.NOT_APPLICABLE,
        made.snapshot if made else fmt.NOT_APPLICABLE,
        moment(issue.changed_at),
        context.called(issue.user),
        f"{len(made.gaps)}项" if made else fmt.NOT_APPLICABLE,
        _standing(issue),
    ]
    return Line(cells)


def _standing(issue: Issue) -> Node:
    if issue.made is None:
        return [tag(issue.state), f" {issue.stage}"]
    if issue.published is None:
        return [tag("待审批"), " 定时编写"] if issue.waits else [tag("未发布")]
    return [tag("已发布"), f" 给{'、'.join(issue.published.roles)}"]


def to_issue(context: Context, issue: Issue, found: Sequence[Issue]) -> Address:
    """The address of an issue: its period, and its number where it is not its newest 季刊."""
    last = newest(found, QUARTERLY, issue.period)
    number = None if last is issue else str(issue.number)
    return context.address.at("digest", issue.period).with_query(no=number)


def called(context: Context, issue: Issue) -> str:
    """What kind of report an issue is, with whom it is about."""
    report, _, subject = issue.report.partition(":")
    names = {each.report: each.name for each in templates_of(context.home)}
    name = names.get(report, report)
    if report == QUARTERLY:
        name = parse(issue.period).kind
    return f"{name}（{subject}）" if subject else name


def _building(context: Context) -> list[Node]:
    able = may(store_of(context.home), context.grant.role, "digest")
    if not able or not context.grant.whole or not context.latest:
        return []
    day = context.as_of
    quarter = (day.month - 1) // 3
    year, part = (day.year, quarter) if quarter else (day.year - 1, 4)
    kinds = {each.report: each.name for each in templates_of(context.home)}
    fields: list[Node] = [
        role_field(context, BUILDERS),
        labelled("报告", select("report", kinds, QUARTERLY)),
        labelled(
            "部门编码（部门画像）、代表账号（代表履职材料）或会次编号（审议意见汇总、审查结果报告），其他不填",
            Input(name="subject", type="text"),
        ),
        labelled("期间种类", select("kind", KINDS, "quarter")),
        labelled("年度", Input(name="year", type="number", value=str(year), required=True)),
        labelled(
            "第几季度、几月、上（1）下（2）半年；年不用填",
            Input(name="part", type="number", min="1", max="12", value=str(part)),
        ),
        *signed_fields(_settled(context)),
        html.P(
            f"按数据截至{fmt.day(day)}的快照生成，约需几秒至一分钟；没有结束的期间不编（预算草案除外），"
            "缺的数据列在首页。",
            className="note",
        ),
    ]
    form = folded("生成一期", "build", NEW, 0, fields, word="生成")
    return [block("生成", form, source=source_line(SOURCE))]


def _settled(context: Context) -> Signature:
    """签发人 and 报送范围 of the settings; none where the settings cannot be read."""
    try:
        return read_settings(context.home).signature
    except DigestError:
        return UNSIGNED


def _one(context: Context, found: Sequence[Issue]) -> Page:
    issue = _wanted(context, found)
    made = issue.made
    if made is None:
        raise NotFoundError
    other = _other(context, found, issue)
    body: list[Node] = [_gaps(issue)]
    body += [_compared(context, other, issue)] if other else []
    body.append(_text(issue))
    gaps = f"{len(made.gaps)}项数据缺口列在首页" if made.gaps else "所用输入齐全"
    columns = [
        html.Div(body, className="rows"),
        html.Div(side(context, issue, found, other), className="rows"),
    ]
    return Page(
        f"{made.title}（{made.subtitle}）",
        [html.Div(columns, className="cols-side")],
        lead=f"第{issue.number}号，数据业务日{made.biz_date}，印出{made.figures:,}个数字，{gaps}。",
        crumbs=[("季刊与报告", context.address.at("digest")), (made.subtitle, None)],
        tab_title=f"{called(context, issue)} {made.subtitle}",
    )


def _wanted(context: Context, found: Sequence[Issue]) -> Issue:
    try:
        period = parse(context.address.parts[0]).text
    except PeriodError as error:
        raise NotFoundError from error
    number = context.address.get("no")
    if not number:
        last = newest(found, QUARTERLY, period)
    else:
        same = (i for i in found if i.number == int(number) and i.period == period and i.made)
        last = next(same, None)
    if last is None:
        raise NotFoundError
    return last


def _other(context: Context, found: Sequence[Issue], issue: Issue) -> Issue | None:
    number = context.address.get("cmp")
    if not number:
        return None
    chosen = next((i for i in found if i.number == int(number) and i.made), None)
    if chosen is None or chosen.number == issue.number:
        raise NotFoundError
    return chosen


def _gaps(issue: Issue) -> Node:
    made = issue.made
    if made is None or not made.gaps:
        body: Node = html.P("本期所用输入齐全。")
    else:
        rows = [
            html.Li([text, html.Div(f"影响：{'、'.join(chapters)}", className="note")])
            for text, chapters in made.gaps
        ]
        told = insufficient(f"{len(made.gaps)}项，相关内容未写。")
        body = [told, html.Ol(rows, className="acts-list")]
    return block("数据缺口", body, source=source_line("首页所列", f"第{issue.number}号"))


def _text(issue: Issue) -> Node:
    whole = html.A(
        "整页阅读",
        href=page_of(issue.number),
        target="_blank",
        className="button main",
        **attrs({"rel": "noopener"}),
    )
    frame = html.Iframe(
        src=page_of(issue.number),
        title="季刊正文",
        className="paper",
        sandbox="allow-scripts",
    )
    note = html.P("点正文里的数字，看精确值、口径、公式和查询。", className="note")
    made = issue.made
    snapshot = made.snapshot if made else ""
    return block("正文", [whole, note, frame], source=source_line(SOURCE, f"快照 {snapshot}"))


def _compared(context: Context, before: Issue, after: Issue) -> Node:
    title = f"与第{before.number}号{parse(before.period).title}比较"
    try:
        told = compare(figures_of(context.home, before), figures_of(context.home, after))
    except DigestError as error:
        return block(title, insufficient(str(error)))
    body = _changes(context, told, before, after)
    return block(title, body, flush=True, source=_sources(before, after))


def _sources(before: Issue, after: Issue) -> html.Footer:
    snapshots = [f"第{i.number}号 快照 {i.made.snapshot}" for i in (before, after) if i.made]
    return source_line(SOURCE, *snapshots)


def _changes(context: Context, told: Comparison, before: Issue, after: Issue) -> list[Node]:
    said = f"{told.same}个数字相同，{len(told.changed)}个不同"
    said += f"；前一号有而本号没有的{len(told.gone)}个，本号新有的{len(told.come)}个。"
    body: list[Node] = [html.P(said, className="tools inner")]
    if not told.changed:
        return body
    columns = [
        Column("数字", long=True),
        Column(f"第{before.number}号", number=True),
        Column(f"第{after.number}号", number=True),
        Column("相差", number=True),
    ]
    every = context.address.get("open") == "all"
    shown = told.changed if every else told.changed[:_MOST]
    lines = [Line([_named(each, after), each.before, each.after, each.step]) for each in shown]
    body.append(table("有变化的数字", columns, lines))
    if len(shown) < len(told.changed):
        all_ = context.address.with_query(open="all")
        more = link(f"查看全部{len(told.changed)}个", all_, replace=True)
        body.append(html.P(more, className="tools inner"))
    return body


def _named(each: Changed, after: Issue) -> html.Div:
    """A figure's name, the way to its line of the appendix, and what it is about."""
    href = f"{page_of(after.number)}#k-{each.key}"
    name = html.A(each.label, href=href, target="_blank", **attrs({"rel": "noopener"}))
    return html.Div([name, html.Div(each.scope, className="note")])
