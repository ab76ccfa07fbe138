"""Lists of findings kept in memory as long as nothing was recorded and nobody acted.

Every page asks which findings are open, each list is thousands of stored observations to read and
to mask, and they change only with a run or with an act on a case.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from budget_watch.casework import tables as t

if TYPE_CHECKING:
    from budget_watch.casework.findings import Finding

MOST = 15_000  # findings in all lists together, some 5 kB each

_kept: dict[tuple[Any, ...], tuple[Finding, ...]] = {}
_lock = Lock()


def revision(connection: sa.Connection) -> tuple[int, int]:
    """What changes whenever a finding does: the last recorded run and the last act on a case."""
    last = sa.select(
        sa.select(sa.func.max(t.run.c.seq)).scalar_subquery(),
        sa.select(sa.func.max(t.case_act.c.seq)).scalar_subquery(),
    )
    run, act = connection.execute(last).one()
    return run or 0, act or 0


def kept_list(
    connection: sa.Connection,
    query: sa.Select[Any],
    how: object,
    make: Callable[[], list[Finding]],
) -> list[Finding]:
    """The findings of a query, made once for a revision.

    Args:
        how: what else the result depends on: how values are masked.
    """
    asked = query.compile(connection.engine)
    values = repr(sorted(asked.params.items()))
    key = (connection.engine, revision(connection), asked.string, values, how)
    with _lock:
        if key in _kept:
            _kept[key] = found = _kept.pop(key)
            return list(found)
    made = make()
    with _lock:
        _kept[key] = tuple(made)
        while len(_kept) > 1 and sum(len(each) for each in _kept.values()) > MOST:
            del _kept[next(iter(_kept))]
    return made
