"""The Delta log of one table: create, commit, compare with what was published, restore.

Nothing else in the house imports deltalake. Logs and files are kept for ever (design §7); only
`prune` may remove them.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl
from deltalake import CommitProperties, DeltaTable, PostCommitHookProperties, Schema
from deltalake.transaction import AddAction, RemoveAction

from budget_watch.lake.errors import DamagedError
from budget_watch.lake.files import File, make_durable
from budget_watch.lake.layout import Layout

CONFIGURATION = {
    "delta.enableExpiredLogCleanup": "false",
    "delta.logRetentionDuration": "interval 36500 days",
    "delta.deletedFileRetentionDuration": "interval 36500 days",
    "delta.checkpointInterval": "100",
}
_HOOKS = PostCommitHookProperties(create_checkpoint=True, cleanup_expired_logs=False)


def head(folder: Path) -> int | None:
    """The newest version in the log, told from file names alone; None where there is no log."""
    log = folder / "_delta_log"
    versions = [int(path.stem) for path in log.glob("*.json") if path.stem.isdigit()]
    return max(versions, default=None)


def commit(
    folder: Path,
    layout: Layout,
    published: Sequence[File],
    files: Sequence[File],
    metadata: Mapping[str, Any],
) -> int:
    """Make `files` the table's content in one version, durably, and return its number.

    Args:
        folder: the table's folder; the table is created where there is none.
        published: the content of the published version.
        files: the content to be; what is new of it is already written and durable.
        metadata: what stands in the commit (batch ids, epoch, owner).
    """
    table = _opened(folder, layout)
    # The head should be the published version. If a writer that had lost its lease committed late,
    # its files go with this commit.
    at_head = _paths(table)
    wanted, before = {file.path for file in files}, {file.path: file for file in published}
    added = [file for file in files if file.path not in at_head]
    removed = [before.get(path) or File(path, 0, 0) for path in sorted(at_head - wanted)]
    now = int(time.time() * 1000)
    actions: list[AddAction | RemoveAction] = [
        AddAction(
            path=file.path,
            size=file.size,
            partition_values=layout.partition_values(file.part),
            modification_time=now,
            data_change=True,
            stats=json.dumps({"numRecords": file.rows}),
        )
        for file in added
    ]
    actions += [
        RemoveAction(
            path=file.path,
            data_change=True,
            deletion_timestamp=now,
            size=file.size,
            partition_values=layout.partition_values(file.part),
        )
        for file in removed
    ]
    table.create_write_transaction(
        actions,
        mode="append",
        schema=_arrow(layout.schema),
        partition_by=list(layout.partitions),
        commit_properties=CommitProperties(custom_metadata=dict(metadata)),
        post_commithook_properties=_HOOKS,
    )
    _flush_log(folder)
    table.update_incremental()
    return int(table.version())


def join_appended(folder: Path, many: int, grace_hours: float) -> bool:
    """Join the files of a table that is only added to, if there are many; say whether.

    Files that were joined leave the disk by a later call, when the grace has passed.
    """
    table = DeltaTable(folder)
    joined = len(table.file_uris()) >= many
    if joined:
        table.optimize.compact(post_commithook_properties=_HOOKS)
        new = [Path(uri.removeprefix("file://")) for uri in table.file_uris()]
        make_durable(new)
        _flush_log(folder)
    table.vacuum(max(1, int(grace_hours)), dry_run=False, enforce_retention_duration=False)
    return joined


def restore(folder: Path, version: int | None, files: Iterable[File]) -> int:
    """Bring the head back to the content of a published version; return the head's number.

    Args:
        version: the published version, None where the table was never published.
        files: what the ledger says that version holds.

    Raises:
        DamagedError: after restoring, Delta and the ledger do not name the same files.
    """
    table = DeltaTable(folder)
    wanted = {file.path for file in files}
    if _paths(table) != wanted:
        # Version 0 is always the empty table: creation is a commit of its own.
        table.restore(0 if version is None else version)
        _flush_log(folder)
    if _paths(table) != wanted:
        raise DamagedError(
            f"{folder} 的 Delta 日志与台账不符（已发布版本 {version}）。"
            "请从备份恢复这个文件夹后再运行。"
        )
    return int(table.version())


def _opened(folder: Path, layout: Layout) -> DeltaTable:
    if head(folder) is None:
        folder.mkdir(parents=True, exist_ok=True)
        table = DeltaTable.create(
            folder,
            schema=_arrow(layout.schema),
            partition_by=list(layout.partitions),
            name=layout.name,
            description=layout.contract.title,
            configuration=dict(CONFIGURATION),
        )
        make_durable([folder / "_delta_log" / f"{0:020}.json"])
        return table
    table = DeltaTable(folder)
    known = {field.name for field in table.schema().fields}
    missing = [name for name in layout.schema if name not in known]
    if missing:  # the contract has grown since the table was created
        more = pl.Schema({name: layout.schema[name] for name in missing})
        table.alter.add_columns(list(Schema.from_arrow(_arrow(more)).fields))
    return table


def _paths(table: DeltaTable) -> set[str]:
    root = table.table_uri.rstrip("/") + "/"
    prefix = root.removeprefix("file://")
    return {uri.removeprefix("file://").removeprefix(prefix) for uri in table.file_uris()}


def _flush_log(folder: Path) -> None:
    log = folder / "_delta_log"
    newest = sorted(log.iterdir())[-3:]
    make_durable(newest)


def _arrow(schema: pl.Schema) -> Any:
    return pl.DataFrame(schema=schema).to_arrow().schema
