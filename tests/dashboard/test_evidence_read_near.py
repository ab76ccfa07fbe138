"""A finding's evidence is the same whether files that cannot hold it are left out or not."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from budget_watch.access import Grant
from budget_watch.casework.findings import list_findings
from budget_watch.engine.evidence import Evidence
from budget_watch.engine.load import load_book
from budget_watch.lake import Home, Reader, Snapshot, bloom
from budget_watch.views.judgement import explained

GRANT = Grant.operator("看板")


def test_evidence_is_the_same(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    snapshot = Snapshot.latest(home)
    assert snapshot is not None
    bloom.build(home, snapshot)
    asked: list[tuple[str, int | None, tuple[str, str] | None]] = []
    scan = Reader.scan

    def noted(self: Reader, name: str, year: int | None = None, key=None) -> pl.LazyFrame:
        if year is not None or key is not None:
            asked.append((name, year, key))
        return scan(self, name, year, key)

    monkeypatch.setattr(Reader, "scan", noted)
    near = _evidence(home)
    assert {name for name, *_ in asked} & {"payment"}
    monkeypatch.setattr(Reader, "scan", lambda self, name, *near: scan(self, name))
    everything = _evidence(home)
    assert len(near) == len(everything) > 10
    for finding, told in everything.items():
        assert _plain(near[finding]) == _plain(told), finding


def _evidence(home: Home) -> dict[str, Evidence | None]:
    book, reader = load_book(Path("rules")), Reader(home, GRANT)
    found = {
        each.finding: explained(home, reader, book, each) for each in list_findings(home, GRANT)
    }
    return {name: said.evidence for name, said in found.items() if said is not None}


def _plain(found: Evidence | None) -> object:
    if found is None:
        return None
    return found.source, found.rows.rows(), found.count, found.total, found.value, found.outside
