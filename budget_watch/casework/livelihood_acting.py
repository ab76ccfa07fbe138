"""Registering 民生实事 and what is done on them: each act is one transaction with its audit entry.

Nothing is overwritten: a later report of the same quarter, a later rating of the same person stand
beside the earlier ones, and the last counts.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import polars as pl
import sqlalchemy as sa

from budget_watch.audit import Note, append, key_of
from budget_watch.casework import tables as t
from budget_watch.casework.auditing import anchor_log
from budget_watch.casework.cases import Actor, today_of
from budget_watch.casework.errors import ActError, StaleError
from budget_watch.casework.livelihood import (
    ACCEPTED,
    CANDIDATE,
    GOING,
    NOT_CHOSEN,
    PLAIN,
    PREFIX,
    QUARTERS,
    STEPS,
    STOPPED,
    Livelihood,
    Livelihoods,
    UnknownLivelihoodError,
    find_livelihood,
    refusal,
    sees_livelihood,
    settings,
)
from budget_watch.casework.livelihood_given import text, vote_given, vote_words, whole
from budget_watch.casework.stored import iso, next_seq
from budget_watch.lake import Home, Reader, Snapshot
from budget_watch.lake.state import writing

REGISTER = "register"
_MOST = 5000  # characters of a text
_MOST_PROJECTS = 50


@dataclass(frozen=True)
class LivelihoodDone:
    """What an act came to."""

    livelihood: str
    state: str
    version: int
    repeated: bool
    audit_seq: int


def register(
    home: Home,
    actor: Actor,
    year: int,
    title: str,
    goal: str,
    lead: str,
    projects: Sequence[str],
    *,
    planned: int | None = None,
    decided: str = "",
    others: str = "",
    candidate: bool = False,
    request: str | None = None,
    now: datetime | None = None,
) -> LivelihoodDone:
    """Register a project.

    Args:
        lead: code of the department or unit that is responsible.
        projects: codes of the budget projects that pay for it.
        planned: what it shall cost, fen.
        others: why projects of other units than the one that leads are among them.
        candidate: it is to be voted on; which budget projects pay for it may be said later.

    Raises:
        ActError: not a role that registers, a code that the project library does not have, one of
            another unit without a reason, or something is missing or wrong.
    """
    rules, at = settings(), now or datetime.now(UTC)
    if actor.role not in rules.registrars or not actor.grant.business:
        able = "、".join(rules.registrars)
        raise ActError(f"民生实事由{able}登记，您的角色是{actor.role or '（无）'}。")
    if not today_of(at).year - 5 <= year <= today_of(at).year + 1:
        raise ActError(f"年度 {year} 不对。")
    codes: tuple[str, ...] = ()
    elsewhere: list[str] = []
    if candidate and not any(each.strip() for each in projects):
        own = actor.grant.scope.regions
        region = next(iter(own)) if own is not None and len(own) == 1 else None
    else:
        codes, region, elsewhere = _projects(home, actor, projects, lead.strip())
    why = _why_others(elsewhere, lead.strip(), others)
    made = Livelihood(
        id="",
        version=1,
        state=CANDIDATE if candidate else GOING,
        year=year,
        title=text("名称", title, 60),
        goal=text("目标任务", goal, _MOST),
        decided=decided.strip()[:_MOST],
        lead=text("承办单位", lead, 64, least=1),
        projects=codes,
        planned=_money(planned),
        mof_div_code=region,
        opened_at=iso(at),
        changed_at=iso(at),
    )
    anchor_log(home, once_a_day=True)
    with writing(home) as connection:
        before = _before(connection, actor, request)
        if before is not None:
            return _again(connection, before, None, REGISTER)
        seq = next_seq(connection, t.livelihood)
        count = sa.select(sa.func.count()).where(t.livelihood.c.year == year)
        number = f"{PREFIX}{year}-{int(connection.execute(count).scalar() or 0) + 1:02}"
        made = replace(made, id=number)
        connection.execute(t.livelihood.insert().values(seq=seq, **_row(made, at)))
        said = {name: getattr(made, name) for name in ("year", "title", "goal", "decided", "lead")}
        said |= {"projects": list(codes), "planned": made.planned, **why}
        entry = _written(connection, home, actor, made, REGISTER, said, request, at)
    return LivelihoodDone(made.id, made.state, made.version, False, entry)


def act_on_livelihood(
    home: Home,
    actor: Actor,
    number: str,
    step: str,
    given: Mapping[str, Any],
    *,
    version: int | None = None,
    request: str | None = None,
    now: datetime | None = None,
) -> LivelihoodDone:
    """Take a step: decide, report, rate, amend, accept, stop.

    Args:
        given: decide: yes, no, abstained, outcome, held. report: quarter, percent, word, text.
            rate: word, remark. amend: goal, lead, projects, planned, others, reason. accept,
            stop: reason.
        version: what the person saw; asked of the office's own steps only.

    Raises:
        UnknownLivelihoodError: no such project, or not theirs to see.
        StaleError: it moved on since they looked.
        ActError: not possible now, not by them, or something is missing or wrong.
    """
    rules, at = settings(), now or datetime.now(UTC)
    name = next((key for key, title in STEPS.items() if step in (key, title)), None)
    if name is None:
        known = "、".join(f"{key}（{title}）" for key, title in STEPS.items())
        raise ActError(f"民生实事没有“{step}”这一步；可用 {known}。")
    anchor_log(home, once_a_day=True)
    with writing(home) as connection:
        one = find_livelihood(connection, number)
        if one is None or not sees_livelihood(rules, actor, one):
            raise UnknownLivelihoodError(number)
        before = _before(connection, actor, request)
        if before is not None:
            return _again(connection, before, one.id, name)
        if name not in ("report", "rate") and version not in (None, one.version):
            last = one.acts[-1]
            what = STEPS.get(last.step, "登记")
            raise StaleError(
                f"民生实事 {one.id}：{last.user}（{last.role}）已经先办了“{what}”。"
                "您的这一步没有生效；请刷新后再办。"
            )
        why = refusal(rules, actor, one, name)
        if why is not None:
            raise ActError(f"民生实事 {one.id}：{why}。")
        said, after = _after(home, rules, actor, one, name, given, at)
        after = replace(after, version=one.version + 1)
        entry = _written(connection, home, actor, after, name, said, request, at)
        table = t.livelihood
        connection.execute(table.update().where(table.c.id == one.id).values(**_row(after, at)))
    return LivelihoodDone(after.id, after.state, after.version, False, entry)


def _after(
    home: Home,
    rules: Livelihoods,
    actor: Actor,
    one: Livelihood,
    step: str,
    given: Mapping[str, Any],
    at: datetime,
) -> tuple[dict[str, Any], Livelihood]:
    """What is stored of a step, and the project after it."""
    if step == "report":
        return _report(rules, one, given, at), one
    if step == "rate":
        word, remark = str(given.get("word", "")), str(given.get("remark", "")).strip()
        judged = rules.satisfaction
        if word not in judged.words:
            raise ActError(f"评价“{word}”不对；可用 {'、'.join(judged.words)}。")
        if word not in judged.counted and len(remark) < 2:
            raise ActError(f"评价“{word}”要写明原因。")
        return {"word": word, "remark": remark[:_MOST]}, one
    if step == "decide":
        vote = vote_given(given)
        state = GOING if vote["chosen"] else NOT_CHOSEN
        return vote, replace(one, state=state, decided=vote_words(vote))
    reason = text("理由", given.get("reason", ""), _MOST)
    if step != "amend":
        return {"reason": reason}, replace(one, state=ACCEPTED if step == "accept" else STOPPED)
    changes: dict[str, Any] = {}
    if given.get("goal"):
        changes["goal"] = text("目标任务", given["goal"], _MOST)
    if given.get("lead"):
        changes["lead"] = text("承办单位", given["lead"], 64, least=1)
    if given.get("planned") not in (None, ""):
        changes["planned"] = _money(given["planned"])
    if given.get("projects"):
        changes["projects"] = given["projects"]
    if not changes:
        raise ActError("没有写要调整什么：目标任务、承办单位、计划投资或项目编码。")
    why: dict[str, str] = {}
    if changes.keys() & {"projects", "lead"}:
        lead = changes.get("lead", one.lead)
        wanted = changes.get("projects", one.projects)
        codes, _, elsewhere = _projects(home, actor, wanted, lead)
        why = _why_others(elsewhere, lead, str(given.get("others", "")))
        changes |= {"projects": codes} if "projects" in changes else {}
    after = replace(one, **changes)
    return {**changes, **why, "reason": reason}, after


def _report(
    rules: Livelihoods, one: Livelihood, given: Mapping[str, Any], at: datetime
) -> dict[str, Any]:
    quarter, percent = whole(given.get("quarter")), whole(given.get("percent"))
    word = str(given.get("word", ""))
    if quarter not in QUARTERS:
        raise ActError("季度应为 1 至 4。")
    today = today_of(at)
    if (one.year, quarter * 3 - 2) > (today.year, today.month):
        raise ActError(f"{one.year}年{QUARTERS[quarter]}还没有开始。")
    if percent is None or not 0 <= percent <= 100:
        raise ActError("完成进度应为 0 至 100 的整数（%）。")
    if word not in rules.progress:
        raise ActError(f"进展没有“{word}”；可用 {'、'.join(rules.progress)}。")
    if (word == rules.done) is not (percent == 100):
        raise ActError(f"“{rules.done}”应是 100%，100% 就是“{rules.done}”。")
    said = text("进展说明", given.get("text", ""), _MOST)
    return {"quarter": quarter, "percent": percent, "word": word, "text": said}


def _money(value: Any) -> int | None:
    if value is None:
        return None
    fen = whole(value)
    if fen is None or not 0 <= fen <= 10**16:
        raise ActError("计划投资应为 0 以上的整数（分）。")
    return fen


def _projects(
    home: Home, actor: Actor, wanted: Sequence[str] | str, lead: str
) -> tuple[tuple[str, ...], str | None, list[str]]:
    """Known codes of budget projects, each once, and their region where they have one alone.

    The third: those that belong to other units than `lead`, each with its name and unit."""
    parts = (
        wanted.replace("，", "、").replace(",", "、").split("、")
        if isinstance(wanted, str)
        else wanted
    )
    codes = tuple(dict.fromkeys(each.strip() for each in parts if each.strip()))
    if not 1 <= len(codes) <= _MOST_PROJECTS:
        raise ActError(f"请给出 1 至 {_MOST_PROJECTS} 个项目编码。")
    if not Snapshot.all(home):
        raise ActError("还没有数据快照，不能核对项目编码。")
    found = (
        Reader(home, actor.grant)
        .scan("project")
        .filter(pl.col("pro_code").is_in(list(codes)))
        .select("pro_code", "pro_name", "mof_div_code", "dept_code", "agency_code")
        .unique()
        .sort("pro_code", "agency_code")
        .collect()
    )
    unknown = [each for each in codes if each not in set(found["pro_code"])]
    if unknown:
        raise ActError(f"项目库里没有项目编码 {'、'.join(unknown)}，或不在您的查看范围。")
    regions = found["mof_div_code"].drop_nulls().unique().to_list()
    own = found.filter((pl.col("agency_code") == lead) | (pl.col("dept_code") == lead))
    foreign = found.join(own, on="pro_code", how="anti").unique("pro_code", maintain_order=True)
    elsewhere = [
        f"{code}（{name}，属 {unit}）"
        for code, name, unit in foreign.select("pro_code", "pro_name", "agency_code").rows()
    ]
    return codes, str(regions[0]) if len(regions) == 1 else None, elsewhere


def _why_others(elsewhere: Sequence[str], lead: str, reason: str) -> dict[str, str]:
    """The reason for projects of other units, where there are such.

    Raises:
        ActError: there are such, and no reason.
    """
    if not elsewhere:
        return {}
    if len(reason.strip()) < 2:
        named = "、".join(elsewhere[:5]) + (f"等 {len(elsewhere)} 个" if len(elsewhere) > 5 else "")
        raise ActError(
            f"项目 {named} 不是承办单位 {lead} 的。请核对项目编码和承办单位；"
            "确需列入别的单位的项目，请写明理由（命令加 --others）。"
        )
    return {"others": text("列入别的单位项目的理由", reason, _MOST)}


def _before(connection: sa.Connection, actor: Actor, request: str | None) -> Any:
    if request is None:
        return None
    table = t.livelihood_act
    query = sa.select(table).where(table.c.request == f"{actor.user}\t{request}")
    return connection.execute(query).mappings().first()


def _again(connection: sa.Connection, before: Any, number: str | None, step: str) -> LivelihoodDone:
    if number not in (None, before["livelihood"]) or before["step"] != step:
        raise ActError("这个请求编号已经用于另一步；请刷新后重办。")
    one = find_livelihood(connection, before["livelihood"])
    state = GOING if one is None else one.state
    return LivelihoodDone(before["livelihood"], state, before["version"], True, before["audit_seq"])


def _row(one: Livelihood, at: datetime) -> dict[str, Any]:
    return {
        **{name: getattr(one, name) for name in PLAIN},
        "projects": json.dumps(list(one.projects)),
        "changed_at": iso(at),
    }


def _written(
    connection: sa.Connection,
    home: Home,
    actor: Actor,
    one: Livelihood,
    step: str,
    said: Mapping[str, Any],
    request: str | None,
    at: datetime,
) -> int:
    details = {"step": step, "state": one.state, "version": one.version, "given": dict(said)}
    note = Note(actor.who, f"livelihood.{step}", "livelihood", one.id, details, at)
    (entry,) = append(connection, key_of(home.root), note)
    table = t.livelihood_act
    connection.execute(
        table.insert().values(
            seq=next_seq(connection, table),
            livelihood=one.id,
            version=one.version,
            step=step,
            user=actor.user,
            role=actor.role,
            at=iso(at),
            given=json.dumps(said, ensure_ascii=False, sort_keys=True),
            request=None if request is None else f"{actor.user}\t{request}",
            audit_seq=entry.seq,
        )
    )
    return entry.seq
