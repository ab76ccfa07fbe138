"""Commands of 例外情形登记: exemptions list|register|confirm|refuse|end."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from budget_watch.cli.casework import ByOption, RoleOption, actor_for
from budget_watch.cli.context import Context, JsonOption, parse_day
from budget_watch.cli.output import DONE, LOOK, Printer

exemptions_app = typer.Typer(no_args_is_help=True)
NumberArgument = Annotated[str, typer.Argument(help="登记编号，如 DJ2026-0001")]
ReasonOption = Annotated[str, typer.Option("--reason", help="理由")]


@exemptions_app.command("list")
def exemptions_list(
    context: typer.Context,
    state: Annotated[str | None, typer.Option("--state", help="只列这种状态，如 待批准")] = None,
    rule: Annotated[str | None, typer.Option("--rule", help="只列这条规则的")] = None,
    user: ByOption = None,
    as_json: JsonOption = False,
) -> int:
    """列出全部登记，写在文件里的和账号登记的；有待批准的，退出码为 1。"""
    from budget_watch.casework.exemption_entries import ASKED
    from budget_watch.casework.exemptions import register

    here: Context = context.obj
    actor = actor_for(here, user, "")
    columns = {"exemption": "编号", "rule": "规则", "scope": "范围", "from": "自", "to": "至"}
    columns |= {"basis": "依据", "reason": "理由", "registered_by": "登记", "approved_by": "批准"}
    columns |= {"used": "用了几次", "state": "状态", "origin": "来自"}
    printer = Printer(as_json, columns, "例外情形登记")
    found = [
        each
        for each in register(here.existing(), here.book(), actor.grant)
        if state in (None, each["state"]) and rule in (None, each["rule"])
    ]
    printer.records(found)
    waiting = sum(each["state"] == ASKED for each in found)
    words = f"共 {len(found)} 条" + (f"，{waiting} 条待批准。" if waiting else "。")
    printer.close({"exemptions": len(found), "waiting": waiting}, words)
    return LOOK if waiting else DONE


@exemptions_app.command("register")
def exemptions_register(
    context: typer.Context,
    to: Annotated[str, typer.Option("--to", help="截止日（含），必填")],
    reason: ReasonOption,
    since: Annotated[
        str | None,
        typer.Option("--from", help="从哪一天，缺省今天；就一个疑点登记的，缺省它的日期"),
    ] = None,
    rule: Annotated[str | None, typer.Option("--rule", help="规则编号")] = None,
    scope: Annotated[
        list[str] | None,
        typer.Option("--scope", help="范围，列=值，可多次；代码可写开头加星号：agency_code=106*"),
    ] = None,
    finding: Annotated[
        str | None, typer.Option("--finding", help="就这一个疑点登记：规则和范围取自它")
    ] = None,
    document: Annotated[str | None, typer.Option("--document", help="文件名称和文号")] = None,
    law: Annotated[
        list[str] | None, typer.Option("--law", help="法条，法规:条，如 budget-law:35，可多次")
    ] = None,
    level: Annotated[list[str] | None, typer.Option("--level", help="只对这些级别")] = None,
    user: ByOption = None,
    role: RoleOption = "",
    as_json: JsonOption = False,
) -> int:
    """登记一条例外情形：写明依据、范围、期限；另一人批准后，从下一次运行起生效。"""
    from budget_watch.casework.cases import today_of
    from budget_watch.casework.exemption_acts import Wanted, judged_day, of_finding, register
    from budget_watch.casework.findings import get_finding

    here: Context = context.obj
    home, actor = here.existing(), actor_for(here, user, role)
    last = parse_day(to)
    if last is None or (finding is None) == (rule is None):
        raise typer.BadParameter("写 --finding，或写 --rule 和 --scope。")
    places: dict[str, Any] = dict(_pair(each, "=") for each in scope or ())
    begins = today_of()
    if finding is not None:
        rule, own = of_finding(home, actor, finding)
        places, begins = {**own, **places}, judged_day(get_finding(home, actor.grant, finding))
    wanted = Wanted(
        rule or "",
        places,
        parse_day(since) or begins,
        last,
        reason,
        tuple(level or ()),
        tuple(dict(zip(("law", "article"), _pair(each, ":"), strict=True)) for each in law or ()),
        document,
    )
    number = register(home, actor, wanted)
    summary = {"exemption": number, "rule": wanted.rule, "scope": places}
    said = f"已登记 {number}，自 {wanted.since} 至 {wanted.until}，等待另一人批准。"
    Printer(as_json, {}).close(summary, said)
    return DONE


def _pair(text: str, sign: str) -> tuple[str, str]:
    name, found, value = text.partition(sign)
    if not found or not name or not value:
        raise typer.BadParameter(f"“{text}”应写成 名称{sign}值。")
    return name, value


@exemptions_app.command("confirm")
def exemptions_confirm(
    context: typer.Context,
    number: NumberArgument,
    user: ByOption = None,
    role: RoleOption = "",
    as_json: JsonOption = False,
) -> int:
    """批准一条登记；登记的人不能自己批准。"""
    from budget_watch.casework.exemption_acts import confirm

    here: Context = context.obj
    confirm(here.existing(), actor_for(here, user, role), number)
    said = f"已批准 {number}，从下一次运行起生效。"
    Printer(as_json, {}).close({"exemption": number}, said)
    return DONE


@exemptions_app.command("refuse")
def exemptions_refuse(
    context: typer.Context,
    number: NumberArgument,
    reason: ReasonOption,
    user: ByOption = None,
    role: RoleOption = "",
    as_json: JsonOption = False,
) -> int:
    """不批准一条登记，或收回自己登记的；登记仍列出。"""
    from budget_watch.casework.exemption_acts import refuse

    here: Context = context.obj
    refuse(here.existing(), actor_for(here, user, role), number, reason)
    Printer(as_json, {}).close({"exemption": number}, f"{number} 没有批准，不生效。")
    return DONE


@exemptions_app.command("end")
def exemptions_end(
    context: typer.Context,
    number: NumberArgument,
    reason: ReasonOption,
    day: Annotated[
        str | None, typer.Option("--on", help="从哪一天起不再有效，缺省今天；登记有误的写起始日")
    ] = None,
    user: ByOption = None,
    role: RoleOption = "",
    as_json: JsonOption = False,
) -> int:
    """提前终止一条登记；不删除，仍列出。"""
    from budget_watch.casework.exemption_acts import end

    here: Context = context.obj
    entry = end(here.existing(), actor_for(here, user, role), number, reason, parse_day(day))
    done = entry.acts["end"].day
    said = f"{number} 自 {done} 起不再有效。"
    Printer(as_json, {}).close({"exemption": number, "ended": done}, said)
    return DONE
