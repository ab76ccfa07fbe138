"""The Grant: what one reader may see, and why they look.

Every read in budget_watch takes one. The lake filters rows by the scope and
masks names and accounts of natural persons before a frame leaves it, so a page,
an export or a digest cannot forget.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum


class Mask(Enum):
    """Which personal columns are hidden from the reader."""

    NONE = "none"
    PERSONS = "persons"


@dataclass(frozen=True)
class Scope:
    """Rows a reader may see; ``None`` means no limit in that direction.

    Attributes:
        regions: ``mof_div_code`` values, 9 digits.
        departments: ``dept_code`` values.
    """

    regions: frozenset[str] | None = None
    departments: frozenset[str] | None = None

    @property
    def key(self) -> str:
        """A stable text of the scope, for caches and the audit log."""
        parts = (self.regions, self.departments)
        return "/".join("*" if part is None else ",".join(sorted(part)) for part in parts)


@dataclass(frozen=True)
class Grant:
    """Scope, mask and purpose of one reader's reads.

    Attributes:
        user: who reads; goes to the audit log.
        purpose: why, in a few words.
        scope: rows they may see.
        mask: personal columns hidden from them. Hiding is the default.
    """

    user: str
    purpose: str
    scope: Scope = field(default_factory=Scope)
    mask: Mask = Mask.PERSONS

    @classmethod
    def operator(cls, purpose: str) -> Grant:
        """The person at this machine's keyboard: everything in scope, persons masked."""
        return cls(user="operator", purpose=purpose)

    @classmethod
    def system(cls, purpose: str) -> Grant:
        """The machine's own work (marts, rules): unmasked, never shown to anybody."""
        return cls(user="system", purpose=purpose, mask=Mask.NONE)

    @property
    def key(self) -> str:
        """A stable text of what the grant lets through; two equal keys see the same rows."""
        return f"{self.scope.key}|{self.mask.value}"
