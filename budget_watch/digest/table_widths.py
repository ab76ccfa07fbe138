"""How wide the columns of a table are, in points."""

from __future__ import annotations

from collections.abc import Sequence

from budget_watch.digest.document import Column, Number, Run
from budget_watch.digest.drawing import width


def fitted(
    columns: Sequence[Column], rows: Sequence[Sequence[Run]], total: float, size: float, pad: float
) -> list[float]:
    """Columns by their shares of a total, but no number is broken or touched.

    Args:
        size: of the type. pad: between two columns.
    """
    whole = sum(column.wide for column in columns)
    wide = [total * column.wide / whole for column in columns]
    least = [
        _least(column, [row[at] for row in rows], size) + pad for at, column in enumerate(columns)
    ]
    lack = sum(max(0.0, need - has) for need, has in zip(least, wide, strict=True))
    spare = sum(max(0.0, has - need) for need, has in zip(least, wide, strict=True))
    kept = 1 - min(1.0, lack / spare) if spare else 1.0
    return [
        need + (has - need) * kept if has > need else need
        for need, has in zip(least, wide, strict=True)
    ]


def _least(column: Column, cells: Sequence[Run], size: float) -> float:
    """What a column cannot do without: its longest number, or four characters of text."""
    if not column.numeric:
        return 4 * size
    texts = [cell.text if isinstance(cell, Number) else cell for cell in cells]
    return max((width(text, size) for text in texts), default=0.0)
