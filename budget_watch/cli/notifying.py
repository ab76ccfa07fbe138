"""Commands of notices (通知): notices list|follow …."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from budget_watch.cli.casework import ByOption, CaseArgument, actor_for
from budget_watch.cli.context import Context, JsonOption
from budget_watch.cli.output import DONE, LOOK, Printer

notices_app = typer.Typer(no_args_is_help=True)


@notices_app.command("list")
def notices_list(
    context: typer.Context,
    unread: Annotated[bool, typer.Option("--unread", help="只列未读")] = False,
    mark: Annotated[bool, typer.Option("--mark", help="列出后标为已读")] = False,
    user: ByOption = None,
    as_json: JsonOption = False,
) -> int:
    """一个人的消息，最近的在前；写明 --as 账号 或 账号:角色。有未读的，退出码为 1。"""
    from budget_watch.casework.cases import HERE
    from budget_watch.casework.notices.inbox import inbox, mark_seen
    from budget_watch.casework.notices.outbox import KINDS

    here: Context = context.obj
    if user is None:
        raise typer.BadParameter("消息是发给各人的：请写明 --as 账号。")
    home, actor = here.existing(), actor_for(here, user, "")
    columns = {"at": "时间", "title": "种类", "message": "消息", "seen": "已读"}
    printer = Printer(as_json, columns, "消息")
    found = inbox(home, actor, unseen=unread)
    for each in found:
        told = each.record()
        if not as_json:
            at = datetime.fromisoformat(each.at).astimezone(HERE)
            told |= {"at": f"{at:%Y-%m-%d %H:%M}", "title": KINDS[each.kind]}
            told["seen"] = "是" if each.seen else ""
        printer.record(told)
    fresh = sum(not each.seen for each in found)
    if mark and found:
        mark_seen(home, actor, upto=found[0].seq)
    printer.close(
        {"notices": len(found), "unread": fresh}, f"共 {len(found)} 条，未读 {fresh} 条。"
    )
    return LOOK if fresh and not mark else DONE


@notices_app.command("follow")
def notices_follow(
    context: typer.Context,
    case: CaseArgument,
    off: Annotated[bool, typer.Option("--off", help="不再关注")] = False,
    user: ByOption = None,
    as_json: JsonOption = False,
) -> int:
    """关注一件办理或一个疑点：承办单位反馈、办完时收到消息。"""
    from budget_watch.casework.notices.following import follow

    here: Context = context.obj
    found = follow(here.existing(), actor_for(here, user, ""), case, not off)
    name = f"办理 {found.id}" if found.id else f"疑点 {found.findings[0][:16]}"
    said = f"已不再关注{name}。" if off else f"已关注{name}。"
    Printer(as_json, {}).close({"case": found.id or None, "following": not off}, said)
    return DONE
