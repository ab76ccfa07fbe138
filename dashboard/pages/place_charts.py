"""The folded charts of a place: month by month, from 年初 to 变动预算, what it is made of."""

from __future__ import annotations

from budget_watch.views import drill
from budget_watch.views import formats as fmt
from budget_watch.views.drill import Amounts, Change, Place
from dashboard import chart
from dashboard import elements as html
from dashboard.context import Context
from dashboard.pages.place_text import BUDGETS, source
from dashboard.parts import Node, block, empty
from dashboard.table import Column


def folded(context: Context, place: Place, amounts: Amounts) -> Node:
    """Two charts side by side, folded: the table below is what most come for."""
    if place.get("m"):
        return None
    charts = [_months(context, place, amounts), _steps(context, place, amounts)]
    return html.Details(
        [
            html.Summary("图：月度累计（支出、时间进度、上年），年初预算到变动预算（按原因）"),
            html.Div(charts, className="cols-2"),
        ],
        className="charts",
    )


def monthly(context: Context, place: Place) -> html.Section:
    """The cumulated months of a place, for pages that speak of its pace."""
    amounts = drill.total(context.cube, place, context.span)
    return _months(context, place, amounts, "单位全部")


def _months(context: Context, place: Place, amounts: Amounts, whose: str = "") -> html.Section:
    span = context.span
    years = context.kept(
        "by_month", lambda: drill.by_month(context.cube, place, span, 1), place, span
    )
    colours = chart.ink(context.dark)
    lines = {year: chart.cumulated(values) for year, values in years.items()}
    now = [
        v if month <= span.month else None
        for month, v in enumerate(lines.get(span.fiscal_year, []), 1)
    ]
    before = lines.get(span.fiscal_year - 1, [])
    largest = max([amounts.current, *[v or 0 for v in now], *[v or 0 for v in before]])
    unit = chart.unit_for(largest)
    figure = chart.base(colours, left=48, right=84)
    ticks = [f"{m}月" for m in range(1, 13)]
    if amounts.current > 0:
        _line(
            figure,
            [amounts.current * m // 12 for m in range(1, 13)],
            unit,
            "时间进度",
            colours.last_line,
            colours,
            dash="dot",
            width=1.5,
            at="top right",
        )
    if before:
        name = f"{span.fiscal_year - 1}年"
        _line(figure, before, unit, name, colours.last_line, colours, at="bottom right")
    # Labels at the ends keep apart: pace above, last year below, this year left of its own end.
    name = f"{span.fiscal_year}年"
    named = min(span.month, 9)  # of a whole year not at its end, where the others stand
    _line(figure, now, unit, name, colours.actual, colours, width=2.5, at="top left", named=named)
    figure.set(xaxis={"tickvals": list(range(1, 13)), "ticktext": ticks, "range": [0.6, 12.2]})
    chart.money_axis(figure, largest, unit)
    rows: list[list[Node]] = [
        [
            f"{m}月",
            _cell(context, now, m),
            _cell(context, before, m),
            context.money(amounts.current * m // 12),
        ]
        for m in range(1, 13)
    ]
    columns = [
        Column("截至月份"),
        Column(f"{span.fiscal_year}年累计", number=True),
        Column(f"{span.fiscal_year - 1}年累计", number=True),
        Column("按时间进度", number=True),
    ]
    last = next((v for v in reversed(now) if v is not None), 0)
    title = (
        f"{whose}累计支出{fmt.sentence_money(last)}，上年同期{fmt.sentence_money(amounts.before)}"
    )
    return block(
        "月度累计",
        chart.shown(
            figure, title, f"{whose}累计支出，{fmt.UNIT_TITLES[unit]}，{span.as_of}", columns, rows
        ),
        sub="该单位的全部支出，不只是本疑点所计" if whose else None,
        source=source(context, *BUDGETS),
        flush=True,
    )


def _cell(context: Context, values: list[int | None], month: int) -> str:
    if month > len(values):
        return fmt.NOT_APPLICABLE
    value = values[month - 1]
    return fmt.NOT_APPLICABLE if value is None else context.money(value)


def _line(
    figure: chart.Drawing,
    values: list[int | None],
    unit: fmt.Unit,
    name: str,
    colour: str,
    colours: chart.Ink,
    dash: str = "solid",
    width: float = 2,
    at: str = "middle right",
    named: int = 12,
) -> None:
    """A line with its name at the month `named`, or at its end where that comes before."""
    known = [(m, v) for m, v in enumerate(values, 1) if v is not None]
    if not known:
        return
    here = min(named, known[-1][0])
    figure.add(
        "scatter",
        name=name,
        x=[m for m, _ in known],
        y=[chart.scaled(v, unit) for _, v in known],
        mode="lines+text",
        line={"color": colour, "width": width, "dash": dash},
        text=[f" {name}" if m == here else "" for m, _ in known],
        textposition=at,
        textfont={"color": colours.text, "size": 12},
        cliponaxis=False,
        hovertext=[f"{name} 截至{m}月 {fmt.sentence_money(v)}" for m, v in known],
        hoverinfo="text",
    )


def _steps(context: Context, place: Place, amounts: Amounts) -> html.Section:
    span = context.span
    steps = context.kept("changes", lambda: drill.changes(context.cube, place, span), place, span)
    title = "年初预算到变动预算"
    if not steps and not amounts.initial:
        return block(
            title, empty(f"{span.as_of}没有列入预算指标。"), source=source(context, *BUDGETS)
        )
    merged = _merged(steps)
    bars = [
        ("年初预算", amounts.initial, "absolute"),
        *[(name, value, "relative") for name, value in merged],
        ("变动预算", amounts.current, "total"),
    ]
    running, tops = 0, []
    for _, value, kind in bars:
        running = value if kind != "relative" else running + value
        tops.append(running)
    largest = max([*tops, 1])
    unit = chart.unit_for(largest)
    colours = chart.ink(context.dark)
    figure = chart.base(colours, left=48)
    outline = {"line": {"color": colours.last_line, "width": 1}}
    figure.add(
        "waterfall",
        name="金额",
        x=[_wrapped(name) for name, _, _ in bars],
        y=[chart.scaled(value, unit) for _, value, _ in bars],
        measure=[kind for _, _, kind in bars],
        text=[_signed(value, kind, unit) for _, value, kind in bars],
        textposition="outside",
        textfont={"size": 12, "color": colours.text},
        cliponaxis=False,
        constraintext="none",
        increasing={"marker": {"color": colours.last, **outline}},
        decreasing={"marker": {"color": colours.surface, **outline}},
        totals={"marker": {"color": colours.actual}},
        connector={"line": {"color": colours.last_line, "width": 1}},
        hovertext=[f"{name} {fmt.sentence_money(value)}" for name, value, _ in bars],
        hoverinfo="text",
    )
    chart.money_axis(figure, largest, unit)
    figure.set(xaxis={"tickangle": 0})
    sentence = f"变动预算较年初{_direction(amounts.current - amounts.initial)}"
    rows: list[list[Node]] = [["年初预算", context.money(amounts.initial)]]
    rows += [[f"{step.entry}：{step.cause}", context.money(step.current)] for step in steps]
    rows.append(["变动预算", context.money(amounts.current)])
    columns = [Column("步骤"), Column("金额", number=True)]
    return block(
        title,
        chart.shown(
            figure, sentence, f"按原因，{fmt.UNIT_TITLES[unit]}，{span.as_of}", columns, rows
        ),
        source=source(context, "FIN-11 指标调整表", "FIN-12 指标表"),
        flush=True,
    )


def _merged(steps: list[Change], most: int = 5) -> list[tuple[str, int]]:
    """Causes summed over entries; beyond the largest few they become one bar."""
    sums: dict[str, int] = {}
    for step in steps:
        name = step.cause if step.cause != "未列明原因" else step.entry or step.cause
        sums[name] = sums.get(name, 0) + step.current
    ranked = sorted(((n, v) for n, v in sums.items() if v), key=lambda part: -abs(part[1]))
    rest = sum(value for _, value in ranked[most:])
    return ranked[:most] + ([(f"其余{len(ranked) - most}项", rest)] if rest else [])


def _wrapped(name: str) -> str:
    return "<br>".join(name[at : at + 5] for at in range(0, len(name), 5))


def _signed(value: int, kind: str, unit: fmt.Unit) -> str:
    text = fmt.table_money(value, unit)
    return f"+{text}" if kind == "relative" and value > 0 else text


def _direction(change: int) -> str:
    if change == 0:
        return "没有变化"
    return f"{'增加' if change > 0 else '减少'}{fmt.sentence_money(abs(change))}"
