"""What POST /act does where its target is a draw of the random inspection, or one to be made.

Sent twice it is done once: a form that asks for a draw carries its seed, and the same result of the
same inspector is kept once.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date

from budget_watch.casework.cases import Actor
from budget_watch.casework.inspection import (
    InspectionError,
    What,
    draw,
    draws,
    get_draw,
    record_result,
    results,
)
from budget_watch.lake import Home

NEW_DRAW = "inspection-new"
RESULT = "result"
_DRAW = re.compile(r"CC\d{4}-\d{3,}")
KINDS: dict[str, What] = {"voucher": "voucher", "case": "case"}


def inspections_own(target: str) -> bool:
    """Whether a target is a draw, or one to be made."""
    return target == NEW_DRAW or _DRAW.fullmatch(target) is not None


def on_inspection(home: Home, actor: Actor, target: str, given: Mapping[str, str | int]) -> str:
    """Draw, or keep what was found in a drawn item; the sentence that tells so.

    Raises:
        InspectionError: it is not possible; says why.
    """
    said = {name: str(value) for name, value in given.items()}
    return _drawn(home, actor, said) if target == NEW_DRAW else _kept(home, actor, target, said)


def _drawn(home: Home, actor: Actor, said: Mapping[str, str]) -> str:
    kind = KINDS.get(said.get("kind", ""))
    since, until = _day(said, "since", "起"), _day(said, "until", "止")
    share = said.get("share", "")
    if kind is None or not share.isdigit():
        raise InspectionError("种类、份额没有填好；请刷新页面后再办。")
    if since > until:
        raise InspectionError("起日不能晚于止日。")
    department, seed = said.get("department") or None, said.get("seed") or None
    asked = (kind, since, until, department, int(share), seed, actor.user)
    for one in draws(home, actor):
        known = (one.kind, one.since, one.until, one.department, one.share, one.seed, one.user)
        if seed is not None and known == asked:
            return f"抽查 {one.id} 已抽取，共{len(one.items)}件。"
    made = draw(
        home,
        actor,
        kind,
        since,
        until,
        said.get("reason", ""),
        department=department,
        share=int(share),
        seed=seed,
    )
    return f"抽查 {made.id}：从{made.population}件中抽取{len(made.items)}件。"


def _kept(home: Home, actor: Actor, target: str, said: Mapping[str, str]) -> str:
    one = get_draw(home, actor, target)
    item, remark = said.get("item", ""), said.get("remark", "")
    answers = {check: said.get(f"a{at}", "") for at, check in enumerate(one.checklist)}
    mine = [r for r in results(home, actor, target) if (r.item, r.user) == (item, actor.user)]
    if not mine or (dict(mine[-1].answers), mine[-1].remark) != (answers, remark.strip()):
        record_result(home, actor, target, item, answers, remark)
    return f"{item} 的检查结果已记下。"


def _day(said: Mapping[str, str], name: str, word: str) -> date:
    try:
        return date.fromisoformat(said.get(name, ""))
    except ValueError as error:
        raise InspectionError(f"{word}日没有填好，应如 2026-07-01。") from error
