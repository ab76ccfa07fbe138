"""The figure (指标): one number with everything that must stand beside it.

Pages and digests show the same `Figure`, so they cannot differ. A figure is exact: money is
fen, a rate is a pair of integers, and a figure that cannot be known carries the reason instead
of a zero. Source: design §3 (figure, scope kind, stage), §4 (blank is not zero).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from fractions import Fraction

from budget_watch.views.query import Query


class Unit(Enum):
    """How the value of a figure reads."""

    FEN = "fen"  # money
    SHARE = "share"  # part of a whole, shown as %
    CHANGE = "change"  # relative change against an earlier span, shown as signed %
    POINTS = "points"  # difference of two rates, shown in 个百分点
    TIMES = "times"  # multiple, shown in 倍
    COUNT = "count"


@dataclass(frozen=True)
class Origin:
    """Where and when a figure holds: shared by all figures of one view.

    Attributes:
        region: ``mof_div_code``.
        scope_kind: 本级, 全市, 县区 or 开发区; never mixed within a figure.
        stage: 快报, 月报, 决算批准 …; "支付凭证" or "指标" for event tables.
        as_of: the span in words, e.g. "2026年1—9月" or "2026年9月末".
        snapshot: id of the snapshot the numbers were read from.
        data_status: 正式, 快报, 初步, 更正 or 第三方.
    """

    region: str
    scope_kind: str
    stage: str
    as_of: str
    snapshot: str
    data_status: str = "正式"


@dataclass(frozen=True)
class Figure:
    """One number, its name, and how it was made.

    Attributes:
        id: stable name within a view, e.g. ``general.expenditure.ytd``.
        label: Chinese name as printed.
        unit: how `value` (and `over`) read.
        value: fen, a count, or the numerator of a rate; ``None`` = not known, see `why`.
        over: denominator of a rate, > 0; 1 for money and counts.
        origin: region, scope kind, stage, span, snapshot.
        denominator: what a rate is measured against, e.g. 年初预算.
        formula: how the value comes from the queries, in words.
        queries: the frozen queries, in the order of the formula.
        why: the reason where the value is not known, a whole clause.
        inapplicable: no value because the rate has no meaning here (nothing to divide by), not
            because an input is missing.
    """

    id: str
    label: str
    unit: Unit
    value: int | None
    origin: Origin
    formula: str
    queries: tuple[Query, ...]
    over: int = 1
    denominator: str | None = None
    why: str | None = None
    inapplicable: bool = False

    @property
    def known(self) -> bool:
        """Whether there is a value to print."""
        return self.value is not None

    @property
    def exact(self) -> Fraction | None:
        """The value as an exact number: fen, a count, or a rate (0.812 = 81.2%)."""
        return None if self.value is None else Fraction(self.value, self.over)

    @property
    def sign(self) -> int:
        """-1, 0 or 1; 0 also where the value is not known."""
        return 0 if self.value is None else (self.value > 0) - (self.value < 0)

    @property
    def tables(self) -> tuple[str, ...]:
        """Tables and marts the figure was read from, each once, in order of use."""
        return tuple(dict.fromkeys(query.table for query in self.queries))


def share(id: str, label: str, part: Figure, whole: Figure, denominator: str) -> Figure:
    """part ÷ whole; not known where either is missing or the whole is not above zero."""
    why = part.why or whole.why
    if why is None and (whole.value is None or whole.value <= 0):
        why = f"{denominator}不大于零，不计算占比"
    return _rate(id, label, Unit.SHARE, part, whole, (part, whole), why, denominator, " ÷ ")


def times(id: str, label: str, part: Figure, whole: Figure, denominator: str) -> Figure:
    """part ÷ whole as a multiple (倍)."""
    made = share(id, label, part, whole, denominator)
    return Figure(**{**made.__dict__, "unit": Unit.TIMES})


def difference(id: str, label: str, first: Figure, second: Figure) -> Figure:
    """first − second of two amounts or two counts."""
    why = first.why or second.why
    value = None if why else (first.value or 0) - (second.value or 0)
    return Figure(
        id,
        label,
        first.unit,
        value,
        first.origin,
        f"{first.label} − {second.label}",
        first.queries + second.queries,
        why=why,
    )


def change(id: str, label: str, now: Figure, before: Figure) -> Figure:
    """(now − before) ÷ before; not known where the earlier amount is not above zero."""
    why = now.why or before.why
    if why is None and (before.value is None or before.value <= 0):
        why = f"{before.label}不大于零，不计算增幅"
    value = None if why else (now.value or 0) - (before.value or 0)
    return Figure(
        id,
        label,
        Unit.CHANGE,
        value,
        now.origin,
        f"（{now.label} − {before.label}）÷ {before.label}",
        now.queries + before.queries,
        over=before.value if why is None and before.value else 1,
        denominator=before.label,
        why=why,
        inapplicable=_void(why, now, before),
    )


def points(id: str, label: str, first: Figure, second: Figure) -> Figure:
    """first − second of two rates, in parts of one (0.077 = 7.7个百分点)."""
    why = first.why or second.why
    gap = None
    if first.exact is not None and second.exact is not None:
        gap = first.exact - second.exact
    return Figure(
        id,
        label,
        Unit.POINTS,
        None if gap is None else gap.numerator,
        first.origin,
        f"{first.label} − {second.label}",
        first.queries + second.queries,
        over=1 if gap is None else gap.denominator,
        why=why,
        inapplicable=_void(why, first, second),
    )


def contribution(id: str, label: str, step: Figure, base: Figure) -> Figure:
    """An item's step over the whole's earlier amount: how many points of growth it makes."""
    made = share(id, label, step, base, base.label)
    return Figure(**{**made.__dict__, "unit": Unit.POINTS})


def _rate(
    id: str,
    label: str,
    unit: Unit,
    part: Figure,
    whole: Figure,
    used: tuple[Figure, ...],
    why: str | None,
    denominator: str,
    sign: str,
) -> Figure:
    return Figure(
        id,
        label,
        unit,
        None if why else part.value,
        part.origin,
        f"{part.label}{sign}{denominator}",
        tuple(q for f in used for q in f.queries),
        over=whole.value if why is None and whole.value else 1,
        denominator=denominator,
        why=why,
        inapplicable=_void(why, part, whole),
    )


def _void(why: str | None, *inputs: Figure) -> bool:
    """No value although nothing is missing."""
    return why is not None and all(f.known or f.inapplicable for f in inputs)
