"""Commands of 会议议题: agenda list|show|add|act."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from budget_watch.cli.casework import ByOption, RoleOption, actor_for
from budget_watch.cli.context import Context, JsonOption
from budget_watch.cli.output import DONE, Printer

if TYPE_CHECKING:
    from budget_watch.meetings.agenda import AgendaFlow, AgendaItem

agenda_app = typer.Typer(no_args_is_help=True)
RequestOption = Annotated[str | None, typer.Option("--request", help="请求编号；同一编号只办一次")]


def _record(flow: AgendaFlow, one: AgendaItem) -> dict[str, Any]:
    from budget_watch.casework.cases import today_of

    return {
        "item": one.id,
        "meeting": one.meeting,
        "kind": one.kind,
        "held": one.held.isoformat(),
        "year": one.year,
        "title": one.title,
        "topics": [each.title for each in one.about(flow)],
        "state": one.stands(today_of()),
        "owner": one.owner,
        "hung": len(one.linked),
        "resolution": one.resolution,
        "outcome": one.outcome,
        "version": one.version,
    }


@agenda_app.command("list")
def agenda_list(
    context: typer.Context,
    year: Annotated[int | None, typer.Option("--year", help="只列这一年的会议")] = None,
    user: ByOption = None,
    role: RoleOption = "",
    as_json: JsonOption = False,
) -> int:
    """列出会议议题：哪次会议、专题、状态、挂了几件材料。"""
    from budget_watch.lake import Reader
    from budget_watch.meetings.agenda import agenda_flow, list_agenda

    here: Context = context.obj
    home, actor, flow = here.existing(), actor_for(here, user, role), agenda_flow()
    columns = {"item": "编号", "held": "日期", "meeting": "会议", "title": "议题"}
    columns |= {"topics": "专题", "state": "状态", "hung": "材料"}
    printer = Printer(as_json, columns, "会议议题")
    found = list_agenda(Reader(home, actor.grant), actor)
    shown = [each for each in found if year is None or each.held.year == year]
    for each in shown:
        told = _record(flow, each)
        printer.record(told if as_json else {**told, "topics": "、".join(told["topics"])})
    printer.close({"items": len(shown)}, f"共 {len(shown)} 个议题。")
    return DONE


@agenda_app.command("show")
def agenda_show(
    context: typer.Context,
    number: Annotated[str, typer.Argument(help="议题编号")],
    user: ByOption = None,
    role: RoleOption = "",
    as_json: JsonOption = False,
) -> int:
    """一个议题：挂的材料、决议要点、由此登记的决议事项。"""
    from budget_watch.lake import Reader
    from budget_watch.meetings.agenda import STEPS, agenda_flow, get_item, hung_for, refusal
    from budget_watch.meetings.demands import OUT_OF_SIGHT, list_demands

    here: Context = context.obj
    home, actor, flow = here.existing(), actor_for(here, user, role), agenda_flow()
    one = get_item(Reader(home, actor.grant), actor, number)
    things = hung_for(home, actor, one.linked)
    demands = [each.id for each in list_demands(home, actor, item=one.id)]
    able = [name for name in STEPS if refusal(flow, actor, one, name) is None]
    told = _record(flow, one)
    printer = Printer(as_json, {}, one.id)
    if as_json:
        hung = [{} if each is None else each.__dict__ for each in things]
        printer.record({**told, "things": hung, "demands": demands, "next": able})
    else:
        printer.note(
            f"{told['held']} {told['meeting']}：{told['title']}（{'、'.join(told['topics'])}）"
        )
        if one.owner:
            printer.note(f"准备：{one.owner}")
        for each in things:
            printer.note(f"材料：{OUT_OF_SIGHT if each is None else each.title}")
        for name, words in (("resolution", "决议要点"), ("outcome", "审议结果")):
            if told[name]:
                printer.note(f"{words}：{told[name]}")
        if demands:
            printer.note(f"决议事项：{'、'.join(demands)}")
    steps = "、".join(f"{name}（{STEPS[name]}）" for name in able) or "无"
    said = f"现在是“{told['state']}”；这个角色能办：{steps}。"
    printer.close({"item": one.id, "state": told["state"]}, said)
    return DONE


@agenda_app.command("add")
def agenda_add(
    context: typer.Context,
    title: Annotated[str, typer.Argument(help="议题")],
    meeting: Annotated[str, typer.Option("--meeting", help="会议名称")],
    held: Annotated[str, typer.Option("--date", help="会议日期")],
    kind: Annotated[
        str, typer.Option("--kind", help="人代会、常委会、主任会议、委员会会议")
    ] = "常委会",
    year: Annotated[int | None, typer.Option("--year", help="预算年度")] = None,
    request: RequestOption = None,
    user: ByOption = None,
    role: RoleOption = "",
    as_json: JsonOption = False,
) -> int:
    """登记一个还没有送达（REF-03）的议题。"""
    from budget_watch.meetings.agenda_acting import register_item

    here: Context = context.obj
    actor = actor_for(here, user, role)
    done = register_item(
        here.existing(), actor, meeting, held, title, kind=kind, year=year, request=request
    )
    Printer(as_json, {}).close(done.__dict__, f"已登记为 {done.item}。")
    return DONE


@agenda_app.command("act")
def agenda_act(
    context: typer.Context,
    step: Annotated[
        str,
        typer.Argument(
            help="assign 指派、hang 挂材料、take_off 取下、topics 改专题、ready 备齐、"
            "close 登记结果、note"
        ),
    ],
    number: Annotated[str, typer.Argument(help="议题编号")],
    thing: Annotated[
        str | None, typer.Option("--thing", help="页面地址、疑点、意见、决议事项编号或文件名称")
    ] = None,
    topics: Annotated[list[str] | None, typer.Option("--topic", help="专题，可多次")] = None,
    outcome: Annotated[str | None, typer.Option("--outcome", help="审议结果")] = None,
    whom: Annotated[str | None, typer.Option("--whom", help="指派谁准备（账号）")] = None,
    reason: Annotated[str | None, typer.Option("--reason", help="说明")] = None,
    version: Annotated[int | None, typer.Option("--version", help="看到的是第几步")] = None,
    request: RequestOption = None,
    user: ByOption = None,
    role: RoleOption = "",
    as_json: JsonOption = False,
) -> int:
    """在一个议题上办一步。"""
    from budget_watch.meetings.agenda import STEPS
    from budget_watch.meetings.agenda_acting import act_on_item

    here: Context = context.obj
    given = {"thing": thing, "topics": topics, "outcome": outcome, "reason": reason, "whom": whom}
    filled = {name: value for name, value in given.items() if value is not None}
    actor = actor_for(here, user, role)
    done = act_on_item(
        here.existing(), actor, number, step, filled, version=version, request=request
    )
    again = "此前已办，没有重复办" if done.repeated else "已办"
    said = f"“{STEPS.get(step, step)}”{again}，{done.item} 现在是“{done.state}”。"
    Printer(as_json, {}).close(done.__dict__, said)
    return DONE
