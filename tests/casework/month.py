"""One office of a busy month, as a process: `month HOME SEED PEOPLE FINDINGS [DIES_AFTER]`.

Its people look at any case, take one of the steps that they are offered, and say so as soon as it
is acknowledged: a line of JSON each. It ends when every case has come to an end; with DIES_AFTER
it is killed once so many steps were acknowledged, wherever its next one has come to by then.
"""

from __future__ import annotations

import itertools
import json
import os
import random
import signal
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime

from budget_watch.access import Scope, accounts, assigning
from budget_watch.audit import Who
from budget_watch.casework.accounts import store_of
from budget_watch.casework.acting import act, rate
from budget_watch.casework.cases import Actor, Desk, get_case, next_steps, unratable
from budget_watch.casework.errors import ActError, StaleError, UnknownCaseError
from budget_watch.lake import Home
from tests.casework.made_cases import GIVEN, NOW, id_of, number_for, person

# steps that lead on; those that lead back or in circles would make the month endless
ONWARD = {
    *("take", "uphold", "dismiss", "draft", "review", "sign", "transfer", "receive", "start"),
    *("draft_answer", "check_answer", "issue_answer", "answer", "examine", "close"),
}

OVERSEER = person("overseer", "审核")
CODES = {
    **{"经办": "clerk", "审核": "reviewer", "签发": "signer", "代表": "deputy"},
    **{"财政归口": "finance", "主管部门": "supervisor", "单位经办": "unit_clerk"},
    **{"单位财务负责人": "unit_finance", "单位负责人": "unit_head"},
}


def people(names: list[str]) -> list[Actor]:
    """`经办:3` is the third person of a role; `单位经办:3@101` of a department."""
    made = []
    for name in names:
        role, _, rest = name.partition(":")
        number, _, department = rest.partition("@")
        own = frozenset({department}) if department else None
        made.append(person(f"{CODES[role]}{number}", role, own))
    return made


def have_accounts(home: Home, names: Iterable[str]) -> None:
    """These people get accounts and their roles, so that steps make notices."""
    store, by = store_of(home, lambda: NOW), Who("operator", "", "", "test")
    for name in sorted(set(names)):
        role, _, rest = name.partition(":")
        number, _, department = rest.partition("@")
        user, own = f"{CODES[role]}{number}", frozenset({department})
        scope = Scope(departments=own) if role == "主管部门" else Scope(units=own)
        accounts.add(store, by, user, user)
        assigning.assign(store, by, user, CODES[role], "任职", scope if department else Scope())


def work(home: Home, seed: int, names: list[str], count: int) -> Iterator[dict[str, object]]:
    """Take steps until every case has come to an end."""
    dice = random.Random(seed)
    desk, staff, stale = Desk.of(home), people(names), 0
    now = datetime(2026, 11, 20, 2, tzinfo=UTC)
    for turn in itertools.count():
        if turn % (4 * count) == 0 and _ended(desk, count):
            break
        target = id_of(dice.randint(1, count))
        case = get_case(home, OVERSEER, target)
        deputies = [each for each in staff if each.role == "代表"]
        if deputies and unratable(desk, case) is None and dice.random() < 0.2:
            with suppress(ActError):  # another process may have closed it since
                rate(home, dice.choice(deputies), target, "满意", now=now)
        offered = [
            (actor, step)
            for actor in staff
            for step in next_steps(desk, actor, case)
            if step.id in ONWARD
        ]
        if not offered:
            continue
        actor, step = dice.choice(offered)
        given = {name: GIVEN[name] for name in step.needs} | _address(step.id, case.dept_code)
        given |= {"number": number_for(target)} if "number" in given else {}
        request = f"{seed}-{turn}"
        try:
            done = act(
                home, actor, target, step.id, given, version=case.version, request=request, now=now
            )
        except StaleError:
            stale += 1
        except (ActError, UnknownCaseError) as error:
            yield {"refused": str(error)}
        else:
            yield {"case": done.case, "version": done.version, "step": step.id, "user": actor.user}
    yield {"stale": stale}


def _ended(desk: Desk, count: int) -> bool:
    cases = (get_case(desk.home, OVERSEER, id_of(number)) for number in range(1, count + 1))
    return all(desk.state(case).final for case in cases)


def _address(step: str, department: str | None) -> dict[str, str]:
    return {"addressee": department or "财政"} if step == "draft" else {}


def die_soon() -> None:
    time.sleep(random.Random().uniform(0, 0.02))
    os.kill(os.getpid(), signal.SIGKILL)


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
