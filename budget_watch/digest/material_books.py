"""The four budgets as monthly reports tell them, social insurance, and region by region."""

from __future__ import annotations

from dataclasses import replace

from budget_watch.digest.gatherer import Asked, Gatherer
from budget_watch.digest.period import Period
from budget_watch.digest.writing import Row
from budget_watch.views import Desk, Figure, Place, places
from budget_watch.views.books import KEYS, SIDE_KEYS, Book, Item, Side, books, side
from budget_watch.views.figure import change, difference

# 教育, 科学技术, 社会保障和就业, 卫生健康, 农林水: what is always asked about.
KEY_SPENDING = ("205", "206", "208", "210", "213")


def put_books(made: Gatherer, asked: Asked) -> None:
    """The books of 全市 and 市本级, social insurance where it is reported, the regions."""
    desk, period = asked.desk, asked.period
    found = [
        (
            prefix,
            books(desk, place, period.span),
            books(desk, place, period.before) if period.before else None,
        )
        for prefix, place in (("all.", asked.whole), ("own.", asked.own))
    ]
    _put_social(made, found[0][1][3], found[1][1][3])
    for prefix, now, before in found:
        _put_books(made, prefix, now, before)
    _put_regions(made, desk, asked.own, asked.whole, period)


def _put_books(
    made: Gatherer, prefix: str, now: tuple[Book, ...], before: tuple[Book, ...] | None
) -> None:
    overview: list[Row] = []
    for at, book in enumerate(now):
        for part, earlier in (
            (book.revenue, before[at].revenue if before else None),
            (book.expenditure, before[at].expenditure if before else None),
        ):
            _put_side(made, prefix, part, earlier)
            overview.append(
                {
                    "name": book.name + part.side,
                    "budget": part.budget,
                    "adjusted": part.adjusted,
                    "ytd": part.ytd,
                    "last_year": part.last_year,
                    "yoy": part.yoy,
                    "growth": part.growth,
                    "progress": part.progress,
                    "progress_adjusted": part.progress_adjusted,
                    "pace": part.pace,
                }
            )
    elsewhere = now[3].revenue.place.called != made.words["social.place"]
    if elsewhere and not now[3].revenue.ytd.known:
        overview = [row for row in overview if not str(row["name"]).startswith(now[3].name)]
    made.lists[f"{prefix}books"] = [*overview]
    made.lists[f"{prefix}books.expenditure"] = [
        row for row in made.lists[f"{prefix}books"] if str(row["name"]).endswith("支出")
    ]


def _put_side(made: Gatherer, prefix: str, part: Side, earlier: Side | None) -> None:
    key = f"{KEYS[part.book]}.{SIDE_KEYS[part.side]}"
    made.put(prefix, (f for f in part.figures if f is not part.pace))
    made.put(f"{prefix}{key}.", (part.pace,))
    if earlier is not None and part.ytd.origin.as_of != earlier.ytd.origin.as_of:
        quarter = difference(f"{key}.quarter", "本期" + part.side, part.ytd, earlier.ytd)
        last = difference(
            f"{key}.quarter_last_year",
            "上年同期本期" + part.side,
            part.last_year,
            earlier.last_year,
        )
        made.put(prefix, (quarter, last, change(f"{key}.quarter_yoy", "本期同比", quarter, last)))
    rows = [_item(made, prefix, item) for item in part.items]
    total: Row = {
        "name": "合计",
        "strong": "1",
        "budget": part.budget,
        "ytd": part.ytd,
        "last_year": part.last_year,
        "growth": part.growth,
        "yoy": part.yoy,
        "progress": part.progress,
    }
    base = f"{prefix}{key}"
    made.lists[f"{base}.items"] = rows
    made.lists[f"{base}.table"] = [total, *rows] if rows else []
    for name, up in (("up", True), ("down", False)):
        movers = {item.code for item in part.movers(up)}
        made.lists[f"{base}.{name}"] = sorted(
            (row for row in rows if row["code"] in movers), key=_step_size
        )
    made.lists[f"{base}.key"] = [row for row in rows if row["code"] in KEY_SPENDING]


def _put_social(made: Gatherer, whole: Book, own: Book) -> None:
    """Social insurance where it is reported: 全市, else 市本级 (统筹层次 decides, not we)."""
    book = whole if whole.revenue.ytd.known or not own.revenue.ytd.known else own
    made.words |= {
        "social.as_of": book.revenue.ytd.origin.as_of,
        "social.place": book.revenue.place.called,
    }
    for part in (book.revenue, book.expenditure):
        _put_side(made, "", part, None)
    made.lists["social.table"] = _pools(book)


def _pools(book: Book) -> list[Row]:
    """One row a pool (险种), income beside expense, 合计 first."""
    spent = {item.code: item for item in book.expenditure.items}
    rows: list[Row] = [
        {
            "name": item.name,
            "revenue_budget": item.budget,
            "revenue": item.ytd,
            "revenue_progress": item.progress,
            "expenditure_budget": spent[item.code].budget,
            "expenditure": spent[item.code].ytd,
            "expenditure_progress": spent[item.code].progress,
        }
        for item in book.revenue.items
        if item.code in spent
    ]
    into, out = book.revenue, book.expenditure
    total: Row = {
        "name": "合计",
        "strong": "1",
        "revenue_budget": into.budget,
        "revenue": into.ytd,
        "revenue_progress": into.progress,
        "expenditure_budget": out.budget,
        "expenditure": out.ytd,
        "expenditure_progress": out.progress,
    }
    return [total, *rows] if rows else []


def _item(made: Gatherer, prefix: str, item: Item) -> Row:
    row = made.row(
        prefix,
        item.name,
        budget=item.budget,
        ytd=item.ytd,
        last_year=item.last_year,
        growth=item.growth,
        yoy=item.yoy,
        share=item.share,
        progress=item.progress,
        pull=item.pull,
    )
    return {**row, "code": item.code}


def _step_size(row: Row) -> int:
    growth = row["growth"]
    return -abs(growth.value or 0) if isinstance(growth, Figure) else 0


def _put_regions(made: Gatherer, desk: Desk, own: Place, whole: Place, period: Period) -> None:
    """区划 by 区划, the 抵销 row, 全市, and what does not add up."""
    parts = places(desk, period.span.fiscal_year)
    rows: list[Row] = []
    sums: dict[str, list[Side]] = {"收入": [], "支出": []}
    for place in parts:
        pair = {name: side(desk, place, period.span, "一般公共预算", name) for name in sums}
        for name, found in pair.items():
            sums[name].append(found)
        rows.append(_region_row(made, place.called, f"{place.region}.{place.scope_kind}.", pair))
    made.lists["regions"] = rows if len(rows) > 1 else []
    if len(rows) < 2 or whole.scope_kind != "全市":
        made.lists["regions.table"] = []
        return
    table: list[Row] = [*rows]
    off = replace(own, scope_kind="抵销", name="减：上下级往来抵销")
    offs = {name: side(desk, off, period.span, "一般公共预算", name) for name in sums}
    if any(found.ytd.known for found in offs.values()):
        table.append(_region_row(made, off.name, "抵销.", offs))
    pairs = {name: side(desk, whole, period.span, "一般公共预算", name) for name in sums}
    gaps = {name: _gap(pairs[name], sums[name], offs[name]) for name in sums}
    made.put("all.", gaps.values())
    table.append({"name": "差额（未列明）", "revenue": gaps["收入"], "expenditure": gaps["支出"]})
    total = _region_row(made, "全市", "全市.", pairs)
    made.lists["regions.table"] = [{**total, "strong": "1"}, *table]


def _region_row(made: Gatherer, name: str, prefix: str, pair: dict[str, Side]) -> Row:
    revenue, expenditure = pair["收入"], pair["支出"]
    return made.row(
        prefix,
        name,
        revenue=revenue.ytd,
        revenue_yoy=revenue.yoy,
        revenue_progress=revenue.progress,
        expenditure=expenditure.ytd,
        expenditure_yoy=expenditure.yoy,
        expenditure_progress=expenditure.progress,
    )


def _gap(whole: Side, parts: list[Side], off: Side) -> Figure:
    """全市 − (sum of parts − 抵销): zero where everything adds up."""
    missing = [p.ytd.why for p in (whole, *parts) if p.ytd.why]
    value = (
        None
        if missing
        else (whole.ytd.value or 0) - sum(p.ytd.value or 0 for p in parts) + (off.ytd.value or 0)
    )
    key = f"general.{SIDE_KEYS[whole.side]}.regions_gap"
    return Figure(
        key,
        "差额（未列明）",
        whole.ytd.unit,
        value,
        whole.ytd.origin,
        "全市 −（各级之和 − 抵销）",
        tuple(q for p in (whole, *parts, off) for q in p.ytd.queries),
        why=missing[0] if missing else None,
    )
