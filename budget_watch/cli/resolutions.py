"""Commands of 决议事项: resolution list|show|add|act|attach|flow."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from budget_watch.cli.casework import ByOption, RoleOption, actor_for
from budget_watch.cli.context import Context, JsonOption
from budget_watch.cli.output import DONE, LOOK, Printer

if TYPE_CHECKING:
    from collections.abc import Mapping

resolution_app = typer.Typer(no_args_is_help=True)
NumberArgument = Annotated[str, typer.Argument(help="决议事项编号，如 JY2026-001")]
RequestOption = Annotated[str | None, typer.Option("--request", help="请求编号；同一编号只办一次")]


@resolution_app.command("list")
def resolution_list(
    context: typer.Context,
    year: Annotated[int | None, typer.Option("--year", help="只列这一年提出的")] = None,
    state: Annotated[str | None, typer.Option("--state", help="只列这种状态，如 办理中")] = None,
    overdue: Annotated[bool, typer.Option("--overdue", help="只列逾期的")] = False,
    draft: Annotated[
        int | None, typer.Option("--draft", help="审查这一年预算草案时要问的：上一年的和没有办结的")
    ] = None,
    user: ByOption = None,
    role: RoleOption = "",
    as_json: JsonOption = False,
) -> int:
    """列出决议事项：要求、承办、期限、状态、评价；有逾期的，退出码为 1。"""
    from budget_watch.casework.cases import today_of
    from budget_watch.meetings.demands import (
        LATE,
        DemandDesk,
        carried,
        demand_record,
        list_demands,
    )

    here: Context = context.obj
    home, actor = here.existing(), actor_for(here, user, role)
    desk, today = DemandDesk.of(home), today_of()
    if state is not None and state not in desk.flow.state:
        raise typer.BadParameter(f"没有状态“{state}”。可用：{'、'.join(desk.flow.state)}")
    columns = {"demand": "编号", "source": "出处", "text": "要求", "addressees": "承办"}
    columns |= {"due": "期限", "mark": "", "state": "状态", "word": "评价"}
    printer = Printer(as_json, columns, "决议事项")
    found = list_demands(home, actor, year=year) if draft is None else carried(home, actor, draft)
    shown = behind = 0
    for one in found:
        told = demand_record(home, desk, actor, one, today)
        late = told["mark"] == LATE
        if (state and one.state != state) or (overdue and not late):
            continue
        shown, behind = shown + 1, behind + late
        printer.record(told if as_json else _row(told))
    printer.close({"demands": shown, "overdue": behind}, f"共 {shown} 项；{behind} 项逾期。")
    return LOOK if behind else DONE


def _row(told: Mapping[str, Any]) -> dict[str, Any]:
    source = f"{told['source']} {told['number'] or told['title']}"
    return {**told, "source": source, "addressees": "、".join(told["addressees"])}


@resolution_app.command("show")
def resolution_show(
    context: typer.Context,
    number: NumberArgument,
    user: ByOption = None,
    role: RoleOption = "",
    as_json: JsonOption = False,
) -> int:
    """一项决议事项：出处、要求、挂的数据、报告、评价，现在能办什么。"""
    from budget_watch.casework.cases import today_of
    from budget_watch.meetings.demands import OUT_OF_SIGHT, DemandDesk, demand_record, get_demand
    from budget_watch.meetings.files import attachments

    here: Context = context.obj
    home, actor = here.existing(), actor_for(here, user, role)
    desk, one = DemandDesk.of(home), get_demand(home, actor, number)
    told = demand_record(home, desk, actor, one, today_of())
    files = attachments(home, actor, number)
    printer = Printer(as_json, {}, one.id)
    if as_json:
        printer.record({**told, "files": [each.__dict__ for each in files]})
    else:
        number_ = f"（{told['number']}）" if told["number"] else ""
        printer.note(f"出处：{told['source']}《{told['title']}》{number_} {told['decided']}")
        printer.note(f"要求：{told['text']}")
        printer.note(f"承办：{'、'.join(told['addressees'])}，期限 {told['due']}")
        for each in told["linked"]:
            known = f"，数据截至 {each['as_of']}" if each.get("as_of") else ""
            printer.note(f"数据：{each.get('title', OUT_OF_SIGHT)}{known}")
        for each in told["reports"]:
            printer.note(f"{each['addressee']} 报告：{each['text']}")
        for each in told["evaluations"]:
            said = f"：{each['remark']}" if each.get("remark") else ""
            printer.note(f"评价：{each['word']}{said}")
        for file in files:
            printer.note(f"附件：{file.name}（{file.size} 字节）")
    steps = "、".join(f"{each['step']}（{each['title']}）" for each in told["next"]) or "无"
    mark = f"，{told['mark']}" if told["mark"] else ""
    said = f"现在是“{one.state}”{mark}；这个角色能办：{steps}。"
    printer.close({"demand": one.id, "state": one.state}, said)
    return DONE


@resolution_app.command("add")
def resolution_add(
    context: typer.Context,
    texts: Annotated[list[str], typer.Argument(help="要求，一项一个")],
    source: Annotated[str, typer.Option("--source", help="决议、审议意见或初步审查意见")],
    title: Annotated[str, typer.Option("--title", help="文件名称")],
    decided: Annotated[str, typer.Option("--date", help="文件日期，如 2026-01-25")],
    whom: Annotated[
        list[str], typer.Option("--to", help="承办部门或单位编码，或 政府、财政；可多次")
    ],
    number: Annotated[str, typer.Option("--number", help="文号")] = "",
    item: Annotated[str, typer.Option("--item", help="议题编号")] = "",
    due: Annotated[str, typer.Option("--due", help="期限；缺省按文件种类的缺省期限")] = "",
    things: Annotated[
        list[str] | None, typer.Option("--thing", help="所说的数：页面地址或疑点编号，可多次")
    ] = None,
    request: RequestOption = None,
    user: ByOption = None,
    role: RoleOption = "",
    as_json: JsonOption = False,
) -> int:
    """登记一份文件里的要求，一项一条。"""
    from budget_watch.meetings.acting import Document, register

    here: Context = context.obj
    done = register(
        here.existing(),
        actor_for(here, user, role),
        Document(source, title, decided, number, item),
        texts,
        whom,
        due=due,
        things=things or (),
        request=request,
    )
    printer = Printer(as_json, {"demand": "编号", "state": "状态"}, "登记")
    printer.records(each.__dict__ for each in done)
    printer.close({"demands": len(done)}, f"已登记 {len(done)} 项。")
    return DONE


@resolution_app.command("act")
def resolution_act(
    context: typer.Context,
    step: Annotated[str, typer.Argument(help="步骤的代号或名称，见 resolution flow")],
    number: NumberArgument,
    text: Annotated[str | None, typer.Option("--text", help="报告或要求的内容")] = None,
    reason: Annotated[str | None, typer.Option("--reason", help="理由")] = None,
    due: Annotated[str | None, typer.Option("--due", help="期限，如 2026-12-31")] = None,
    letter: Annotated[str | None, typer.Option("--letter", help="函件文号")] = None,
    addressee: Annotated[str | None, typer.Option("--addressee", help="代哪个单位")] = None,
    word: Annotated[str | None, typer.Option("--word", help="满意、基本满意、不满意")] = None,
    remark: Annotated[str | None, typer.Option("--remark", help="不满意的原因")] = None,
    held: Annotated[str | None, typer.Option("--held", help="在哪次会议上评的")] = None,
    thing: Annotated[str | None, typer.Option("--thing", help="页面地址或疑点编号")] = None,
    as_of: Annotated[str | None, typer.Option("--as-of", help="数据日期")] = None,
    whom: Annotated[list[str] | None, typer.Option("--to", help="改由谁承办，可多次")] = None,
    version: Annotated[int | None, typer.Option("--version", help="看到的是第几步")] = None,
    request: RequestOption = None,
    user: ByOption = None,
    role: RoleOption = "",
    as_json: JsonOption = False,
) -> int:
    """办一步：交办、签收、报告、评价、办结、延期、催办、挂数据等。"""
    from budget_watch.meetings.acting import act
    from budget_watch.meetings.demands import DemandDesk

    here: Context = context.obj
    home = here.existing()
    given: dict[str, Any] = {
        "text": text,
        "reason": reason,
        "due": due,
        "letter": letter,
        "word": word,
    }
    given |= {"addressee": addressee, "remark": remark, "held": held, "thing": thing}
    given |= {"as_of": as_of, "addressees": whom}
    filled = {name: value for name, value in given.items() if value is not None}
    actor = actor_for(here, user, role)
    done = act(home, actor, number, step, filled, version=version, request=request)
    named = DemandDesk.of(home).flow.named(step)
    again = "此前已办，没有重复办" if done.repeated else "已办"
    title = named.title if named else step
    said = f"“{title}”{again}，{done.demand} 现在是“{done.state}”。"
    Printer(as_json, {}).close(done.__dict__, said)
    return DONE


@resolution_app.command("attach")
def resolution_attach(
    context: typer.Context,
    number: NumberArgument,
    path: Annotated[Path, typer.Argument(help="文件")],
    user: ByOption = None,
    role: RoleOption = "",
    as_json: JsonOption = False,
) -> int:
    """给一项决议事项加附件，如政府的书面报告。"""
    from budget_watch.meetings.files import attach

    here: Context = context.obj
    actor = actor_for(here, user, role)
    made = attach(here.existing(), actor, number, path.name, path.read_bytes())
    said = {"hash": made.hash, "name": made.name, "size": made.size}
    Printer(as_json, {}).close(said, f"已附上“{made.name}”。")
    return DONE


@resolution_app.command("flow")
def resolution_flow(context: typer.Context, as_json: JsonOption = False) -> int:
    """列出步骤：从哪里、到哪里、谁办、要填什么、是法还是本地做法。"""
    from budget_watch.meetings.demands import DemandDesk
    from budget_watch.meetings.flow import FIELD_WORDS

    here: Context = context.obj
    flow = DemandDesk.of(here.existing()).flow
    columns = {"step": "步骤", "title": "名称", "from": "从", "to": "到", "who": "谁办"}
    printer = Printer(as_json, {**columns, "needs": "要填", "basis": "依据"}, "步骤")
    for each in flow.transitions:
        basis = each.basis
        local = f"本地做法：{basis.says}" if basis.kind == "local" else ""
        said = local or f"{getattr(basis, 'law', '')} {getattr(basis, 'article', '')}"
        row = {"step": each.id, "title": each.title, "from": "、".join(each.sources)}
        row |= {"to": each.to or "（不变）", "who": "、".join(each.who), "basis": said}
        printer.record(row | {"needs": "、".join(FIELD_WORDS[name] for name in each.needs)})
    printer.close({"steps": len(flow.transitions)}, f"共 {len(flow.transitions)} 步。")
    return DONE
