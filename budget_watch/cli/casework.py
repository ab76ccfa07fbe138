"""Commands of casework (办理): cases list|show|act|merge|extend|attach|letter …."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from budget_watch.cli.context import Context, JsonOption
from budget_watch.cli.output import DONE, LOOK, Printer

if TYPE_CHECKING:
    from budget_watch.casework.cases import Actor, Case, Desk
    from budget_watch.casework.file_store import Attachment
    from budget_watch.casework.workflow import Workflow

cases_app = typer.Typer(no_args_is_help=True)

ByOption = Annotated[
    str | None,
    typer.Option("--as", help="以谁的身份，账号或 账号:角色；缺省为本机操作员，记入审计日志"),
]
RoleOption = Annotated[
    str, typer.Option("--role", help="以什么角色，如 经办、审核、签发、单位经办")
]
CaseArgument = Annotated[str, typer.Argument(help="办理编号，或疑点编号（可只写前 8 位以上）")]
ReasonOption = Annotated[str | None, typer.Option("--reason", help="理由")]
OVERDUE, SOON, PAUSED = "逾期", "临期", "停计"


def actor_for(here: Context, user: str | None, role: str) -> Actor:
    """An account in its role; the local operator in the role that they name."""
    from budget_watch.casework.cases import actor_of

    named = f"{user}:{role}" if user and role and ":" not in user else user
    return actor_of(here.home, here.grant(named, "命令行办理"), role)


@cases_app.command("list")
def cases_list(
    context: typer.Context,
    state: Annotated[list[str] | None, typer.Option("--state", help="办理状态，可多次")] = None,
    overdue: Annotated[bool, typer.Option("--overdue", help="只列逾期的")] = False,
    todo: Annotated[bool, typer.Option("--todo", help="只列这个角色现在能办的")] = False,
    user: ByOption = None,
    role: RoleOption = "",
    as_json: JsonOption = False,
) -> int:
    """列出办理：到了哪一步、谁承办、期限还剩几个工作日。"""
    from budget_watch.casework.cases import Desk, list_cases, record, today_of

    here: Context = context.obj
    home = here.existing()
    desk, actor, today = Desk.of(home), actor_for(here, user, role), today_of()
    columns = {
        "case": "编号",
        "level": "级别",
        "title": "事项",
        "state": "状态",
        "addressee": "承办",
        "due": "期限",
        "findings": "疑点数",
    }
    printer = Printer(as_json, columns, "办理")
    marks: Counter[str] = Counter()
    shown = 0
    for case in list_cases(home, actor, states=state or ()):
        told = record(desk, actor, case, today)
        late = [each for each in told["clocks"] if each["mark"] == OVERDUE]
        if (overdue and not late) or (todo and not _work(told)):
            continue
        shown += 1
        marks.update(each["mark"] for each in told["clocks"] if each["left"] is not None)
        printer.record(told if as_json else _row(desk, case, told))
    printer.close(
        {"cases": shown, "overdue": marks[OVERDUE], "soon": marks[SOON]},
        f"共 {shown} 件；逾期 {marks[OVERDUE]} 项，临期 {marks[SOON]} 项。",
    )
    return LOOK if marks[OVERDUE] else DONE


def _work(told: Mapping[str, Any]) -> bool:
    """Whether there is a step that leads on, not only a note or an extension."""
    aside = {"note", "extend", "remind", "escalate"}
    return any(each["transition"] not in aside for each in told["next"])


def _row(desk: Desk, case: Case, told: Mapping[str, Any]) -> dict[str, Any]:
    from budget_watch.casework.given import LEVEL_WORDS

    return {
        **told,
        "level": LEVEL_WORDS.get(told["level"] or "", ""),
        "state": desk.state(case).title,
        "due": "；".join(filter(None, (clock_text(each) for each in told["clocks"]))),
        "findings": len(told["findings"]),
    }


def clock_text(told: Mapping[str, Any]) -> str:
    """A period as people read it; nothing for one that has ended."""
    if told["stopped"] is not None:
        return ""
    if told["mark"] == PAUSED:
        return f"{told['title']} 停计"
    left = told["left"]
    days = f"逾期{-left}个工作日" if told["mark"] == OVERDUE else f"还有{left}个工作日"
    return f"{told['title']} {told['due']}（{days}）"


@cases_app.command("show")
def cases_show(
    context: typer.Context,
    case: CaseArgument,
    user: ByOption = None,
    role: RoleOption = "",
    as_json: JsonOption = False,
) -> int:
    """一件办理：疑点、期限、每一步是谁在何时办的、接下来谁能办什么。"""
    from budget_watch.casework.cases import Desk, get_case, history, record, today_of

    here: Context = context.obj
    home = here.existing()
    desk, actor = Desk.of(home), actor_for(here, user, role)
    found = get_case(home, actor, case)
    told = record(desk, actor, found, today_of())
    past = history(desk, actor, found)
    columns = {
        "at": "时间",
        "title": "步骤",
        "user": "办理人",
        "role": "角色",
        "given": "内容",
    }
    printer = Printer(as_json, columns, f"办理 {found.id or '（未受理）'}：{found.title}")
    if as_json:
        printer.record({**told, "history": past})
    else:
        printer.records(_told(each) for each in past)
        for clock in filter(None, (clock_text(each) for each in told["clocks"])):
            printer.note(f"期限：{clock}")
        if told["proposal"]:
            mine = told["proposal"]
            printer.note(f"等待第二人确认：{mine['user']}（{mine['role']}）拟的结论")
        printer.note(_next(desk, actor, found, told))
    state = desk.state(found).title
    printer.close(
        {"case": found.id, "state": found.state, "version": found.version},
        f"现在是“{state}”，已办 {found.version} 步。",
    )
    return DONE


def _told(step: Mapping[str, Any]) -> dict[str, Any]:
    """An act for people: its time to the minute, what was filled in by its Chinese name."""
    from budget_watch.casework.cases import HERE
    from budget_watch.casework.workflow import NEED_WORDS

    words = {**NEED_WORDS, "copy_to": "抄送", "attachments": "附件"}
    given = dict(step["given"])
    title = f"拟{step['title']}" if given.pop("proposed", False) else step["title"]
    at = datetime.fromisoformat(step["at"]).astimezone(HERE)
    told = {words.get(name, name): value for name, value in given.items()}
    return {**step, "title": title, "at": f"{at:%Y-%m-%d %H:%M}", "given": told or ""}


def _next(desk: Desk, actor: Actor, case: Case, told: Mapping[str, Any]) -> str:
    if actor.role:
        steps = "、".join(f"{each['title']}（{each['transition']}）" for each in told["next"])
        return f"{actor.role}可以：{steps or '没有'}"
    ways = (each for each in desk.flow.transitions if case.state in each.sources and each.to)
    steps = "；".join(f"{each.title}（{each.id}）：{'、'.join(each.who)}" for each in ways)
    return f"接下来：{steps or '已经办完'}"


@cases_app.command("act")
def cases_act(
    context: typer.Context,
    step: Annotated[str, typer.Argument(help="步骤，如 take 或 受理初核；cases workflow 列出全部")],
    cases: Annotated[list[str], typer.Argument(help="办理或疑点编号，可多个")],
    user: ByOption = None,
    role: RoleOption = "",
    reason: ReasonOption = None,
    result: Annotated[str | None, typer.Option("--result", help="结论")] = None,
    level: Annotated[str | None, typer.Option("--level", help="提高到的级别")] = None,
    document: Annotated[str | None, typer.Option("--document", help="文书种类")] = None,
    addressee: Annotated[
        str | None, typer.Option("--to", help="承办：财政，或部门、单位编码")
    ] = None,
    copy_to: Annotated[str | None, typer.Option("--copy-to", help="抄送的主管部门编码")] = None,
    text: Annotated[str | None, typer.Option("--text", help="正文")] = None,
    number: Annotated[str | None, typer.Option("--number", help="文号")] = None,
    objection: Annotated[str | None, typer.Option("--objection", help="异议种类")] = None,
    committed: Annotated[str | None, typer.Option("--by", help="承诺完成日期")] = None,
    clock: Annotated[str | None, typer.Option("--clock", help="要延长的期限")] = None,
    days: Annotated[int | None, typer.Option("--days", help="延长几个工作日")] = None,
    rung: Annotated[str | None, typer.Option("--rung", help="升级到哪一级")] = None,
    version: Annotated[
        int | None, typer.Option("--version", help="看到的是第几步；已变则不办")
    ] = None,
    request: Annotated[
        str | None, typer.Option("--request", help="请求编号；同一编号只办一次")
    ] = None,
    as_json: JsonOption = False,
) -> int:
    """办一步；可以一次对多个疑点办同一步。每一件各自成功或说明原因。"""
    from budget_watch.casework.acting import Done, act, act_on_many
    from budget_watch.casework.workflow import workflow_of

    here: Context = context.obj
    home = here.existing()
    actor = actor_for(here, user, role)
    given = {
        **{"reason": reason, "result": result, "level": level, "document": document},
        **{"addressee": addressee, "copy_to": copy_to, "text": text, "number": number},
        **{"objection": objection, "committed": committed, "clock": clock, "days": days},
        "rung": rung,
    }
    if len(cases) == 1:
        done = act(home, actor, cases[0], step, given, version=version, request=request)
        told: list[tuple[str, Done | str]] = [(cases[0], done)]
    else:
        told = act_on_many(home, actor, cases, step, given, request=request)
    printer = Printer(as_json, {"target": "对象", "case": "办理", "state": "状态", "said": "结果"})
    flow = workflow_of(home.root)
    for target, outcome in told:
        found = _outcome(target, outcome)
        if as_json:
            printer.record(found)
        elif len(told) > 1:
            state = flow.state[found["state"]].title if found["state"] else None
            printer.record({**found, "state": state})
    refused = sum(isinstance(outcome, str) for _, outcome in told)
    sentence = f"办了 {len(told) - refused} 件" + (f"，{refused} 件没有办成。" if refused else "。")
    if len(told) == 1:
        sentence = _sentence(flow, step, told[0][1])
    printer.close({"done": len(told) - refused, "refused": refused}, sentence)
    return LOOK if refused else DONE


def _sentence(flow: Workflow, step: str, done: Any) -> str:
    title = flow.named(step).title
    if done.proposed:
        return f"“{title}”已拟，办理 {done.case} 等待另一人确认。"
    again = "此前已办，没有重复办" if done.repeated else "已办"
    return f"“{title}”{again}，办理 {done.case} 现在是“{flow.state[done.state].title}”。"


def _outcome(target: str, outcome: Any) -> dict[str, Any]:
    if isinstance(outcome, str):
        return {"target": target, "case": None, "state": None, "said": outcome, "done": False}
    said = "等待第二人确认" if outcome.proposed else "已办"
    if outcome.repeated:
        said = "同一请求此前已办，没有重复办"
    return {"target": target, **outcome.__dict__, "said": said, "done": True}


@cases_app.command("extend")
def cases_extend(
    context: typer.Context,
    case: CaseArgument,
    days: Annotated[int, typer.Option("--days", help="延长几个工作日")],
    reason: Annotated[str, typer.Option("--reason", help="理由")],
    clock: Annotated[str, typer.Option("--clock", help="期限")] = "answer",
    user: ByOption = None,
    role: RoleOption = "",
    as_json: JsonOption = False,
) -> int:
    """准予延期：写明理由和天数。"""
    from budget_watch.casework.acting import act
    from budget_watch.casework.cases import Desk, get_case, record, today_of

    here: Context = context.obj
    home, actor = here.existing(), actor_for(here, user, role)
    act(home, actor, case, "extend", {"reason": reason, "clock": clock, "days": days})
    told = record(Desk.of(home), actor, get_case(home, actor, case), today_of())
    clocks = [each for each in told["clocks"] if each["stopped"] is None]
    due = "；".join(clock_text(each) for each in clocks)
    Printer(as_json, {}).close({"case": told["case"], "clocks": clocks}, f"已延期。{due}")
    return DONE


@cases_app.command("merge")
def cases_merge(
    context: typer.Context,
    into: Annotated[str, typer.Argument(help="并入这一件")],
    others: Annotated[list[str], typer.Argument(help="要并入的办理或疑点编号")],
    reason: Annotated[str, typer.Option("--reason", help="理由")],
    user: ByOption = None,
    role: RoleOption = "",
    as_json: JsonOption = False,
) -> int:
    """把同一事项的疑点并为一件办理（转交以前）。"""
    from budget_watch.casework.acting import merge
    from budget_watch.casework.cases import get_case

    here: Context = context.obj
    home, actor = here.existing(), actor_for(here, user, role)
    done = merge(home, actor, into, others, reason)
    findings = len(get_case(home, actor, done.case).findings)
    Printer(as_json, {}).close(
        {"case": done.case, "findings": findings}, f"办理 {done.case} 现在有 {findings} 个疑点。"
    )
    return DONE


@cases_app.command("inquiry")
def cases_inquiry(
    context: typer.Context,
    unit: Annotated[str, typer.Argument(help="承办单位或部门编码")],
    month: Annotated[str, typer.Argument(help="月份，如 2026-11")],
    out: Annotated[Path | None, typer.Option("--out", help="写到这个文件")] = None,
    user: ByOption = None,
    role: RoleOption = "",
    as_json: JsonOption = False,
) -> int:
    """一个单位一个月的问询清单（Excel），填好后用 cases answer 交回。已有的文件不覆盖。"""
    from budget_watch.digest.inquiry_sheet import inquiry_sheet

    here: Context = context.obj
    content = inquiry_sheet(here.existing(), actor_for(here, user, role), unit, month)
    path = out or Path(f"问询清单-{unit}-{month}.xlsx")
    with path.open("xb") as file:
        file.write(content)
    Printer(as_json, {}).close({"file": str(path), "bytes": len(content)}, f"已写入 {path}")
    return DONE


@cases_app.command("answer")
def cases_answer(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="填好的问询清单")],
    user: ByOption = None,
    role: RoleOption = "",
    as_json: JsonOption = False,
) -> int:
    """交回问询清单：逐行答复、提异议或退回改派；同一文件交两次，只办一次。"""
    from budget_watch.casework.inquiries import answered

    here: Context = context.obj
    home, actor = here.existing(), actor_for(here, user, role)
    told = answered(home, actor, file.name, file.read_bytes())
    printer = Printer(as_json, {"line": "行", "case": "办理", "done": "办成", "said": "结果"})
    printer.records(each.__dict__ for each in told)
    refused = sum(not each.done for each in told)
    printer.close(
        {"rows": len(told), "done": len(told) - refused, "refused": refused},
        f"清单上填了 {len(told)} 行，办成 {len(told) - refused} 行。",
    )
    return LOOK if refused else DONE


@cases_app.command("attach")
def cases_attach(
    context: typer.Context,
    case: CaseArgument,
    files: Annotated[list[Path], typer.Argument(help="要附上的文件")],
    user: ByOption = None,
    role: RoleOption = "",
    as_json: JsonOption = False,
) -> int:
    """给办理附上文件：按类型、大小和内容检查，按内容的摘要存放。"""
    from budget_watch.casework.attachments import attach

    here: Context = context.obj
    home, actor = here.existing(), actor_for(here, user, role)

    def put(path: Path) -> Attachment:
        return attach(home, actor, case, path.name, path.read_bytes())

    return attach_all(files, put, as_json)


def attach_all(files: list[Path], put: Callable[[Path], Attachment], as_json: bool) -> int:
    """Attach each file by itself, and say of each what became of it."""
    from budget_watch.casework.file_check import FileRefusedError

    printer = Printer(as_json, {"name": "文件", "size": "字节", "hash": "摘要", "said": "结果"})
    refused = 0
    for path in files:
        try:
            printer.record({**put(path).__dict__, "said": "已附上"})
        except FileRefusedError as error:
            refused += 1
            printer.record({"name": path.name, "size": None, "hash": None, "said": str(error)})
    printer.close(
        {"attached": len(files) - refused, "refused": refused},
        f"附上 {len(files) - refused} 个" + (f"，{refused} 个没有收。" if refused else "。"),
    )
    return LOOK if refused else DONE


@cases_app.command("letter")
def cases_letter(
    context: typer.Context,
    case: CaseArgument,
    out: Annotated[Path | None, typer.Option("--out", help="写到这个文件")] = None,
    user: ByOption = None,
    role: RoleOption = "",
    as_json: JsonOption = False,
) -> int:
    """把转办函、问询函、督办单打印为 Word，附发文稿纸。已有的文件不覆盖。"""
    from budget_watch.casework.committee import committee
    from budget_watch.digest.letter import letter_of, write_letter

    here: Context = context.obj
    issuer = committee(here.home).issuer()
    letter = letter_of(here.existing(), actor_for(here, user, role), case, issuer)
    path = out or Path(f"{letter.kind}-{case[:16]}.docx")
    with path.open("xb") as file:
        file.write(write_letter(letter))
    told = f"已写入 {path}" + ("" if letter.number else "（还没有签发编号）")
    summary = {"file": str(path), "kind": letter.kind, "number": letter.number}
    Printer(as_json, {}).close(summary, told)
    return DONE


@cases_app.command("rate")
def cases_rate(
    context: typer.Context,
    case: CaseArgument,
    word: Annotated[str, typer.Argument(help="满意、基本满意 或 不满意")],
    remark: Annotated[str, typer.Option("--remark", help="意见")] = "",
    user: ByOption = None,
    role: RoleOption = "",
    as_json: JsonOption = False,
) -> int:
    """对办理情况评价；同一人再评，以后一次为准。"""
    from budget_watch.casework.acting import rate
    from budget_watch.casework.cases import get_case, satisfaction
    from budget_watch.casework.workflow import workflow_of

    here: Context = context.obj
    home, actor = here.existing(), actor_for(here, user, role)
    rate(home, actor, case, word, remark)
    found = get_case(home, actor, case)
    share = satisfaction(workflow_of(home.root), found)
    told = (
        f"现在 {share[1]} 人评价，{share[0]} 人满意或基本满意。"
        if share
        else "还没有对办理的评价。"
    )
    summary = {"satisfied": share[0], "rated": share[1]} if share else {"satisfied": 0, "rated": 0}
    Printer(as_json, {}).close({"case": found.id, **summary}, f"已记下。{told}")
    return DONE


@cases_app.command("workflow")
def cases_workflow(context: typer.Context, as_json: JsonOption = False) -> int:
    """办理流程：每一步谁办、要填什么、哪一步是法的规定、哪一步是本地做法。"""
    from budget_watch.casework.workflow import NEED_WORDS, workflow_of

    here: Context = context.obj
    flow = workflow_of(here.root)
    columns = {
        "step": "步骤",
        "title": "名称",
        "from": "从",
        "to": "到",
        "who": "谁",
        "needs": "要填",
    }
    printer = Printer(as_json, {**columns, "basis": "依据"}, flow.title)
    for each in flow.transitions:
        law = each.basis.kind == "law"
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
                "law": law,
                "basis": basis,
            }
        )
    count = sum(each.basis.kind == "law" for each in flow.transitions)
    printer.close(
        {"steps": len(flow.transitions), "law": count},
        f"共 {len(flow.transitions)} 步，其中 {count} 步引法律、法规，其余是本地做法；"
        "地方性法规只在它的省市是法。",
    )
    return DONE


def law_text(here: Context, basis: Any) -> str:
    """An article with its words, and where it is law."""
    from budget_watch.casework.checking import book_folders
    from budget_watch.engine.laws import article_name
    from budget_watch.engine.load import registered

    law = registered(book_folders(here.root)).get(basis.law)
    title = f"《{law.name}》" if law is not None else basis.law
    where = f"（{basis.jurisdiction}）" if basis.jurisdiction else ""
    return f"法：{title}{article_name(basis.article)}{where}“{basis.quote}”"
