"""总览: which facts of the day are said first.

The conclusion is made of the same figures that stand below it and names at most three
facts, the worst first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from budget_watch.casework.findings import LEVELS, Finding
from budget_watch.views import formats as fmt
from budget_watch.views.span import Span

_SIGNS = {"red": "◆红", "orange": "▲橙", "yellow": "■黄", "blue": "●蓝"}
LAG = (1, 20)  # five points behind the pace is worth leading with


@dataclass(frozen=True)
class Conclusion:
    """At most three facts, in the order they are said."""

    facts: tuple[str, ...]


def conclude(
    span: Span,
    spent: int,
    current: int,
    fresh: Sequence[Finding],
    late_tables: int,
    lacking: str = "",
) -> Conclusion:
    """The sentence of the day.

    Args:
        spent, current: 一般公共预算 payments and 变动预算, fen.
        fresh: findings first seen in the latest run.
        late_tables: tables that are late or never came.
        lacking: what must be there for the spending to be said; empty where it is.
    """
    done = fmt.ratio(spent, current)
    gap = fmt.gap(done, span.pace)
    if lacking:
        spending = f"{span.as_of}，一般公共预算支出数据不足：{lacking}"
    elif gap is None:
        spending = f"{span.as_of}，没有一般公共预算指标，不计算支出进度"
    else:
        spending = (
            f"{span.as_of}，一般公共预算国库集中支付{fmt.sentence_money(spent)}，"
            f"完成变动预算的{fmt.share(spent, current)}，{fmt.points_sentence(gap, '时间进度')}"
        )
    facts = [spending]
    if fresh:
        counts = Counter(f.level for f in fresh)
        worst = next((level for level in LEVELS if counts[level]), None)
        mark = f"（{_SIGNS[worst]}{counts[worst]}）" if worst else ""
        found = f"新增疑点{fmt.count(len(fresh))}条{mark}"
        lagging = gap is not None and gap < -Fraction(*LAG)
        facts.insert(0 if worst == "red" and not lagging else 1, found)
    else:
        facts.append("本次运行没有新增疑点")
    if late_tables:
        facts.append(f"{late_tables}张报表未按时送达")
    return Conclusion(tuple(facts[:3]))
