"""The units money is delivered and shown in."""

from __future__ import annotations

from enum import StrEnum


class Unit(StrEnum):
    """A unit of money; its value is what people write."""

    FEN = "分"
    YUAN = "元"
    WAN = "万元"
    YI = "亿元"

    @property
    def fen(self) -> int:
        """How many fen one of this unit is."""
        return int(10**self.digits)

    @property
    def digits(self) -> int:
        """How many decimal digits of this unit reach down to one fen."""
        return {"分": 0, "元": 2, "万元": 6, "亿元": 10}[self.value]
