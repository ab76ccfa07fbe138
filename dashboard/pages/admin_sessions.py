"""Roles of a session of 人代会, for who gives roles: for its days, or taken back early."""

from __future__ import annotations

from budget_watch.congress.granting import standing, to_grant
from budget_watch.congress.session import DEPUTY, Congress
from budget_watch.views import formats as fmt
from dashboard import elements as html
from dashboard.acting_on_accounts import NEW
from dashboard.markup import Input
from dashboard.office import Office
from dashboard.pages.admin_forms import step_form
from dashboard.pages.forms import labelled
from dashboard.parts import Node, block, source_line


def sessions_block(office: Office) -> list[Node]:
    """Sessions that are not over, each with how many of its members hold their role."""
    if not office.can("permissions"):
        return []
    found = to_grant(office.store, office.home)
    if not found:
        return []
    items = [_session(office, one) for one in found]
    line = source_line(
        "会次名单、角色", "代表得“代表”，财政解答组得“财政归口”，只在会期内、只在本区划"
    )
    return [block("人代会会次的角色", html.Ol(items, className="acts-list"), source=line)]


def _session(office: Office, one: Congress) -> html.Li:
    now, ahead = standing(office.store, one)
    deputies = sum(each.part == DEPUTY for each in one.members)
    said = f"{one.id}，{fmt.day(one.since)} 至 {fmt.day(one.until)}；代表{deputies}人，"
    said += f"解答{len(one.members) - deputies}人；今天有角色的{now}人，会期首日起生效的{ahead}人"
    number = Input(type="hidden", name="session", value=one.id)
    reason = labelled("原因", Input(name="reason", type="text", required=True))
    return html.Li(
        [
            html.B(one.title),
            html.Div(said, className="note"),
            step_form("授会次角色", "grant_session", NEW, [number], word="按名单授予"),
            step_form("收回会次角色", "end_session_roles", NEW, [number, reason], word="收回"),
        ]
    )
