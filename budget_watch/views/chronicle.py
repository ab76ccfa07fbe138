"""大事记: what happened in a year, a line each: meetings, nodes, 决议事项, letters to departments.

Each room is asked under the reader's grant; what is not theirs is neither listed nor counted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from budget_watch.casework.cases import HERE, Actor, Desk, list_cases
from budget_watch.lake import Home, Reader
from budget_watch.meetings.agenda import list_agenda
from budget_watch.meetings.demands import DemandDesk, list_demands
from budget_watch.views.supervision_year import Standing

MEETING, NODE, DEMAND, LETTER, DIGEST = "会议", "节点", "决议事项", "转交", "季刊"
KINDS = (MEETING, NODE, DEMAND, LETTER, DIGEST)
_SHOWN = frozenset(("register", "hand_over", "report", "evaluate", "again", "close"))


@dataclass(frozen=True)
class Event:
    """Something that happened.

    Attributes:
        at: parts of the page where one goes on: (`agenda`, `HY202601`).
        note: what came of it, or what it rests on.
    """

    day: date
    kind: str
    title: str
    at: tuple[str, ...]
    note: str = ""


def events(
    home: Home, reader: Reader, actor: Actor, standings: Sequence[Standing], year: int
) -> list[Event]:
    """What happened in a calendar year up to now, the latest first.

    Args:
        standings: the year's nodes as they stand.
    """
    found = [
        *_meetings(reader, actor),
        *_nodes(standings),
        *_demands(home, actor),
        *_letters(home, actor),
    ]
    return sorted(
        (each for each in found if each.day.year == year),
        key=lambda each: (each.day, KINDS.index(each.kind), each.title),
        reverse=True,
    )


def _meetings(reader: Reader, actor: Actor) -> Iterator[Event]:
    if reader.snapshot is None:
        return
    today = reader.snapshot.biz_date
    for item in list_agenda(reader, actor):
        if item.held <= today:
            said = item.outcome or item.resolution
            yield Event(
                item.held, MEETING, f"{item.meeting}：{item.title}", ("agenda", item.id), said
            )


def _nodes(standings: Sequence[Standing]) -> Iterator[Event]:
    """A node once: on the day its last entry was done, however many departments it has."""
    for each in standings:
        done = [entry for entry in each.entries if entry.done is not None]
        days = sorted(entry.done for entry in done if entry.done is not None)
        if not days:
            continue
        part = f"（{each.part}）" if each.part else ""
        count, whole = len(done), len(each.entries)
        told = [f"{count}项，{days[0]:%m-%d}至{days[-1]:%m-%d}"] if count > 1 else []
        told += [f"还有{whole - count}项没有登记完成"] if whole > count else []
        late = max(entry.behind for entry in done)
        told += [f"最多晚{late}天"] if late else []
        yield Event(days[-1], NODE, f"{each.node.title}{part}", ("calendar",), "，".join(told))


def _demands(home: Home, actor: Actor) -> Iterator[Event]:
    flow = DemandDesk.of(home).flow
    for one in list_demands(home, actor):
        text = one.text if len(one.text) <= 40 else f"{one.text[:39]}…"
        yield Event(one.decided, DEMAND, f"{one.source}提出：{text}", ("resolution", one.id))
        for act in one.acts:
            step = flow.step.get(act.step)
            if step is None or act.step not in _SHOWN:
                continue
            word = f"（{act.given['word']}）" if "word" in act.given else ""
            title = f"{step.title}{word}：{text}"
            yield Event(_day(act.at), DEMAND, title, ("resolution", one.id))


def _letters(home: Home, actor: Actor) -> Iterator[Event]:
    flow = Desk.of(home).flow
    for case in list_cases(home, actor):
        for act in case.acts:
            if act.transition == "transfer" and "number" in act.given:
                title = f"{flow.transition[act.transition].title}：{case.title}"
                yield Event(
                    _day(act.at), LETTER, title, ("case", case.id), str(act.given["number"])
                )


def _day(at: str) -> date:
    return datetime.fromisoformat(at).astimezone(HERE).date()
