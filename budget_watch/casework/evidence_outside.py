"""Evidence outside a reader's scope: one row “其余 n 笔不在您的范围”, and nothing of what is in it.

Rows are counted as the rule took them, by the machine; of the rows themselves nothing leaves here
but their number and, where the reader may know it, their sum. Where a table comes summed or is
closed to the reader, all of its rows are outside.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from budget_watch.access import Grant
from budget_watch.engine import Book
from budget_watch.engine.evidence import Evidence
from budget_watch.engine.explain import Explanation, explain
from budget_watch.lake import Home, Reader, Snapshot
from budget_watch.lake.layout import layout
from budget_watch.lake.letting import letting


def with_outside(
    home: Home,
    grant: Grant,
    book: Book,
    said: Explanation,
    observation: Mapping[str, Any],
    snapshot: Snapshot | str | None,
) -> Explanation:
    """The explanation with the rows that its reader does not see counted.

    Args:
        said: explained under the grant.
        observation: as stored, unmasked.
        snapshot: the one that `said` read.
    """
    found = said.evidence
    if found is None or grant.whole:
        return said
    everything = Reader(home, Grant.system("其余笔数"), snapshot)
    whole = explain(everything, book, as_stored(observation)).evidence
    if whole is None:
        return said
    return replace(said, evidence=_beside(grant, found, whole))


def _beside(grant: Grant, found: Evidence, whole: Evidence) -> Evidence:
    let = letting(grant, layout(found.source)) if found.source != "ledger_coverage" else None
    if let is not None and (let.closed is not None or let.summed is not None):
        found = replace(found, rows=found.rows.clear(), count=0, total=0 if found.measure else None)
    outside = whole.count - found.count
    known = grant.sums and whole.total is not None and found.total is not None
    return replace(
        found,
        outside=outside,
        outside_sum=(whole.total or 0) - (found.total or 0) if known else None,
        value=found.value if known or not outside else None,
    )


def as_stored(seen: Mapping[str, Any]) -> dict[str, Any]:
    """The observation as the engine wrote it: values and grain as text."""
    whole = dict(seen)
    for name in ("values", "grain"):
        if not isinstance(whole[name], str):
            whole[name] = json.dumps(seen[name], ensure_ascii=False, sort_keys=True)
    return whole
