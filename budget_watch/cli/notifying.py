"""Commands of notices (通知): notices list|follow|send|out|again|address|try."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from budget_watch.cli.casework import ByOption, CaseArgument, actor_for
from budget_watch.cli.context import Context, JsonOption, one_of
from budget_watch.cli.output import DONE, LOOK, Printer

if TYPE_CHECKING:
    from budget_watch.casework.cases import Actor

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
    from budget_watch.casework.telling.outbox import KINDS
    from budget_watch.notices.inbox import inbox, mark_seen

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
    from budget_watch.casework.telling.following import follow

    here: Context = context.obj
    found = follow(here.existing(), actor_for(here, user, ""), case, not off)
    name = f"办理 {found.id}" if found.id else f"疑点 {found.findings[0][:16]}"
    said = f"已不再关注{name}。" if off else f"已关注{name}。"
    Printer(as_json, {}).close({"case": found.id or None, "following": not off}, said)
    return DONE


@notices_app.command("send")
def notices_send(context: typer.Context, user: ByOption = None, as_json: JsonOption = False) -> int:
    """查看期限，把到时候的消息发到邮件和网关；可由系统的定时器每几分钟运行一次。"""
    from budget_watch.notices.sending import send
    from budget_watch.notices.settings import CHANNELS, notice_settings
    from budget_watch.notices.sweeping import sweep

    here: Context = context.obj
    home = here.existing()
    _administrator(here, user)
    configured = notice_settings(home).channels
    told = sweep(home)
    done = send(home)
    printer = Printer(as_json, {"channel": "方式", "user": "给谁", "said": "结果"}, "发出的消息")
    rows = [(out, "已发") for out in done.sent] + done.put_off + done.failed
    for out, said in rows:
        record = {**out.record(), "said": said}
        printer.record(record if as_json else {**record, "channel": CHANNELS[out.channel]})
    counts = {"sent": len(done.sent), "put_off": len(done.put_off), "failed": len(done.failed)}
    words = done.sentence if configured else "没有设置邮件或网关，消息只在系统里。"
    printer.close({"reminders": told, "made": done.made, **counts}, words)
    return LOOK if done.put_off or done.failed else DONE


@notices_app.command("out")
def notices_out(
    context: typer.Context,
    failed: Annotated[bool, typer.Option("--failed", help="只列未能发出的")] = False,
    number: Annotated[int, typer.Option("--last", help="最近几封")] = 50,
    user: ByOption = None,
    as_json: JsonOption = False,
) -> int:
    """发到系统外的消息：给谁、试了几次、发出没有、为什么没有。"""
    from budget_watch.notices.gathering import FAILED, STATES, deliveries
    from budget_watch.notices.settings import CHANNELS

    here: Context = context.obj
    home = here.existing()
    _administrator(here, user)
    columns = {"made_at": "时间（UTC）", "channel": "方式", "user": "给谁", "address": "地址"}
    columns |= {"attempts": "次数", "state": "结果", "error": "说明"}
    printer = Printer(as_json, columns, "发到系统外的消息")
    found = deliveries(home, FAILED if failed else None, number)
    for out in found:
        told = out.record()
        if not as_json:
            told |= {"channel": CHANNELS[out.channel], "state": STATES[out.state]}
        printer.record(told)
    bad = sum(out.state == FAILED for out in found)
    summary = {"messages": len(found), "failed": bad}
    printer.close(summary, f"共 {len(found)} 封，{bad} 封未能发出。")
    return LOOK if bad else DONE


@notices_app.command("again")
def notices_again(
    context: typer.Context, user: ByOption = None, as_json: JsonOption = False
) -> int:
    """让未能发出的消息再试；编号不变，收过的一方认得出是同一封。"""
    from budget_watch.notices.gathering import try_again

    here: Context = context.obj
    home = here.existing()
    _administrator(here, user)
    again = try_again(home)
    Printer(as_json, {}).close({"again": again}, f"{again} 封将在下一次发送时再试。")
    return DONE


@notices_app.command("address")
def notices_address(
    context: typer.Context,
    account: Annotated[str | None, typer.Argument(help="账号；不写则列出各人的地址")] = None,
    mail: Annotated[str | None, typer.Option("--mail", help="邮件地址；写空文字为取消")] = None,
    gateway: Annotated[
        str | None, typer.Option("--gateway", help="网关上的账号；写空文字为取消")
    ] = None,
    user: ByOption = None,
    as_json: JsonOption = False,
) -> int:
    """一个人的消息发到哪里。由系统管理员设置，记入审计日志。"""
    from budget_watch.notices.contacts import all_contacts, set_contact

    here: Context = context.obj
    home, by = here.existing(), actor_for(here, user, "")
    columns = {"user": "账号", "mail": "邮件", "gateway": "网关"}
    printer = Printer(as_json, columns, "消息发到哪里")
    if account is None:
        found = all_contacts(home, by)
    else:
        found = [set_contact(home, by, account, mail, gateway)]
    printer.records(each.__dict__ for each in found)
    printer.close({"contacts": len(found)}, f"共 {len(found)} 人。")
    return DONE


@notices_app.command("try")
def notices_try(
    context: typer.Context,
    to: Annotated[str, typer.Argument(help="收件地址，或网关上的账号")],
    channel: Annotated[str, typer.Option("--channel", help="mail 或 webhook（网关）")] = "mail",
    user: ByOption = None,
    as_json: JsonOption = False,
) -> int:
    """照设置发一封试验消息，说明邮件服务器或网关怎样回答；不问静默时段。"""
    from budget_watch.notices.sending import try_out
    from budget_watch.notices.settings import CHANNELS

    here: Context = context.obj
    home = here.existing()
    _administrator(here, user)
    chosen = one_of("--channel", channel, CHANNELS) or channel
    fault = try_out(home, chosen, to)
    said = "对方已收下。" if fault is None else f"没有发出：{fault.said}。"
    Printer(as_json, {}).close({"taken": fault is None, "said": said}, said)
    return DONE if fault is None else LOOK


def _administrator(here: Context, user: str | None) -> Actor:
    """Who may look after messages: a system administrator, or this machine's operator."""
    from budget_watch.access.granting import require
    from budget_watch.casework.accounts import store_of

    actor = actor_for(here, user, "")
    require(store_of(here.home), actor.grant.role, "accounts")
    return actor
