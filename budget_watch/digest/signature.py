"""Who signs a report and whom it goes to (签发人, 报送范围), as page one prints them.

GB/T 9704—2012 §7.2.6 puts 签发人 beside the number of the paper, its name in 楷体. What nobody has
said is printed as a blank to be filled in by hand.
"""

from __future__ import annotations

from dataclasses import dataclass

from budget_watch.digest.errors import DigestError

PENDING = "待签发"
SIGNER, REACH = "签发人", "报送范围"
_LONGEST = {SIGNER: 40, REACH: 200}


@dataclass(frozen=True)
class Signature:
    """What is known of it; empty where it is not.

    Attributes:
        signer: names, as they are to stand on paper. reach: bodies or people it is sent to.
    """

    signer: str = ""
    reach: str = ""

    @property
    def printed(self) -> dict[str, str]:
        """签发人 and 报送范围 as printed, with the blanks."""
        return {SIGNER: self.signer or PENDING, REACH: self.reach or PENDING}

    def or_else(self, other: Signature) -> Signature:
        """This one, its blanks filled from another."""
        return Signature(self.signer or other.signer, self.reach or other.reach)


UNSIGNED = Signature()


def signature(signer: str | None, reach: str | None) -> Signature:
    """What somebody wrote, on one line each.

    Raises:
        DigestError: longer than page one has room for.
    """
    told = {SIGNER: " ".join((signer or "").split()), REACH: " ".join((reach or "").split())}
    for name, text in told.items():
        if len(text) > _LONGEST[name]:
            raise DigestError(f"{name}至多{_LONGEST[name]}个字，现在是{len(text)}个。")
    return Signature(told[SIGNER], told[REACH])
