"""The lake: Delta tables, ledger, leases, snapshots, publishing, marts and reading.

Writing goes through one `Writer` at a time and becomes visible only as a whole, as a published
`Snapshot`; reading goes through a `Reader`, which takes a Grant and never opens a table's head.
Rules, findings and pages live above; source formats and the gate live in `ingest`.
"""

from budget_watch.lake.errors import (
    DamagedError,
    FrameError,
    LakeError,
    LeaseError,
    UnknownSnapshotError,
    UnknownTableError,
)
from budget_watch.lake.home import Home
from budget_watch.lake.ledger import Batch, Coverage
from budget_watch.lake.reader import Reader
from budget_watch.lake.snapshot import Snapshot
from budget_watch.lake.writer import Stored, Writer

__all__ = [
    "Batch",
    "Coverage",
    "DamagedError",
    "FrameError",
    "Home",
    "LakeError",
    "LeaseError",
    "Reader",
    "Snapshot",
    "Stored",
    "UnknownSnapshotError",
    "UnknownTableError",
    "Writer",
]
