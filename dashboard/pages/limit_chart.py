"""The value of a finding as a bar from zero, with its limit as a labelled line (pages.md §1.5).

Plain HTML, so that it prints, scales and needs no script; the figures beside it are its table.
"""

from __future__ import annotations

from budget_watch.engine.authority import STANDARDS
from budget_watch.engine.explain import Explanation
from budget_watch.views import formats as fmt
from budget_watch.views.judgement import Shown
from dashboard import elements as html
from dashboard.parts import Node, attrs

ROOM = 1.12  # the scale ends this much after the larger of the two


def limit_chart(
    said: Explanation | None, shown: Shown, word: str, value: int | None, limit: int | None
) -> Node:
    """The bar and the line; nothing where the rule shows no limit or a sign is negative."""
    if value is None or limit is None or value < 0 or limit < 0 or max(value, limit) == 0:
        return None
    if shown.value is None or shown.limit is None:
        return None
    top = max(value, limit) * ROOM
    at = limit / top * 100
    label = f"限值 {shown.limit}（{word}）{_origin(said)}"
    side = {"marginLeft": f"{at:.2f}%"} if at < 50 else {"marginRight": f"{100 - at:.2f}%"}
    line = "line dashed" if word == STANDARDS["customary"] else "line"
    return html.Figure(
        [
            html.Figcaption(html.Strong(_sentence(shown, value, limit)), className="chart-title"),
            html.Div(
                [
                    html.Div(
                        label, className="limit-label" + (" end" if at >= 50 else ""), style=side
                    ),
                    html.Div(
                        [
                            html.Span(
                                className="done", style={"width": f"{value / top * 100:.2f}%"}
                            ),
                            html.Span(className=line, style={"left": f"{at:.2f}%"}),
                        ],
                        className="limit-bar",
                    ),
                    html.Div(
                        [html.Span("0"), html.Span(f"数值 {shown.value}")], className="limit-foot"
                    ),
                ],
                role="img",
                **attrs({"aria-label": f"数值{shown.value}，{label}"}),
            ),
        ],
        className="limit-chart",
    )


def _sentence(shown: Shown, value: int, limit: int) -> str:
    if value == limit:
        return f"数值{shown.value}，等于限值"
    return f"数值{shown.value}，{'高于' if value > limit else '低于'}限值{shown.limit}"


def _origin(said: Explanation | None) -> str:
    """What a limit rests on: the first law it cites, or that it is custom; since when it holds."""
    if said is None:
        return ""
    basis = next((each for p in said.parameters for each in (*p.basis, p.note or "") if each), "")
    if not basis and said.laws and not said.parameters:
        basis = said.laws[0].cited
    since = max((p.since for p in said.parameters), default=None)
    parts = [basis]
    if since is not None:
        parts.append(f"参数自{fmt.day(since)}")
    return "，".join(part for part in parts if part)
