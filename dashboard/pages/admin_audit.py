"""系统管理 /admin/audit: who did and saw what, whether the log is whole, its export."""

from __future__ import annotations

import json
from collections.abc import Mapping

from budget_watch.access.telling import role_title
from budget_watch.audit import Entry
from budget_watch.casework.auditing import entries, last_check, latest_anchor, sound_text
from budget_watch.views.audit_words import ROOMS, act_words, shortened, told
from dashboard import elements as html
from dashboard.errors import AddressError
from dashboard.frame import Page
from dashboard.markup import Input
from dashboard.office import AUDIT, Office, called, clock_of, utc_of
from dashboard.pages.admin_forms import button_form, day, filter_form, text
from dashboard.pages.forms import export_form, labelled, select
from dashboard.pages.paging import AT_ONCE, pager
from dashboard.parts import Node, block, empty, link, source_line
from dashboard.table import Column, Line, table

KEPT = (
    "记录只增不改：系统没有修改、删除审计记录的功能，清理快照、停用账号也不动它。"
    "保存多久由本单位按适用的规定确定，本系统一直保存。"
)


def page(office: Office) -> Page:
    """The log, newest first; that it was looked at is itself written down."""
    at = office.address
    act = at.get("act")
    if at.get("after") and not at.get("after").isdigit():
        raise AddressError("翻页位置应是记录的序号；请从第一页看起。")
    found = list(
        entries(
            office.home,
            office.grant,
            user=at.get("person") or None,
            act=act or None,
            subject=at.get("item") or None,
            since=utc_of(at.get("since")),
            until=utc_of(at.get("until"), days=1),
            before=int(at.get("after")) if at.get("after") else None,
            limit=AT_ONCE + 1,
            newest=True,
        )
    )
    shown = found[:AT_ONCE]
    more = str(shown[-1].seq) if len(found) > AT_ONCE else None
    body: Node = empty("没有符合条件的记录。", link("清除筛选", at.at("admin", AUDIT, keep=())))
    if shown:
        words = act_words(office.home)
        columns = [
            Column("序号", number=True, width="72px"),
            Column("时间", width="160px"),
            Column("谁", width="160px"),
            Column("动作", width="150px"),
            Column("对象", width="170px"),
            Column("内容", long=True),
        ]
        body = table("审计日志", columns, [_line(office, words, each) for each in shown])
    return Page(
        "审计日志",
        [
            _chain(office),
            _filter(office),
            block(
                "记录",
                [body, pager(at, more)],
                sub="最近的在前",
                flush=True,
                source=source_line("审计日志", "查看日志本身也记一条"),
            ),
            *_export(office),
        ],
        lead="谁、何时、以什么角色、为什么、对什么、做了什么或看了什么。",
        tab_title="审计日志",
    )


def _line(office: Office, words: Mapping[str, str], each: Entry) -> Line:
    who: list[Node] = [called(each.user)]
    if each.role:
        who.append(f"，{role_title(office.store, each.role)}")
    word = words.get(each.act)
    room = ROOMS.get(each.act.partition(".")[0], "")
    act = [word or room, html.Div(each.act, className="note")]
    said = json.loads(each.details)
    roles = {code: role.title for code, role in office.store.roles.items()}
    of = each.act.partition(".")[0] + "."
    steps = {name.removeprefix(of): word for name, word in words.items() if name.startswith(of)}
    known = {"role": roles, "transition": steps, "step": steps}
    whole = "；".join(part for part in (each.purpose, told(said, known)) if part)
    content = html.Div(shortened(whole) or "—", className="clip anywhere", title=whole)
    subject = html.Div(shortened(each.subject), className="anywhere", title=each.subject)
    return Line([str(each.seq), clock_of(each.at), who, act, subject, content])


def _chain(office: Office) -> Node:
    """Whether the log is whole, as the last check said, and how far an anchor proves it."""
    checked, anchor = last_check(office.home, office.grant), latest_anchor(office.home)
    found = json.loads(checked.details) if checked else {}
    facts: list[tuple[str, Node]] = [
        ("最近核对", clock_of(checked.at) if checked else "还没有核对过"),
        (
            "结果",
            sound_text(found["entries"], found["complete_to"]) if checked else "—",
        ),
        ("最近的锚", _anchor(anchor.line, anchor.at) if anchor else "还没有锚"),
    ]
    rows = [html.Div([html.Dt(word), html.Dd(value)]) for word, value in facts]
    body: list[Node] = [html.Dl(rows, className="facts single")]
    if office.can("audit"):
        ways = [
            button_form("现在核对", "verify", "log", "核对日志"),
            button_form("现在锚定", "anchor", "log", "写一个锚"),
        ]
        body.append(html.Aside(html.Div(ways, className="row-form"), className="ways"))
    body.append(html.P(KEPT, className="note"))
    return block("完整性", body, source=source_line("逐条校验码（HMAC-SHA256）", "锚在数据库之外"))


def _anchor(line: str, at: str) -> Node:
    return [html.Span(line.rsplit(" ", 1)[0], className="code-line"), f" {clock_of(at)}"]


def _filter(office: Office) -> Node:
    at = office.address
    rooms = {"": "全部", **{f"{room}.": word for room, word in ROOMS.items()}}
    act = at.get("act")
    if act and act not in rooms:
        rooms[act] = act_words(office.home).get(act, act)
    fields: list[Node] = [
        text("person", "账号", at.get("person") or None),
        labelled("动作", select("act", rooms, act)),
        text("item", "对象编号", at.get("item") or None),
        labelled("从哪天", Input(name="since", type="date", value=at.get("since"))),
        labelled("到哪天（含）", Input(name="until", type="date", value=at.get("until"))),
    ]
    return filter_form("筛选记录", f"/admin/{AUDIT}", fields)


def _export(office: Office) -> list[Node]:
    if not office.can("audit"):
        return []
    form = export_form(
        "导出审计日志",
        "audit",
        fields=[day("since", "从哪天（空着即从头）"), day("until", "到哪天（含，空着即到现在）")],
        note="每行一条，含校验码，可在别处核对；导出记入审计日志。",
        word="导出",
    )
    return [block("导出", form, source=source_line("与 audit export 相同"))]
