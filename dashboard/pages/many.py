"""Work on many findings at once: a box on each row, and the bar that takes a step on those chosen.

Each one is done by itself, and what could not be done is told by name; merging is one act.
"""

from __future__ import annotations

from budget_watch.casework.cases import Desk, actor_of
from budget_watch.casework.workflow import Transition
from dashboard import elements as html
from dashboard.acting import MANY, MERGE, chooses_role
from dashboard.context import Context
from dashboard.markup import Input
from dashboard.pages.forms import labelled, role_field, select
from dashboard.parts import Node, attrs

_FEW = {"reason"}  # steps that ask for no more than a reason can be taken on many


def pick(finding: str, name: str) -> html.Label:
    """The box of a row."""
    said = attrs({"aria-label": f"选中 {name}"})
    return html.Label(Input(type="checkbox", name="pick", value=finding, **said), className="pick")


def bar(context: Context) -> Node:
    """The form for what is chosen; nothing for whoever does not work on findings."""
    roles = roles_of(context)
    steps = _steps(Desk.of(context.home), roles)
    if not steps:
        return None
    choices = {**{each.id: each.title for each in steps}, MERGE: "并为一件（同一部门）"}
    form = html.Form(
        [
            role_field(context, roles),
            labelled("办什么", select("step", choices)),
            labelled("理由", html.Textarea(name="reason", rows=2, maxLength=5000)),
            html.P("", className="form-said", role="alert"),
            html.Button("办理选中的", className="button main", type="submit"),
        ],
        **attrs({"data-many": "1", "aria-label": "批量办理"}),
    )
    title = html.Summary(
        html.Span(
            ["批量办理：已选 ", html.Span("0", className="picked"), f" 条（一次最多{MANY}条）"]
        )
    )
    return html.Details([title, form], className="step-form many")


def roles_of(context: Context) -> tuple[str, ...]:
    """The committee's roles in which the reader works on findings; none in an earlier snapshot."""
    if not context.latest:
        return ()
    flow = Desk.of(context.home).flow
    office = tuple(role for role, side in flow.party.items() if side == "committee")
    if chooses_role(context.grant):
        return office
    mine = actor_of(context.home, context.grant).role
    return (mine,) if mine in office else ()


def _steps(desk: Desk, roles: tuple[str, ...]) -> list[Transition]:
    return [
        each
        for each in desk.flow.transitions
        if set(each.needs) <= _FEW
        and set(each.who) & set(roles)
        and {desk.flow.party[role] for role in each.who} == {"committee"}
    ]
