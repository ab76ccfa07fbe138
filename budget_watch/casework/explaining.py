"""Everything a finding stands on, as one reader may see it.

The evidence is looked up with the stored values as they are, for a hidden account matches
no row; only then are natural persons hidden, and rows outside the scope were never read.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from budget_watch.access import Grant, Mask
from budget_watch.casework.checking import law_texts
from budget_watch.casework.evidence_outside import as_stored, with_outside
from budget_watch.casework.findings import Finding, get_finding
from budget_watch.casework.hiding import hidden
from budget_watch.engine import Book
from budget_watch.engine.evidence import Evidence
from budget_watch.engine.explain import Explanation, explain
from budget_watch.engine.names import Names
from budget_watch.engine.to_sql import text
from budget_watch.lake import Home, Reader, Snapshot
from budget_watch.lake.layout import layout
from budget_watch.lake.masking import masked


def explained(home: Home, grant: Grant, book: Book, finding: str | Finding) -> Explanation:
    """Explain a finding from the snapshot of the run that last saw it.

    Args:
        home: the installation.
        grant: who reads: rows outside its scope are not there, persons are hidden as it says.
        book: the rule book.
        finding: the finding or its id (at least 8 digits of it).

    Raises:
        UnknownFindingError: none such in the reader's scope.
        RunError: its rule is no longer in the book.
    """
    open_grant = replace(grant, mask=Mask.NONE)
    known = finding if isinstance(finding, str) else finding.finding
    whole = get_finding(home, open_grant, known)
    seen = whole.observation
    snapshot = Snapshot.get(home, seen["snapshot"])
    reader = Reader(home, open_grant, snapshot)
    names = Names(reader, date.fromisoformat(str(seen["as_of"])))
    texts = law_texts(home.root, book.laws)
    found = explain(reader, book, as_stored(seen), texts, names)
    found = with_outside(home, grant, book, found, seen, snapshot)
    if grant.mask is Mask.NONE:
        return found
    return replace(
        found,
        message=whole.message,
        measures=tuple(_hide_measure(each, seen) for each in found.measures),
        evidence=None if found.evidence is None else _hide_rows(found.evidence),
    )


def _hide_measure(measure: Any, seen: dict[str, Any]) -> Any:
    sql = _hide_constants(measure.sql, {**seen["values"], **seen["grain"]})
    shown = hidden(seen["values"]).get(measure.name)
    if shown == seen["values"].get(measure.name):
        return replace(measure, sql=sql)
    return replace(measure, value=shown, text=str(shown), sql=sql)


def _hide_constants(sql: str, values: dict[str, Any]) -> str:
    """The query with names and accounts of natural persons hidden in its constants."""
    for name, shown in hidden(values).items():
        if shown != values[name]:
            sql = sql.replace(text(str(values[name])), text(str(shown)))
    return sql


def _hide_rows(evidence: Evidence) -> Evidence:
    contract = layout(evidence.source).contract
    changes = masked(contract, frozenset(evidence.rows.columns))
    return replace(evidence, rows=evidence.rows.with_columns(changes)) if changes else evidence
