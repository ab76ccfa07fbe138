"""The line that `budget-watch load` gives for each file or sheet."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class LoadLine:
    """What became of a file, or of one sheet's rows for one table.

    rows = stored + quarantined. `refused` means that nothing was stored for the reason given. A
    sheet that is no table (cover, contents) has no table, no rows and a reason, and is not refused.
    `checks` are the contract's relations (parents and children, balances) on what was stored.
    """

    path: str
    sheet: str | None = None
    table: str | None = None
    form: str | None = None
    rows: int = 0
    stored: int = 0
    quarantined: int = 0
    refused: bool = False
    reason: str | None = None
    checks: tuple[dict[str, Any], ...] = field(default=())

    @property
    def must_look(self) -> bool:
        """Whether a person must see this line: something was refused or quarantined."""
        return self.refused or self.quarantined > 0

    def record(self) -> dict[str, Any]:
        """Return the JSON line of design §13, with the checks behind."""
        return {
            "path": self.path,
            "sheet": self.sheet,
            "table": self.table,
            "form": self.form,
            "rows": self.rows,
            "stored": self.stored,
            "quarantined": self.quarantined,
            "refused": self.refused,
            "reason": self.reason,
            "checks": list(self.checks),
        }
