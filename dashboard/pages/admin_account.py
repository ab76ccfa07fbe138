"""系统管理 /admin/accounts/<账号>: how an account stands, what it may see, acts on it."""

from __future__ import annotations

from budget_watch.access import Scope, accounts, assigning, enrolling, second, sessions
from budget_watch.access.accounts import Account
from budget_watch.access.assigning import Approval, Assignment
from budget_watch.access.errors import UnknownUserError
from budget_watch.access.levels import Depth, Sensitivity
from budget_watch.access.register import WORDS
from budget_watch.access.roles import groups
from budget_watch.access.sessions import METHODS, Session
from budget_watch.access.telling import (
    FIRST,
    LOCKED,
    OFF,
    approval_state,
    approval_text,
    assignment_state,
    limits_of,
    role_title,
    state_of,
)
from budget_watch.casework.cases import actor_of
from budget_watch.notices.contacts import Contact, all_contacts
from dashboard import elements as html
from dashboard.acting_on_accounts import NAMES, names_of
from dashboard.address import Address
from dashboard.errors import NotFoundError
from dashboard.frame import Page
from dashboard.markup import Input
from dashboard.office import ACCOUNTS, Office, called, clock
from dashboard.pages.admin_forms import button_form, day, reason, step_form, text
from dashboard.pages.forms import labelled, select
from dashboard.parts import Node, attrs, block, empty, source_line, tag
from dashboard.signin.request import shortened
from dashboard.table import Column, Line, table

_ROWS = {
    "regions": "区划",
    "departments": "部门",
    "units": "单位",
    "matter": "事项",
    "until": "截止日",
}


def page(office: Office, name: str) -> Page:
    """One account. Raises NotFoundError where there is none."""
    try:
        one = accounts.account(office.store, name)
    except UnknownUserError:
        raise NotFoundError from None
    state = state_of(office.store, one)
    held = assigning.assignments(office.store, name)
    now = [role_title(office.store, h.role) for h in held if h.in_force(office.store.today)]
    lead = f"{state}；" + (f"角色 {'、'.join(now)}。" if now else "没有有效的角色，什么也看不到。")
    crumbs = [("系统管理", Address("admin")), ("账号", Address("admin", (ACCOUNTS,))), (name, None)]
    return Page(
        f"{one.display}（{name}）",
        [
            _standing(office, one, state),
            _roles(office, one, held),
            _approvals(office, one, held),
            _sessions(office, one),
        ],
        lead=lead,
        crumbs=crumbs,
        tab_title=name,
    )


def _standing(office: Office, one: Account, state: str) -> Node:
    left = second.codes_left(office.store, one.name)
    facts: list[tuple[str, Node]] = [
        ("状态", tag(state)),
        ("开立", f"{clock(one.made_at)}，{called(one.made_by)}"),
        ("动态口令", f"已启用，恢复码余{left}个" if one.second else "未启用"),
        ("统一认证", one.subject or "没有对上"),
    ]
    if one.disabled_at is not None:
        facts.insert(1, ("停用", clock(one.disabled_at)))
    if one.locked_until is not None and state == LOCKED:
        facts.insert(1, ("锁定", f"连错{one.failures}次，到{clock(one.locked_until)}"))
    contact = _contact(office, one.name)
    if contact is not None:
        places = "、".join(each for each in (contact.mail, contact.gateway) if each)
        facts.append(("消息发到", places or "只在系统内"))
    phones = enrolling.devices(office.store, one.name)
    facts += [
        ("绑定的手机", _phone(office, one.name, int(each["number"]), str(each["device"])))
        for each in phones
    ]
    rows = [html.Div([html.Dt(word), html.Dd(value)]) for word, value in facts]
    body: list[Node] = [html.Dl(rows, className="facts"), *_account_forms(office, one, contact)]
    return block("账号", body, source=source_line("账号", "每一步记入审计日志"))


def _phone(office: Office, name: str, number: int, device: str) -> Node:
    if not office.can("accounts"):
        return device
    form = button_form("解除绑定", "unbind", name, f"解除绑定 {device}", device=str(number))
    return [html.Span(device), form]


def _contact(office: Office, name: str) -> Contact | None:
    """Where their messages go, for whom that is open to."""
    if not office.can("accounts"):
        return None
    every = all_contacts(office.home, actor_of(office.home, office.grant))
    return next((each for each in every if each.user == name), Contact(name, None, None))


def _account_forms(office: Office, one: Account, contact: Contact | None) -> list[Node]:
    if contact is None:
        return []
    own, name = one.name == office.grant.user, one.name
    state = state_of(office.store, one)
    forms: list[Node] = []
    if state in (OFF, LOCKED) or one.failures:
        word = "恢复账号" if state == OFF else "解除锁定"
        forms.append(step_form(word, "enable", name, [reason()]))
    if one.active and not own:
        again = "重设密码" if state != FIRST else "再给一个一次性密码"
        told = "给出一次性密码，首次登录须修改；原有会话、手机、恢复码即时失效。"
        forms.append(step_form(again, "password", name, [_note(told)]))
        told = "本人扫码、设6位口令，即绑定自己的手机；7天内用一次。以前未用的二维码作废。"
        forms.append(step_form("发放手机二维码", "enrol", name, [_note(told)]))
        if one.second:
            told = "手机遗失时用；本人登录后再启用。"
            forms.append(step_form("停用动态口令", "totp_off", name, [_note(told), reason()]))
    forms.append(
        step_form(
            "消息发到哪里",
            "address",
            name,
            [
                text("mail", "邮件地址（空着即不发邮件）", contact.mail),
                text("gateway", "网关上的账号（空着即不发）", contact.gateway),
            ],
            "保存",
        )
    )
    if not own:
        field = text("subject", "签发者#sub（空着即解除）", one.subject)
        forms.append(step_form("统一认证的身份", "connect", name, [field], "保存"))
        if one.active:
            told = "会话、手机、未用的码即时失效，记录保留，账号名不再使用。"
            forms.append(step_form("停用账号", "disable", name, [_note(told), reason()]))
    else:
        forms.append(_note("自己的密码、动态口令、会话在“我的账号”里办理。"))
    return forms


def _roles(office: Office, one: Account, held: list[Assignment]) -> Node:
    columns = [
        Column("角色"),
        Column("状态"),
        Column("范围"),
        Column("起止"),
        Column("依据", minor=True),
        Column("授予人", minor=True),
    ]
    lines = [
        Line(
            [
                role_title(office.store, each.role),
                tag(assignment_state(office.store, each)),
                "；".join(limits_of(office.store, each)),
                f"{each.since}起" + (f"至{each.until}" if each.until else ""),
                each.reason,
                called(each.made_by),
            ]
        )
        for each in reversed(held)
    ]
    body: list[Node] = [table("角色", columns, lines) if lines else empty("没有授予过角色。")]
    forms = _role_forms(office, one, held)
    if forms:
        body.append(html.Div(forms, className="padded"))
    return block("角色", body, flush=True, source=source_line("授权", "收回的也列出"))


def _role_forms(office: Office, one: Account, held: list[Assignment]) -> list[Node]:
    if not office.can("permissions"):
        return []
    if one.name == office.grant.user:
        return [_note("不能给自己授权；请另一位安全管理员办理。")]
    titles = {code: role.title for code, role in office.store.roles.items()}
    needs = [
        f"{role.title}须写明{'、'.join(_ROWS[each] for each in role.rows)}"
        for role in office.store.roles.values()
        if role.rows
    ]
    fields: list[Node] = [
        labelled("角色", select("role_code", titles)),
        *_scope_fields(office),
        text("matter", "限于这些报表或规则（可不填）"),
        day("since", "生效日（缺省今天）"),
        day("until", "截止日（可不填）"),
        day("window_since", "只看这一天以后的业务日期（可不填）"),
        day("window_until", "只看这一天以前的业务日期（可不填）"),
        reason(),
        _note(f"{'；'.join(needs)}。三员不得兼任，也不兼业务角色。"),
    ]
    forms: list[Node] = [step_form("授予角色", "assign", one.name, fields)]
    now = {h.role: h for h in held if h.in_force(office.store.today)}
    for code, each in now.items():
        title = role_title(office.store, code)
        chosen = labelled("角色", select("role_code", {code: title}))
        forms.append(step_form(f"收回{title}", "withdraw", one.name, [chosen, reason()]))
        if not office.store.roles[code].admin:
            rescoped: list[Node] = [chosen, *_scope_fields(office, each), reason()]
            forms.append(step_form(f"改{title}的范围", "rescope", one.name, rescoped))
    return forms


def _scope_fields(office: Office, held: Assignment | None = None) -> list[Node]:
    """Codes to be typed in; what they name stands below each, kept up by `assets/act.js`."""
    scope = held.scope if held else Scope()
    told = names_of(office.store, scope)
    return [
        html.Label(
            [
                html.Span(f"{word}代码（顿号分开，空着即不限）"),
                Input(
                    name=name,
                    type="text",
                    value="、".join(sorted(getattr(scope, name) or ())),
                    maxLength="300",
                    **attrs({"data-names": NAMES}),
                ),
                html.Span(told[name], className="field-names", **attrs({"aria-live": "polite"})),
            ],
            className="field",
        )
        for name, word in WORDS.items()
    ]


def _approvals(office: Office, one: Account, held: list[Assignment]) -> Node:
    found = assigning.approvals(office.store, one.name)
    columns = [
        Column("批准"),
        Column("状态"),
        Column("可看什么"),
        Column("用于角色"),
        Column("截止日"),
        Column("依据", minor=True),
        Column("批准人", minor=True),
    ]
    lines = [
        Line(
            [
                f"批准 {each.number}",
                tag(approval_state(office.store, each)),
                approval_text(office.store, each),
                role_title(office.store, each.role),
                f"{each.until}",
                each.reason,
                called(each.made_by),
            ]
        )
        for each in reversed(found)
    ]
    body: list[Node] = [table("批准", columns, lines) if lines else empty("没有批准过看得更深。")]
    forms = _approval_forms(office, one, held, found)
    if forms:
        body.append(html.Div(forms, className="padded"))
    return block(
        "批准看得更深",
        body,
        flush=True,
        source=source_line("批准", "本人在“我的账号”里选用时才起作用"),
    )


def _approval_forms(
    office: Office, one: Account, held: list[Assignment], found: list[Approval]
) -> list[Node]:
    if not office.can("permissions") or one.name == office.grant.user:
        return []
    roles = office.store.roles
    now = [h.role for h in held if h.in_force(office.store.today) and h.role in roles]
    readers = {code: roles[code].title for code in now if not roles[code].admin}
    forms: list[Node] = []
    if readers:
        depths = {each.name.lower(): each.word for each in reversed(Depth)}
        levels = {each.word: each.word for each in reversed(Sensitivity)}
        of = f"报表、主题表、规则的代码（如 ZW*），或成组的词：{'、'.join(groups())}"
        fields: list[Node] = [
            labelled("用于角色", select("role_code", readers)),
            text("of", of, required=True),
            labelled("到哪一层", select("depth", depths)),
            labelled("最高敏感级别", select("sensitivity", levels)),
            *_scope_fields(office),
            day("until", "截止日", required=True),
            reason(),
        ]
        forms.append(step_form("记录批准", "approve", one.name, fields))
    for each in found:
        if each.in_force(office.store.today):
            chosen = labelled("批准", select("approval", {str(each.number): f"批准 {each.number}"}))
            title = f"收回批准 {each.number}"
            forms.append(step_form(title, "end_approval", one.name, [chosen, reason()]))
    return forms


def _sessions(office: Office, one: Account) -> Node:
    found = sessions.sessions(office.store, one.name)
    may = office.can("sessions")
    columns = [
        Column("会话"),
        Column("设备"),
        Column("网络"),
        Column("方式"),
        Column("身份"),
        Column("开始", minor=True),
        Column("最近"),
        Column("到期", minor=True),
    ]
    if may:
        columns.append(Column("办理"))
    lines = [Line(_seat(office, one, each, may)) for each in found]
    body: list[Node] = [table("会话", columns, lines) if lines else empty("没有登录着的会话。")]
    if may and len(found) > 1:
        form = step_form("结束全部会话", "end_sessions", one.name, [])
        body.append(html.Div(form, className="padded"))
    return block("登录着的会话", body, flush=True, source=source_line("会话", "结束即时生效"))


def _seat(office: Office, one: Account, each: Session, may: bool) -> list[Node]:
    role = role_title(office.store, each.role) if each.role else "—"
    cells: list[Node] = [
        str(each.number),
        each.device or "未知设备",
        shortened(each.address),
        METHODS[each.method],
        role,
        clock(each.made_at),
        clock(each.seen_at),
        clock(each.expires_at),
    ]
    if may:
        number = str(each.number)
        cells.append(
            button_form("结束", "end_session", one.name, f"结束会话 {number}", session=number)
        )
    return cells


def _note(words: str) -> html.P:
    return html.P(words, className="note")
