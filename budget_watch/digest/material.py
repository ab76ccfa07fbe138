"""Gathers the material of a report from the views: words, figures by key, lists of rows.

Keys begin with the place: ``all.`` 全市, ``own.`` 市本级. Every figure a template can name is put
here once; docs/digest.md lists them. Nothing is computed here but what a period needs on top of a
view: the quarter alone, and whether regions add up.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from budget_watch.access import Grant
from budget_watch.digest.period import Period
from budget_watch.digest.writing import Material, Row
from budget_watch.lake import Home
from budget_watch.views import Desk, Figure, Place, home_place, places
from budget_watch.views.books import KEYS, SIDE_KEYS, Book, Item, Side, books, side
from budget_watch.views.debt import Debt, Position, debt
from budget_watch.views.figure import change, difference
from budget_watch.views.findings_summary import AREAS, LEVELS, FindingsSummary, findings_summary
from budget_watch.views.spending import Spending, departments, spending
from budget_watch.views.three_public import ThreePublic, three_public

# 教育, 科学技术, 社会保障和就业, 卫生健康, 农林水: what is always asked about.
_NAMED = 5  # departments named as slowest are not named as fastest too
KEY_SPENDING = ("205", "206", "208", "210", "213")


class Gatherer:
    """Collects figures under their keys while the rows are made."""

    def __init__(self) -> None:
        self.words: dict[str, str] = {}
        self.figures: dict[str, Figure] = {}
        self.lists: dict[str, list[Row]] = {}
        self.keys: dict[int, str] = {}

    def put(self, prefix: str, figures: Iterable[Figure]) -> None:
        """Register figures below a prefix."""
        for figure in figures:
            key = f"{prefix}{figure.id}"
            self.figures[key] = figure
            self.keys[id(figure)] = key

    def row(self, prefix: str, name: str, **figures: Figure) -> dict[str, str | Figure]:
        """A row of a list; its figures are registered too."""
        self.put(prefix, figures.values())
        return {"name": name, **figures}

    def material(self) -> Material:
        """What was gathered."""
        return Material(self.words, self.figures, self.lists, self.keys)


def gather(
    desk: Desk, home: Home, grant: Grant, period: Period, region: str | None = None
) -> Material:
    """All material of the quarterly report for one period; `region` where settings name one."""
    made = Gatherer()
    own = home_place(desk, "本级", region) or Place("", "本级", "")
    whole = replace(own, scope_kind="全市") if own.scope_kind == "本级" else own
    made.words |= {
        "place": own.name,
        "span": period.span.label,
        "year": str(period.span.fiscal_year),
        "period": period.title,
        "issue": period.issue,
        "own_months": period.own,
        "kind": period.kind,
        "interim": "" if period.span.month == 12 else period.span.label,
        "quarterly": period.own if period.before is not None else "",
        "as_of": period.span.as_of,
    }
    found = [
        (
            prefix,
            books(desk, place, period.span),
            books(desk, place, period.before) if period.before else None,
        )
        for prefix, place in (("all.", whole), ("own.", own))
    ]
    _put_social(made, found[0][1][3], found[1][1][3])
    for prefix, now, before in found:
        _put_books(made, prefix, now, before)
    _put_regions(made, desk, own, whole, period)
    _put_spending(
        made, spending(desk, own, period.span, "一般公共预算"), departments(desk, own, period.span)
    )
    _put_three_public(made, three_public(desk, own, period.span))
    for prefix, place in (("all.", whole), ("own.", own)):
        _put_debt(made, prefix, debt(desk, place, period.span))
    _put_findings(made, findings_summary(home, grant, whole, period.span, desk.snapshot))
    return made.material()


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


def _spent_row(made: Gatherer, each: Spending) -> Row:
    row = made.row(
        "own.",
        each.name,
        initial=each.initial,
        current=each.current,
        spent=each.spent,
        last_year=each.last_year,
        yoy=each.yoy,
        progress=each.progress,
        lead=each.lead,
        pace=replace(each.pace, id=f"{each.key}.pace"),
    )
    # 示范市教育局 → 市教育局: the city's own name need not stand on every line.
    own = each.name.startswith(each.place.name) and len(each.place.name) > 1
    return {**row, "short": each.name[len(each.place.name) - 1 :] if own else each.name}


def _put_spending(made: Gatherer, total: Spending, parts: tuple[Spending, ...]) -> None:
    made.lists["departments.total"] = [_spent_row(made, total)]
    made.figures["own.general.paid.pace"] = total.pace
    # A department whose whole budget is below 50万元 says little about progress (rule ZX06).
    rows = [_spent_row(made, each) for each in parts if (each.current.value or 0) >= 50_000_000]
    made.lists["departments.slowest"] = rows
    made.lists["departments.fastest"] = rows[_NAMED:][::-1]


def _put_three_public(made: Gatherer, found: ThreePublic) -> None:
    total = {**_spent_row(made, found.total), "name": "合计（五项科目）", "strong": "1"}
    kinds = [
        {**_spent_row(made, kind), "name": f"{kind.key.rsplit('.', 1)[1]} {kind.name}"}
        for kind in found.kinds
    ]
    made.lists["three_public.kinds"] = [*kinds]
    made.lists["three_public.table"] = [total, *kinds]
    made.lists["three_public.departments"] = [_spent_row(made, d) for d in found.departments]
    over = found.over_count
    made.put("own.", (over,))


def _put_debt(made: Gatherer, prefix: str, found: Debt) -> None:
    _put_position(made, prefix, found.position)
    made.lists[f"{prefix}debt.limits"] = [
        {
            "name": "合计" if limit.kind == "合计" else f"{limit.kind}债务",
            "limit": limit.limit,
            "balance": limit.balance,
            "room": limit.room,
            "used": limit.used,
        }
        for limit in found.position.limits
    ]
    made.put(
        prefix,
        (*found.issued, found.issued_total, found.interest, found.overdue, found.due_half_year),
    )
    made.lists[f"{prefix}debt.issued"] = [
        {"name": figure.label.removeprefix("发行"), "amount": figure}
        for figure in found.issued
        if figure.value
    ]
    made.lists[f"{prefix}debt.due"] = [
        made.row(
            prefix, f"{str(d.year)[2:]}-{d.month:02}", principal=d.principal, interest=d.interest
        )
        for d in found.due
    ]
    rows: list[Row] = []
    for each in found.regions:
        at = f"{each.place.region}.{each.place.scope_kind}."
        _put_position(made, at, each)
        total = each.limits[0]
        rows.append(
            {
                "name": each.place.called if each.place.scope_kind == "本级" else each.place.name,
                "limit": total.limit,
                "balance": total.balance,
                "used": total.used,
                "general_used": each.limits[1].used,
                "special_used": each.limits[2].used,
                "rate": each.rate,
                "as_of": total.balance.origin.as_of,
            }
        )
    made.lists[f"{prefix}debt.regions"] = rows


def _put_position(made: Gatherer, prefix: str, position: Position) -> None:
    for limit in position.limits:
        made.put(prefix, (limit.limit, limit.balance, limit.room, limit.used))
    made.put(prefix, (position.resources, position.rate))
    made.words[f"{prefix}debt.as_of"] = position.limits[0].balance.origin.as_of


def _put_findings(made: Gatherer, found: FindingsSummary) -> None:
    made.put("", (found.total, found.earlier, found.cleared, found.provisional, found.unnamed))
    for table in (found.by_level, found.by_class, found.by_area, found.by_state):
        made.put("", table.values())
    for name, table in (
        ("levels", found.by_level),
        ("classes", found.by_class),
        ("areas", found.by_area),
        ("states", found.by_state),
    ):
        made.lists[f"findings.{name}"] = [
            {"name": figure.label, "count": figure} for figure in table.values()
        ]
    made.lists["findings.table"] = [_area(made, found, area) for area in found.by_area]
    made.lists["findings.named"] = [
        {
            "name": f.title,
            "level": LEVELS.get(f.level or "", ""),
            "rule": f.rule,
            "text": f.message,
            "state": f.work_state,
        }
        for f in found.named
    ]
    run = found.run
    made.words |= {
        "run.judged": f"{run.judged:,}" if run else "",
        "run.rules": f"{run.rules}" if run else "",
        "run.insufficient": f"{run.insufficient:,}" if run and run.insufficient else "",
        "run.as_of": f"{run.as_of.year}年{run.as_of.month}月{run.as_of.day}日" if run else "",
    }


def _area(made: Gatherer, found: FindingsSummary, area: str) -> Row:
    total = found.by_area[area]
    row: dict[str, str | Figure] = {"name": AREAS[area], "count": total}
    for level in LEVELS:
        figure = replace(
            total,
            id=f"findings.area.{area}.{level}",
            label=f"{total.label}{LEVELS[level]}",
            value=found.level_by_area.get((area, level), 0),
            queries=tuple(q.narrow(("level", "=", level)) for q in total.queries),
        )
        made.put("", (figure,))
        row[level] = figure
    return row
