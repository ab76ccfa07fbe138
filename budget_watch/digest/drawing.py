"""A picture as a list of rectangles, lines and words; `svg` and `emf` write the same one.

Lengths are in drawing units, origin upper left. Vector in every format, no font and no browser
needed to make it: the width of a text is reckoned (a Chinese character is as wide as it is high,
a digit 0.55 of it) and handed to the reader's program glyph by glyph.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

INK = "#1B2430"
NOTE = "#5C6774"
HAIRLINE = "#D5DAE0"
ACTUAL = "#24425F"
BEFORE = "#B4C0CC"
OUTLINE = "#7D8793"
PAPER = "#FFFFFF"


@dataclass(frozen=True)
class Rect:
    """A box; `stroke` None = no border, `fill` None = hollow."""

    x: float
    y: float
    w: float
    h: float
    fill: str | None = ACTUAL
    stroke: str | None = None
    dashed: bool = False


@dataclass(frozen=True)
class Line:
    """A line through points."""

    points: tuple[tuple[float, float], ...]
    stroke: str = INK
    width: float = 1.0
    dashed: bool = False


@dataclass(frozen=True)
class Words:
    """A text; `y` is its baseline."""

    x: float
    y: float
    text: str
    size: float = 12.0
    anchor: Literal["start", "middle", "end"] = "start"
    colour: str = INK
    bold: bool = False


_NARROW = {".": 0.27, ",": 0.27, ":": 0.27, "-": 0.37, "+": 0.6, "%": 0.86, " ": 0.27}
Shape = Rect | Line | Words


@dataclass
class Drawing:
    """A canvas."""

    width: float
    height: float
    shapes: list[Shape] = field(default_factory=list)

    def add(self, *shapes: Shape) -> None:
        """Draw on top of what is there."""
        self.shapes.extend(shapes)


def advance(character: str) -> float:
    """Width of a character over the font's size (as in 微软雅黑 and 思源黑体)."""
    if character in _NARROW:
        return _NARROW[character]
    return 0.55 if ord(character) < 0x2E80 and character not in "—“”‘’…·" else 1.0


def width(text: str, size: float) -> float:
    """Width of a text in drawing units."""
    return sum(advance(character) for character in text) * size
