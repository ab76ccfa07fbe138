"""The draft by 科目: last year's budget and execution, this year's budget, what changed (§3.13)."""

from __future__ import annotations

from budget_watch.views import draft_budget as budgets
from budget_watch.views import formats as fmt
from budget_watch.views.books import BOOKS
from budget_watch.views.span import Place
from dashboard import elements as html
from dashboard.context import Context
from dashboard.errors import AddressError
from dashboard.pages.review_table import source
from dashboard.parts import Node, attrs, block, insufficient, link, missing, segments
from dashboard.table import Column, Line, table

TABS = {"": 0, "fund": 1, "capital": 2, "social": 3}
_TABLES = (
    "FIN-01、FIN-02 一般公共预算收支表",
    "FIN-04 政府性基金预算表",
    "FIN-05 国有资本经营预算表",
    "FIN-06 社会保险基金预算表",
)
_WHY = "报表没有送达，或该格空白"


def change_columns(first: str) -> list[Column]:
    """上年预算 · 上年执行 · 本年预算 · 增减 · 增减%."""
    return [
        Column(first, width="26%"),
        Column("上年预算", number=True),
        Column("上年执行", number=True),
        Column("本年预算", number=True),
        Column("增减", number=True, hint="本年预算减上年预算"),
        Column("增减%", number=True, hint="增减 ÷ 上年预算"),
        Column("比上年执行", number=True, minor=True, hint="本年预算减上年执行，除以上年执行"),
    ]


def change_cells(context: Context, row: budgets.Row) -> list[Node]:
    """The cells of one row under `change_columns`, without the first."""

    def amount(name: str) -> Node:
        value = getattr(row, name)
        if name in row.unlisted:
            return fmt.NOT_APPLICABLE
        return missing(_WHY) if value is None else context.money(value)

    change: Node = fmt.NOT_APPLICABLE
    if row.change is not None:
        change = context.money(row.change)
    return [
        *(amount(name) for name in ("before", "done", "now")),
        change,
        _growth(row.now, row.before),
        _growth(row.now, row.done),
    ]


def _growth(now: int | None, before: int | None) -> str:
    if now is None or before is None:
        return fmt.NOT_APPLICABLE
    return fmt.growth(now, before)


def books_block(context: Context, place: Place, year: int) -> list[Node]:
    """One of the four books, chosen by `tab`; 科目 open in place."""
    address, chosen = context.address, context.address.get("tab")
    if chosen not in TABS:
        raise AddressError(f"地址里“tab={chosen}”（页签）不能识别，应为 fund、capital 或 social。")
    closed = context.reader.withheld(budgets.REPORTS)
    if closed:
        line = source(context, _TABLES[TABS[chosen]])
        return [block("按科目", insufficient(closed), source=line)]
    book = BOOKS[TABS[chosen]]
    sheets = context.kept(
        "draft sheets", lambda: budgets.sheets(context.desk, place, year, book), place, year, book
    )
    choices = [(BOOKS[at], address.with_query(tab=name, open=None)) for name, at in TABS.items()]
    tabs = html.Div(segments("预算", choices, address.with_query(open=None)), className="pager")
    made = [_side(context, each, year) for each in sheets]
    body: list[Node] = [tabs, *made]
    return [
        block(
            "按科目",
            body,
            flush=True,
            unit=context.unit_title,
            fold=not (context.address.get("open") or context.address.get("tab")),
            sub=f"{place.called}{book}；{_stages(sheets, year)}",
            source=source(
                context,
                _TABLES[TABS[chosen]],
                "FIN-07 四本预算收支平衡表",
                more=[
                    ("合计", "不含转移性收支、债务收入和债务还本；有空白格时用平衡表列报的小计"),
                    ("—", "该年的报表没有列这一科目"),
                    ("增减", "本年预算减上年预算"),
                    ("上年执行", "上年决算；没有决算的用最近的月报或快报"),
                    ("原因", "上述报表没有增减原因一栏，送达说明前为缺"),
                ],
            ),
        )
    ]


def _stages(sheets: tuple[budgets.Sheet, ...], year: int) -> str:
    one = next((each for each in sheets if each.plan), sheets[0])
    plan = f"本年为{one.plan}数" if one.plan else f"{year}年没有送达"
    if one.plan == "批准":
        plan = "草案没有送达，本年为批准数"
    before = (
        f"上年预算为{one.before}所列"
        if one.before in ("快报", "月报")
        else f"上年预算为{one.before}数"
    )
    done = f"上年执行为{one.done}"
    return "，".join(
        (
            plan,
            before if one.before else "上年预算没有送达",
            done if one.done else "上年执行没有送达",
        )
    )


def _side(context: Context, sheet: budgets.Sheet, year: int) -> Node:
    if not sheet.plan:
        said = f"缺 {year}年{sheet.book}{sheet.side}草案。"
        return insufficient(said, link("查看数据质量", context.address.at("data")))
    opened = [each for each in context.address.get("open").split(",") if each]
    lines = [Line([f"{sheet.side}合计", *change_cells(context, sheet.total), _reason()], "total")]
    roots = sheet.below()
    for row in roots:
        lines += _opened(context, sheet, row, opened, 0)
    lines.append(_gap(context, sheet, roots))
    columns = [*change_columns(f"{sheet.side}科目"), Column("原因", minor=True)]
    return table(f"{sheet.book}{sheet.side}", columns, lines)


def _reason() -> Node:
    return missing("送达的报表没有增减原因一栏")


def _opened(
    context: Context, sheet: budgets.Sheet, row: budgets.Row, opened: list[str], depth: int
) -> list[Line]:
    below = sheet.below(row.code)
    here = any(each.startswith(row.code) for each in opened)
    name: Node = row.name
    if below:
        to = context.address.with_query(open=_toggled(row.code, opened, here))
        sign = "▾ " if here else "▸ "
        shown = attrs({"aria-expanded": "true" if here else "false"})
        name = link(f"{sign}{row.name}", to, replace=True, **shown)
    lines = [Line([name, *change_cells(context, row), _reason()], depth=depth)]
    if here:
        for each in below:
            lines += _opened(context, sheet, each, opened, depth + 1)
    return lines


def _toggled(code: str, opened: list[str], here: bool) -> str | None:
    if not here:
        kept = [each for each in opened if not code.startswith(each)]
        return ",".join(sorted({*kept, code}))
    kept = [each for each in opened if not each.startswith(code)]
    return ",".join(kept) or None


def _gap(context: Context, sheet: budgets.Sheet, roots: tuple[budgets.Row, ...]) -> Line:
    """What the total holds beside the 科目 listed."""

    def left(name: str) -> int | None:
        whole = getattr(sheet.total, name)
        parts = [getattr(each, name) for each in roots if name not in each.unlisted]
        return None if whole is None or None in parts else whole - sum(parts)

    row = budgets.Row("", "差额（未列明）", left("before"), left("done"), left("now"))
    none = fmt.NOT_APPLICABLE
    cells = [none if v is None else context.money(v) for v in (row.before, row.done, row.now)]
    return Line([row.name, *cells, none, none, none, none], "gap")
