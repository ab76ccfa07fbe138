"""What counts as a figure in text: digits without groups, or in groups of three throughout.

One grammar for single cells (`plain_figure`) and whole columns (`plain_expr`). “12,00” and
“1.234,56” are no figures: nobody can say what was meant, so nobody guesses.
"""

from __future__ import annotations

import re
import unicodedata

import polars as pl

_BLANKS = " \t\r\n\v\f\u00a0\u2002\u2003\u2009\u202f\u3000"
_FOLDED = {
    **dict(zip("０１２３４５６７８９．，（）－−–—＋￥", "0123456789.,()----+¥", strict=True)),
    **dict.fromkeys(_BLANKS, " "),
    **dict.fromkeys("\u200b\ufeff", ""),
}
_OUTER = " '"  # Excel writes ' before a number that is to stay text
_GROUPED = "|".join(f"[1-9][0-9]{{0,2}}(?:{mark}[0-9]{{3}})+" for mark in (",", " ", "'"))
_FIGURE = (
    r"^(?:[-+] ?¥?|¥ ?[-+]?)? ?"
    rf"(?:[0-9]*\.?[0-9]+|[0-9]+\.|(?:{_GROUPED})(?:\.[0-9]*)?)"
    r"(?:[eE][-+]?[0-9]+)?$"
)
_BRACKETS = r"^¥? ?\((.+)\)$"
_MARKS = "[,' ¥]"
_FIGURE_RE, _BRACKETS_RE, _MARKS_RE = map(re.compile, (_FIGURE, _BRACKETS, _MARKS))


def plain_figure(text: str) -> str | None:
    """Return the figure as plain digits (`-1234.5`), None where the text is no figure.

    Full-width digits and marks, a leading ¥, a sign, accounting brackets and groups of three
    (comma, blank or apostrophe) are read.
    """
    folded = unicodedata.normalize("NFKC", text)
    folded = "".join(_FOLDED.get(char, char) for char in folded).strip(_OUTER)
    folded = _BRACKETS_RE.sub(r"-\1", folded)
    return _MARKS_RE.sub("", folded) if _FIGURE_RE.match(folded) else None


def plain_expr(source: pl.Expr) -> pl.Expr:
    """Return `plain_figure` of a text column, null where the text is no figure."""
    text = source.str.replace_many(_FOLDED).str.strip_chars(_OUTER).str.replace(_BRACKETS, "-$1")
    return pl.when(text.str.contains(_FIGURE)).then(text.str.replace_all(_MARKS, ""))
