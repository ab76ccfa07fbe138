"""Filling and signing the reconciliation (调节表): what 财政 says about a difference, and who.

A line belongs to one month report's class (year, month, region, 类) and is cumulative like the
report. One person fills it, another signs; only then it counts, from the next snapshot on. Nothing
is altered: a wrong line is taken back, with the reason, and written anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import polars as pl
import sqlalchemy as sa

from budget_watch.access import Grant
from budget_watch.casework.errors import CaseworkError
from budget_watch.lake import Home, Reader
from budget_watch.lake.recon_lines import SIGN, WITHDRAW, act
from budget_watch.lake.recon_lines import line as line_table
from budget_watch.lake.state import engine, writing

# kind → what it stands for
KINDS = {
    "在途": "月末已付而月报次月才列（或相反）",
    "退库": "退库、退回已列月报而凭证未送（或相反）",
    "结余": "结转结余的列支与凭证不在同一期",
    "舍入": "月报以万元列示的舍入",
    "口径": "月报与凭证的统计范围不同",
    "漏送": "凭证尚未送达",
    "其他": "其他原因",
}
ROLES = ("财政归口",)
_LEAST = 4  # characters of an explanation
FILLED, SIGNED, TAKEN = "待签认", "已签认", "已撤回"


class ReconcileError(CaseworkError):
    """A line cannot be written, signed or taken back. Says why and what to do."""


@dataclass(frozen=True, order=True)
class Slot:
    """What a line speaks of: a class of a region's month report."""

    fiscal_year: int
    month: int
    mof_div_code: str
    func_class: str

    @property
    def period(self) -> str:
        """The month, 2026-09."""
        return f"{self.fiscal_year}-{self.month:02}"

    def __str__(self) -> str:
        return f"{self.period} {self.mof_div_code} {self.func_class}"


@dataclass(frozen=True)
class Line:
    """One line of the reconciliation, with what became of it. `amt` is fen."""

    id: int
    slot: Slot
    kind: str
    amt: int
    explanation: str
    filled_by: str
    filled_at: datetime
    role: str
    state: str
    signed_by: str | None = None
    signed_at: datetime | None = None
    taken_by: str | None = None
    taken_because: str | None = None

    def record(self) -> dict[str, Any]:
        """The line as a JSON-ready mapping."""
        return {
            "line": self.id,
            "period": self.slot.period,
            "mof_div_code": self.slot.mof_div_code,
            "func_class": self.slot.func_class,
            "kind": self.kind,
            "amt": self.amt,
            "explanation": self.explanation,
            "state": self.state,
            "filled_by": self.filled_by,
            "filled_at": self.filled_at,
            "role": self.role,
            "signed_by": self.signed_by,
            "signed_at": self.signed_at,
            "taken_by": self.taken_by,
            "taken_because": self.taken_because,
        }


def fill(
    home: Home, grant: Grant, slot: Slot, kind: str, amt: int, explanation: str, role: str
) -> Line:
    """Write a line; it counts once another person has signed it.

    Args:
        grant: whose `user` fills it; its scope must have the region.
        amt: fen, cumulative to the month; positive where the report is higher than the vouchers.
        role: in which the user acts; one of ROLES.

    Raises:
        ReconcileError: no such class in the latest month reports, no right, nothing said.
    """
    _may(grant, slot.mof_div_code, role)
    said = " ".join(explanation.split())
    if kind not in KINDS:
        raise ReconcileError(f"没有差异种类“{kind}”；可用 {'、'.join(KINDS)}。")
    if amt == 0:
        raise ReconcileError("调节金额为零，不用填列；请写差额，月报比凭证多的为正。")
    if len(said) < _LEAST:
        raise ReconcileError(f"说明“{said}”太短；请写清差额从何而来、依据什么。")
    reader = Reader(home, grant)
    if reader.snapshot is None or not _known(reader, slot):
        raise ReconcileError(
            f"{slot.period} 的月报里没有 {slot.mof_div_code} 的 {slot.func_class} 类；"
            "用 budget-watch reconcile list 列出可填的各类。"
        )
    with writing(home) as connection:
        written = connection.execute(
            sa.insert(line_table).values(
                fiscal_year=slot.fiscal_year,
                month=slot.month,
                mof_div_code=slot.mof_div_code,
                func_class=slot.func_class,
                kind=kind,
                amt=amt,
                explanation=said,
                filled_by=grant.user,
                role=role,
                filled_at=datetime.now(UTC),
                snapshot=reader.snapshot.id,
            )
        ).inserted_primary_key
    return one(home, grant, int(written[0]) if written else 0)


def sign(home: Home, grant: Grant, number: int, role: str, note: str = "") -> Line:
    """Sign a line that somebody else filled: from the next snapshot on it counts.

    Raises:
        ReconcileError: no such line in scope, no right, filled by the same person, done already.
    """
    found = one(home, grant, number)
    _may(grant, found.slot.mof_div_code, role)
    if found.filled_by == grant.user:
        raise ReconcileError(f"调节行 {number} 是{grant.user}本人填列的；请由另一人签认。")
    if found.state != FILLED:
        raise ReconcileError(f"调节行 {number} {found.state}，不用再签认。")
    _act(home, number, SIGN, grant.user, role, note)
    return one(home, grant, number)


def withdraw(home: Home, grant: Grant, number: int, role: str, because: str) -> Line:
    """Take a line back, signed or not: from the next snapshot on it does not count.

    Raises:
        ReconcileError: no such line in scope, no right, no reason, taken back already.
    """
    found = one(home, grant, number)
    _may(grant, found.slot.mof_div_code, role)
    said = " ".join(because.split())
    if len(said) < _LEAST:
        raise ReconcileError("请写明撤回的原因。")
    if found.state == TAKEN:
        raise ReconcileError(f"调节行 {number} 已撤回。")
    _act(home, number, WITHDRAW, grant.user, role, said)
    return one(home, grant, number)


def lines(
    home: Home, grant: Grant, fiscal_year: int | None = None, month: int | None = None
) -> list[Line]:
    """The lines in the grant's scope, by number; of a year or month where given."""
    if not home.exists:
        return []
    signing, taking = act.alias("signing"), act.alias("taking")
    t = line_table.c
    query = (
        sa.select(
            line_table,
            signing.c.by.label("signed_by"),
            signing.c.at.label("signed_at"),
            taking.c.by.label("taken_by"),
            taking.c.note.label("taken_because"),
        )
        .join(signing, (signing.c.line == t.id) & (signing.c.act == SIGN), isouter=True)
        .join(taking, (taking.c.line == t.id) & (taking.c.act == WITHDRAW), isouter=True)
        .order_by(t.id)
    )
    if fiscal_year is not None:
        query = query.where(t.fiscal_year == fiscal_year)
    if month is not None:
        query = query.where(t.month == month)
    regions = grant.scope.regions
    with engine(home).connect() as connection:
        rows = connection.execute(query).mappings().all()
    return [_line(row) for row in rows if regions is None or row["mof_div_code"] in regions]


def one(home: Home, grant: Grant, number: int) -> Line:
    """One line. Raises ReconcileError where there is none in the grant's scope."""
    found = next((line for line in lines(home, grant) if line.id == number), None)
    if found is None:
        raise ReconcileError(f"没有找到调节行 {number}，或您没有查看权限。")
    return found


def _may(grant: Grant, region: str, role: str) -> None:
    if role not in ROLES:
        raise ReconcileError(f"调节表由{'、'.join(ROLES)}填列和签认，“{role}”不能。")
    regions = grant.scope.regions
    if regions is not None and region not in regions:
        raise ReconcileError(f"没有找到 {region} 的调节表，或您没有权限。")
    if grant.scope.departments is not None:
        raise ReconcileError("调节表按科目汇总，只看一部分部门的权限不能填列和签认。")


def _known(reader: Reader, slot: Slot) -> bool:
    rows = reader.scan("recon").filter(
        pl.col("fiscal_year") == slot.fiscal_year,
        pl.col("month") == slot.month,
        pl.col("mof_div_code") == slot.mof_div_code,
        pl.col("func_class") == slot.func_class,
        pl.col("stage") == "月报",
    )
    return bool(rows.select(pl.len()).collect().item())


def _act(home: Home, number: int, what: str, by: str, role: str, note: str) -> None:
    with writing(home) as connection:
        done = sa.select(act.c.id).where(act.c.line == number, act.c.act == what)
        if connection.execute(done).first() is not None:
            raise ReconcileError(f"调节行 {number} 刚刚已由别人办理；请重新查看。")
        values = {"line": number, "act": what, "by": by, "role": role, "note": note}
        connection.execute(sa.insert(act).values(**values, at=datetime.now(UTC)))


def _line(row: sa.RowMapping) -> Line:
    state = TAKEN if row["taken_by"] else SIGNED if row["signed_by"] else FILLED
    slot = Slot(row["fiscal_year"], row["month"], row["mof_div_code"], row["func_class"])
    same = {
        name: row[name]
        for name in (
            "id", "kind", "amt", "explanation", "filled_by", "filled_at", "role", "signed_by",
            "signed_at", "taken_by", "taken_because",
        )
    }  # fmt: skip
    return Line(slot=slot, state=state, **same)
