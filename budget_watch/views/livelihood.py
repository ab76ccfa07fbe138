"""The money of 民生实事: the figures of their budget projects, the same as the drill's.

What lies outside the reader's scope is told as missing, never as zero. Money is fen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from budget_watch.lake import Reader
from budget_watch.views.cubes import Cube
from budget_watch.views.delivered import undelivered
from budget_watch.views.drill import Place, total
from budget_watch.views.span import Span


@dataclass(frozen=True)
class ProjectMoney:
    """One budget project of one unit.

    Attributes:
        path: the steps of the drill that lead to it, such as ``d101``, ``u101001``, ``p…``.
        budget, spent: 变动预算 and 支出 of the span; None where their table was not delivered.
        why: column → why it is unknown.
    """

    code: str
    name: str
    agency_code: str
    path: tuple[str, ...]
    budget: int | None
    spent: int | None
    why: Mapping[str, str]


@dataclass(frozen=True)
class LivelihoodMoney:
    """The money of all its projects that the reader may see.

    Attributes:
        hidden: codes that the project library does not have, or that are not the reader's to see.
        cut: whether the reader sees the units of their own alone, so that there may be more.
    """

    lines: tuple[ProjectMoney, ...]
    hidden: tuple[str, ...]
    cut: bool

    @property
    def whole(self) -> bool:
        """Whether the lines are all there is."""
        return bool(self.lines) and not self.hidden and not self.cut

    @property
    def budget(self) -> int | None:
        """变动预算 of all; None where a part of it is not known here."""
        return _sum(self.whole, [line.budget for line in self.lines])

    @property
    def spent(self) -> int | None:
        """支出 of all; None where a part of it is not known here."""
        return _sum(self.whole, [line.spent for line in self.lines])


def _sum(whole: bool, parts: Sequence[int | None]) -> int | None:
    known = [each for each in parts if each is not None]
    return sum(known) if whole and len(known) == len(parts) else None


def livelihood_money(
    reader: Reader, cube: Cube, codes: Sequence[str], city: str | None, span: Span
) -> LivelihoodMoney:
    """The figures of these budget projects.

    Args:
        city: region code of this installation's own government; others are reached through 区划.
        span: of the project's year.
    """
    known = (
        reader.scan("project")
        .filter(pl.col("pro_code").is_in(list(codes)))
        .select("pro_code", "pro_name", "mof_div_code", "dept_code", "agency_code")
        .unique(["pro_code", "agency_code"], keep="last", maintain_order=True)
        .sort("pro_code", "agency_code")
        .collect()
    )
    lines = []
    gaps = {
        region: undelivered(reader, span, region)
        for region in set(known["mof_div_code"].drop_nulls())
    }
    for row in known.iter_rows(named=True):
        steps = [("d", row["dept_code"]), ("u", row["agency_code"]), ("p", row["pro_code"])]
        if city is not None and row["mof_div_code"] != city:
            steps.insert(0, ("z", row["mof_div_code"]))
        amounts, lacking = total(cube, Place("local", tuple(steps)), span), {}
        for table, column in (("indicator", "budget"), ("payment_voucher", "spent")):
            why = gaps.get(row["mof_div_code"], {}).get(table)
            if why is not None:
                lacking[column] = why
        lines.append(
            ProjectMoney(
                code=row["pro_code"],
                name=row["pro_name"] or "",
                agency_code=row["agency_code"],
                path=tuple(f"{letter}{code}" for letter, code in steps),
                budget=None if "budget" in lacking else amounts.current,
                spent=None if "spent" in lacking else amounts.spent,
                why=lacking,
            )
        )
    seen = {line.code for line in lines}
    hidden = tuple(each for each in codes if each not in seen)
    return LivelihoodMoney(tuple(lines), hidden, reader.grant.scope.own)
