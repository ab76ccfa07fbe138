"""The floor of a session: a deputy's one field, their delegation's opinions, the answers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from budget_watch.casework.cases import Actor, today_of
from budget_watch.congress.acting import ANSWER
from budget_watch.congress.session import (
    Congress,
    CongressDesk,
    Given,
    Member,
    Question,
    given_for,
    given_in,
)
from budget_watch.congress.summary import questions_for
from dashboard import elements as html
from dashboard.context import Context
from dashboard.markup import Input
from dashboard.pages.forms import folded, labelled
from dashboard.pages.opinions import moment
from dashboard.parts import Node, attrs, block, empty, link, source_line, tag

SOURCE = "会次意见库"
_SHOWN = 100


def floor(
    context: Context,
    desk: CongressDesk,
    actor: Actor,
    one: Congress,
    member: Member,
    now: datetime,
) -> list[Node]:
    """What a deputy has before them: the field first."""
    own = given_for(desk, actor, one, today_of(now))
    questions = questions_for(desk, actor, one, given_in(desk.home, one.id), now)
    return [
        block("提意见", _field(one, member, actor.user), source=source_line(SOURCE)),
        opinions_block(context, f"{member.delegation}的意见", own, own_user=actor.user),
        answers_block(context, questions, now),
    ]


def _field(one: Congress, member: Member, user: str) -> html.Form:
    """One field; what is written is kept on this device until the server has said it has it."""
    area = html.Textarea(
        name="text", rows=4, required=True, minLength=2, maxLength=5000, placeholder="请写意见"
    )
    marks = {
        "data-act": "give",
        "data-target": one.id,
        "data-version": "0",
        "data-kept": f"{one.id} {user}",
    }
    return html.Form(
        [
            labelled("您的意见", area),
            html.P("", className="form-said", role="alert"),
            html.Button("提交", className="button main wide", type="submit"),
            html.P(
                f"以线上评论提出，{member.delegation}的代表和工作机构看得到。"
                "没有网络时先存在这台设备上，连上以后自动送出，只登记一次。",
                className="note",
            ),
        ],
        className="step-form",
        **attrs({**marks, "aria-label": "提意见"}),
    )


def opinions_block(
    context: Context, title: str, given: Sequence[Given], *, own_user: str = ""
) -> html.Section:
    """Opinions, the latest first; the author's own lead to their page."""
    if not given:
        return block(title, empty("还没有意见。"), source=source_line(SOURCE))
    items = []
    for each in given[:_SHOWN]:
        one = each.opinion
        number: Node = one.id
        if one.author == own_user:
            number = link(one.id, context.address.at("opinion", one.id))
        whose = one.author_name if own_user else f"{each.delegation} {one.author_name}"
        who = [f"{whose} · {moment(each.at)} · ", number]
        if one.topic:
            who.append(f" · 已并入 {one.topic}")
        items.append(html.Li([html.P(one.text), html.Div(who, className="note")]))
    more = len(given) - _SHOWN
    body: list[Node] = [html.Ol(items, className="acts-list")]
    if more > 0:
        body.append(html.P(f"只列最近{_SHOWN}件，另有{more}件。", className="note"))
    return block(title, body, sub=f"{len(given)}件", source=source_line(SOURCE))


def answers_block(
    context: Context, questions: Sequence[Question], now: datetime, answerer: Congress | None = None
) -> html.Section:
    """Questions with their answers; with the form for those who answer."""
    title = "财政解答组的解答" if answerer is None else "交您解答的问题"
    if not questions:
        return block(title, empty("还没有转出的问题。"), source=source_line(SOURCE))
    items = [_question(context, each, now, answerer) for each in _ordered(questions, now)]
    return block(
        title,
        html.Ol(items, className="acts-list"),
        sub=f"{len(questions)}题",
        source=source_line(SOURCE),
    )


_ORDER = ("逾时", "待答", "待转", "已答")


def _ordered(questions: Sequence[Question], now: datetime) -> list[Question]:
    return sorted(questions, key=lambda e: (_ORDER.index(e.state(now)), e.due_at or "", e.topic))


def _question(context: Context, one: Question, now: datetime, answerer: Congress | None) -> html.Li:
    state = one.state(now)
    head: list[Node] = [html.B(one.title), " ", tag(state, plain=state == "已答")]
    due = f"，{moment(one.due_at)} 前解答" if one.due_at and not one.answers else ""
    lines: list[Node] = [
        html.Div(head),
        html.Div(f"{one.topic}，并入{len(one.given)}件{due}", className="note"),
    ]
    lines += [
        html.Div(
            [
                html.P(e.text),
                html.Div(f"{context.called(e.user)}，{moment(e.at)}", className="note"),
            ]
        )
        for e in one.answers
    ]
    if answerer is not None:
        texts = [html.Li(f"{each.delegation}：{each.opinion.text}") for each in one.given]
        lines.append(html.Details([html.Summary("意见原文"), html.Ul(texts)]))
        area = html.Textarea(name="text", rows=4, required=True, maxLength=5000)
        fields: list[Node] = [hidden("topic", one.topic), labelled("解答", area)]
        word = "补充解答" if one.answers else "解答"
        lines.append(folded(word, ANSWER, answerer.id, 0, fields, word=word))
    return html.Li(lines)


def hidden(name: str, value: str) -> Node:
    """A field that the form sends without showing it."""
    return Input(type="hidden", name=name, value=value)


def answering(
    context: Context, desk: CongressDesk, actor: Actor, one: Congress, now: datetime
) -> list[Node]:
    """What those who answer have before them."""
    questions = questions_for(desk, actor, one, given_in(desk.home, one.id), now)
    return [answers_block(context, questions, now, one)]
