"""The publishing transaction: everything of a snapshot, or nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

import sqlalchemy as sa

from budget_watch.lake import ledger, quarantine, records
from budget_watch.lake.draft import TableDraft
from budget_watch.lake.home import Home
from budget_watch.lake.lease import Lease
from budget_watch.lake.ledger import Entry
from budget_watch.lake.quarantine import Act
from budget_watch.lake.snapshot import Snapshot
from budget_watch.lake.state import engine, writing


def heads(home: Home) -> dict[str, int]:
    """For each table the Delta version whose content is the published one."""
    with engine(home).connect() as connection:
        return {row.name: row.version for row in connection.execute(sa.select(records.head))}


def record(
    home: Home,
    lease: Lease,
    base: Snapshot | None,
    biz_date: date,
    hashes: Mapping[str, str],
    changed: Mapping[str, tuple[TableDraft, int]],
    made_from: Mapping[str, Mapping[str, Any]],
    entries: Sequence[Entry],
    acts: Sequence[Act] = (),
    covered: Sequence[Entry] = (),
) -> str:
    """Write snapshot, versions, batches and coverage in one transaction; return the snapshot's id.

    Raises:
        LeaseError: the lease is not this writer's any more; nothing was written.
    """
    with writing(home) as connection:
        lease.check(connection)
        seq = 1 + (connection.execute(sa.select(sa.func.max(records.snapshot.c.seq))).scalar() or 0)
        snapshot_id = _next_id(connection, biz_date)
        connection.execute(
            sa.insert(records.snapshot).values(
                id=snapshot_id,
                seq=seq,
                biz_date=biz_date,
                published_at=datetime.now(UTC),
                epoch=lease.epoch,
                hashes=json.dumps(dict(hashes), sort_keys=True, ensure_ascii=False),
            )
        )
        versions = {name: found.version for name, found in base.tables.items()} if base else {}
        for name, (draft, version) in changed.items():
            _write_version(connection, draft, version, made_from.get(name, {}))
            versions[name] = version
        rows = [
            {"snapshot": snapshot_id, "name": name, "version": version}
            for name, version in sorted(versions.items())
        ]
        if rows:
            connection.execute(sa.insert(records.snapshot_table), rows)
        quarantine.write_acts(connection, snapshot_id, acts)
        ledger.write_entries(connection, snapshot_id, entries, versions)
        ledger.write_coverage(connection, seq, [*entries, *covered])
        return snapshot_id


def _next_id(connection: sa.Connection, biz_date: date) -> str:
    column = records.snapshot.c.biz_date
    query = sa.select(sa.func.count()).select_from(records.snapshot).where(column == biz_date)
    return f"S{biz_date:%Y%m%d}-{connection.execute(query).scalar_one() + 1:02}"


def _write_version(
    connection: sa.Connection, draft: TableDraft, version: int, made_from: Mapping[str, Any]
) -> None:
    rows, money = draft.totals()
    name = draft.layout.name
    connection.execute(
        sa.insert(records.table_version).values(
            name=name,
            version=version,
            kind=draft.layout.kind,
            row_count=rows,
            money=json.dumps({column: str(value) for column, value in money.items()}),
            files=json.dumps([file.record() for file in draft.files]),
            made_from=json.dumps(dict(made_from), sort_keys=True),
        )
    )
    connection.execute(sa.delete(records.head).where(records.head.c.name == name))
    connection.execute(sa.insert(records.head).values(name=name, version=version))
