"""The Grant: what one reader may see, and why they look.

Every read in budget_watch takes one. The lake cuts rows to the scope and the window, closes what
is more sensitive or lies deeper, and masks names and accounts of natural persons before a frame
leaves it, so a page, an export or a digest cannot forget. Grants of people are made by
`access.granting`; these classes say only what a grant means.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from enum import Enum
from fnmatch import fnmatchcase

from budget_watch.access.levels import Depth, Reached, Sensitivity


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
        units: ``agency_code`` values, for a unit that may not see its department's others.
    """

    regions: frozenset[str] | None = None
    departments: frozenset[str] | None = None
    units: frozenset[str] | None = None

    @property
    def key(self) -> str:
        """A stable text of the scope, for caches and the audit log."""
        parts = (self.regions, self.departments, self.units)
        return "/".join("*" if part is None else ",".join(sorted(part)) for part in parts)

    @property
    def whole(self) -> bool:
        """Whether there is no limit at all."""
        return self.regions is None and self.own is False

    @property
    def own(self) -> bool:
        """Whether it is cut to departments or units."""
        return self.departments is not None or self.units is not None

    def within(self, other: Scope) -> Scope:
        """What both let through."""
        return Scope(
            _both(self.regions, other.regions),
            _both(self.departments, other.departments),
            _both(self.units, other.units),
        )


def _both(one: frozenset[str] | None, other: frozenset[str] | None) -> frozenset[str] | None:
    if one is None or other is None:
        return other if one is None else one
    return one & other


@dataclass(frozen=True)
class Window:
    """Business dates a reader may see, both ends inclusive; ``None`` means no limit."""

    since: date | None = None
    until: date | None = None

    @property
    def open(self) -> bool:
        """Whether it cuts nothing."""
        return self.since is None and self.until is None

    @property
    def key(self) -> str:
        """A stable text."""
        return f"{self.since or ''}..{self.until or ''}"


@dataclass(frozen=True)
class Opening:
    """What an approval (批准) lifts above the role's own reach.

    Attributes:
        number: of the recorded approval.
        names: tables, marts and rules it is for; `*` stands for any part of a name.
        depth, sensitivity: how far it lifts them.
    """

    number: int
    names: frozenset[str]
    depth: Depth
    sensitivity: Sensitivity

    def lifts(self, name: str) -> bool:
        """Whether it is for this table, mart or rule."""
        return any(fnmatchcase(name, pattern) for pattern in self.names)

    @property
    def key(self) -> str:
        """A stable text."""
        names = ",".join(sorted(self.names))
        return f"{self.number}:{names}:{self.depth.name}:{self.sensitivity.name}"


@dataclass(frozen=True)
class Grant:
    """Scope, reach, mask and purpose of one reader's reads.

    Attributes:
        user: who reads; goes to the audit log.
        purpose: why, in a few words.
        scope: rows they may see.
        mask: personal columns hidden from them. Hiding is the default.
        depth: how deep rows may lie; sums of deeper ones stay visible where a table has them.
        tables, rules: the highest sensitivity of tables and of rules.
        only: tables and rules they are kept to, if they are (an expert's one matter).
        withheld: columns hidden from the role, `table.column` or `*.column`.
        window: business dates they may see.
        findings: how far the handling of a finding must have come; after the transfer, its level
            shows only once it was answered.
        opening: the approval they act under, if any.
        role: in which role they act; None for the local operator and the machine.
        business: whether they see business data at all; administrators do not.
        sums: whether they may see the sum of evidence outside their scope.
        session: number of the session they read in; goes to the audit log.
    """

    user: str
    purpose: str
    scope: Scope = field(default_factory=Scope)
    mask: Mask = Mask.PERSONS
    depth: Depth = Depth.VOUCHER
    tables: Sensitivity = Sensitivity.SENSITIVE
    rules: Sensitivity = Sensitivity.SENSITIVE
    only: frozenset[str] | None = None
    withheld: frozenset[str] = frozenset()
    window: Window = field(default_factory=Window)
    findings: Reached = Reached.FOUND
    opening: Opening | None = None
    role: str | None = None
    business: bool = True
    sums: bool = True
    session: str = ""

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
        parts = (
            self.scope.key,
            self.mask.value,
            self.depth.name,
            self.tables.name,
            self.rules.name,
            "*" if self.only is None else ",".join(sorted(self.only)),
            ",".join(sorted(self.withheld)),
            self.window.key,
            self.findings.name,
            self.opening.key if self.opening else "",
            "business" if self.business else "none",
            "sums" if self.sums else "",
        )
        return "|".join(parts)

    @property
    def whole(self) -> bool:
        """Whether nothing is cut but names of persons: only then may counts of everything show."""
        return (
            self.business
            and self.scope.whole
            and self.window.open
            and self.findings is Reached.FOUND
            and not self.withheld
            and self.only is None
            and self.depth is Depth.VOUCHER
            and self.tables is Sensitivity.SENSITIVE
            and self.rules is Sensitivity.SENSITIVE
        )

    def reach(self, name: str) -> Depth:
        """How deep rows of a table, or the grain of a rule, may lie."""
        if self.opening is not None and self.opening.lifts(name):
            return max(self.depth, self.opening.depth)
        return self.depth

    def may_table(self, name: str, sensitivity: Sensitivity) -> bool:
        """Whether a table or mart of this sensitivity may be read at all."""
        return self._may(name, sensitivity, self.tables)

    def may_rule(self, name: str, sensitivity: Sensitivity, depth: Depth) -> bool:
        """Whether findings of a rule may be read: its sensitivity and the depth of its grain."""
        return self._may(name, sensitivity, self.rules) and depth <= self.reach(name)

    def _may(self, name: str, sensitivity: Sensitivity, highest: Sensitivity) -> bool:
        if not self.business:
            return False
        if self.only is not None and not any(fnmatchcase(name, each) for each in self.only):
            return False
        if self.opening is not None and self.opening.lifts(name):
            highest = max(highest, self.opening.sensitivity)
        return sensitivity <= highest

    def withholds(self, table: str, column: str) -> bool:
        """Whether a column of a table is hidden from the role."""
        return f"{table}.{column}" in self.withheld or f"*.{column}" in self.withheld
