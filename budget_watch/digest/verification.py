"""What verifying a report came to: each thing that is not as it was built, and the whole."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

DIFFERS, ALTERED, ADDED, MISSING = "differs", "altered", "added", "missing"
LEDGER, UNREGISTERED, LAKE, MOVED = "ledger", "unregistered", "lake", "moved"
KINDS = {
    LAKE: "数据已变",
    DIFFERS: "重算不同",
    ALTERED: "文字被改",
    ADDED: "人工添加",
    MISSING: "已删去",
    LEDGER: "清单被改",
    UNREGISTERED: "没有登记",
    MOVED: "此后有变化",
}


@dataclass(frozen=True)
class Told:
    """One thing that is not as it was built.

    Attributes:
        kind: one of KINDS. key, label: of the figure, empty where it is about none.
        places: where it is printed: chapter, or chapter and cell of a table.
        sentence: as it stands in the file (`MISSING`: as it was built).
        printed: in the file. was: in the file's ledger, exact. now: as recomputed, exact.
        message: a sentence for people.
    """

    kind: str
    message: str
    key: str = ""
    label: str = ""
    places: tuple[str, ...] = ()
    sentence: str = ""
    printed: str = ""
    was: str = ""
    now: str = ""

    def record(self) -> dict[str, Any]:
        """The JSON object of the `digest verify` command."""
        return {
            "kind": self.kind,
            "title": KINDS[self.kind],
            "figure": self.key,
            "label": self.label,
            "places": list(self.places),
            "sentence": self.sentence,
            "printed": self.printed,
            "was": self.was,
            "now": self.now,
            "message": self.message,
        }


@dataclass(frozen=True)
class Verification:
    """What came of it.

    Attributes:
        snapshot: that the report was built from. against: that it was held against.
        issue: number of the registered issue whose ledger the file carries; None where none does.
        figures: how many stand in the ledger. agree: how many of them came out the same.
    """

    report: str
    period: str
    snapshot: str
    against: str
    issue: int | None
    figures: int
    agree: int
    told: tuple[Told, ...] = field(repr=False)

    @property
    def sound(self) -> bool:
        """Whether nothing was found but that findings and their handling went on since."""
        return all(each.kind == MOVED for each in self.told)

    def count(self, kind: str) -> int:
        """How many of a kind."""
        return sum(each.kind == kind for each in self.told)

    def record(self) -> dict[str, Any]:
        """The summary of the `digest verify` command."""
        return {
            "report": self.report,
            "period": self.period,
            "snapshot": self.snapshot,
            "against": self.against,
            "issue": self.issue,
            "figures": self.figures,
            "agree": self.agree,
            **{kind: self.count(kind) for kind in KINDS},
        }

    @property
    def sentence(self) -> str:
        """What came of it, for people."""
        on = "" if self.against == self.snapshot else f"（按快照 {self.against}）"
        said = f"{self.figures}个数字从数据重算{on}，{self.agree}个相同"
        parts = [f"{name}{self.count(kind)}处" for kind, name in KINDS.items() if self.count(kind)]
        return f"{said}；{'，'.join(parts)}。" if parts else f"{said}；文字与生成时一致。"
