"""Commands of topics (议题): opinions similar, opinions topics list|show|make|act|say|vote."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from budget_watch.cli.casework import ByOption, RoleOption, actor_for
from budget_watch.cli.context import Context, JsonOption
from budget_watch.cli.opinions import OpinionArgument, opinions_app
from budget_watch.cli.output import DONE, Printer

topics_app = typer.Typer(no_args_is_help=True)
__all__ = ["opinions_app"]
opinions_app.add_typer(topics_app, name="topics", help="议题：归并、开放、讨论、表决。")
TopicArgument = Annotated[str, typer.Argument(help="议题编号，如 YT2026-001")]
RequestOption = Annotated[str | None, typer.Option("--request", help="请求编号；同一编号只办一次")]


@opinions_app.command("similar")
def opinions_similar(
    context: typer.Context,
    opinion: OpinionArgument,
    user: ByOption = None,
    role: RoleOption = "",
    as_json: JsonOption = False,
) -> int:
    """文字相近的意见（0 至 100），供归并参考；是不是同一事项由人决定。"""
    from budget_watch.opinions.similar import similar

    here: Context = context.obj
    found = similar(here.existing(), actor_for(here, user, role), opinion)
    columns = {"opinion": "意见", "likeness": "相近", "title": "标题", "author": "提出"}
    printer = Printer(as_json, {**columns, "topic": "议题"}, f"与 {opinion} 相近的意见")
    for one, score in found:
        line = {"opinion": one.id, "likeness": score, "title": one.title}
        printer.record({**line, "author": one.author_name, "topic": one.topic})
    authors = len({one.author for one, _ in found})
    printer.close(
        {"opinion": opinion, "similar": len(found), "authors": authors},
        f"有{authors}位提出{len(found)}件相近意见。" if found else "没有相近的意见。",
    )
    return DONE


@topics_app.command("list")
def topics_list(
    context: typer.Context,
    user: ByOption = None,
    role: RoleOption = "",
    as_json: JsonOption = False,
) -> int:
    """列出看得到的议题：几位代表、几件意见，是否在讨论、表决。"""
    from budget_watch.opinions.opinion import OpinionDesk
    from budget_watch.opinions.topics import list_topics, topic_record

    here: Context = context.obj
    home, actor = here.existing(), actor_for(here, user, role)
    desk = OpinionDesk.of(home)
    found = [topic_record(desk, actor, each) for each in list_topics(home, actor)]
    columns = {"topic": "编号", "title": "议题", "count": "意见", "authors": "人数"}
    printer = Printer(as_json, {**columns, "open": "向代表开放"}, "议题")
    printer.records(found)
    printer.close({"topics": len(found)}, f"共 {len(found)} 个议题。")
    return DONE


@topics_app.command("show")
def topics_show(
    context: typer.Context,
    topic: TopicArgument,
    user: ByOption = None,
    role: RoleOption = "",
    as_json: JsonOption = False,
) -> int:
    """一个议题：合并的意见、讨论、表决；表决结果按设定显示。"""
    from budget_watch.opinions.opinion import OpinionDesk
    from budget_watch.opinions.topics import get_topic, topic_record

    here: Context = context.obj
    home, actor = here.existing(), actor_for(here, user, role)
    told = topic_record(OpinionDesk.of(home), actor, get_topic(home, actor, topic))
    printer = Printer(as_json, {"name": "谁", "text": "说了什么"}, f"{topic} {told['title']}")
    if as_json:
        printer.record(told)
    else:
        printer.records(told.get("remarks") or [])
        for text in _notes(told):
            printer.note(text)
    count = f"{told['authors']}位提出，{told['count']}件意见。"
    printer.close({"topic": topic, "count": told["count"], "authors": told["authors"]}, count)
    return DONE


def _notes(told: dict[str, Any]) -> list[str]:
    notes = [f"摘要：{told['summary']}"] if told["summary"] else []
    notes.append(f"您看得到的意见：{'、'.join(told['opinions']) or '没有'}")
    vote = told.get("vote")
    if not vote:
        return notes
    stands = "正在表决" if vote["open"] else "已结束"
    notes.append(f"表决：{vote['question']}（{stands}，{vote['voted']}/{vote['invited']}人已投）")
    if vote["mine"]:
        notes.append(f"您投的是：{vote['mine']}")
    if vote["result"] is None:
        notes.append(f"结果{vote['shows']}显示。")
    else:
        notes.append("结果：" + "，".join(f"{k} {v}" for k, v in vote["result"].items()))
    return notes


@topics_app.command("make")
def topics_make(
    context: typer.Context,
    title: Annotated[str, typer.Argument(help="议题")],
    opinions: Annotated[list[str], typer.Argument(help="要归并的意见编号")],
    summary: Annotated[str, typer.Option("--summary", help="摘要")] = "",
    request: RequestOption = None,
    user: ByOption = None,
    role: RoleOption = "",
    as_json: JsonOption = False,
) -> int:
    """把同一事项的意见归并为一个议题。"""
    from budget_watch.opinions.topic_acting import make_topic

    here: Context = context.obj
    actor = actor_for(here, user, role)
    done = make_topic(here.existing(), actor, title, opinions, summary, request=request)
    Printer(as_json, {}).close(done.__dict__, f"已立为议题 {done.topic}。")
    return DONE


@topics_app.command("act")
def topics_act(
    context: typer.Context,
    step: Annotated[
        str,
        typer.Argument(
            help="add 并入、remove 移出、edit 改写、show 开放、hide 不开放、"
            "invite 邀请、discuss 讨论、quiet 结束讨论、vote 表决、end 结束表决"
        ),
    ],
    topic: TopicArgument,
    opinions: Annotated[list[str] | None, typer.Option("--opinion", help="意见编号")] = None,
    users: Annotated[
        list[str] | None, typer.Option("--user", help="邀请谁：账号，或代表、委员的姓名；可多次")
    ] = None,
    title: Annotated[str | None, typer.Option("--title", help="议题")] = None,
    summary: Annotated[str | None, typer.Option("--summary", help="摘要")] = None,
    question: Annotated[str | None, typer.Option("--question", help="表决什么")] = None,
    options: Annotated[list[str] | None, typer.Option("--option", help="选项，可多次")] = None,
    named: Annotated[bool, typer.Option("--named", help="记名表决")] = False,
    shows: Annotated[
        str | None, typer.Option("--shows", help="结果何时显示：结束后、投票后、随时、只给工作机构")
    ] = None,
    version: Annotated[int | None, typer.Option("--version", help="看到的是第几步")] = None,
    request: RequestOption = None,
    user: ByOption = None,
    role: RoleOption = "",
    as_json: JsonOption = False,
) -> int:
    """议题的一步：并入、移出、开放、邀请、讨论、表决。"""
    from budget_watch.opinions.topic_acting import STEPS, act_on_topic

    here: Context = context.obj
    given = {
        **{"opinions": opinions, "users": users, "title": title, "summary": summary},
        **{"question": question, "options": options, "named": named, "shows": shows},
    }
    filled = {name: value for name, value in given.items() if value not in (None, [], "")}
    actor = actor_for(here, user, role)
    done = act_on_topic(
        here.existing(), actor, topic, step, filled, version=version, request=request
    )
    title_ = STEPS.get(step, step)
    again = "此前已办，没有重复办" if done.repeated else "已办"
    Printer(as_json, {}).close(done.__dict__, f"“{title_}”{again}，议题 {done.topic}。")
    return DONE


@topics_app.command("say")
def topics_say(
    context: typer.Context,
    topic: TopicArgument,
    text: Annotated[str, typer.Argument(help="说什么")],
    request: RequestOption = None,
    user: ByOption = None,
    role: RoleOption = "",
    as_json: JsonOption = False,
) -> int:
    """在议题的讨论里发言。"""
    from budget_watch.opinions.topic_acting import say

    here: Context = context.obj
    seq = say(here.existing(), actor_for(here, user, role), topic, text, request=request)
    Printer(as_json, {}).close({"topic": topic, "audit_seq": seq}, "已记下。")
    return DONE


@topics_app.command("vote")
def topics_vote(
    context: typer.Context,
    topic: TopicArgument,
    choice: Annotated[str, typer.Argument(help="选项")],
    user: ByOption = None,
    role: RoleOption = "",
    as_json: JsonOption = False,
) -> int:
    """投票；每人一票，结束以前可以改，以最后一次为准。"""
    from budget_watch.opinions.topic_acting import cast

    here: Context = context.obj
    seq = cast(here.existing(), actor_for(here, user, role), topic, choice)
    told = "本来就是这样。" if seq is None else "已投票；表决结束以前可以改。"
    Printer(as_json, {}).close({"topic": topic, "audit_seq": seq}, told)
    return DONE
