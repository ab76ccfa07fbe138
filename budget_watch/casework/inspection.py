"""Random inspection (随机抽查): a share of vouchers or cases, drawn by a seed and kept.

Which ones are drawn depends on the seed and their numbers alone: each is put in the order of
SHA-256(seed, number), and the first ones are taken. So anybody can draw again from the same
snapshot and gets the same list; nobody can wish one in or out without changing the seed, which is
written down with the draw, as are the size and hash of what it was drawn from.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Literal

import polars as pl
import sqlalchemy as sa

from budget_watch.audit import Note, append, key_of
from budget_watch.casework import tables as t
from budget_watch.casework.cases import Actor, list_cases, today_of
from budget_watch.casework.checking import choose_snapshot, rules_dir
from budget_watch.casework.errors import CaseworkError
from budget_watch.casework.stored import as_json, next_seq
from budget_watch.casework.workflow import LocalBasis, workflow_of
from budget_watch.engine.model import Strict
from budget_watch.engine.yaml_file import read_one
from budget_watch.lake import Home, Reader, Snapshot
from budget_watch.lake.state import engine, writing

What = Literal["voucher", "case"]
ANSWERS = ("是", "否", "不适用")


class InspectionError(CaseworkError):
    """A draw or a result is not possible. Says why and what to do."""


class Checklist(Strict):
    """What is looked at in each drawn item."""

    kind: What
    title: str
    items: tuple[str, ...]


class Settings(Strict):
    """`rules/workflow/inspection.yaml`."""

    id: str
    share_percent: int
    basis: LocalBasis
    checklists: tuple[Checklist, ...]


@dataclass(frozen=True)
class Draw:
    """A draw as it is kept.

    Attributes:
        population: how many it was drawn from; `population_hash` over their numbers.
        items: the drawn numbers, in their own order.
        checklist: what is to be looked at in each.
    """

    id: str
    kind: str
    department: str | None
    since: date
    until: date
    share: int
    seed: str
    snapshot: str | None
    population: int
    population_hash: str
    items: tuple[str, ...]
    checklist: tuple[str, ...]
    reason: str
    user: str
    role: str
    at: str


@dataclass(frozen=True)
class Result:
    """What one inspector found in one item; later ones of the same item stand beside it."""

    item: str
    answers: Mapping[str, str]
    remark: str
    user: str
    at: str


def draw(
    home: Home,
    actor: Actor,
    kind: What,
    since: date,
    until: date,
    reason: str,
    *,
    department: str | None = None,
    share: int | None = None,
    seed: str | None = None,
) -> Draw:
    """Draw and keep the list.

    Args:
        since, until: days of payment, or of a case's opening; both included.
        share: percent of the population, rounded up; the book's default where it is left out.
        seed: any text; a random one where it is left out.

    Raises:
        InspectionError: not a person who inspects, a wrong share, or nothing to draw from.
    """
    _may(home, actor)
    settings = _settings()
    percent = settings.share_percent if share is None else share
    if not 1 <= percent <= 100:
        raise InspectionError(f"抽查份额应为 1 至 100（%），这里是 {percent}。")
    if len(reason.strip()) < 2:
        raise InspectionError("抽查要写事由。")
    snapshot = choose_snapshot(home) if kind == "voucher" else None
    numbers = _population(home, actor, kind, since, until, department, snapshot)
    if not numbers:
        raise InspectionError("这个范围和期间里没有可抽的；请核对部门和日期。")
    sown = secrets.token_hex(8) if seed is None else seed
    made = Draw(
        id="",
        kind=kind,
        department=department,
        since=since,
        until=until,
        share=percent,
        seed=sown,
        snapshot=None if snapshot is None else snapshot.id,
        population=len(numbers),
        population_hash=_hash(numbers),
        items=chosen(numbers, percent, sown),
        checklist=next(each.items for each in settings.checklists if each.kind == kind),
        reason=reason.strip(),
        user=actor.user,
        role=actor.role,
        at=datetime.now(UTC).isoformat(timespec="microseconds"),
    )
    return _kept(home, actor, made)


def chosen(numbers: Sequence[str], percent: int, seed: str) -> tuple[str, ...]:
    """The drawn share of these numbers, at least one of them."""
    count = -(-len(numbers) * percent // 100)
    order = sorted(numbers, key=lambda each: (_rank(seed, each), each))
    return tuple(sorted(order[:count]))


def _rank(seed: str, number: str) -> str:
    return hashlib.sha256(f"{seed}\n{number}".encode()).hexdigest()


def _hash(numbers: Sequence[str]) -> str:
    return hashlib.sha256("\n".join(sorted(numbers)).encode()).hexdigest()


def again(home: Home, actor: Actor, draw_id: str) -> bool:
    """Draw once more by the kept seed; whether population and list are the same.

    Vouchers are drawn from the same snapshot; cases may have been added since.

    Raises:
        InspectionError: no such draw.
    """
    one = get_draw(home, actor, draw_id)
    snapshot = None if one.snapshot is None else Snapshot.get(home, one.snapshot)
    kind: What = "voucher" if one.kind == "voucher" else "case"
    numbers = _population(home, actor, kind, one.since, one.until, one.department, snapshot)
    same = _hash(numbers) == one.population_hash
    return same and chosen(numbers, one.share, one.seed) == one.items


def draws(home: Home, actor: Actor) -> list[Draw]:
    """All draws, oldest first.

    Raises:
        InspectionError: not a person who inspects.
    """
    _may(home, actor)
    query = sa.select(t.inspection_draw).order_by(t.inspection_draw.c.seq)
    with engine(home).connect() as connection:
        return [_draw(row) for row in connection.execute(query).mappings()]


def get_draw(home: Home, actor: Actor, draw_id: str) -> Draw:
    """One draw.

    Raises:
        InspectionError: no such draw, or not a person who inspects.
    """
    found = next((each for each in draws(home, actor) if each.id == draw_id), None)
    if found is None:
        raise InspectionError(f"没有抽查 {draw_id}；用 budget-watch inspect list 列出。")
    return found


def results(home: Home, actor: Actor, draw_id: str) -> list[Result]:
    """What was found so far, oldest first.

    Raises:
        InspectionError: no such draw.
    """
    one = get_draw(home, actor, draw_id)
    table = t.inspection_result
    query = sa.select(table).where(table.c.draw == one.id).order_by(table.c.seq)
    with engine(home).connect() as connection:
        rows = connection.execute(query).mappings().all()
    return [
        Result(row["item"], json.loads(row["answers"]), row["remark"], row["user"], row["at"])
        for row in rows
    ]


def record_result(
    home: Home,
    actor: Actor,
    draw_id: str,
    item: str,
    answers: Mapping[str, str],
    remark: str = "",
) -> Result:
    """Keep what was found in a drawn item: an answer to every line of the checklist.

    Raises:
        InspectionError: the item was not drawn, or the answers do not fit the checklist.
    """
    one = get_draw(home, actor, draw_id)
    if item not in one.items:
        raise InspectionError(f"{item} 不在抽查 {draw_id} 的清单里。")
    if set(answers) != set(one.checklist):
        raise InspectionError(f"清单逐项都要答：{'、'.join(one.checklist)}。")
    wrong = sorted({each for each in answers.values() if each not in ANSWERS})
    if wrong:
        raise InspectionError(f"只能答{'、'.join(ANSWERS)}，这里有“{'、'.join(wrong)}”。")
    if "否" in answers.values() and not remark.strip():
        raise InspectionError("有答“否”的，要写明情况。")
    at = datetime.now(UTC)
    made = Result(item, dict(answers), remark.strip(), actor.user, at.isoformat())
    details = {"draw": one.id, "answers": made.answers, "remark": made.remark}
    with writing(home) as connection:
        note = Note(actor.who, "inspection.result", one.kind, item, details, at)
        (entry,) = append(connection, key_of(home.root), note)
        table = t.inspection_result
        row = {
            **{"seq": next_seq(connection, table), "draw": one.id, "item": item},
            **{"answers": as_json(made.answers), "remark": made.remark, "user": made.user},
            **{"at": made.at, "audit_seq": entry.seq},
        }
        connection.execute(table.insert().values(row))
    return made


def _may(home: Home, actor: Actor) -> None:
    if workflow_of(home.root).party.get(actor.role) != "committee":
        raise InspectionError(f"抽查由预算工委办理，您的角色是{actor.role or '（无）'}。")


def _settings() -> Settings:
    return read_one(rules_dir() / "workflow" / "inspection.yaml", Settings)


def default_share() -> int:
    """The share in percent that is drawn where nothing else is said."""
    return _settings().share_percent


def _population(
    home: Home,
    actor: Actor,
    kind: What,
    since: date,
    until: date,
    department: str | None,
    snapshot: Snapshot | None,
) -> list[str]:
    """Numbers of what the reader may see of the department and the days, in their order."""
    if kind == "case":
        found = [
            case.id
            for case in list_cases(home, actor)
            if since <= today_of(datetime.fromisoformat(case.opened_at)) <= until
            and department in (None, case.dept_code)
        ]
        return sorted(found)
    reader = Reader(home, actor.grant, snapshot)
    frame = reader.scan("payment_voucher").filter(pl.col("pay_date").is_between(since, until))
    if department is not None:
        frame = frame.filter(pl.col("dept_code") == department)
    return (
        frame.select("pay_cert_id").unique().sort("pay_cert_id").collect()["pay_cert_id"].to_list()
    )


def _kept(home: Home, actor: Actor, made: Draw) -> Draw:
    at = datetime.fromisoformat(made.at)
    with writing(home) as connection:
        table = t.inspection_draw
        seq = next_seq(connection, table)
        number = f"CC{today_of(at).year}-{seq:03}"
        row = {**made.__dict__, "id": number}
        details = {name: row[name] for name in _TOLD} | {"items": list(made.items)}
        note = Note(actor.who, "inspection.draw", "inspection", number, details, at)
        (entry,) = append(connection, key_of(home.root), note)
        row |= {"items": as_json(made.items), "checklist": as_json(made.checklist)}
        connection.execute(table.insert().values(seq=seq, audit_seq=entry.seq, **row))
    return Draw(**{**made.__dict__, "id": number})


_TOLD = (
    *("kind", "department", "since", "until", "share", "seed", "snapshot", "population"),
    *("population_hash", "reason"),
)


def _draw(row: Mapping[Any, Any]) -> Draw:
    values: dict[str, Any] = {name: row[name] for name in Draw.__dataclass_fields__}
    values |= {name: tuple(json.loads(row[name])) for name in ("items", "checklist")}
    return Draw(**values)
