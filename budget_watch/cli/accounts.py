"""``users``: accounts, roles, approvals, passwords, second factors, sessions, the matrix."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from budget_watch.cli.context import Context, JsonOption, parse_day
from budget_watch.cli.output import DONE, Printer

if TYPE_CHECKING:
    from budget_watch.access.assigning import Approval, Assignment
    from budget_watch.access.grant import Scope
    from budget_watch.access.roles import Act
    from budget_watch.access.store import Store
    from budget_watch.audit import Who

users_app = typer.Typer(no_args_is_help=True)
By = Annotated[
    str | None,
    typer.Option("--as", help="以谁的身份办理，账号或 账号:角色；缺省为本机操作员，记入审计日志"),
]
Because = Annotated[str, typer.Option("--because", help="依据或原因，记入审计日志")]
Name = Annotated[str, typer.Argument(help="账号")]
Regions = Annotated[list[str] | None, typer.Option("--region", help="区划代码，可重复")]
Departments = Annotated[list[str] | None, typer.Option("--department", help="部门代码，可重复")]
Units = Annotated[list[str] | None, typer.Option("--unit", help="单位代码，可重复")]


@users_app.command("add")
def add(
    context: typer.Context,
    name: Name,
    display: Annotated[str, typer.Option("--name", help="姓名或称谓，页面上显示")],
    role: Annotated[str | None, typer.Option(help="同时授予的角色，代码或中文名")] = None,
    region: Regions = None,
    department: Departments = None,
    unit: Units = None,
    matter: Annotated[list[str] | None, typer.Option(help="限于这些报表或规则，可重复")] = None,
    until: Annotated[str | None, typer.Option(help="角色截止日")] = None,
    subject: Annotated[str | None, typer.Option(help="统一认证的身份，签发者#sub")] = None,
    password: Annotated[bool, typer.Option("--password", help="同时给出一次性初始密码")] = False,
    because: Because = "开立账号",
    by: By = None,
    as_json: JsonOption = False,
) -> int:
    """开立账号；没有角色的账号什么也看不到。"""
    from budget_watch.access import accounts, assigning
    from budget_watch.access.roles import find_role
    from budget_watch.access.telling import granted_text

    store, who = _doing(context, by, "accounts")
    chosen = find_role(dict(store.roles), role) if role else None
    scope, day = _scope(region, department, unit), parse_day(until)
    if chosen:
        _may(store, who, "permissions")
        assigning.complete(store, chosen, scope, matter, day)  # before the account is made
    made = accounts.add(store, who, name, display, subject)
    if chosen:
        assigning.assign(store, who, name, chosen, because, scope, matter, until=day)
    first = _temporary(store, who, name) if password else None
    printer = Printer(as_json, {"user": "账号", "display": "姓名", "password": "初始密码"})
    printer.record({"user": name, "display": made.display, "role": chosen, "password": first})
    said = f"已开立账号 {name}"
    if chosen:
        said += f"，角色 {store.roles[chosen].title}。{granted_text(store, scope)}"
    else:
        said += "；还没有角色，什么也看不到。"
    if first:
        said += "初始密码只显示这一次，首次登录须修改。"
    printer.close({"user": name, "role": chosen}, said)
    return DONE


@users_app.command("list")
def listed(context: typer.Context, by: By = None, as_json: JsonOption = False) -> int:
    """列出账号和各自的角色。"""
    from budget_watch.access import accounts, assigning
    from budget_watch.access.telling import role_title, state_of

    store = _looking(context, by)
    held: dict[str, list[str]] = {}
    for each in assigning.assignments(store):
        if each.in_force(store.today):
            held.setdefault(each.user, []).append(role_title(store, each.role))
    printer = Printer(
        as_json,
        {"user": "账号", "display": "姓名", "roles": "角色", "state": "状态", "second": "动态口令"},
    )
    found = accounts.accounts(store)
    for one in found:
        roles = held.get(one.name, [])
        printer.record(
            {
                "user": one.name,
                "display": one.display,
                "roles": roles if as_json else "、".join(roles) or None,
                "state": state_of(store, one),
                "second": one.second,
                "subject": one.subject,
            }
        )
    active = len(accounts.usable(store))
    printer.close(
        {"users": len(found), "active": active}, f"共 {len(found)} 个账号，{active} 个在用。"
    )
    return DONE


@users_app.command("show")
def show(context: typer.Context, name: Name, by: By = None, as_json: JsonOption = False) -> int:
    """一个账号：角色及范围、批准、会话，现在能看什么。"""
    from budget_watch.access import accounts, assigning, second, sessions
    from budget_watch.access.telling import state_of

    store = _looking(context, by)
    one = accounts.account(store, name)
    printer = Printer(as_json, {"what": "事项", "said": "内容", "state": "状态"})
    for each in assigning.assignments(store, name):
        printer.record(_role_record(store, each, as_json))
    for one_more in assigning.approvals(store, name):
        printer.record(_approval_record(store, one_more))
    for seat in sessions.sessions(store, name):
        printer.record(_seat_record(seat))
    said = f"{name}（{one.display}）{state_of(store, one)}，"
    left = second.codes_left(store, name)
    said += f"动态口令已启用，恢复码余{left}个" if one.second else "动态口令未启用"
    said += f"，统一认证 {one.subject}。" if one.subject else "。"
    printer.close({"user": name, "display": one.display, "state": state_of(store, one)}, said)
    return DONE


@users_app.command("role")
def role(
    context: typer.Context,
    name: Name,
    role_name: Annotated[str, typer.Argument(metavar="ROLE", help="角色，代码或中文名")],
    because: Because,
    region: Regions = None,
    department: Departments = None,
    unit: Units = None,
    matter: Annotated[list[str] | None, typer.Option(help="限于这些报表或规则，可重复")] = None,
    window: Annotated[
        str | None, typer.Option(help="只看这段业务日期：2026-01-01..2026-12-31，一端可空")
    ] = None,
    since: Annotated[str | None, typer.Option(help="生效日，缺省今天")] = None,
    until: Annotated[str | None, typer.Option(help="截止日")] = None,
    withdraw: Annotated[bool, typer.Option("--withdraw", help="收回这个角色")] = False,
    by: By = None,
    as_json: JsonOption = False,
) -> int:
    """授予或收回角色。"""
    from budget_watch.access import assigning
    from budget_watch.access.roles import find_role
    from budget_watch.access.telling import granted_text, role_title

    store, who = _doing(context, by, "permissions")
    code = find_role(dict(store.roles), role_name)
    printer = Printer(as_json, {"what": "事项", "said": "内容", "state": "状态"})
    if withdraw:
        assigning.end_assignment(store, who, name, code, because)
        said = f"已收回 {name} 的角色 {role_title(store, code)}，即时生效。"
    else:
        scope = _scope(region, department, unit)
        made = assigning.assign(
            store,
            who,
            name,
            code,
            because,
            scope,
            matter,
            _window(window),
            parse_day(since),
            parse_day(until),
        )
        printer.record(_role_record(store, made, as_json))
        said = f"已授予 {name} 角色 {role_title(store, code)}。{granted_text(store, made.scope)}"
    printer.close({"user": name, "role": code, "withdrawn": withdraw}, said)
    return DONE


@users_app.command("scope")
def scope_(
    context: typer.Context,
    name: Name,
    role_name: Annotated[str, typer.Argument(metavar="ROLE", help="已有的角色")],
    because: Because,
    region: Regions = None,
    department: Departments = None,
    unit: Units = None,
    by: By = None,
    as_json: JsonOption = False,
) -> int:
    """改一个角色的行范围；不写的方向不限。"""
    from budget_watch.access import assigning
    from budget_watch.access.roles import find_role
    from budget_watch.access.telling import granted_text

    store, who = _doing(context, by, "permissions")
    code = find_role(dict(store.roles), role_name)
    made = assigning.rescope(store, who, name, code, _scope(region, department, unit), because)
    printer = Printer(as_json, {"what": "事项", "said": "内容", "state": "状态"})
    printer.record(_role_record(store, made, as_json))
    printer.close(
        {"user": name, "role": code},
        f"已改 {name} 的范围。{granted_text(store, made.scope) or '范围：不限行。'}",
    )
    return DONE


@users_app.command("approve")
def approve(
    context: typer.Context,
    name: Name,
    because: Because,
    until: Annotated[str, typer.Option(help="截止日，必填")],
    of: Annotated[
        list[str],
        typer.Option("--of", help="报表、主题表或规则，可重复；可用 * 如 ZW*，或“凭证”等成组的词"),
    ],
    depth: Annotated[str, typer.Option(help="到哪一层，如 voucher 或 支付凭证")] = "voucher",
    sensitivity: Annotated[str, typer.Option(help="公开、内部、敏感")] = "敏感",
    region: Regions = None,
    department: Departments = None,
    unit: Units = None,
    role_name: Annotated[str | None, typer.Option("--role", help="用于哪个角色")] = None,
    by: By = None,
    as_json: JsonOption = False,
) -> int:
    """批准在限期内看得更深，或看敏感的报表、规则；看的人须切换到这项批准。"""
    from budget_watch.access import Depth, Sensitivity, assigning
    from budget_watch.access.roles import find_role
    from budget_watch.access.telling import granted_text

    store, who = _doing(context, by, "permissions")
    names = _names(context, of)
    made = assigning.approve(
        store,
        who,
        name,
        names,
        Depth.of(depth),
        Sensitivity.of(sensitivity),
        parse_day(until) or date.min,
        because,
        _scope(region, department, unit),
        find_role(dict(store.roles), role_name) if role_name else None,
    )
    printer = Printer(as_json, {})
    printer.close(
        {"user": name, "approval": made.number, "until": made.until},
        f"已记录批准 {made.number}：{name} 至 {made.until} 可查看{'、'.join(sorted(made.names))}。"
        f"{granted_text(store, made.scope)}",
    )
    return DONE


@users_app.command("disable")
def disable(
    context: typer.Context, name: Name, because: Because, by: By = None, as_json: JsonOption = False
) -> int:
    """停用账号：会话、手机、未用的码即时失效，记录保留。"""
    from budget_watch.access import accounts

    store, who = _doing(context, by, "accounts")
    accounts.disable(store, who, name, because)
    Printer(as_json, {}).close({"user": name, "active": False}, f"已停用账号 {name}，即时生效。")
    return DONE


@users_app.command("retire-demo")
def retire_demo(
    context: typer.Context,
    because: Because = "正式启用，示范账号不再使用",
    by: By = None,
    as_json: JsonOption = False,
) -> int:
    """停用全部示范账号（demo-…）；记录保留。"""
    from budget_watch.access import accounts

    store, who = _doing(context, by, "accounts")
    gone = accounts.retire_examples(store, who, because)
    said = f"已停用 {len(gone)} 个示范账号。" if gone else "没有仍在用的示范账号。"
    Printer(as_json, {}).close({"retired": gone}, said)
    return DONE


@users_app.command("enable")
def enable(
    context: typer.Context, name: Name, because: Because, by: By = None, as_json: JsonOption = False
) -> int:
    """恢复停用或锁定的账号。"""
    from budget_watch.access import accounts

    store, who = _doing(context, by, "accounts")
    accounts.enable(store, who, name, because)
    Printer(as_json, {}).close({"user": name, "active": True}, f"已恢复账号 {name}。")
    return DONE


@users_app.command("password")
def password(
    context: typer.Context,
    name: Name,
    from_stdin: Annotated[
        bool, typer.Option("--stdin", help="从标准输入读一行作密码；缺省给出一次性密码")
    ] = False,
    by: By = None,
    as_json: JsonOption = False,
) -> int:
    """重设密码：给出一次性密码，首次登录须修改；原有会话即时失效。"""
    from budget_watch.access import signing_in

    store, who = _doing(context, by, "accounts")
    if from_stdin:
        signing_in.set_password(store, who, name, sys.stdin.readline().rstrip("\r\n"))
        first = None
    else:
        first = _temporary(store, who, name)
    printer = Printer(as_json, {"user": "账号", "password": "一次性密码"})
    if first:
        printer.record({"user": name, "password": first})
    said = "只显示这一次，请当面或另行告知本人；首次登录须修改。" if first else "首次登录须修改。"
    printer.close({"user": name}, f"已重设 {name} 的密码。{said}")
    return DONE


@users_app.command("totp")
def totp(
    context: typer.Context,
    name: Name,
    because: Annotated[str, typer.Option("--because", help="停用的原因")] = "",
    off: Annotated[
        bool, typer.Option("--off", help="停用（手机遗失时）；本人重新登录后再启用")
    ] = False,
    by: By = None,
    as_json: JsonOption = False,
) -> int:
    """动态口令的状态；--off 停用。启用由本人在“我的账号”页扫码。"""
    from budget_watch.access import accounts, second

    store, who = _doing(context, by, "accounts")
    if off:
        second.stop(store, who, name, because)
    one = accounts.account(store, name)
    left = second.codes_left(store, name)
    said = f"{name} 的动态口令" + (f"已启用，恢复码余 {left} 个。" if one.second else "未启用。")
    Printer(as_json, {}).close({"user": name, "second": one.second, "codes": left}, said)
    return DONE


@users_app.command("enrol")
def enrol(
    context: typer.Context,
    name: Name,
    url: Annotated[str, typer.Option(help="看板的地址，二维码指向它")] = "http://127.0.0.1:8050",
    out: Annotated[Path | None, typer.Option(help="二维码写成 .svg 或 .png")] = None,
    by: By = None,
    as_json: JsonOption = False,
) -> int:
    """发放个人二维码：代表扫码、设6位口令，即绑定自己的手机；7天内用一次。"""
    import segno

    from budget_watch.access import enrolling

    store, who = _doing(context, by, "accounts")
    link = f"{url.rstrip('/')}/q/{enrolling.issue(store, who, name)}"
    code = segno.make(link, error="m")
    if out is not None:
        code.save(str(out), scale=8, border=4)
    elif not as_json:
        code.terminal(compact=True)
    printer = Printer(as_json, {})
    printer.note(link)
    printer.close(
        {"user": name, "link": link, "file": out},
        f"已为 {name} 发放二维码，7天内用一次；以前未用的已作废。只显示这一次。",
    )
    return DONE


@users_app.command("connect")
def connect(
    context: typer.Context,
    name: Name,
    subject: Annotated[
        str | None, typer.Option(help="统一认证的身份，签发者#sub；不写则解除")
    ] = None,
    by: By = None,
    as_json: JsonOption = False,
) -> int:
    """把统一认证的身份对上账号，或解除。"""
    from budget_watch.access import accounts

    store, who = _doing(context, by, "accounts")
    accounts.connect(store, who, name, subject)
    said = f"{name} 已对上 {subject}。" if subject else f"{name} 已不对应统一认证的身份。"
    Printer(as_json, {}).close({"user": name, "subject": subject}, said)
    return DONE


@users_app.command("sessions")
def sessions_(
    context: typer.Context,
    name: Annotated[str | None, typer.Argument(help="账号，缺省全部")] = None,
    everything: Annotated[bool, typer.Option("--all", help="已结束的也列出")] = False,
    by: By = None,
    as_json: JsonOption = False,
) -> int:
    """列出会话：谁、从哪里、用什么登录、何时到期。"""
    from budget_watch.access import accounts, sessions

    store = _looking(context, by)
    if name is not None:
        accounts.account(store, name)
    printer = Printer(as_json, {"number": "会话", "user": "账号", "said": "内容", "state": "状态"})
    found = sessions.sessions(store, name, open_only=not everything)
    for each in found:
        shown = _seat_record(each)
        ended = each.ended_by or ("" if each.open(store.now) else "到期")
        printer.record({**shown, "state": f"已结束（{ended}）" if ended else "有效"})
    printer.close({"sessions": len(found)}, f"共 {len(found)} 个会话。")
    return DONE


@users_app.command("revoke")
def revoke(
    context: typer.Context,
    session: Annotated[int | None, typer.Option(help="会话编号")] = None,
    user: Annotated[str | None, typer.Option(help="该账号的全部会话")] = None,
    approval: Annotated[int | None, typer.Option(help="批准编号")] = None,
    because: Annotated[str, typer.Option("--because", help="收回批准的原因")] = "",
    by: By = None,
    as_json: JsonOption = False,
) -> int:
    """即时结束会话，或收回一项批准。"""
    from budget_watch.access import accounts, assigning, sessions

    store, who = _doing(context, by, "permissions" if approval is not None else "sessions")
    if sum(each is not None for each in (session, user, approval)) != 1:
        raise typer.BadParameter("请写 --session、--user、--approval 中的一个。")
    printer = Printer(as_json, {})
    if approval is not None:
        assigning.end_approval(store, who, approval, because)
        printer.close({"approval": approval}, f"已收回批准 {approval}，即时生效。")
    elif session is not None:
        sessions.end(store, who, session)
        printer.close({"session": session, "ended": 1}, f"会话 {session} 已结束。")
    else:
        accounts.account(store, str(user))
        ended = sessions.end_all(store, who, str(user))
        printer.close({"user": user, "ended": ended}, f"已结束 {user} 的 {ended} 个会话。")
    return DONE


@users_app.command("matrix")
def matrix(
    context: typer.Context,
    out: Annotated[Path | None, typer.Option(help="写入 .csv 或 .xlsx")] = None,
    role: Annotated[str | None, typer.Option(help="只列一个角色")] = None,
    by: By = None,
    as_json: JsonOption = False,
) -> int:
    """权限矩阵：每个角色对每张报表、主题表、每条规则能读到什么。"""
    from budget_watch.access.roles import find_role
    from budget_watch.casework import permission_matrix
    from budget_watch.views.action_matrix import action_sheet

    store, _ = _doing(context, by, "matrix")
    here: Context = context.obj
    if out is not None:
        records = list(permission_matrix.matrix(here.root, here.book()))
        out.write_bytes(permission_matrix.written(records, action_sheet(here.home), out.suffix))
        lines = len(records)
        Printer(as_json, {}).close({"file": out, "lines": lines}, f"已写入 {out}，{lines} 行。")
        return DONE
    chosen = find_role(dict(store.roles), role) if role else None
    shown = ("title", "kind", "name", "what", "sensitivity", "reads", "depth")
    printer = Printer(as_json, {name: permission_matrix.TITLES[name] for name in shown})
    count = 0
    for record in permission_matrix.matrix(here.root, here.book()):
        if chosen in (None, record["role"]):
            printer.record(record)
            count += 1
    printer.close({"lines": count}, f"共 {count} 行；--out 可导出。")
    return DONE


def _store(context: typer.Context) -> Store:
    from budget_watch.casework.accounts import store_of

    here: Context = context.obj
    if not here.root.is_dir():
        here.existing()
    return store_of(here.home)


def _doing(context: typer.Context, by: str | None, act: Act) -> tuple[Store, Who]:
    """The store, and who acts: the one at the keyboard, or the account named, if it may."""
    store, who = _acting(context, by)
    if by is not None:
        _may(store, who, act)
    return store, who


def _acting(context: typer.Context, by: str | None) -> tuple[Store, Who]:
    from budget_watch.access.granting import grant_of
    from budget_watch.audit import Who

    store = _store(context)
    if by is None:
        return store, Who("operator", "", "", f"命令行（{getpass.getuser()}）")
    name, _, role = by.partition(":")
    grant = grant_of(store, name, "命令行", role or None)
    return store, Who(name, grant.role or "", "", f"命令行（{getpass.getuser()}）")


def who_grants(context: typer.Context, by: str | None) -> tuple[Who, str | None]:
    """Who gives roles, and in which role they act; None for the one at the keyboard."""
    _, who = _acting(context, by)
    return who, who.role or None


def _looking(context: typer.Context, by: str | None) -> Store:
    """The store, for one who looks at accounts: the one at the keyboard, or one of 三员."""
    from budget_watch.access.granting import may, require

    if by is None:
        return _store(context)
    store, who = _acting(context, by)
    if not any(may(store, who.role or None, act) for act in ("permissions", "audit")):
        require(store, who.role or None, "accounts")
    return store


def _may(store: Store, who: Who, act: Act) -> None:
    from budget_watch.access.granting import require

    require(store, who.role or None, act)


def _temporary(store: Store, who: Who, name: str) -> str:
    from budget_watch.access import signing_in

    made = signing_in.temporary_password()
    signing_in.set_password(store, who, name, made)
    return made


def _names(context: typer.Context, said: Iterable[str]) -> list[str]:
    """The tables, marts and rules meant."""
    from budget_watch.access.errors import AccessError
    from budget_watch.casework.naming import named_things

    here: Context = context.obj
    try:
        return named_things(here.book(), said)
    except AccessError as error:
        raise typer.BadParameter(str(error)) from error


def _scope(
    regions: list[str] | None, departments: list[str] | None, units: list[str] | None
) -> Scope:
    from budget_watch.access.grant import Scope

    return Scope(*(frozenset(each) if each else None for each in (regions, departments, units)))


def _window(text: str | None) -> Any:
    from budget_watch.access import Window

    if text is None:
        return None
    first, dots, last = text.partition("..")
    if not dots:
        raise typer.BadParameter("--window 请写成 2026-01-01..2026-12-31。")
    return Window(parse_day(first or None), parse_day(last or None))


def _role_record(store: Store, each: Assignment, as_json: bool) -> dict[str, Any]:
    from budget_watch.access.telling import assignment_state, limits_of, role_title

    said = [*limits_of(store, each), f"自{each.since}" + (f"至{each.until}" if each.until else "")]
    shown = {
        "what": role_title(store, each.role),
        "said": "；".join([*said, each.reason]),
        "state": assignment_state(store, each),
    }
    if not as_json:
        return shown
    parts = {
        name: sorted(part) if part is not None else None for name, part in vars(each.scope).items()
    }
    return {
        **shown,
        "role": each.role,
        **parts,
        "matter": sorted(each.matter) if each.matter is not None else None,
        "since": each.since,
        "until": each.until,
    }


def _approval_record(store: Store, each: Approval) -> dict[str, Any]:
    from budget_watch.access.telling import approval_state, approval_text

    return {
        "what": f"批准 {each.number}",
        "said": f"{approval_text(store, each)}；至{each.until}；{each.reason}（{each.made_by}）",
        "state": approval_state(store, each),
        "number": each.number,
        "names": sorted(each.names),
        "until": each.until,
    }


def _seat_record(seat: Any) -> dict[str, Any]:
    from budget_watch.access.sessions import METHODS
    from budget_watch.access.store import moment
    from budget_watch.lake.snapshot import CHINA

    seen = moment(seat.seen_at).astimezone(CHINA)
    return {
        "what": f"会话 {seat.number}",
        "said": f"{METHODS[seat.method]}；{seat.device or '未知设备'}；{seat.address}；"
        f"最近 {seen:%Y-%m-%d %H:%M}",
        "state": "有效",
        "number": seat.number,
        "user": seat.user,
        "role": seat.role,
        "method": seat.method,
        "address": seat.address,
    }
