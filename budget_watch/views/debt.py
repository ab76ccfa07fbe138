"""Government debt: limits and balances by region, bonds issued, what falls due, interest.

Three limits (合计, 一般, 专项) are judged apart (预算法§35, of cities and counties 条例§45).
债务率 = 余额 ÷ 综合财力, and 综合财力 is delivered, never estimated (财预〔2015〕225号): without
it the rate is unknown and says so. It is a measured value, not the risk grade of 财政部.
"""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date

import polars as pl

from budget_watch.views.figure import Figure, Origin, Unit, difference, share
from budget_watch.views.query import Desk, Query, Term
from budget_watch.views.sources import source_titles
from budget_watch.views.span import Place, Span, region_name

KINDS = {"合计": "total", "一般": "general", "专项": "special"}
CATEGORIES = ("新增", "再融资", "置换")
STAGES = ("快报", "月报", "决算草案", "决算批准")


@dataclass(frozen=True)
class Limit:
    """One of the three limits: limit, balance, room left, and how much of it is used.

    Attributes:
        rounding: the rounding unit of both amounts, fen; an excess within it decides nothing.
    """

    kind: str
    limit: Figure
    balance: Figure
    room: Figure
    used: Figure
    rounding: int


@dataclass(frozen=True)
class Position:
    """Debt of one region at one date.

    Attributes:
        limits: 合计, 一般, 专项.
        rate: 债务率（测算）; unknown where 综合财力 is not delivered.
    """

    place: Place
    limits: tuple[Limit, ...]
    resources: Figure
    rate: Figure

    def limit(self, kind: str) -> Limit:
        """The limit of a kind."""
        return self.limits[tuple(KINDS).index(kind)]


@dataclass(frozen=True)
class Due:
    """What falls due in one month."""

    year: int
    month: int
    principal: Figure
    interest: Figure


@dataclass(frozen=True)
class Debt:
    """Debt of a place: its own position, its regions', bonds.

    Attributes:
        issued: amount issued in the span, by kind (一般, 专项) and category (新增, 再融资, 置换).
        interest: interest due in the span. overdue: principal and interest due and not paid.
        due: month by month after the span's end.
    """

    position: Position
    regions: tuple[Position, ...]
    issued: tuple[Figure, ...]
    issued_total: Figure
    interest: Figure
    overdue: Figure
    due: tuple[Due, ...]
    due_half_year: Figure


@dataclass(frozen=True)
class LimitBasis:
    """Whose limit it is.

    Attributes:
        word: what the limit is called. law, article: as the register and the text name them.
        cited: the citation as people write it. says: how the limit comes about, one sentence.
    """

    word: str
    law: str
    article: str
    cited: str
    says: str


_OF_PROVINCE = LimitBasis(
    "法定限额",
    "budget-law",
    "35",
    "《预算法》第三十五条",
    "国务院在全国人大或其常委会批准的规模内下达；省、自治区、直辖市列入本级预算调整方案，"
    "报本级人大常委会批准。",
)
_BELOW = LimitBasis(
    "下达限额",
    "budget-law-regulation",
    "45",
    "《预算法实施条例》第四十五条",
    "省级在国务院下达的限额内安排本级和转贷下级的限额；使用转贷的市县把转贷债务列入本级预算调整方案，"
    "报本级人大常委会批准。",
)


def limit_basis(region: str) -> LimitBasis:
    """On what a region's debt limit rests.

    预算法 article 35 speaks of provinces' limits alone; what a city or county may owe is allotted
    by the government above (预算法实施条例 article 45), as rule ZW01 tells them apart.
    """
    return _OF_PROVINCE if region[2:6] == "0000" else _BELOW


def debt(desk: Desk, place: Place, span: Span, months_ahead: int = 12) -> Debt:
    """Everything about a place's debt to the span's end."""
    whose: tuple[Term, ...] = (
        () if place.scope_kind == "全市" else (("mof_div_code", "=", place.region),)
    )
    issue: tuple[Term, ...] = (*whose, ("seq", "=", 0), *_issued_in(span))
    bonds = Origin(place.region, place.scope_kind, "债券台账", span.as_of, desk.snapshot)
    delivered = desk.any_rows("bond")
    issued = tuple(
        _bond(
            desk,
            f"debt.issued.{kind}.{category}",
            f"发行{category}{kind}债券",
            "amt",
            (*issue, ("kind", "=", kind), ("category", "=", category)),
            bonds,
            delivered,
        )
        for kind in ("一般", "专项")
        for category in CATEGORIES
    )
    fell = (*whose, ("seq", ">", 0), ("due_date", "<=", span.end))
    year = (*fell, ("due_date", ">=", span.end.replace(month=1, day=1)))
    due = tuple(
        _due(desk, whose, bonds, delivered, year_, month_)
        for year_, month_ in _months_after(span, months_ahead)
    )
    return Debt(
        position(desk, place, span),
        regions(desk, span),
        issued,
        _bond(desk, "debt.issued", "发行政府债券", "amt", issue, bonds, delivered),
        _bond(desk, "debt.interest", "到期利息", "interest_due", year, bonds, delivered),
        _bond(desk, "debt.overdue", "到期未付本息", "overdue_amt", fell, bonds, delivered),
        due,
        _sum("debt.due.half_year", "今后六个月到期本金", [d.principal for d in due[:6]]),
    )


def position(desk: Desk, place: Place, span: Span) -> Position:
    """Limits and balances of one place at the last delivered month of the span.

    Where nothing was delivered in the span's year, the latest earlier date is given and named.
    """
    at = _latest(desk, place, span)
    where: tuple[Term, ...] = place.terms
    when, stage, status, rounding = span.as_of, "月报", "正式", 1
    if at is not None:
        year, month, stage, status, rounding = at
        when = f"{year}年末" if month == 12 else f"{year}年{month}月末"
        where += (("fiscal_year", "=", year), ("month", "=", month), ("stage", "=", stage))
    origin = Origin(place.region, place.scope_kind, stage, when, desk.snapshot, status)
    if at is None:  # nothing of this place: the query stays, and finds nothing
        where += (("fiscal_year", "=", span.fiscal_year), ("month", "=", span.month))
    limits = tuple(_limit(desk, where, origin, kind, rounding, place.called) for kind in KINDS)
    total = (*where, ("debt_kind", "=", "合计"))
    resources = _amount(
        desk,
        "debt.resources",
        "综合财力",
        Query("debt_position", "comprehensive_fiscal", total),
        origin,
        place.called,
    )
    rate = share("debt.rate", "债务率（测算）", limits[0].balance, resources, "综合财力")
    return Position(place, limits, resources, rate)


def regions(desk: Desk, span: Span) -> tuple[Position, ...]:
    """本级, every 县区 and 开发区 with debt rows, highest use of the total limit first."""
    frame = desk.rows("debt_position", ("scope_kind", "in", ("本级", "县区", "开发区")))
    pairs = frame.select("mof_div_code", "scope_kind").unique().sort("mof_div_code", "scope_kind")
    found = [
        position(desk, Place(region, kind, region_name(desk, region)), span)
        for region, kind in pairs.iter_rows()
    ]
    return tuple(sorted(found, key=lambda p: (-(p.limits[0].used.exact or 0), p.place.region)))


def _latest(desk: Desk, place: Place, span: Span) -> tuple[int, int, str, str, int] | None:
    frame = desk.rows("debt_position", *place.terms, ("stage", "in", STAGES)).filter(
        (pl.col("fiscal_year") * 100 + pl.col("month"))
        <= span.fiscal_year * 100 + span.closed_month
    )
    if frame.is_empty():
        return None
    frame = frame.with_columns(
        rank=pl.col("stage").replace_strict(
            {stage: at for at, stage in enumerate(STAGES)}, default=-1, return_dtype=pl.Int64
        )
    )
    row = frame.sort("fiscal_year", "month", "rank").row(-1, named=True)
    return (
        row["fiscal_year"],
        row["month"],
        row["stage"],
        row["data_status"] or "正式",
        row["round_fen"] or 1,
    )


def _limit(
    desk: Desk, where: tuple[Term, ...], origin: Origin, kind: str, rounding: int, who: str
) -> Limit:
    key, rows = f"debt.{KINDS[kind]}", (*where, ("debt_kind", "=", kind))
    name = "" if kind == "合计" else kind
    limit = _amount(
        desk,
        f"{key}.limit",
        f"{name}债务限额",
        Query("debt_position", "limit_amt", rows),
        origin,
        who,
    )
    balance = _amount(
        desk,
        f"{key}.balance",
        f"{name}债务余额",
        Query("debt_position", "balance_amt", rows),
        origin,
        who,
    )
    return Limit(
        kind,
        limit,
        balance,
        difference(f"{key}.room", f"{name}债务限额余量", limit, balance),
        share(f"{key}.used", f"{name}债务限额使用", balance, limit, f"{name}债务限额"),
        rounding,
    )


def _amount(desk: Desk, key: str, label: str, query: Query, origin: Origin, who: str) -> Figure:
    answer = desk.ask(query)
    why = None
    if answer.value is None:
        why = f"缺{source_titles(query)[0]}（{origin.as_of}{label}）：{who}"
    return Figure(key, label, Unit.FEN, answer.value, origin, f"∑{query.column}", (query,), why=why)


def _bond(
    desk: Desk,
    key: str,
    label: str,
    column: str,
    where: tuple[Term, ...],
    origin: Origin,
    delivered: bool,
) -> Figure:
    query = Query("bond", column, where)
    answer = desk.ask(query)
    value = 0 if answer.rows == 0 and delivered else answer.value
    why = None
    if not delivered:
        why = f"缺{source_titles(query)[0]}"
    elif value is None:
        why = f"{label}有{answer.blanks}行未填"
    return Figure(key, label, Unit.FEN, value, origin, f"∑{column}", (query,), why=why)


def _issued_in(span: Span) -> tuple[Term, ...]:
    return (("issue_date", ">=", span.end.replace(month=1, day=1)), ("issue_date", "<=", span.end))


def _months_after(span: Span, count: int) -> list[tuple[int, int]]:
    first = span.fiscal_year * 12 + span.month - (1 if span.until else 0)
    return [divmod(at, 12) for at in range(first, first + count)]


def _due(
    desk: Desk, whose: tuple[Term, ...], origin: Origin, delivered: bool, year: int, month0: int
) -> Due:
    month = month0 + 1
    where = (
        *whose,
        ("seq", ">", 0),
        ("due_date", ">=", date(year, month, 1)),
        ("due_date", "<=", date(year, month, monthrange(year, month)[1])),
    )
    key, name = f"debt.due.{year}-{month:02}", f"{year}年{month}月到期"
    return Due(
        year,
        month,
        _bond(desk, f"{key}.principal", name + "本金", "principal_due", where, origin, delivered),
        _bond(desk, f"{key}.interest", name + "利息", "interest_due", where, origin, delivered),
    )


def _sum(key: str, label: str, parts: list[Figure]) -> Figure:
    why = next((part.why for part in parts if part.why), None)
    value = None if why else sum(part.value or 0 for part in parts)
    return Figure(
        key,
        label,
        Unit.FEN,
        value,
        parts[0].origin,
        " + ".join(part.label for part in parts),
        tuple(q for part in parts for q in part.queries),
        why=why,
    )
