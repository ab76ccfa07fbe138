"""What one deputy takes to a session: findings open to them, and what became of their opinions."""

from __future__ import annotations

from budget_watch.casework.cases import Actor
from budget_watch.casework.findings import list_findings
from budget_watch.digest.gatherer import Asked, Gatherer
from budget_watch.opinions.opinion import OpinionDesk
from budget_watch.opinions.seeing import list_opinions
from budget_watch.views import Figure, Query, Unit
from budget_watch.views.figure import Origin
from budget_watch.views.findings_summary import AREAS, LEVELS


def put_deputy(made: Gatherer, asked: Asked) -> None:
    """Read under the deputy's own Grant, which `asked` carries: what they see themselves."""
    grant = asked.grant
    found = list_findings(asked.home, grant, trial=False)
    origin = Origin(
        asked.own.region, "本人范围", "疑点", asked.period.span.as_of, asked.desk.snapshot
    )
    made.lists["deputy.findings"] = [
        {
            "name": each.title,
            "area": AREAS.get(each.area, ""),
            "level": LEVELS.get(each.level or "", "—"),
            "text": each.message,
            "state": each.work_state,
        }
        for each in found
    ]
    desk = OpinionDesk.of(asked.home)
    own = list_opinions(asked.home, Actor(grant, grant.role or ""), mine=True)
    made.lists["deputy.opinions"] = [
        {
            "number": one.number or one.id,
            "name": one.title,
            "kind": desk.kind(one).id,
            "state": desk.state(one).title,
            "changed": one.changed_at[:10],
        }
        for one in own
    ]
    answered = [one for one in own if desk.state(one).final]
    counts = (
        ("findings", "可查看的疑点", len(found), "finding"),
        ("opinions", "本人提出和附议关注的意见", len(own), "opinion"),
        ("ended", "其中已办结", len(answered), "opinion"),
    )
    made.put(
        "deputy.",
        (
            Figure(key, label, Unit.COUNT, number, origin, "条数", (Query(table, "*", ()),))
            for key, label, number, table in counts
        ),
    )
    made.words |= _scope(asked)


def _scope(asked: Asked) -> dict[str, str]:
    """Whose material it is and what they may see, in words."""
    from budget_watch.casework.accounts import people

    grant = asked.grant
    parts: list[str] = []
    scope = grant.scope
    for codes, word in (
        (scope.regions, "个区划"),
        (scope.departments, "个部门"),
        (scope.units, "个单位"),
    ):
        if codes is not None:
            parts.append(f"{len(codes)}{word}")
    return {
        "deputy.name": people(asked.home).get(grant.user, grant.user),
        "deputy.scope": "、".join(parts) or "全部区划和部门",
    }
