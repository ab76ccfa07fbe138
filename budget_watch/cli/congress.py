"""Commands of 人代会 sessions: session list|open|grant|show|give|merge|route|answer|close."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from budget_watch.cli.casework import ByOption, RoleOption, actor_for
from budget_watch.cli.context import Context, JsonOption
from budget_watch.cli.output import DONE, LOOK, Printer

if TYPE_CHECKING:
    from budget_watch.congress.granting import Told

session_app = typer.Typer(no_args_is_help=True)
NumberArgument = Annotated[str, typer.Argument(help="会次编号，如 RD2026-01")]
RequestOption = Annotated[str | None, typer.Option("--request", help="请求编号；同一编号只办一次")]


@session_app.command("list")
def session_list(
    context: typer.Context,
    user: ByOption = None,
    role: RoleOption = "",
    as_json: JsonOption = False,
) -> int:
    """列出会次：会期、代表团、人数。"""
    from budget_watch.casework.cases import today_of
    from budget_watch.congress.session import list_congresses

    here: Context = context.obj
    found = list_congresses(here.existing(), actor_for(here, user, role), today_of())
    columns = {"congress": "编号", "title": "会次", "since": "从", "until": "到", "state": "状态"}
    printer = Printer(as_json, {**columns, "members": "人数"}, "会次")
    for one in found:
        state = (
            "会期中" if one.running(today_of()) else "未开" if one.since > today_of() else "已闭"
        )
        row = {"congress": one.id, "title": one.title, "since": str(one.since)}
        row |= {"until": str(one.until), "state": state}
        printer.record({**row, "members": len(one.members)})
    printer.close({"sessions": len(found)}, f"共 {len(found)} 个会次。")
    return DONE


@session_app.command("open")
def session_open(
    context: typer.Context,
    title: Annotated[str, typer.Argument(help="会次名称")],
    roll: Annotated[
        Path, typer.Option("--roll", help="名单文件，每行：代表团 姓名 账号；解答的人写 财政解答组")
    ],
    since: Annotated[str, typer.Option("--from", help="会期首日，如 2027-01-20")],
    until: Annotated[str, typer.Option("--to", help="会期末日")],
    region: Annotated[str, typer.Option("--region", help="区划代码；缺省为办理人的区划")] = "",
    hours: Annotated[int | None, typer.Option("--hours", help="几个小时内解答")] = None,
    request: RequestOption = None,
    user: ByOption = None,
    role: RoleOption = "",
    as_json: JsonOption = False,
) -> int:
    """开一个会次，登记代表团和名单；角色另由安全管理员授（session grant）。"""
    from budget_watch.casework.errors import ActError
    from budget_watch.congress.acting import open_congress
    from budget_watch.congress.roll import day_of

    here: Context = context.obj
    try:
        names = roll.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ActError(f"名单 {roll} 读不出来；请存为 UTF-8 文本。") from error
    done = open_congress(
        here.existing(),
        actor_for(here, user, role),
        title,
        day_of(since),
        day_of(until),
        names,
        region=region,
        hours=hours,
        request=request,
    )
    Printer(as_json, {}).close(done.__dict__, f"会次 {done.congress} 已开；请安全管理员授角色。")
    return DONE


@session_app.command("grant")
def session_grant(
    context: typer.Context,
    number: NumberArgument,
    end: Annotated[
        str | None, typer.Option("--end", help="提前闭会后收回，写明原因；缺省为授予")
    ] = None,
    by: ByOption = None,
    as_json: JsonOption = False,
) -> int:
    """给名单上的人授角色，只在会期内有效；由安全管理员办。有没授成的，退出码为 1。"""
    from budget_watch.cli.accounts import who_grants
    from budget_watch.congress.granting import end_grants, grant_members

    here: Context = context.obj
    who, acts_in = who_grants(context, by)
    home = here.existing()
    if end is None:
        told = grant_members(home, who, acts_in, number)
    else:
        told = end_grants(home, who, acts_in, number, end)
    printer = Printer(
        as_json, {"user": "账号", "name": "姓名", "role": "角色", "said": "结果"}, "授权"
    )
    printer.records(each.__dict__ for each in told)
    wrong = _wrong(told)
    printer.close({"members": len(told), "refused": wrong}, f"{len(told)} 人，{wrong} 人没有授成。")
    return LOOK if wrong else DONE


def _wrong(told: list[Told]) -> int:
    return sum(not each.said.startswith("已") for each in told)


@session_app.command("show")
def session_show(
    context: typer.Context,
    number: NumberArgument,
    user: ByOption = None,
    role: RoleOption = "",
    as_json: JsonOption = False,
) -> int:
    """一个会次的汇总：各代表团的意见、议题、解答。"""
    from datetime import UTC, datetime

    from budget_watch.casework.cases import today_of
    from budget_watch.congress.session import CongressDesk, get_congress
    from budget_watch.congress.summary import congress_record

    here: Context = context.obj
    home, actor = here.existing(), actor_for(here, user, role)
    one = get_congress(home, actor, number, today_of())
    told = congress_record(CongressDesk.of(home), actor, one, datetime.now(UTC))
    printer = Printer(as_json, {}, one.id)
    if as_json:
        printer.record(told)
    else:
        for each in told["delegations"]:
            said = f"{each['delegation']}：{each['opinions']} 件，{each['authors']} 人"
            printer.note(said)
        for each in told["questions"]:
            printer.note(f"{each['topic']} {each['title']}：{each['opinions']} 件，{each['state']}")
    printer.close(
        {"session": one.id}, f"{one.title}：{told['given']} 件意见，并入议题 {told['merged']} 件。"
    )
    return DONE


@session_app.command("give")
def session_give(
    context: typer.Context,
    number: NumberArgument,
    text: Annotated[str, typer.Argument(help="意见")],
    page: Annotated[str, typer.Option("--page", help="针对的页面地址，如 /draft")] = "",
    request: RequestOption = None,
    user: ByOption = None,
    role: RoleOption = "",
    as_json: JsonOption = False,
) -> int:
    """代表在会期内提一件意见。"""
    from budget_watch.congress.acting import give

    here: Context = context.obj
    actor = actor_for(here, user, role)
    done = give(here.existing(), actor, number, text, page=page, request=request)
    again = "此前已收到，没有重复登记" if done.repeated else "已收到"
    Printer(as_json, {}).close(done.__dict__, f"{again}，编号 {done.opinion}。")
    return DONE


@session_app.command("merge")
def session_merge(
    context: typer.Context,
    number: NumberArgument,
    title: Annotated[str, typer.Argument(help="议题名称，或已有议题的编号")],
    opinions: Annotated[list[str], typer.Argument(help="意见编号")],
    request: RequestOption = None,
    user: ByOption = None,
    role: RoleOption = "",
    as_json: JsonOption = False,
) -> int:
    """把相近的意见并为一题；原文不动。"""
    from budget_watch.congress.acting import join, merge
    from budget_watch.opinions.topics import TOPIC

    here: Context = context.obj
    actor, work = actor_for(here, user, role), join if title.startswith(TOPIC) else merge
    done = work(here.existing(), actor, number, title, opinions, request=request)
    Printer(as_json, {}).close(done.__dict__, f"已并入议题 {done.topic}。")
    return DONE


@session_app.command("report")
def session_report(
    context: typer.Context,
    number: NumberArgument,
    file: Annotated[Path, typer.Argument(help="报告文本，docx")],
    request: RequestOption = None,
    user: ByOption = None,
    role: RoleOption = "",
    as_json: JsonOption = False,
) -> int:
    """上传报告文本，逐个金额和草案各表比较；有对不上的，退出码为 1。"""
    from budget_watch.casework.errors import ActError
    from budget_watch.congress.reports import add_report, paragraphs
    from budget_watch.lake import Reader
    from budget_watch.views import Desk, home_place
    from budget_watch.views import draft_budget as budgets
    from budget_watch.views.report_text import LINKED, known_amounts, spots

    here: Context = context.obj
    home, actor = here.existing(), actor_for(here, user, role)
    try:
        content = file.read_bytes()
    except OSError as error:
        raise ActError(f"文件 {file} 读不出来。") from error
    add_report(home, actor, number, file.name, content, request=request)
    desk = Desk(Reader(home, actor.grant))
    place = home_place(desk)
    years = budgets.years(desk, place) if place is not None else ()
    known = known_amounts(desk, place, max(years)) if place is not None and years else []
    found = spots(paragraphs(content), known)
    printer = Printer(
        as_json, {"text": "金额", "state": "比较", "lines": "报表", "sentence": "句子"}
    )
    for each in found:
        lines = [line.label for line in each.lines]
        row = {"text": each.text, "state": each.state, "sentence": each.sentence}
        printer.record({**row, "lines": lines if as_json else "、".join(lines[:3])})
    linked = sum(each.state == LINKED for each in found)
    counts = {"amounts": len(found), "linked": linked, "not_linked": len(found) - linked}
    printer.close(counts, f"金额 {len(found)} 处，和报表相符 {linked} 处。")
    return DONE if linked == len(found) else LOOK


@session_app.command("package")
def session_package(
    context: typer.Context,
    number: NumberArgument,
    deputy: Annotated[str, typer.Option("--for", help="代表的账号；按他的权限编制")],
    reason: Annotated[str, typer.Option("--reason", help="用途，记入审计日志")],
    until: Annotated[str, typer.Option("--until", help="有效至，缺省为会期末日")] = "",
    phrase: Annotated[
        Path | None,
        typer.Option("--passphrase", help="写着口令的文件；缺省由系统给一个，只显示一次"),
    ] = None,
    out: Annotated[Path, typer.Option("--out", help="放在哪个文件夹")] = Path(),
    user: ByOption = None,
    role: RoleOption = "",
    as_json: JsonOption = False,
) -> int:
    """制作一位代表的离线材料：一个网页文件，加密、签名、有有效期。"""
    from budget_watch.casework.errors import ActError
    from budget_watch.congress.roll import day_of
    from budget_watch.digest.build import put
    from budget_watch.digest.package import new_passphrase
    from dashboard.offline import packed

    here: Context = context.obj
    try:
        secret = new_passphrase() if phrase is None else phrase.read_text("utf-8-sig").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ActError(f"口令文件 {phrase} 读不出来；请存为 UTF-8 文本。") from error
    actor, last = actor_for(here, user, role), day_of(until) if until else None
    made = packed(here.existing(), actor, number, deputy, secret, reason, until=last)
    path = put(out / made.name, made.content)
    told = {"file": str(path), "bytes": len(made.content), "pages": made.pages}
    told |= {"expires": made.head.expires, "key": made.head.key}
    told |= {"passphrase": secret} if phrase is None else {}
    said = f"{path}：{made.pages} 页，有效至 {made.head.expires[:10]}。"
    said += f"口令 {secret}，只显示这一次，请另行告诉本人。" if phrase is None else ""
    Printer(as_json, {}).close(told, said)
    return DONE


@session_app.command("verify")
def session_verify(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="离线材料")],
    key: Annotated[
        Path | None, typer.Option("--key", help="公钥文件 package.pub；缺省用本系统的")
    ] = None,
    as_json: JsonOption = False,
) -> int:
    """核对离线材料的签名：改过一个字节也说得出来。不符的，退出码为 1。"""
    from budget_watch.digest.package import verify_package
    from budget_watch.digest.package_key import FOLDER, PUBLIC, public_key

    here: Context = context.obj
    if not file.is_file():
        raise typer.BadParameter(f"没有文件 {file}。")
    own = key or here.existing().root / FOLDER / PUBLIC
    found = verify_package(file.read_bytes(), public_key(own))
    head = found.head.__dict__ if found.head else {}
    told = {"file": str(file), "sound": found.sound, "expired": found.expired, **head}
    Printer(as_json, {}).close({**told, "wrong": found.wrong}, found.sentence)
    return DONE if found.sound else LOOK


@session_app.command("act")
def session_act(
    context: typer.Context,
    step: Annotated[str, typer.Argument(help="route 转财政解答组、answer 解答、close 提前闭会")],
    number: NumberArgument,
    topic: Annotated[str, typer.Option("--topic", help="议题编号")] = "",
    text: Annotated[str, typer.Option("--text", help="解答，或提前闭会的原因")] = "",
    request: RequestOption = None,
    user: ByOption = None,
    role: RoleOption = "",
    as_json: JsonOption = False,
) -> int:
    """办一步。"""
    from budget_watch.congress.acting import ANSWER, ROUTE, STEPS, answer, close_congress, route
    from budget_watch.congress.session import CLOSE

    here: Context = context.obj
    home, actor = here.existing(), actor_for(here, user, role)
    works: dict[str, Any] = {
        ROUTE: lambda: route(home, actor, number, topic, request=request),
        ANSWER: lambda: answer(home, actor, number, topic, text, request=request),
        CLOSE: lambda: close_congress(home, actor, number, text, request=request),
    }
    if step not in works:
        raise typer.BadParameter(f"没有“{step}”这一步；可用 {'、'.join(works)}")
    done = works[step]()
    Printer(as_json, {}).close(done.__dict__, f"“{STEPS[step]}”已办。")
    return DONE
