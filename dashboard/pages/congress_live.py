"""The live summary of a session, and what is alike in it: merged and put to those who answer."""

from __future__ import annotations

from datetime import datetime

from budget_watch.casework.cases import Actor
from budget_watch.congress.acting import ROUTE
from budget_watch.congress.gathering import Group, groups
from budget_watch.congress.session import CLOSE, Congress, CongressDesk, given_in, questions_of
from budget_watch.congress.summary import tally_of
from dashboard import elements as html
from dashboard.acting import chooses_role
from dashboard.context import Context
from dashboard.markup import Input
from dashboard.pages.congress_floor import answers_block, hidden, opinions_block
from dashboard.pages.congress_papers import package_block, papers_block
from dashboard.pages.forms import folded, labelled, role_field
from dashboard.parts import Node, attrs, block, empty, figure, source_line
from dashboard.table import Column, Line, table

SOURCE = "会次意见库"


def live_blocks(
    context: Context, desk: CongressDesk, actor: Actor, one: Congress, now: datetime
) -> list[Node]:
    """How a session stands now; the page reads itself anew."""
    given = given_in(desk.home, one.id)
    counts, questions = tally_of(desk, one, given, now), questions_of(desk.home, given)
    late = sum(each.state(now) == "逾时" for each in questions)
    answered = sum(bool(each.answers) for each in questions)
    cards = html.Div(
        [
            figure("意见", str(counts.given), "件"),
            figure("并入议题", str(counts.merged), "件", notes=[f"{len(questions)}题"]),
            figure("已答", str(answered), "题"),
            figure("逾时未答", str(late), "题"),
        ],
        className="cols-4 divided",
    )
    lines = [
        Line([name, str(many), str(people)])
        for name, (many, people) in counts.by_delegation.items()
    ]
    columns = [Column("代表团"), Column("意见", number=True), Column("提出的代表", number=True)]
    every = f"每{desk.flow.refresh_seconds}秒更新"
    states = [Line([name, str(many)]) for name, many in counts.by_state.items()]
    body: list[Node] = [
        html.Div(
            block("实时汇总", cards, sub=every, source=source_line(SOURCE)),
            **attrs({"data-refresh": str(desk.flow.refresh_seconds)}),
        ),
        block(
            "各代表团", table("各代表团", columns, lines), flush=True, source=source_line(SOURCE)
        ),
        block(
            "意见的解答",
            table("意见的解答", [Column("状态"), Column("意见", number=True)], states),
            flush=True,
            source=source_line(SOURCE, "未归并的还没有并入议题"),
        ),
        answers_block(context, questions, now),
        *papers_block(context, one),
        *package_block(context, one),
        opinions_block(context, "全部意见", given),
    ]
    if context.latest and (desk.keeps(actor, one) or chooses_role(context.grant)):
        reason = labelled("原因", Input(name="reason", type="text", required=True))
        fields: list[Node] = [role_field(context, desk.flow.keepers), reason]
        body.append(block("闭会", folded("提前闭会", CLOSE, one.id, 0, fields, word="提前闭会")))
    return body


def gathering_blocks(
    context: Context, desk: CongressDesk, one: Congress, now: datetime
) -> list[Node]:
    """What is alike and not merged yet, and the topics not yet put to those who answer."""
    given = given_in(desk.home, one.id)
    found = groups(given, desk.flow.similar)
    body: list[Node] = [_group(context, desk, one, each) for each in found] or [
        empty("没有文字相近而未归并的意见。")
    ]
    waiting = [each for each in questions_of(desk.home, given) if each.routed_at is None]
    routing: list[Node] = [
        html.Li(
            [
                html.B(each.title),
                html.Div(f"{each.topic}，{len(each.given)}件", className="note"),
                folded(
                    "转财政解答组",
                    ROUTE,
                    one.id,
                    0,
                    [role_field(context, desk.flow.keepers), hidden("topic", each.topic)],
                    word=f"转出，{one.hours}小时内解答",
                ),
            ]
        )
        for each in waiting
    ]
    alone = [each for each in given if not each.opinion.topic]
    return [
        block(
            "可能是同一事",
            html.Div(body),
            sub=f"{len(found)}组，是否归并由人定",
            source=source_line(SOURCE, desk.flow.similar.basis.says),
        ),
        block(
            "待转的议题",
            html.Ol(routing, className="acts-list") if routing else empty("没有待转的议题。"),
            source=source_line(SOURCE),
        ),
        block("自选归并", _free(context, desk, one), source=source_line(SOURCE)),
        opinions_block(context, "未归并的意见", alone),
    ]


def _group(context: Context, desk: CongressDesk, one: Congress, group: Group) -> html.Div:
    ids = [each.opinion.id for each in group.given]
    texts = [
        html.Li(f"{each.opinion.id}，{each.delegation}：{each.opinion.text}")
        for each in group.given
    ]
    fields: list[Node] = [
        role_field(context, desk.flow.keepers),
        labelled("议题名称", _title(group.given[0].opinion.title)),
        labelled(
            "并入的意见", html.Textarea(" ".join(ids), name="opinions", rows=2, required=True)
        ),
    ]
    said = f"{len(ids)}件，文字相近程度{group.score}（满分100）"
    form = folded("并为一题", "merge", one.id, 0, fields, word="并为一题")
    return html.Div([html.P(said), html.Ul(texts), form], className="group")


def _free(context: Context, desk: CongressDesk, one: Congress) -> Node:
    fields: list[Node] = [
        role_field(context, desk.flow.keepers),
        labelled("议题名称", _title("")),
        labelled("意见编号", html.Textarea(name="opinions", rows=2, required=True)),
    ]
    more: list[Node] = [
        role_field(context, desk.flow.keepers),
        labelled("议题编号", Input(name="topic", type="text", required=True)),
        labelled("意见编号", html.Textarea(name="opinions", rows=2, required=True)),
    ]
    return html.Div(
        [
            folded("并为一题", "merge", one.id, 0, fields, word="并为一题"),
            folded("并入已有议题", "join", one.id, 0, more, word="并入"),
        ]
    )


def _title(value: str) -> Input:
    return Input(name="title", type="text", value=value, required=True, maxLength="60")
