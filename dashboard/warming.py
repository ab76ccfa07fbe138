"""Makes what is slow to make before somebody asks: after the start and after every new snapshot.

Each worker opens, in a thread of low priority, the pages that everybody opens, with the eyes of
those who have accounts: what they read is then kept (`dashboard.context`, `views.cubes`), and a
reader's first page in the morning costs what the second does.
"""

from __future__ import annotations

import fcntl
import gc
import logging
import os
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress

from sqlalchemy.exc import SQLAlchemyError

from budget_watch.access import Grant
from budget_watch.access.accounts import usable
from budget_watch.access.errors import AccessError
from budget_watch.access.granting import capacities, grant_in
from budget_watch.casework.accounts import has_accounts, store_of
from budget_watch.lake import DamagedError, Home, LakeError, Reader, Snapshot, bloom, by_payee
from budget_watch.lake.snapshot import CHINA
from dashboard.app import answer
from dashboard.watching import WARM

PAGES = (
    *("overview", "exec", "alerts", "inbox", "sangong", "transfer", "debt", "assets", "social"),
    *("audit", "draft", "final", "performance", "data", "calendar", "rules", "params", "laws"),
    *("digest", "search?q=%E9%A2%84%E7%AE%97", "lists", "livelihood", "opinions", "exemptions"),
)
GRANTS = 12  # at most so many different ways of seeing
DAYS_BEFORE = 2  # of these the drill's sums are made too, for the way of seeing most share
_EVERY = 20.0  # seconds between two looks for a new snapshot
_NICE = 10

log = logging.getLogger("budget_watch.dashboard")


def keep_warm(home: Home) -> threading.Thread:
    """Start the thread that warms this process for as long as it lives."""
    thread = threading.Thread(target=_warming, args=(home,), name="warming", daemon=True)
    thread.start()
    return thread


def warm(home: Home, grants: Iterable[Grant]) -> None:
    """Open pages as these readers would; what goes wrong shows when somebody opens them.

    Files are held against the ledger once a process (`Reader.scan`): of all tables here, so that no
    reader waits for it.
    """
    reader = Reader(home, Grant.system("看板"))
    for name in reader.snapshot.tables if reader.snapshot else ():
        with suppress(DamagedError):
            reader.scan(name)
    for grant in grants:
        for page in PAGES:
            path, _, query = page.partition("?")
            answer(home, grant, f"/{path}", f"?{query}" if query else "")


def warm_before(home: Home, grant: Grant) -> None:
    """Open the drill as it was known on the days before: what changed since is asked for often."""
    days = sorted({at.astimezone(CHINA).date() for _, _, at in Snapshot.all(home)})
    for day in days[-1 - DAYS_BEFORE : -1]:
        answer(home, grant, "/exec", f"?asof={day}")


def lay_beside(home: Home) -> None:
    """Make what the newest snapshot's files lack: filters of document numbers, payments by payee.

    One process at a time; who comes second finds them made.
    """
    snapshot = Snapshot.latest(home)
    if snapshot is None:
        return
    with (home.cache / "beside.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        bloom.build(home, snapshot)
        by_payee.build(home, snapshot)


def grants_in_use(home: Home) -> list[Grant]:
    """The different ways of seeing that accounts have, those shared by most first.

    The local operator's where nobody must sign in.
    """
    if not has_accounts(home):
        return [Grant.operator("看板")]
    store = store_of(home)
    found = [
        grant_in(store, capacity, "看板")
        for user in sorted(usable(store))
        for capacity in capacities(store, user)
    ]
    shared = Counter(each.key for each in found if each.business)
    first = {each.key: each for each in reversed(found)}
    return [first[key] for key, _ in shared.most_common(GRANTS)]


def _warming(home: Home) -> None:
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)
    seen: set[tuple[str, str]] = set()
    while True:
        try:
            newest = _newest(home)
            new = [each for each in grants_in_use(home) if (newest, each.key) not in seen]
            if newest:
                warm(home, new)
                if not any(mark[0] == newest for mark in seen):
                    lay_beside(home)
                seen = {mark for mark in seen if mark[0] == newest}
                seen |= {(newest, each.key) for each in new}
                for grant in new[:1]:
                    warm_before(home, grant)
                if new:
                    _settle()
                WARM.add((str(home.root), newest))
        except (AccessError, LakeError, SQLAlchemyError, OSError):
            log.exception("warming failed; pages are made when asked for")
        time.sleep(_EVERY)


def _settle() -> None:
    """Leave what is kept alone: a search of it for rubbish makes readers wait for 0.4 s."""
    gc.unfreeze()
    gc.collect()
    gc.freeze()


def _newest(home: Home) -> str:
    known = list(Snapshot.all(home)) if home.exists else []
    return known[-1][0] if known else ""
