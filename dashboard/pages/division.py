"""The table of a division: 合计 on top, the parts, what the limit cut off, 差额 at the bottom."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from budget_watch.views import alerts, drill
from budget_watch.views import formats as fmt
from budget_watch.views.drill import Amounts, Place
from dashboard import elements as html
from dashboard import reach
from dashboard.address import LETTERS
from dashboard.context import Context
from dashboard.pages.document_division import applications, payees
from dashboard.pages.place_known import gaps
from dashboard.pages.place_text import BUDGETS, called, period, source
from dashboard.parts import Node, attrs, block, bullet, empty, level_chip, link, menu, missing
from dashboard.table import Column, Line, table

OPTIONAL = {
    "approved": "调整预算",
    "month": "当月支出",
    "vouchers": "凭证笔数",
    "lead": "快慢于序时",
}
_FOLDS = {"z": "d", "d": "u", "u": "p", "p": "i"}


@dataclass(frozen=True)
class Shown:
    """What the table shows besides its fixed columns."""

    by: str
    columns: tuple[str, ...]
    budgets: bool  # whether the division also divides budgets and plans
    lacking: Mapping[str, str] = field(default_factory=dict)  # table never delivered → why


@dataclass(frozen=True)
class Marks:
    """Open findings of a division: of the place, of its rows, of what is not among them."""

    whole: alerts.Mark | None = None
    rows: Mapping[str, alerts.Mark | None] = field(default_factory=dict)
    rest: alerts.Mark | None = None
    gap: alerts.Mark | None = None


def block_of(context: Context, place: Place) -> html.Section:
    """The block with the division the address asks for."""
    ways = reach.ways(context, drill.ways(place))
    if not ways:
        word = context.grant.reach("payment").word
        return block(called(context, place), empty(f"您可查看到{word}，更细的不在您的范围。"))
    by = context.address.get("by") or ways[0]
    if by not in ways:
        from dashboard.errors import AddressError

        raise AddressError(f"{called(context, place)}不能再按“{LETTERS.get(by, by)}”划分。")
    if by == "y":
        return payees(context, place)
    if by == "s":
        return applications(context, place)
    return _cube(context, place, by)


def _cube(context: Context, place: Place, by: str) -> html.Section:
    address = context.address
    sort = address.get("sort") or ("code" if by == "m" else "-spent")
    wanted = tuple(name for name in address.get("cols").split(",") if name in OPTIONAL)
    shown = Shown(by, wanted, by != "m" and place.get("m") is None, gaps(context, place))
    divided = _divided(context, place, by, sort)
    marks = _marks(context, place, divided)
    lines = [
        _line(context, shown, "合计", divided.total, divided.total, kind="total", mark=marks.whole)
    ]
    opened = set(address.get("open").split(",")) if address.get("open") else set()
    lines += _children(context, place, shown, divided, marks, opened, 0)
    if divided.rest_count:
        text = f"其余{divided.rest_count}项"
        lines.append(
            _line(context, shown, text, divided.rest, divided.total, kind="rest", mark=marks.rest)
        )
    gap = divided.gap
    lines.append(
        _line(context, shown, _gap_name(gap), gap, divided.total, kind="gap", mark=marks.gap)
    )
    head = f"按{LETTERS[by]}" + (f"，共{len(divided.rows) + divided.rest_count}项")
    body: Node = table(head, _columns(context, shown), lines, at=address, sort=sort)
    if not divided.rows and divided.gap == Amounts():
        body = _nothing(context, place)
    return block(
        f"{called(context, place)}：按{LETTERS[by]}",
        body,
        flush=True,
        unit=_unit_menu(context),
        sub=f"{period(context)}，{len(divided.rows) + divided.rest_count}项",
        source=source(
            context,
            *BUDGETS,
            more=[
                ("支出进度", "支出 ÷ 变动预算；竖线为时间进度"),
                ("占比", f"占{called(context, place)}支出"),
                ("差额", "没有列明该划分编码的部分"),
            ],
        ),
    )


def _divided(context: Context, place: Place, by: str, sort: str) -> drill.Division:
    most = context.at_once(drill.LIMIT)
    return context.kept(
        "divide",
        lambda: drill.divide(context.cube, place, context.span, by, sort, most),
        place,
        context.span,
        by,
        sort,
        most,
    )


def _marks(context: Context, place: Place, divided: drill.Division) -> Marks:
    """Rows, rest and gap add up to the place's findings."""
    by = divided.by
    if by not in "zdup":
        return Marks()
    city = context.city.region if context.city else None
    found = context.kept(
        "open_findings",
        lambda: alerts.open_findings(context.home, context.grant),
        alerts.latest_key(context.home),
    )
    inside = alerts.placed(found, place, city)
    steps = [(letter, code) for letter, code in place.path if letter in "zdup"]
    if not steps and place.scope == "local" and city:
        steps = [("z", city)]
    parts = alerts.by_code(inside, by)
    shown = {row.code for row in divided.rows}
    others = [f for code, fs in parts.items() if code and code not in shown for f in fs]
    gap = list(parts.get(None, []))
    return Marks(
        alerts.mark(inside, *steps[-1]) if steps else alerts.mark(inside),
        {code: alerts.mark(parts.get(code, []), by, code) for code in shown},
        alerts.mark(others) if divided.rest_count else None,
        alerts.mark(gap if divided.rest_count else [*gap, *others]),
    )


def _unit_menu(context: Context) -> Node:
    address = context.address
    chosen = [name for name in address.get("cols").split(",") if name]
    items = []
    for name, title in OPTIONAL.items():
        after = [c for c in chosen if c != name] if name in chosen else [*chosen, name]
        mark = "✓ " if name in chosen else ""
        items.append(
            link(mark + title, address.with_query(cols=",".join(after) or None), replace=True)
        )
    return html.Span(
        [context.unit_title, menu("列", items, "选择列", right=True)], className="unit-menu"
    )


def _nothing(context: Context, place: Place) -> html.Div:
    back = context.address.at("exec", *(a + b for a, b in place.path[:-1]))
    sentence = f"{period(context)}没有{called(context, place)}的预算指标或支付凭证。"
    return empty(sentence, link("返回上一级", back))


def _gap_name(gap: Amounts) -> str:
    return (
        "差额（未列明）" if gap == Amounts() else f"差额（未列明，{fmt.count(gap.vouchers)}笔凭证）"
    )


def _columns(context: Context, shown: Shown) -> list[Column]:
    columns = [Column(LETTERS[shown.by], "code", width="26%")]
    if shown.budgets:
        columns.append(Column("年初预算", "initial", number=True, minor=True))
        if "approved" in shown.columns:
            columns.append(Column("调整预算", "approved", number=True, minor=True))
        columns += [
            Column("变动预算", "current", number=True),
            Column("追加率", "added", number=True, minor=True, hint="Σ追加 ÷ 年初预算"),
            Column("用款计划", "plan", number=True, minor=True),
        ]
    columns.append(Column("支出", "spent", number=True))
    if "month" in shown.columns:
        columns.append(Column(f"{context.span.month}月支出", "month", number=True, minor=True))
    if shown.budgets:
        columns.append(Column("支出进度", "progress", hint="支出 ÷ 变动预算，竖线为时间进度"))
        if "lead" in shown.columns:
            columns.append(Column("快慢于序时", number=True, minor=True))
    columns += [Column("同比", number=True), Column("占比", number=True, minor=True)]
    if "vouchers" in shown.columns:
        columns.append(Column("凭证笔数", "vouchers", number=True, minor=True))
    if shown.by in "zdup":
        columns.append(Column(_doubts_title(context), number=True, minor=False))
    return columns


def _doubts_title(context: Context) -> str:
    """Findings belong to places, not to codes: under a code the column counts all of a place."""
    cut = any(letter in "cefoy" for letter, _ in context.address.place)
    return "疑点（不分科目）" if cut else "疑点"


def _children(
    context: Context,
    place: Place,
    shown: Shown,
    divided: drill.Division,
    marks: Marks,
    opened: set[str],
    depth: int,
) -> list[Line]:
    lines: list[Line] = []
    for row in divided.rows:
        fold = _FOLDS.get(divided.by) if depth < 2 and divided.by in _FOLDS else None
        if fold is not None and not reach.ways(context, (fold,)):
            fold = None
        is_open = fold is not None and row.code in opened
        name = _name(context, place, divided.by, row.code, fold is not None, is_open, opened, depth)
        lines.append(
            _line(
                context,
                shown,
                name,
                row.amounts,
                divided.total,
                depth=depth,
                to=place.step(divided.by, row.code),
                mark=marks.rows.get(row.code),
            )
        )
        if is_open and fold:
            below = place.step(divided.by, row.code)
            inner = _divided(context, below, fold, "-spent")
            inner_marks = _marks(context, below, inner)
            lines += _children(context, below, shown, inner, inner_marks, opened, depth + 1)
            if inner.rest_count:
                lines.append(
                    _line(
                        context,
                        shown,
                        f"其余{inner.rest_count}项",
                        inner.rest,
                        inner.total,
                        kind="rest",
                        depth=depth + 1,
                        mark=inner_marks.rest,
                    )
                )
            if inner.gap != Amounts() or inner_marks.gap:
                lines.append(
                    _line(
                        context,
                        shown,
                        _gap_name(inner.gap),
                        inner.gap,
                        inner.total,
                        kind="gap",
                        depth=depth + 1,
                        mark=inner_marks.gap,
                    )
                )
    return lines


def _name(
    context: Context,
    place: Place,
    by: str,
    code: str,
    folds: bool,
    is_open: bool,
    opened: set[str],
    depth: int,
) -> list[Node]:
    address = context.address
    below = place.step(by, code)
    to = address.at("exec", *(letter + value for letter, value in below.path))
    name = context.names.of(by, code)
    if by == "z" and context.city is not None and code == context.city.region:
        name = f"{name}本级"
    parts: list[Node] = []
    if folds:
        kept = sorted(opened - {code}) if is_open else sorted({*opened, code})
        parts.append(
            html.A(
                html.Span(f"{'收起' if is_open else '展开'}{name}", className="sr"),
                href=address.with_query(open=",".join(kept) or None).href,
                className="fold",
                role="button",
                title=f"第{depth + 2}级",
                **attrs({"data-nav": "replace", "aria-expanded": "true" if is_open else "false"}),
            )
        )
    elif depth:
        parts.append(html.Span(className="no-fold"))
    parts.append(link(html.Span(name, className="clip", title=name), to))
    if by in "cei" and name != code:
        shown = context.names.documents.get(code, "") if by == "i" else code
        if shown:
            parts.append(html.Span(shown, className="code"))
    return parts


def _line(
    context: Context,
    shown: Shown,
    name: Node,
    a: Amounts,
    whole: Amounts,
    *,
    kind: str = "",
    depth: int = 0,
    to: Place | None = None,
    mark: alerts.Mark | None = None,
) -> Line:
    money = context.money
    pace = context.span.pace
    cells: list[Node] = [name]
    plain = kind in ("gap",)

    def ratio(top: int, bottom: int) -> str:
        return fmt.NOT_APPLICABLE if plain else fmt.share(top, bottom)

    def told(text: Node, *needed: str) -> Node:
        why = next((shown.lacking[name] for name in needed if name in shown.lacking), None)
        return text if why is None else missing(why)

    paid = "payment_voucher"
    if shown.budgets:
        cells.append(told(money(a.initial), "indicator"))
        if "approved" in shown.columns:
            cells.append(told(money(a.approved), "indicator"))
        cells.append(told(money(a.current), "indicator"))
        cells.append(told(ratio(a.added, a.initial), "indicator"))
        cells.append(told(money(a.plan), "payment_plan"))
    single = reach.vouchers(context)
    spent = _spent_link(context, to, a) if single and to and a.vouchers else money(a.spent)
    cells.append(told(spent, paid))
    if "month" in shown.columns:
        cells.append(told(money(a.month), paid))
    if shown.budgets:
        done = None if plain else fmt.ratio(a.spent, a.current)
        bar = _bar(done, pace, ratio(a.spent, a.current), plain)
        cells.append(told(bar, paid, "indicator"))
        if "lead" in shown.columns:
            cells.append(told(fmt.points(fmt.gap(done, pace)), paid, "indicator"))
    growth = fmt.NOT_APPLICABLE if plain else fmt.growth(a.spent, a.before)
    cells += [told(growth, paid), told(fmt.share(a.spent, whole.spent), paid)]
    if "vouchers" in shown.columns:
        cells.append(fmt.count(a.vouchers))
    if shown.by in "zdup":
        cells.append(_mark(context, mark))
    return Line(cells, kind, depth)


def _bar(done: object, pace: object, text: str, plain: bool) -> Node:
    if plain or done is None:
        return html.Span([html.Span(), html.Span(text)], className="with-bar")
    label = f"支出进度{text}"
    return html.Span(
        [bullet(done, pace, label=label), html.Span(text)],  # type: ignore[arg-type]
        className="with-bar",
    )


def _spent_link(context: Context, place: Place, amounts: Amounts) -> html.A:
    to = context.address.at("exec", *(a + b for a, b in place.path), tab="v")
    return link(context.money(amounts.spent), to, title=f"{fmt.count(amounts.vouchers)}笔支付凭证")


def _mark(context: Context, mark: alerts.Mark | None) -> Node:
    if mark is None:
        return "0"
    whole = f" · 共{fmt.count(mark.count)}" if mark.count > mark.worst else ""
    shown: list[Node] = [level_chip(mark.level), f" {fmt.count(mark.worst)}{whole}"]
    if not mark.filter:
        return html.Span(shown)
    return link(shown, context.address.at("alerts", keep=("asof", "snap"), **mark.filter))
