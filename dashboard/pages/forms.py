"""Forms that take a step, and what stands around them: places, periods, whose rule a step is.

A form only says what is asked for; `assets/act.js` sends it, and the rooms below decide.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from budget_watch.casework.cases import FINANCE, Desk, actor_of
from budget_watch.casework.workflow import Clock, LawBasis, LocalBasis
from budget_watch.engine.laws import article_name
from dashboard import elements as html
from dashboard.acting import chooses_role
from dashboard.book import book_of
from dashboard.context import Context
from dashboard.markup import Input
from dashboard.parts import Node, attrs, tag

OVERDUE, SOON, PAUSED = "逾期", "临期", "停计"


def folded(
    title: str,
    step: str,
    target: str,
    version: int,
    fields: Sequence[Node],
    *,
    word: str = "提交",
    open_: bool = False,
) -> html.Details:
    """A step's form, folded under its name."""
    marks = {"data-act": step, "data-target": target, "data-version": str(version)}
    form = html.Form(
        [
            *fields,
            html.P("", className="form-said", role="alert"),
            html.Button(word, className="button main", type="submit"),
        ],
        **attrs({**marks, "aria-label": title}),
    )
    return html.Details([html.Summary(title), form], className="step-form", open=open_)


def export_form(
    title: str,
    what: str,
    *,
    fields: Sequence[Node] = (),
    note: str = "导出将加水印并记入审计日志。",
    word: str = "导出 Excel",
    **marks: str,
) -> html.Details:
    """The form that asks what an export is for; `assets/act.js` fetches the file."""
    form = html.Form(
        [
            *fields,
            labelled("用途（至少4个字）", Input(name="reason", type="text", required=True)),
            html.P(note, className="note"),
            html.P("", className="form-said", role="alert"),
            html.Button(word, className="button main", type="submit"),
        ],
        **attrs(
            {"data-export": what, "aria-label": title}
            | {f"data-{name}": value for name, value in marks.items()}
        ),
    )
    return html.Details([html.Summary(title), form], className="step-form")


def labelled(words: str, field: Node) -> html.Label:
    """A field under its words."""
    return html.Label([html.Span(words), field], className="field")


def select(name: str, choices: Mapping[str, str], chosen: str | None = None) -> html.Select:
    """A choice out of a closed list: value → word."""
    options = [
        html.Option(word, value=value, **attrs({"selected": True} if value == chosen else {}))
        for value, word in choices.items()
    ]
    return html.Select(options, **attrs({"name": name}))


def places(
    context: Context,
    name: str,
    chosen: str | None,
    *,
    finance: bool = False,
    none: str = "不抄送",
) -> html.Select:
    """A choice of departments and units; `none` is what the empty choice is called."""
    listed = {code: f"{word}（{code}）" for code, word in sorted(context.names.units.items())}
    first = {FINANCE: "财政部门（归口）"} if finance else {"": none}
    return select(name, {**first, **listed}, chosen)


def role_field(context: Context, roles: Sequence[str]) -> Node:
    """In which role the local operator acts; nothing for whoever is signed in."""
    if not chooses_role(context.grant):
        return None
    return labelled("以什么角色", select("role", {each: each for each in roles}, roles[0]))


def committee_roles(context: Context) -> tuple[str, ...]:
    """The committee's roles in which the reader acts; none for others."""
    party = Desk.of(context.home).flow.party
    office = tuple(role for role, side in party.items() if side == "committee")
    if chooses_role(context.grant):
        return office
    mine = actor_of(context.home, context.grant).role
    return (mine,) if mine in office else ()


def basis_text(context: Context, basis: LawBasis | LocalBasis, region: str | None) -> str:
    """Whose rule it is; local law elsewhere is only a model."""
    if basis.kind == "local":
        return f"本地做法：{basis.says}。"
    law = book_of(context).laws.get(basis.law)
    title = f"《{law.name}》" if law is not None else basis.law
    cited = f"{title}{article_name(basis.article)}"
    if basis.binds(region):
        return f"依据：{cited}。"
    return f"本地做法，参照{cited}（在本地不是法）。"


def clock_length(clock: Clock) -> str:
    """A period's name with its length."""
    days = f"{clock.workdays}个工作日" if clock.workdays else f"{clock.months}个月"
    return f"{clock.title}{days}"


def clock_node(told: Mapping[str, Any]) -> Node:
    """When a period ends and how it stands."""
    if told["mark"] == PAUSED:
        return [tag(PAUSED), " 有异议，财政说明后续计"]
    left = told["left"]
    if told["mark"] == OVERDUE:
        return [told["due"], " ", tag(f"逾期{-left}个工作日")]
    days = "今天到期" if left == 0 else f"还有{left}个工作日"
    return [told["due"], " ", tag(days) if told["mark"] == SOON else days]


def place_text(context: Context, code: str) -> str:
    """An addressee with its code."""
    if code == FINANCE:
        return "财政部门（归口）"
    name = context.names.of("u", code)
    return code if name == code else f"{name}（{code}）"
