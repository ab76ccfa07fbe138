"""Commands of opinions (意见): opinions kinds|steps|list|show|write|act|follow."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from budget_watch.cli.casework import (
    ByOption,
    RoleOption,
    actor_for,
    attach_all,
    clock_text,
    law_text,
)
from budget_watch.cli.context import Context, JsonOption, one_of
from budget_watch.cli.output import DONE, LOOK, Printer

if TYPE_CHECKING:
    from budget_watch.casework.cases import Actor
    from budget_watch.casework.file_store import Attachment
    from budget_watch.lake import Home
    from budget_watch.opinions.opinion import OpinionDesk

opinions_app = typer.Typer(no_args_is_help=True)
OpinionArgument = Annotated[str, typer.Argument(help="意见编号，如 YJ2026-0001")]
OVERDUE, SOON = "逾期", "临期"


@opinions_app.command("kinds")
def opinions_kinds(context: typer.Context, as_json: JsonOption = False) -> int:
    """六类意见：谁提、交给谁、期限、答复形式、公开的义务，哪一条是法、哪一条是本地做法。"""
    from budget_watch.casework.checking import book_folders
    from budget_watch.opinions.flow import load_flow

    here: Context = context.obj
    flow = load_flow(book_folders(here.root))
    columns = {"kind": "种类", "what": "项", "said": "内容", "basis": "依据"}
    printer = Printer(as_json, columns, flow.title)
    law = 0
    for kind in flow.kinds:
        clock = flow.clock[kind.clock]
        length = f"{clock.workdays}个工作日" if clock.workdays else f"{clock.months}个月"
        told: list[tuple[str, str, Any]] = [
            ("性质", f"{kind.group}；提出：{'、'.join(kind.authors)}", kind.basis),
            ("交给", kind.addressee.title, kind.addressee.basis),
            ("期限", f"{clock.title}，{length}", clock.basis),
            ("答复", "、".join(kind.reply.forms), kind.reply.basis),
            ("公开", "、".join(kind.publish.to) or "没有义务", kind.publish.basis),
        ]
        told += [
            ("联名", f"{'、'.join(each.roles)}{each.least}人以上", each.basis)
            for each in kind.signers
        ]
        for what, said, basis in told:
            is_law = basis.kind == "law"
            law += is_law
            words = law_text(here, basis) if is_law else f"本地：{basis.says}"
            line = {"kind": kind.id, "what": what, "said": said, "law": is_law, "basis": words}
            printer.record(line)
    printer.close(
        {"kinds": len(flow.kinds), "groups": len({each.group for each in flow.kinds}), "law": law},
        f"共 {len({each.group for each in flow.kinds})} 类（询问、质询各列）；"
        f"{law} 项引法律、法规，其余是本地做法。期限都是本地参数。",
    )
    return DONE


@opinions_app.command("list")
def opinions_list(
    context: typer.Context,
    state: Annotated[list[str] | None, typer.Option("--state", help="状态，可多次")] = None,
    kind: Annotated[list[str] | None, typer.Option("--kind", help="种类，可多次")] = None,
    mine: Annotated[bool, typer.Option("--mine", help="只列自己提出的和关注的")] = False,
    overdue: Annotated[bool, typer.Option("--overdue", help="只列逾期的")] = False,
    todo: Annotated[bool, typer.Option("--todo", help="只列这个角色现在能办的")] = False,
    finding: Annotated[str | None, typer.Option("--finding", help="只列针对这个疑点的")] = None,
    user: ByOption = None,
    role: RoleOption = "",
    as_json: JsonOption = False,
) -> int:
    """列出意见：谁提的、到了哪一步、谁承办、期限还剩几个工作日。"""
    from budget_watch.casework.cases import today_of
    from budget_watch.casework.findings import get_finding
    from budget_watch.opinions.opinion import OpinionDesk
    from budget_watch.opinions.seeing import list_opinions, record, seen_by
    from budget_watch.opinions.waiting import leads_on

    here: Context = context.obj
    home, actor = here.existing(), actor_for(here, user, role)
    desk, today, seen = OpinionDesk.of(home), today_of(), seen_by(home, actor)
    whole = None if finding is None else get_finding(home, actor.grant, finding).finding
    found = list_opinions(
        home, actor, mine=mine, states=state or (), kinds=kind or (), finding=whole
    )
    columns = {"opinion": "编号", "kind": "种类", "title": "标题", "author": "提出"}
    columns |= {"state": "状态", "addressee": "承办", "due": "期限"}
    printer = Printer(as_json, columns, "意见")
    marks: Counter[str] = Counter()
    shown = 0
    for one in found:
        told = record(desk, actor, one, today, seen=seen.get(one.id))
        clocks = told.get("clocks", [])
        late = any(each["mark"] == OVERDUE for each in clocks)
        if (overdue and not late) or (todo and not leads_on(told)):
            continue
        shown += 1
        marks.update(each["mark"] for each in clocks if each["left"] is not None)
        printer.record(told if as_json else _row(desk, told))
    printer.close(
        {"opinions": shown, "overdue": marks[OVERDUE], "soon": marks[SOON]},
        f"共 {shown} 件；逾期 {marks[OVERDUE]} 项，临期 {marks[SOON]} 项。",
    )
    return LOOK if marks[OVERDUE] else DONE


def _row(desk: OpinionDesk, told: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **told,
        "state": desk.flow.state[told["state"]].title,
        "due": "；".join(filter(None, (clock_text(each) for each in told.get("clocks", [])))),
    }


@opinions_app.command("show")
def opinions_show(
    context: typer.Context,
    opinion: OpinionArgument,
    user: ByOption = None,
    role: RoleOption = "",
    as_json: JsonOption = False,
) -> int:
    """一件意见：正文、针对什么、每一步、答复、评价，接下来能办什么。"""
    from budget_watch.casework.cases import today_of
    from budget_watch.opinions.attachments import attachments
    from budget_watch.opinions.opinion import OpinionDesk
    from budget_watch.opinions.seeing import about, get_opinion, history, looked, record

    here: Context = context.obj
    home, actor = here.existing(), actor_for(here, user, role)
    desk = OpinionDesk.of(home)
    one = get_opinion(home, actor, opinion)
    told = record(desk, actor, one, today_of(), seen=looked(home, actor, one))
    past, thing = history(desk, actor, one), about(home, actor, one)
    columns = {"at": "时间", "title": "步骤", "user": "办理人", "role": "角色"}
    printer = Printer(as_json, {**columns, "given": "内容"}, f"{one.id} {one.kind}：{one.title}")
    if as_json:
        printer.record({**told, "about": thing, "history": past})
    else:
        printer.records(_told(each) for each in past)
        _notes(printer, told, thing)
        for each in attachments(home, actor, one.id):
            printer.note(f"附件：{each.name}（{each.user}，{each.hash[:16]}）")
    printer.close(
        {"opinion": one.id, "state": one.state, "version": one.version},
        f"现在是“{desk.state(one).title}”，您看得到 {len(past)} 步。",
    )
    return DONE


def _notes(printer: Printer, told: Mapping[str, Any], thing: Mapping[str, Any]) -> None:
    from budget_watch.opinions.about import KINDS

    names = "、".join([f"{told['author']}（{told['author_role']}）", *told["signers"]])
    printer.note(f"提出：{names}")
    what = thing["title"] or "所涉事项不在您的查看范围"
    known = f"（数据截至 {thing['as_of']}）" if thing["as_of"] else ""
    free = thing["about"] == "free"
    printer.note(f"针对：{KINDS[thing['about']]}" + ("" if free else f" {what}{known}"))
    printer.note(f"正文：{told['text']}")
    if told["answer"]:
        said = told["answer"]
        form = f"（{said['form']}）" if said["form"] else ""
        printer.note(f"答复{form}：{said['text']}")
    for clock in filter(None, (clock_text(each) for each in told.get("clocks", []))):
        printer.note(f"期限：{clock}")
    steps = "、".join(f"{each['title']}（{each['step']}）" for each in told.get("next", []))
    printer.note(f"接下来您可以：{steps or '没有'}")


def _told(act: Mapping[str, Any]) -> dict[str, Any]:
    from datetime import datetime

    from budget_watch.casework.cases import HERE
    from budget_watch.opinions.flow import NEED_WORDS

    at = datetime.fromisoformat(act["at"]).astimezone(HERE)
    given = {NEED_WORDS.get(k, k): v for k, v in act.get("given", {}).items() if k not in HIDDEN}
    return {**act, "at": f"{at:%Y-%m-%d %H:%M}", "given": given or ""}


HIDDEN = ("about", "about_id", "topic")


@opinions_app.command("write")
def opinions_write(
    context: typer.Context,
    title: Annotated[str, typer.Argument(help="标题")],
    text: Annotated[str, typer.Option("--text", help="正文")],
    about: Annotated[
        str, typer.Option("--about", help="针对：finding 疑点、figure 页面数据、report 报告、free")
    ] = "free",
    target: Annotated[str, typer.Option("--target", help="疑点编号、页面地址，或报告和期次")] = "",
    as_of: Annotated[str, typer.Option("--as-of", help="页面数据的日期，缺省最新")] = "",
    kind: Annotated[str, typer.Option("--kind", help="种类；代表的从线上评论开始")] = "",
    wanted: Annotated[str, typer.Option("--ask", help="建议怎么办，可不填")] = "",
    signers: Annotated[list[str] | None, typer.Option("--signer", help="联名人，可多次")] = None,
    open_: Annotated[bool, typer.Option("--open", help="登记后可供其他代表查看")] = False,
    submit: Annotated[bool, typer.Option("--submit", help="立即提交；缺省存为草稿")] = False,
    request: Annotated[
        str | None, typer.Option("--request", help="请求编号；同一编号只办一次")
    ] = None,
    user: ByOption = None,
    role: RoleOption = "",
    as_json: JsonOption = False,
) -> int:
    """写意见：针对疑点、页面数据、报告，或不针对具体事项。"""
    from budget_watch.opinions.about import KINDS
    from budget_watch.opinions.acting import write
    from budget_watch.opinions.opinion import OpinionDesk

    here: Context = context.obj
    home, actor = here.existing(), actor_for(here, user, role)
    done = write(
        home,
        actor,
        title,
        text,
        kind=kind,
        about=one_of("--about", about, KINDS) or "free",
        about_id=target,
        as_of=as_of,
        wanted=wanted,
        open_=open_,
        signers=signers or (),
        submit=submit,
        request=request,
    )
    state = OpinionDesk.of(home).flow.state[done.state].title
    again = "（此前已存，没有重复）" if done.repeated else ""
    Printer(as_json, {}).close(done.__dict__, f"意见 {done.opinion} 现在是“{state}”{again}。")
    return DONE


@opinions_app.command("act")
def opinions_act(
    context: typer.Context,
    step: Annotated[str, typer.Argument(help="步骤，如 register 或 登记；opinions steps 列出全部")],
    opinions: Annotated[
        list[str], typer.Argument(help="意见编号，可多个；写议题编号就是它的每一件")
    ],
    user: ByOption = None,
    role: RoleOption = "",
    reason: Annotated[str | None, typer.Option("--reason", help="理由")] = None,
    title: Annotated[str | None, typer.Option("--title", help="标题")] = None,
    text: Annotated[str | None, typer.Option("--text", help="正文")] = None,
    kind: Annotated[str | None, typer.Option("--kind", help="登记为哪一类")] = None,
    signers: Annotated[list[str] | None, typer.Option("--signer", help="联名人，可多次")] = None,
    addressee: Annotated[
        str | None, typer.Option("--to", help="承办：财政，或部门、单位编码")
    ] = None,
    copy_to: Annotated[str | None, typer.Option("--copy-to", help="抄送的主管部门编码")] = None,
    number: Annotated[str | None, typer.Option("--number", help="文号")] = None,
    form: Annotated[str | None, typer.Option("--form", help="答复形式")] = None,
    signed_by: Annotated[str | None, typer.Option("--signed-by", help="签署的负责人")] = None,
    word: Annotated[str | None, typer.Option("--word", help="满意、基本满意 或 不满意")] = None,
    remark: Annotated[str | None, typer.Option("--remark", help="不满意的原因")] = None,
    published: Annotated[str | None, typer.Option("--published", help="在何处通报、公布")] = None,
    clock: Annotated[str | None, typer.Option("--clock", help="要延长的期限")] = None,
    days: Annotated[int | None, typer.Option("--days", help="延长几个工作日")] = None,
    version: Annotated[
        int | None, typer.Option("--version", help="看到的是第几步；已变则不办")
    ] = None,
    request: Annotated[
        str | None, typer.Option("--request", help="请求编号；同一编号只办一次")
    ] = None,
    as_json: JsonOption = False,
) -> int:
    """办一步；可以一次对多件办同一步。每一件各自成功或说明原因。"""
    from budget_watch.opinions.acting import Done, act, act_on_many
    from budget_watch.opinions.opinion import OpinionDesk

    here: Context = context.obj
    home, actor = here.existing(), actor_for(here, user, role)
    given = {
        **{"reason": reason, "title": title, "text": text, "kind": kind, "signers": signers},
        **{"addressee": addressee, "copy_to": copy_to, "number": number, "form": form},
        **{"signed_by": signed_by, "word": word, "remark": remark, "published": published},
        **{"clock": clock, "days": days},
    }
    opinions = _spread(home, actor, opinions)
    if len(opinions) == 1:
        done = act(home, actor, opinions[0], step, given, version=version, request=request)
        told: list[tuple[str, Done | str]] = [(opinions[0], done)]
    else:
        told = act_on_many(home, actor, opinions, step, given, request=request)
    flow = OpinionDesk.of(home).flow
    printer = Printer(as_json, {"opinion": "意见", "state": "状态", "said": "结果"})
    for number_, outcome in told:
        refused_ = isinstance(outcome, str)
        line = {"opinion": number_, "state": None} if refused_ else dict(outcome.__dict__)
        line |= {"said": outcome if refused_ else "已办", "done": not refused_}
        if as_json or len(told) > 1:
            printer.record(line)
    refused = sum(isinstance(outcome, str) for _, outcome in told)
    sentence = f"办了 {len(told) - refused} 件" + (f"，{refused} 件没有办成。" if refused else "。")
    last = told[0][1]
    if len(told) == 1 and not isinstance(last, str):
        again = "此前已办，没有重复办" if last.repeated else "已办"
        state = flow.state[last.state].title
        name = flow.named(step).title
        sentence = f"“{name}”{again}，意见 {last.opinion} 现在是“{state}”。"
    printer.close({"done": len(told) - refused, "refused": refused}, sentence)
    return LOOK if refused else DONE


def _spread(home: Home, actor: Actor, numbers: list[str]) -> list[str]:
    """Opinions as named, each topic as the opinions in it that the reader sees."""
    from budget_watch.opinions.seeing import list_opinions
    from budget_watch.opinions.topics import TOPIC, get_topic

    found: list[str] = []
    for number in numbers:
        if number.startswith(TOPIC):
            topic = get_topic(home, actor, number).id
            found += sorted(each.id for each in list_opinions(home, actor, topic=topic))
        else:
            found.append(number)
    return found


@opinions_app.command("attach")
def opinions_attach(
    context: typer.Context,
    opinion: OpinionArgument,
    files: Annotated[list[Path], typer.Argument(help="要附上的文件")],
    user: ByOption = None,
    role: RoleOption = "",
    as_json: JsonOption = False,
) -> int:
    """给意见附上文件：按类型、大小和内容检查，按内容的摘要存放。"""
    from budget_watch.opinions.attachments import attach

    here: Context = context.obj
    home, actor = here.existing(), actor_for(here, user, role)

    def put(path: Path) -> Attachment:
        return attach(home, actor, opinion, path.name, path.read_bytes())

    return attach_all(files, put, as_json)


@opinions_app.command("follow")
def opinions_follow(
    context: typer.Context,
    opinion: OpinionArgument,
    off: Annotated[bool, typer.Option("--off", help="不再关注")] = False,
    user: ByOption = None,
    role: RoleOption = "",
    as_json: JsonOption = False,
) -> int:
    """关注一件意见的进展；自己提出的自动关注。"""
    from budget_watch.opinions.acting import follow

    here: Context = context.obj
    follow(here.existing(), actor_for(here, user, role), opinion, following=not off)
    told = "不再关注。" if off else "已关注；有进展时在“我的意见”里标出。"
    Printer(as_json, {}).close({"opinion": opinion, "following": not off}, told)
    return DONE


@opinions_app.command("steps")
def opinions_steps(context: typer.Context, as_json: JsonOption = False) -> int:
    """意见办理的每一步：谁办、要填什么、哪一步是法的规定、哪一步是本地做法。"""
    from budget_watch.casework.checking import book_folders
    from budget_watch.opinions.flow import NEED_WORDS, load_flow

    here: Context = context.obj
    flow = load_flow(book_folders(here.root))
    columns = {"step": "步骤", "title": "名称", "from": "从", "to": "到", "who": "谁"}
    printer = Printer(as_json, {**columns, "needs": "要填", "basis": "依据"}, flow.title)
    for each in flow.transitions:
        basis = (
            law_text(here, each.basis) if each.basis.kind == "law" else f"本地：{each.basis.says}"
        )
        printer.record(
            {
                "step": each.id,
                "title": each.title,
                "from": "、".join(flow.state[name].title for name in each.sources),
                "to": flow.state[each.to].title if each.to else "（不变）",
                "who": "、".join(each.who),
                "needs": "、".join(NEED_WORDS[name] for name in each.needs),
                "kinds": list(each.kinds),
                "law": each.basis.kind == "law",
                "basis": basis,
            }
        )
    count = sum(each.basis.kind == "law" for each in flow.transitions)
    printer.close(
        {"steps": len(flow.transitions), "law": count},
        f"共 {len(flow.transitions)} 步，其中 {count} 步引法律，其余是本地做法。",
    )
    return DONE
