"""Beside an issue: what it is, taking it away, publishing it, its other builds, comparing."""

from __future__ import annotations

from collections.abc import Sequence

from budget_watch.access.granting import may
from budget_watch.casework.accounts import store_of
from budget_watch.casework.cases import actor_of
from budget_watch.digest.issues import Issue
from budget_watch.digest.issuing import may_take
from budget_watch.digest.period import parse
from budget_watch.digest.publishing import readers
from budget_watch.digest.signature import PENDING, REACH, SIGNER, Signature
from budget_watch.digest.telling import PUBLISHERS
from dashboard import elements as html
from dashboard.acting import chooses_role
from dashboard.acting_on_digests import PREFIX
from dashboard.context import Context
from dashboard.markup import Input
from dashboard.pages.digest_check import checking
from dashboard.pages.forms import export_form, folded, labelled, role_field, select
from dashboard.pages.opinions import moment
from dashboard.parts import Node, block, link, source_line, tag

SOURCE = "季刊登记"
BUILDERS = ("经办", "审核", "签发")
DOWNLOADS = (("下载 Word", "docx"), ("下载 PDF", "pdf"), ("下载网页", "html"))


def side(context: Context, issue: Issue, found: Sequence[Issue], other: Issue | None) -> list[Node]:
    """The blocks of the right column."""
    return [
        _about(context, issue),
        *_taking(context, issue),
        *checking(context, issue, BUILDERS),
        *_publishing(context, issue),
        *_others(context, issue, found, other),
    ]


def _about(context: Context, issue: Issue) -> Node:
    made, published = issue.made, issue.published
    facts: list[tuple[str, Node]] = [
        ("编号", f"第{issue.number}号"),
        ("期间", parse(issue.period).title),
        ("生成", moment(issue.changed_at)),
        ("生成人", context.called(issue.user)),
        ("业务日", made.biz_date if made else ""),
        ("快照", made.snapshot if made else ""),
        ("状态", tag("已发布" if published else "待审批" if issue.waits else "未发布")),
    ]
    if issue.signed is not None:
        facts += list(issue.signed.printed.items())
    if published is not None:
        facts += [
            ("发布给", "、".join(published.roles)),
            ("发布", f"{moment(published.at)} {context.called(published.user)}"),
        ]
    if published is not None and context.grant.whole:
        facts.append(("依据", published.reason))
    lines = [html.Div([html.Dt(name), html.Dd(value)]) for name, value in facts]
    return block("本号", html.Dl(lines, className="facts single"), source=source_line(SOURCE))


def _taking(context: Context, issue: Issue) -> list[Node]:
    if not may_take(context.home, context.grant):
        return []
    forms = [
        export_form(
            title,
            "digest",
            note="取走的是生成时的原件；记入审计日志。",
            word=title,
            number=str(issue.number),
            format=ending,
        )
        for title, ending in DOWNLOADS
        if issue.made and ending in issue.made.files
    ]
    return [block("下载", forms, source=source_line(SOURCE))]


def _publishing(context: Context, issue: Issue) -> list[Node]:
    actor = actor_of(context.home, context.grant)
    own = not chooses_role(context.grant)
    if not context.latest or (own and (actor.role not in PUBLISHERS or actor.user == issue.user)):
        return []
    if not may(store_of(context.home), context.grant.role, "digest"):
        return []
    able = readers(context.home)
    choices = {"、".join(able): "、".join(able), **{each: each for each in able}}
    opened = issue.made.sensitive if issue.made else ()
    told = "发布后，上列角色中范围含本级、不限于部门和单位的人能看到全文"
    told += f"，其中用到敏感报表：{'、'.join(opened)}。" if opened else "。"
    target = f"{PREFIX}{issue.number}"
    fields: list[Node] = [
        role_field(context, PUBLISHERS),
        labelled("发布给", select("readers", choices)),
        *signed_fields(issue.signature, own_name=own),
        labelled("依据（至少4个字）", Input(name="reason", type="text", required=True)),
        html.P(told, className="note"),
    ]
    forms: list[Node] = [folded("发布本号", "publish", target, 0, fields, word="发布")]
    if issue.published is not None:
        why = labelled("原因（至少4个字）", Input(name="reason", type="text", required=True))
        withdrawn: list[Node] = [role_field(context, PUBLISHERS), why]
        forms.append(folded("撤回发布", "withdraw", target, 0, withdrawn, word="撤回"))
    note = html.P("本地做法：由生成人以外的签发人员发布。", className="note")
    return [block("发布", [*forms, note], source=source_line(SOURCE))]


def signed_fields(known: Signature, own_name: bool = False) -> list[Node]:
    """Who signs and whom it goes to, to be written before it is built or published.

    Args:
        own_name: whoever acts signs with their own name.
    """
    signer = Input(name="signer", type="text", value=known.signer, maxLength=40)
    reach = Input(name="reach", type="text", value=known.reach, maxLength=200)
    blank = f"印在首页；不填印“{PENDING}”"
    fields = [] if own_name else [labelled(f"{SIGNER}（{blank}）", signer)]
    return [*fields, labelled(f"{REACH}（印在首页）", reach)]


def _others(
    context: Context, issue: Issue, found: Sequence[Issue], other: Issue | None
) -> list[Node]:
    rest = [each for each in found if each.made and each.number != issue.number]
    if not rest:
        return []
    items = [
        html.Li(
            [
                link(
                    f"第{each.number}号 {parse(each.period).title}",
                    context.address.at("digest", each.period, no=str(each.number)),
                ),
                html.Div(
                    f"{each.made.title if each.made else ''} {moment(each.changed_at)}",
                    className="note",
                ),
                tag("正在比较")
                if each is other
                else link(
                    "与它比较", context.address.with_query(cmp=str(each.number)), replace=True
                ),
            ]
        )
        for each in rest[:12]
    ]
    return [block("其他各号", html.Ol(items, className="acts-list"), source=source_line(SOURCE))]
