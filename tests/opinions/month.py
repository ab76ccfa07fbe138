"""One office of a busy month of opinions: `month HOME SEED PEOPLE COUNT [DIES_AFTER]`.

Its deputies write, its people take one of the steps that they are offered on any opinion, and each
says so as soon as it is acknowledged: a line of JSON. It ends when COUNT opinions were written, by
whatever office, and each has come to its end; with DIES_AFTER it is killed once so many steps were
acknowledged, wherever its next one has come to by then.
"""

from __future__ import annotations

import itertools
import json
import random
import sys
import threading
from collections.abc import Iterator
from typing import Any

from budget_watch.casework.cases import Actor, today_of
from budget_watch.casework.errors import ActError, StaleError
from budget_watch.lake import Home
from budget_watch.lake.state import engine
from budget_watch.opinions.acting import act, write
from budget_watch.opinions.errors import UnknownOpinionError
from budget_watch.opinions.opinion import Opinion, OpinionDesk, get, select
from budget_watch.opinions.seeing import next_steps
from tests.casework.made_cases import NOW
from tests.casework.month import die_soon, people
from tests.opinions.made_opinions import given_for

# steps that lead on; those that lead back or in circles would make the month endless
ONWARD = {
    *("submit", "register", "propose", "confirm", "hand_over", "receive", "draft_answer"),
    *("issue_answer", "answer", "reply", "rate", "close"),
}
LOOKS = 10  # turns, after which it is looked what others have written


def work(home: Home, seed: int, names: list[str], count: int) -> Iterator[dict[str, object]]:
    """Write and take steps until every opinion has come to its end."""
    dice = random.Random(seed)
    desk, staff, stale = OpinionDesk.of(home), people(names), 0
    deputies = [each for each in staff if each.role == "代表"]
    written: set[str] = set()
    for turn in itertools.count():
        if turn % LOOKS == 0:
            with engine(home).connect() as connection:
                everything = select(connection, desk)
            if len(everything) >= count and all(desk.state(one).final for one in everything):
                break
            written = {one.id for one in everything if not desk.state(one).final}
        if deputies and len(everything) < count and dice.random() < 0.2:
            author = dice.choice(deputies)
            done = write(
                home, author, f"意见{seed}-{turn}", "请说明。", request=f"{seed}-{turn}", now=NOW
            )
            written.add(done.opinion)
            yield _said(done, "write", author)
        if not written:
            continue
        with engine(home).connect() as connection:
            current = get(connection, desk, dice.choice(sorted(written)))
        offered = [] if current is None else list(_offered(desk, staff, current))
        if not offered:
            continue
        one, actor, step = dice.choice(offered)
        given = given_for(step, one.kind) | (
            {"addressee": _place(one)} if step == "hand_over" else {}
        )
        options: dict[str, Any] = {"version": one.version, "request": f"{seed}-{turn}-{step}"}
        try:
            done = act(home, actor, one.id, step, given, now=NOW, **options)
        except StaleError:
            stale += 1
        except (ActError, UnknownOpinionError) as error:
            yield {"refused": f"{one.id} {step} {actor.role}: {error}"}
        else:
            yield _said(done, step, actor)
    yield {"stale": stale}


def _offered(
    desk: OpinionDesk, staff: list[Actor], one: Opinion
) -> Iterator[tuple[Opinion, Actor, str]]:
    for actor in staff:
        for step in next_steps(desk, actor, one, today_of(NOW)):
            if step.id in ONWARD and not (step.id == "rate" and one.ratings):
                yield one, actor, step.id


def _place(one: Opinion) -> str:
    """The department that answers: by its number, the same whoever hands it over."""
    return str(101 + int(one.id[-4:]) % 2)


def _said(done: Any, step: str, actor: Actor) -> dict[str, object]:
    return {"case": done.opinion, "version": done.version, "step": step, "user": actor.user}


def main() -> None:
    """Work, and say each step."""
    root, seed, names, count = sys.argv[1:5]
    dies_after = int(sys.argv[5]) if len(sys.argv) > 5 else None
    steps = work(Home(root), int(seed), names.split(","), int(count))
    for number, told in enumerate(steps, 1):
        sys.stdout.write(json.dumps(told, ensure_ascii=False) + "\n")
        sys.stdout.flush()
        if number == dies_after:
            threading.Thread(target=die_soon).start()
    if dies_after is not None:  # the others were quicker
        die_soon()


if __name__ == "__main__":
    main()
