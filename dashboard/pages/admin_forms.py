"""The forms of 系统管理: a step that is sent to /admin/act, and what narrows a list."""

from __future__ import annotations

from collections.abc import Sequence

from dashboard import elements as html
from dashboard.acting_on_accounts import CHECKED, PATH, STEPS, SURE
from dashboard.markup import Input
from dashboard.pages.forms import labelled
from dashboard.parts import Node, attrs


def step_form(
    title: str, step: str, target: str, fields: Sequence[Node], word: str = ""
) -> html.Details:
    """A step, folded under its name; what must be looked at twice has a box to tick."""
    sure = [checkbox(SURE, CHECKED, required=True)] if STEPS[step].sure else []
    form = html.Form(
        [*fields, *sure, _said(), _button(word or title)],
        **attrs(_marks(step, target) | {"aria-label": title}),
    )
    return html.Details([html.Summary(title), form], className="step-form")


def button_form(word: str, step: str, target: str, label: str, **given: str) -> html.Form:
    """A step that asks nothing, as one button in a row of a table."""
    hidden = [Input(name=name, type="hidden", value=value) for name, value in given.items()]
    return html.Form(
        [*hidden, _said(), html.Button(word, className="button", type="submit")],
        className="row-form",
        **attrs(_marks(step, target) | {"aria-label": label}),
    )


def filter_form(label: str, path: str, fields: Sequence[Node]) -> html.Aside:
    """Fields that go into the address (`assets/nav.js`)."""
    ways = html.Div(
        [
            html.Button("筛选", className="button", type="submit"),
            html.A("清除", href=path, className="button"),
        ],
        className="filter-ways",
    )
    form = html.Form(
        [*fields, ways],
        className="filter",
        role="search",
        **attrs({"data-filter": path, "aria-label": label}),
    )
    return html.Aside(form, className="filter-box", **attrs({"aria-label": label}))


def checkbox(name: str, words: str, *, required: bool = False) -> html.Label:
    """A box to tick."""
    box = Input(name=name, type="checkbox", value="1", required=required)
    return html.Label([box, html.Span(words)], className="tick-field")


def reason(words: str = "依据或原因") -> html.Label:
    """Why; it stands in the audit log."""
    area = html.Textarea(name="reason", rows=2, required=True, maxLength=2000)
    return labelled(words, area)


def text(name: str, words: str, value: str | None = None, *, required: bool = False) -> html.Label:
    """A line of text."""
    return labelled(
        words, Input(name=name, type="text", value=value, required=required, maxLength="300")
    )


def day(name: str, words: str, *, required: bool = False) -> html.Label:
    """A day."""
    return labelled(words, Input(name=name, type="date", required=required))


def _marks(step: str, target: str) -> dict[str, str]:
    lost = "没有收到回答，不知道是否办成；请刷新页面看结果。"
    return {
        "data-act": step,
        "data-target": target,
        "data-version": "0",
        "data-to": PATH,
        "data-lost": lost,
    }


def _said() -> html.P:
    return html.P("", className="form-said", role="alert")


def _button(word: str) -> html.Button:
    return html.Button(word, className="button main", type="submit")
