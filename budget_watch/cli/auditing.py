"""Commands of the audit log (审计日志): audit list|export|verify|anchor|forward."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from budget_watch.cli.context import AsOption, Context, JsonOption
from budget_watch.cli.output import DONE, LOOK, Printer

audit_app = typer.Typer(no_args_is_help=True)

UserOption = Annotated[str | None, typer.Option("--user", help="只列一个用户的")]
ActOption = Annotated[
    str | None, typer.Option("--act", help="动作，如 case.transfer；case. 为全部")
]
SinceOption = Annotated[str | None, typer.Option("--since", help="从何时起（UTC），如 2026-11-01")]
UntilOption = Annotated[str | None, typer.Option("--until", help="到何时为止（UTC，不含）")]
COLUMNS = {
    "seq": "序号",
    "at": "时间（UTC）",
    "user": "用户",
    "role": "角色",
    "act": "动作",
    "kind": "对象",
    "subject": "编号",
    "details": "内容",
}


@audit_app.command("list")
def audit_list(
    context: typer.Context,
    user: UserOption = None,
    act: ActOption = None,
    on: Annotated[str | None, typer.Option("--on", help="只列一个对象的编号")] = None,
    since: SinceOption = None,
    until: UntilOption = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="最多几条，最近的")] = 50,
    as_: AsOption = None,
    as_json: JsonOption = False,
) -> int:
    """最近的记录。查看本身也会记入日志。"""
    from budget_watch.casework.auditing import entries

    here: Context = context.obj
    found = list(
        entries(
            here.existing(),
            here.grant(as_, "查看审计日志"),
            user=user,
            act=act,
            subject=on,
            since=since,
            until=until,
            limit=limit,
            newest=True,
        )
    )
    printer = Printer(as_json, COLUMNS, "审计日志")
    for entry in reversed(found):
        record = entry.record()
        if not as_json:
            record["details"] = "" if entry.details == "{}" else entry.details
        printer.record(record)
    printer.close({"entries": len(found)}, f"共列出 {len(found)} 条。")
    return DONE


@audit_app.command("export")
def audit_export(
    context: typer.Context,
    path: Annotated[Path, typer.Argument(help="写到这个文件，每行一个 JSON 对象")],
    reason: Annotated[str, typer.Option("--reason", help="为何导出，记入日志")],
    since: SinceOption = None,
    until: UntilOption = None,
    as_: AsOption = None,
    as_json: JsonOption = False,
) -> int:
    """把日志导出为文件，含校验码，可在别处核对。已有的文件不覆盖。"""
    from budget_watch.casework.auditing import entries

    here: Context = context.obj
    count = 0
    grant = here.grant(as_, f"导出：{reason}")
    found = entries(here.existing(), grant, since=since, until=until)
    with path.open("x", encoding="utf-8") as file:
        for entry in found:
            file.write(json.dumps(entry.__dict__, ensure_ascii=False) + "\n")
            count += 1
    printer = Printer(as_json, {})
    printer.close({"entries": count, "file": str(path)}, f"已导出 {count} 条到 {path}。")
    return DONE


@audit_app.command("verify")
def audit_verify(
    context: typer.Context,
    anchor: Annotated[
        list[Path] | None, typer.Option("--anchor", help="存放在别处的锚文件或文件夹，可多次")
    ] = None,
    as_: AsOption = None,
    as_json: JsonOption = False,
) -> int:
    """逐条核对日志：改过、删去、移动、截尾的都会指出是第几条。"""
    from budget_watch.casework.auditing import verdict_text, verify_log

    here: Context = context.obj
    verdict = verify_log(here.existing(), here.grant(as_, "核对审计日志"), anchor or [])
    printer = Printer(as_json, {"words": "发现"}, "审计日志的损坏")
    printer.records(damage.__dict__ for damage in verdict.damages)
    summary = {
        "entries": verdict.entries,
        "head": verdict.head,
        "sound": verdict.sound,
        "complete_to": verdict.complete_to,
        "damages": len(verdict.damages),
    }
    printer.close(summary, verdict_text(verdict))
    return DONE if verdict.sound else LOOK


@audit_app.command("anchor")
def audit_anchor(context: typer.Context, as_: AsOption = None, as_json: JsonOption = False) -> int:
    """把日志现在的末尾写成锚文件；请把它抄送到别的机器或打印存档。"""
    from budget_watch.casework.auditing import anchor_log, latest_anchor, may_audit

    here: Context = context.obj
    may_audit(here.existing(), here.grant(as_, "锚定审计日志"))
    path = anchor_log(here.home)
    latest = latest_anchor(here.home)
    printer = Printer(as_json, {})
    told = "日志还没有记录，没有可锚定的。" if latest is None else f"{latest.line}\n已写入 {path}"
    summary = {"seq": latest.seq, "mac": latest.mac} if latest else {"seq": 0, "mac": None}
    printer.close({**summary, "file": None if path is None else str(path)}, told)
    return DONE


@audit_app.command("forward")
def audit_forward(context: typer.Context, as_: AsOption = None, as_json: JsonOption = False) -> int:
    """把新记录送到设置里的日志服务器（RFC 5424）。"""
    from budget_watch.casework.auditing import forward, may_audit

    here: Context = context.obj
    may_audit(here.existing(), here.grant(as_, "送出审计日志"))
    sent = forward(here.home)
    Printer(as_json, {}).close({"sent": sent}, f"送出 {sent} 条。")
    return DONE
