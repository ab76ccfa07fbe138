"""A session of 人代会: what its deputies gave, as topics, by delegation, and how it was answered.

Whoever builds it must see the session whole. The clock is not read: a question is answered, put to
those who answer by its hour, or not put to them yet.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from budget_watch.casework.cases import HERE, Actor
from budget_watch.congress.errors import UnknownCongressError
from budget_watch.congress.gathering import tally
from budget_watch.congress.session import (
    DEPUTY,
    Congress,
    CongressDesk,
    Given,
    Question,
    get_congress,
    given_in,
    questions_of,
    reads,
)
from budget_watch.digest.errors import DigestRefusedError
from budget_watch.digest.gatherer import Asked, Gatherer
from budget_watch.digest.issues import role_title
from budget_watch.digest.material_demands import one_line, put_demands
from budget_watch.digest.writing import Row
from budget_watch.views import Figure, Query, Unit
from budget_watch.views import formats as fmt
from budget_watch.views.figure import Origin

_ALONE = "未并入议题"


def put_session(made: Gatherer, asked: Asked) -> None:
    """Counts, topics with their answers, and every opinion in its author's own words.

    Raises:
        DigestRefusedError: no such session, or it is not this reader's to see whole.
    """
    actor = Actor(asked.grant, role_title(asked.home, asked.grant.role or ""))
    desk, one = CongressDesk.of(asked.home), _session(asked, actor)
    if not reads(desk, actor, one):
        raise DigestRefusedError(f"会次 {one.id} 的汇总由工作机构编写。")
    given = given_in(asked.home, one.id)[::-1]
    questions = questions_of(asked.home, given[::-1])
    made.words |= _words(one, given)
    _put_counts(made, asked, one, given, questions)
    made.lists["session.topics"] = [_topic(made, asked, one, each) for each in questions]
    made.lists["session.answered"] = [
        row
        for row, each in zip(made.lists["session.topics"], questions, strict=True)
        if each.answers
    ]
    made.lists["session.waiting"] = [
        row
        for row, each in zip(made.lists["session.topics"], questions, strict=True)
        if not each.answers
    ]
    made.lists["session.opinions"] = _opinions(one, given, questions)
    put_demands(made, asked, "session.demands")


def _session(asked: Asked, actor: Actor) -> Congress:
    try:
        return get_congress(asked.home, actor, asked.subject, asked.period.span.end)
    except UnknownCongressError as error:
        raise DigestRefusedError(str(error)) from error


def _words(one: Congress, given: Sequence[Given]) -> dict[str, str]:
    span = f"{fmt.day_sentence(one.since)}至{fmt.day_sentence(one.until)}"
    until = f"收到至{_hour(given[-1].at)}" if given else "没有收到意见"
    return {
        "session.title": one.title,
        "session.number": one.id,
        "session.days": span,
        "session.as_of": until,
    }


def _hour(at: str) -> str:
    return f"{datetime.fromisoformat(at).astimezone(HERE):%Y-%m-%d %H:%M}"


def _put_counts(
    made: Gatherer,
    asked: Asked,
    one: Congress,
    given: Sequence[Given],
    questions: Sequence[Question],
) -> None:
    counts = tally(one.delegations, given, questions, datetime.fromisoformat(one.at))
    deputies = sum(each.part == DEPUTY for each in one.members)
    answered = [each for each in questions if each.answers]
    numbers = {
        "given": ("意见", counts.given),
        "people": ("提出意见的代表", len({each.opinion.author for each in given})),
        "deputies": ("出席名单上的代表", deputies),
        "delegations": ("代表团", len(one.delegations)),
        "topics": ("议题", len(questions)),
        "merged": ("并入议题的意见", counts.merged),
        "alone": ("未并入议题的意见", counts.given - counts.merged),
        "answered": ("已解答的议题", len(answered)),
        "unanswered": ("未解答的议题", len(questions) - len(answered)),
    }
    for key, (label, number) in numbers.items():
        made.put("session.", [_count(asked, one, key, label, number)])
    rows: list[Row] = []
    for at, (name, (many, people)) in enumerate(counts.by_delegation.items(), 1):
        figures = {
            "given": _count(asked, one, f"d{at}.given", f"{name}的意见", many, name),
            "people": _count(asked, one, f"d{at}.people", f"{name}提出意见的代表", people, name),
        }
        rows.append(made.row("session.", name, **figures))
    made.lists["session.delegations"] = rows


def _count(
    asked: Asked, one: Congress, key: str, label: str, number: int, delegation: str = ""
) -> Figure:
    origin = Origin(one.mof_div_code, "本级", "会次意见库", one.title, asked.desk.snapshot)
    where: tuple[tuple[str, str, str], ...] = (("congress", "=", one.id),)
    where += (("delegation", "=", delegation),) if delegation else ()
    query = Query("congress_opinion", "*", where)
    return Figure(key, label, Unit.COUNT, number, origin, "件数", (query,))


def _topic(made: Gatherer, asked: Asked, one: Congress, each: Question) -> Row:
    who = Counter(given.delegation for given in each.given)
    said = "".join(
        f"{n}．{one_line(given.opinion.text)}（{given.delegation} {given.opinion.author_name}）"
        for n, given in enumerate(each.given, 1)
    )
    count = _count(asked, one, f"topic.{each.topic}", f"{each.title}的意见", len(each.given))
    row = made.row("session.", each.title, count=count)
    return {
        **row,
        "number": each.topic,
        "who": "、".join(f"{name}{many}件" for name, many in who.items()),
        "texts": said,
        "state": state_of(each),
        "answers": "".join(f"{one_line(a.text)}（{_hour(a.at)}）" for a in each.answers),
    }


def state_of(each: Question) -> str:
    """已解答, 已转 with its hour, or 未转: what does not depend on when it is read."""
    if each.answers:
        return "已解答"
    return "未转" if each.due_at is None else f"已转，{_hour(each.due_at)}前解答"


def _opinions(one: Congress, given: Sequence[Given], questions: Sequence[Question]) -> list[Row]:
    """Every opinion, delegation by delegation, in the order it came."""
    titles = {each.topic: each.title for each in questions}
    order = {name: at for at, name in enumerate(one.delegations)}
    rows = sorted(given, key=lambda each: order.get(each.delegation, len(order)))
    return [
        {
            "name": each.delegation,
            "number": each.opinion.id,
            "author": each.opinion.author_name,
            "text": one_line(each.opinion.text),
            "topic": titles.get(each.opinion.topic or "", _ALONE),
        }
        for each in rows
    ]
