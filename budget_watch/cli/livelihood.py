"""Commands of 民生实事: livelihood list|show|register|act."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from budget_watch.cli.casework import ByOption, RoleOption, actor_for
from budget_watch.cli.context import Context, JsonOption
from budget_watch.cli.output import DONE, LOOK, Printer

if TYPE_CHECKING:
    from budget_watch.casework.cases import Actor
    from budget_watch.casework.livelihood import Livelihood
    from budget_watch.lake import Home
    from budget_watch.views.livelihood import LivelihoodMoney

livelihood_app = typer.Typer(no_args_is_help=True)
ProjectArgument = Annotated[str, typer.Argument(help="民生实事编号，如 MS2026-01")]
RequestOption = Annotated[str | None, typer.Option("--request", help="请求编号；同一编号只办一次")]
OthersOption = Annotated[str, typer.Option("--others", help="列入别的单位项目的理由")]
PlannedOption = Annotated[str | None, typer.Option("--planned", help="计划投资，如 1200万元")]


@livelihood_app.command("list")
def livelihood_list(
    context: typer.Context,
    year: Annotated[int | None, typer.Option("--year", help="只列这一年度")] = None,
    user: ByOption = None,
    role: RoleOption = "",
    as_json: JsonOption = False,
) -> int:
    """列出民生实事：承办、最近一季的进展、漏报的季度、满意度。"""
    from budget_watch.casework.cases import today_of
    from budget_watch.casework.livelihood import (
        QUARTERS,
        list_livelihoods,
        livelihood_record,
        settings,
    )

    here: Context = context.obj
    home, actor, rules = here.existing(), actor_for(here, user, role), settings()
    columns = {"livelihood": "编号", "title": "项目", "lead": "承办", "last": "进展"}
    columns |= {"late": "漏报", "satisfied": "满意度", "state": "状态"}
    printer = Printer(as_json, columns, "民生实事")
    behind = 0
    found = list_livelihoods(home, actor, year)
    for one in found:
        told = livelihood_record(home, rules, actor, one, today_of())
        behind += bool(told["late"])
        last = told["progress"][-1] if told["progress"] else None
        share = told["satisfaction"]
        words = {
            "last": f"{QUARTERS[last['quarter']]}{last['percent']}% {last['word']}" if last else "",
            "late": "、".join(told["late"]),
            "satisfied": f"{share['satisfied']}/{share['rated']}" if share else "",
        }
        printer.record(told if as_json else {**told, **words})
    printer.close(
        {"projects": len(found), "late": behind}, f"共 {len(found)} 项；{behind} 项有漏报的季度。"
    )
    return LOOK if behind else DONE


@livelihood_app.command("show")
def livelihood_show(
    context: typer.Context,
    project: ProjectArgument,
    user: ByOption = None,
    role: RoleOption = "",
    as_json: JsonOption = False,
) -> int:
    """一项民生实事：目标、资金（按项目编码）、各季进展、满意度。"""
    from budget_watch.casework.cases import today_of
    from budget_watch.casework.livelihood import (
        QUARTERS,
        get_livelihood,
        livelihood_record,
        settings,
    )
    from budget_watch.views import formats as fmt

    here: Context = context.obj
    home, actor, rules = here.existing(), actor_for(here, user, role), settings()
    one = get_livelihood(home, actor, project)
    told = livelihood_record(home, rules, actor, one, today_of())
    money = money_of(home, actor, one)
    lines = [] if money is None else [dict(each.__dict__) for each in money.lines]
    columns = {"code": "项目编码", "name": "项目", "agency_code": "单位"}
    printer = Printer(
        as_json,
        {**columns, "budget": "变动预算（元）", "spent": "支出（元）"},
        f"{one.id} {one.title}",
    )
    if as_json:
        hidden = [] if money is None else list(money.hidden)
        printer.record({**told, "money": lines, "hidden": hidden})
    else:
        for each in lines:
            amounts = ((name, each[name]) for name in ("budget", "spent"))
            shown = {name: "缺" if fen is None else fmt.yuan(fen) for name, fen in amounts}
            printer.record({**each, **shown})
        printer.note(f"目标任务：{one.goal}")
        printer.note(f"承办：{lead_of(home, actor, one)}")
        cost = "没有登记" if one.planned is None else fmt.yuan(one.planned)
        printer.note(f"计划投资（元）：{cost}" + (f"；{one.decided}" if one.decided else ""))
        for why in dict.fromkeys(act.given.get("others") for act in one.acts):
            if why:
                printer.note(f"列入别的单位的项目：{why}")
        for each in told["progress"]:
            said = f"{QUARTERS[each['quarter']]} {each['percent']}% {each['word']}：{each['text']}"
            printer.note(said)
        for quarter, due in told["late"].items():
            printer.note(f"{quarter}没有报进展，应于 {due} 前报")
        if told["before"]:
            printer.note(f"{'、'.join(told['before'])}在登记以前，不要求报进展")
        if money is None or money.hidden or money.cut:
            printer.note("资金只列您看得到的项目；不合计。")
    share = told["satisfaction"]
    rated = f"；{share['rated']}人评价，{share['satisfied']}人满意或基本满意" if share else ""
    printer.close({"livelihood": one.id, "state": one.state}, f"现在是“{one.state}”{rated}。")
    return DONE


def lead_of(home: Home, actor: Actor, one: Livelihood) -> str:
    """The department that leads, by name where the newest snapshot knows it."""
    from budget_watch.lake import Reader, Snapshot
    from budget_watch.views.names import names

    if not Snapshot.all(home):
        return one.lead
    name = names(Reader(home, actor.grant), one.year).of("u", one.lead)
    return one.lead if name == one.lead else f"{name}（{one.lead}）"


def money_of(home: Home, actor: Actor, one: Livelihood) -> LivelihoodMoney | None:
    """The money of a project as the newest snapshot knows it; None where there is none yet."""
    from budget_watch.casework.committee import committee
    from budget_watch.lake import Reader, Snapshot
    from budget_watch.views import Desk, home_place
    from budget_watch.views.cubes import cube
    from budget_watch.views.drill import span_of
    from budget_watch.views.livelihood import livelihood_money

    known = Snapshot.all(home)
    if not known:
        return None
    snapshot = Snapshot.get(home, known[-1][0])
    if one.year > snapshot.biz_date.year:
        return None
    reader = Reader(home, actor.grant, snapshot)
    city = home_place(Desk(reader), region=committee(home).region)
    span = span_of(snapshot.biz_date, one.year)
    sums = cube(home, actor.grant, snapshot)
    return livelihood_money(reader, sums, one.projects, city.region if city else None, span)


@livelihood_app.command("register")
def livelihood_register(
    context: typer.Context,
    title: Annotated[str, typer.Argument(help="名称")],
    year: Annotated[int, typer.Option("--year", help="年度")],
    goal: Annotated[str, typer.Option("--goal", help="目标任务")],
    lead: Annotated[str, typer.Option("--lead", help="承办部门或单位编码")],
    projects: Annotated[
        list[str] | None, typer.Option("--project", help="项目编码，可多次；候选项目可以不写")
    ] = None,
    candidate: Annotated[
        bool, typer.Option("--candidate", help="登记为候选项目，等代表票决")
    ] = False,
    planned: PlannedOption = None,
    decided: Annotated[str, typer.Option("--decided", help="何时、由谁票决或确定")] = "",
    others: OthersOption = "",
    request: RequestOption = None,
    user: ByOption = None,
    role: RoleOption = "",
    as_json: JsonOption = False,
) -> int:
    """登记一项民生实事；项目编码须在项目库里。"""
    from budget_watch.casework.livelihood_acting import register

    here: Context = context.obj
    done = register(
        here.existing(),
        actor_for(here, user, role),
        year,
        title,
        goal,
        lead,
        projects or [],
        candidate=candidate,
        planned=_fen(planned),
        decided=decided,
        others=others,
        request=request,
    )
    Printer(as_json, {}).close(done.__dict__, f"已登记为 {done.livelihood}。")
    return DONE


@livelihood_app.command("act")
def livelihood_act(
    context: typer.Context,
    step: Annotated[
        str,
        typer.Argument(
            help="decide 票决结果、report 报进展、rate 评价、amend 调整、accept 验收、stop 终止"
        ),
    ],
    project: ProjectArgument,
    quarter: Annotated[int | None, typer.Option("--quarter", help="第几季度")] = None,
    percent: Annotated[int | None, typer.Option("--percent", help="完成百分之几")] = None,
    word: Annotated[
        str | None,
        typer.Option("--word", help="按计划、滞后、已完成；评价：满意、基本满意、不满意"),
    ] = None,
    text: Annotated[str | None, typer.Option("--text", help="进展说明")] = None,
    remark: Annotated[str | None, typer.Option("--remark", help="不满意的原因")] = None,
    reason: Annotated[str | None, typer.Option("--reason", help="理由")] = None,
    goal: Annotated[str | None, typer.Option("--goal", help="目标任务")] = None,
    lead: Annotated[str | None, typer.Option("--lead", help="承办部门或单位编码")] = None,
    projects: Annotated[list[str] | None, typer.Option("--project", help="项目编码")] = None,
    planned: PlannedOption = None,
    others: OthersOption = "",
    yes: Annotated[int | None, typer.Option("--yes", help="赞成票数")] = None,
    no: Annotated[int | None, typer.Option("--no", help="反对票数")] = None,
    abstained: Annotated[int | None, typer.Option("--abstained", help="弃权票数")] = None,
    outcome: Annotated[str | None, typer.Option("--outcome", help="选上、未选上")] = None,
    held: Annotated[str | None, typer.Option("--held", help="在哪次会议上票决")] = None,
    version: Annotated[int | None, typer.Option("--version", help="看到的是第几步")] = None,
    request: RequestOption = None,
    user: ByOption = None,
    role: RoleOption = "",
    as_json: JsonOption = False,
) -> int:
    """登记票决结果、报季度进展、评价、调整、验收、终止。"""
    from budget_watch.casework.livelihood import STEPS
    from budget_watch.casework.livelihood_acting import act_on_livelihood

    here: Context = context.obj
    given = {
        **{"quarter": quarter, "percent": percent, "word": word, "text": text, "remark": remark},
        **{"reason": reason, "goal": goal, "lead": lead, "projects": projects},
        **{"planned": _fen(planned), "others": others or None, "outcome": outcome},
        **{"yes": yes, "no": no, "abstained": abstained, "held": held},
    }
    filled = {name: value for name, value in given.items() if value is not None}
    done = act_on_livelihood(
        here.existing(),
        actor_for(here, user, role),
        project,
        step,
        filled,
        version=version,
        request=request,
    )
    again = "此前已办，没有重复办" if done.repeated else "已办"
    title = STEPS.get(step, step)
    told = f"“{title}”{again}，{done.livelihood} 现在是“{done.state}”。"
    Printer(as_json, {}).close(done.__dict__, told)
    return DONE


def _fen(text: str | None) -> int | None:
    """An amount with its unit, such as 1200万元, as fen.

    Raises:
        typer.BadParameter: not an amount with a unit.
    """
    from budget_watch.casework.livelihood_given import planned_fen
    from budget_watch.money.fen import MoneyError

    try:
        return None if text is None else planned_fen(text)
    except MoneyError as error:
        raise typer.BadParameter(f"{error}。") from error
