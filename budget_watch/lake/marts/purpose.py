"""use_key 用途归并词: purposes that mean the same, written the same.

Digits, words of period, punctuation and spaces go; what stays is compared for equality, which is
what rules on repeated or split payments ask for instead of string distances.
"""

from __future__ import annotations

import polars as pl

_PERIODS = (
    r"(?:本|上|下|当|去|今|前|后|同|第|全)?"
    r"(?:[一二三四五六七八九十〇零两\d]+[、—\-至到~～]?)*"
    r"(?:年度|季度|月份|半年|学期|学年|年|月|季|日|号|批次|批|次|期|旬|周|轮)"
)
# Words that a single 年 or 月 must not be cut out of are rare in purposes; equality of keys is what
# counts, and every purpose is cut alike.
_NUMBERED = r"[（(][一二三四五六七八九十\d]+[)）]"
_NOISE = r"[\s\d\p{P}\p{S}]+"


def use_key(text: pl.Expr) -> pl.Expr:
    """The canonical purpose; null where there is none, `` where nothing is left."""
    return (
        text.str.replace_all(_NUMBERED, "")
        .str.replace_all(_PERIODS, "")
        .str.replace_all(_NOISE, "")
    )
