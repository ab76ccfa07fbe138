"""How a place reads: its name, its breadcrumbs, its source line, its definitions."""

from __future__ import annotations

from budget_watch.lake.layout import layout
from budget_watch.views import formats as fmt
from budget_watch.views.drill import Place
from budget_watch.views.figure import Figure
from dashboard import elements as html
from dashboard.address import Address
from dashboard.context import Context
from dashboard.parts import Node, definition, source_line

BUDGETS = ("FIN-12 指标表", "FIN-11 指标调整表", "FIN-13 用款计划表", "FIN-15 国库集中支付凭证表")
VOUCHERS = ("FIN-15 国库集中支付凭证表", "FIN-14 支付申请表")
_SPINE = "zdupis"

_FORMULAS: dict[str, tuple[tuple[str, str], ...]] = {
    "initial": (("公式", "Σ年初下达的指标金额"), ("依据", "人民代表大会批准的年初预算")),
    "approved": (
        ("公式", "年初预算 + 经常委会批准的调整"),
        ("依据", "《预算法》第六十七条至第六十九条"),
    ),
    "current": (
        ("公式", "调整预算 + 上级转移支付 + 上年结转 ± 调剂 ± 预备费"),
        ("用途", "支出进度的分母"),
    ),
    "plan": (("公式", "Σ期间内各月用款计划"),),
    "spent": (("公式", "Σ支付凭证金额（退回为负）"),),
    "month": (("公式", "Σ期间末月支付凭证金额"),),
    "asked": (("公式", "支付申请表：申请金额"),),
    "unpaid": (("公式", "申请金额 − 累计支出"),),
    "progress": (("公式", "累计支出 ÷ 变动预算"),),
    "lead": (("公式", "支出进度 − 时间进度（同一期间）"),),
    "yoy": (("公式", "（累计支出 − 上年同期）÷ 上年同期"), ("期间", "与上年同一段时间相比")),
}


def formula_of(context: Context, key: str, value: int) -> list[tuple[str, Node]]:
    """The 口径 card of a core figure."""
    rows: list[tuple[str, Node]] = [*_FORMULAS.get(key, ())]
    if value:
        rows.append(("精确数", f"{fmt.yuan(value)}元"))
    rows.append(("期间", period(context)))
    if key in ("progress", "lead"):
        rows.append(("时间进度", pace_words(context)))
    rows.append(("快照", f"{context.snapshot.id}，业务日 {fmt.day(context.as_of)}"))
    return rows


def pace_words(context: Context) -> str:
    """What the pace was reckoned from: months when the span ends with one, else days."""
    span = context.span
    if span.until is None:
        return f"{span.month}个月 ÷ 12个月"
    days = (span.until - span.until.replace(month=1, day=1)).days + 1
    return f"{days}天 ÷ 全年天数"


def period(context: Context) -> str:
    """The time that the figures here are of: the span from new year on, or the place's months."""
    span, address = context.span, context.address
    code = dict(address.place).get("m") if address.page == "exec" else None
    if code is None:
        return span.as_of
    only = f"{span.fiscal_year}年{context.names.of('m', code)}"
    last = int(code.rpartition("-")[2])
    cut = span.until is not None and last >= span.month
    return f"{only}（{span.label}）" if cut else only


def called(context: Context, place: Place) -> str:
    """The place as the subject of a sentence."""
    names = context.names
    for letter in "sipudz":
        code = place.get(letter)
        if code:
            name = names.of(letter, code)
            if letter == "z":
                own = context.city is not None and code == context.city.region
                name = context.ours(f"{name}本级" if own else name)
            extra = [names.of(k, v) for k, v in place.path if k not in _SPINE and k != "m"]
            return name + (f"（{'，'.join(extra)}）" if extra else "")
    head = context.ours({"local": "市本级", "all": "全市", "county": "各县区"}[place.scope])
    extra = [names.of(k, v) for k, v in place.path if k != "m"]
    return head + ("·".join(extra) if extra else "")


def crumbs(context: Context, place: Place) -> list[tuple[str, Address | None]]:
    """The way down to this place, each step an address."""
    keep = ("fy", "to", "asof", "snap", "scope", "unit")
    root = {"local": "市本级", "all": "全市", "county": "县区"}[place.scope]
    trail: list[tuple[str, Address | None]] = [
        (f"{root}预算执行", context.address.at("exec", keep=keep))
    ]
    parts: list[str] = []
    for letter, code in place.path:
        for step in _prefixes(letter, code):
            here = context.address.at("exec", *parts, letter + step, keep=keep)
            trail.append((context.names.of(letter, step), here))
        parts.append(letter + code)
    trail[-1] = (trail[-1][0], None)
    return trail


def _prefixes(letter: str, code: str) -> list[str]:
    lengths = {"c": (3, 5, 7), "e": (3, 5)}.get(letter, ())
    found = [code[:length] for length in lengths if length < len(code)]
    return [*found, code]


def source(
    context: Context, *tables: str, more: list[tuple[str, Node]] | None = None
) -> html.Footer:
    """The line under a block: tables, business date, snapshot, 口径."""
    rows: list[tuple[str, Node]] = [
        ("期间", period(context)),
        ("范围", "本级、县区、开发区分列；全市为各级之和减去上下级往来抵销"),
        ("快照", context.snapshot.id),
        ("业务日", fmt.day(context.as_of)),
        *(more or []),
    ]
    return source_line(
        "来源 " + "、".join(tables),
        f"业务日 {fmt.day(context.as_of)}",
        f"快照 {context.snapshot.id}",
        definition(rows, side="up"),
    )


def formula_words(figure: Figure) -> str:
    """A view's formula with the titles of table and column instead of their names."""
    if not figure.formula.startswith("∑") or not figure.queries:
        return figure.formula
    query = figure.queries[0]
    contract = layout(query.table).contract
    title = contract.column(query.column).title if query.column in contract.names else "行数"
    return f"Σ{contract.title}：{title}"
