"""What a snapshot holds, as one short hash: equal for equal deliveries, whenever they were loaded.

Its id says only the business date and which of that date's publications it is; two installations,
or one set up anew, have the same id for different data.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter

import sqlalchemy as sa

from budget_watch.lake import records
from budget_watch.lake.home import Home
from budget_watch.lake.snapshot import Snapshot, TableVersion
from budget_watch.lake.state import engine


def fingerprint(home: Home, snapshot: Snapshot) -> str:
    """A hash of what was delivered and of what tables and marts hold.

    Of each table and mart: rows and sums of money by month, and a mart's recipe. Of each delivery
    that counts: its slot and the hash of its content. Names of files, versions and times stand
    outside, so a load that was cut off and made again has the same fingerprint.
    """
    known = {
        "calendar": snapshot.hashes.get("calendar", ""),
        "tables": {name: _content(each) for name, each in snapshot.tables.items()},
        "deliveries": _deliveries(home, snapshot),
    }
    text = json.dumps(known, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _content(table: TableVersion) -> dict[str, object]:
    rows: Counter[str] = Counter()
    money: Counter[str] = Counter()
    for file in table.files:
        rows[file.part] += file.rows
        for column, total in file.money.items():
            money[f"{file.part}/{column}"] += total
    recipe = table.made_from.get("fingerprint", "")
    return {"rows": {part: n for part, n in rows.items() if n}, "money": money, "recipe": recipe}


def _deliveries(home: Home, snapshot: Snapshot) -> list[tuple[str, str, str]]:
    """(table, slot, hash of the content) of the deliveries that no later one has replaced."""
    batch, published = records.batch.c, records.snapshot.c
    query = (
        sa.select(batch.table_name, batch.id, batch.source_hash)
        .join(records.snapshot, published.id == batch.snapshot)
        .where(
            published.seq <= snapshot.seq,
            batch.outcome == "stored",
        )
        .order_by(batch.seq)
    )
    with engine(home).connect() as connection:
        latest = {(row.table_name, row.id): row.source_hash for row in connection.execute(query)}
    return sorted((table, slot, content) for (table, slot), content in latest.items())
