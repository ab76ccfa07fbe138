"""回测 on the pages of rules and parameters: what runs, what was kept, the form, the command."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from budget_watch.casework.backtest_jobs import Job, Question, jobs, may_ask
from budget_watch.views import formats as fmt
from budget_watch.views.params import ValueTest, value_tests
from dashboard import elements as html
from dashboard.acting_on_backtests import CANCEL, NEW, PREFIX, PROGRESS, START, progress
from dashboard.context import Context
from dashboard.markup import Input
from dashboard.pages.forms import committee_roles, folded, labelled, role_field, select
from dashboard.pages.place_text import source
from dashboard.parts import Node, attrs, block, empty, link, tag
from dashboard.table import Column, Line, table

EVERY = {"month": "每月末", "quarter": "每季末", "year": "每年末"}


def of_param(context: Context, book: Any, name: str, rules: Sequence[str]) -> html.Section:
    """The back-tests of another value of a parameter."""
    parts: list[Node] = [*job_parts(context, book, param=name)]
    found = value_tests(context.home.root, name)
    for each in found:
        parts += [html.P(_moved(book, each), className="words"), _by_rule(context, each)]
    if not found:
        parts.append(empty("这个参数还没有换过别的值回测。"))
    parts += ask(context, {}, fixed=("param", name))
    parts += command(context, f"rules backtest {' '.join(rules)}", f"--set {name}=新值")
    more: list[tuple[str, Node]] = [("怎么算", "在最新快照上按各期末重算，只比较命中，不记入疑点")]
    return block("回测", parts, source=source(context, "回测", more=more))


def job_parts(context: Context, book: Any, *, param: str = "", rule: str = "") -> list[Node]:
    """The job that runs, whatever it asks; else how the last about this page ended."""
    every = jobs(context.home)
    if not every:
        return []
    last = every[0]
    about = any(param and said.startswith(f"{param}=") for said in last.question.said)
    if last.state == "running":
        return [_running(context, book, last)]
    if last.state in ("failed", "cancelled") and (about or rule in last.question.rules):
        ended = "已取消，没有留下结果" if last.state == "cancelled" else f"没有算完：{last.told}"
        return [html.P(f"上次回测（{_asked(book, last.question)}）{ended}", className="note")]
    return []


def _running(context: Context, book: Any, job: Job) -> html.Div:
    told = progress(job)
    bar = html.Span(
        [
            html.Span(className="plan", style={"width": "100%"}),
            html.Span(className="done", style={"width": told["share"]}),
        ],
        className="bullet",
        role="img",
        **attrs({"aria-label": "回测进度"}),
    )
    parts: list[Node] = [
        html.P(f"正在回测：{_asked(book, job.question)}。"),
        html.P(html.Strong(told["said"], **attrs({"data-said": "1"}))),
        html.P(bar),
    ]
    if _may(context):
        parts.append(
            html.Form(
                [
                    role_field(context, committee_roles(context)),
                    html.P("", className="form-said", role="alert"),
                    html.Button("取消回测", className="button", type="submit"),
                ],
                className="row-form",
                **attrs(
                    {
                        **{"data-act": CANCEL, "data-target": f"{PREFIX}{job.id}"},
                        **{"data-version": "0", "aria-label": "取消回测"},
                    }
                ),
            )
        )
    where = attrs({"data-progress": f"{PROGRESS}{job.id}"})
    return html.Div(parts, className="running", role="status", **where)


def _asked(book: Any, question: Question) -> str:
    """A question in words: “支出进度…”改为15%，ZX06，2026-01-01至2026-10-31每月末."""
    words = [_changed(book, said) for said in question.said]
    rules = "、".join(question.rules[:3]) + ("等" if len(question.rules) > 3 else "")
    span = f"{question.since}至{question.until}{EVERY[question.every]}"
    return "，".join([*words, rules, span])


def _changed(book: Any, said: str) -> str:
    name, _, value = (part.strip() for part in said.partition("="))
    known = book.params.get(name)
    return f"“{known.param.title if known else name}”改为{value}"


def _moved(book: Any, test: ValueTest) -> list[Node]:
    said = (
        f"改为{test.value}：新增{fmt.count(test.sum('added'))}条，"
        f"消失{fmt.count(test.sum('removed'))}条，级别改变{fmt.count(test.sum('changed'))}条"
    )
    span = (
        f"（{fmt.day(test.first)}至{fmt.day(test.last)}共{test.days}个时点，快照 {test.snapshot}）"
    )
    old = [" ", tag("规则库后有改动")] if test.book != book.hash else []
    return [html.Strong(said), span, *old]


def _by_rule(context: Context, test: ValueTest) -> Node:
    columns = [
        Column("规则", width="46%"),
        Column("现值的疑点", number=True),
        Column("新增", number=True),
        Column("消失", number=True),
        Column("级别改变", number=True),
    ]
    lines = [
        Line(
            [
                link(
                    f"{each['rule']} {each['title']}",
                    context.address.at("rules", each["rule"], keep=("asof", "snap")),
                ),
                *(fmt.count(each[what]) for what in ("findings", "added", "removed", "changed")),
            ]
        )
        for each in test.rules
    ]
    return table(f"改为{test.value}", columns, lines)


# ---- asking
def _may(context: Context) -> bool:
    roles = committee_roles(context)
    return context.latest and bool(roles) and may_ask(context.home, context.grant, roles[0])


def _span(context: Context) -> tuple[date, date]:
    """From the year's beginning to the as-of day."""
    return date(context.as_of.year, 1, 1), context.as_of


def ask(context: Context, params: Mapping[str, str], *, fixed: tuple[str, str]) -> list[Node]:
    """The form that starts a back-test, for whoever may.

    Args:
        params: parameters to choose from, id → title; empty where the parameter is fixed.
        fixed: what the page is about: ("param", id) or ("rule", id).
    """
    if not _may(context) or any(each.state == "running" for each in jobs(context.home)):
        return []
    since, until = _span(context)
    fields: list[Node] = [
        role_field(context, committee_roles(context)),
        Input(name=fixed[0], type="hidden", value=fixed[1]),
    ]
    if fixed[0] == "rule" and params:
        fields.append(labelled("参数", select("param", {"": "不改参数", **params})))
    if fixed[0] == "param" or params:
        needed = fixed[0] == "param"
        value = Input(
            name="value", type="text", required=needed, placeholder="如 15%、50万元、30日"
        )
        fields.append(labelled("改为", value))
    fields += [
        labelled("自", Input(name="since", type="date", value=str(since), required=True)),
        labelled("至", Input(name="until", type="date", value=str(until), required=True)),
        labelled("时点", select("every", EVERY)),
        html.P("在另一个进程里算，不影响别人查看；可以随时取消。不记入疑点。", className="note"),
    ]
    return [folded("换一个值回测" if params or fixed[0] == "param" else "回测", START, NEW, 0,
                   fields, word="开始回测")]  # fmt: skip


def command(context: Context, begins: str, ends: str) -> list[Node]:
    """The same on the command line."""
    since, until = _span(context)
    words = f"budget-watch {begins} --from {since} --to {until} {ends}".rstrip()
    return [html.P(["命令行：", html.Span(words, className="code-line")], className="note")]
