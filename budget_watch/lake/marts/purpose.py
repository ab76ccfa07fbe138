"""Texts of payments written the same way: purposes that mean the same, words that can be found.

use_key 用途归并词: purposes that mean the same, written the same.

Digits, words of period, punctuation and spaces go; what stays is compared for equality, which is
what rules on repeated or split payments ask for instead of string distances.
"""

from __future__ import annotations

import polars as pl

_NUMBER = r"[一二三四五六七八九十〇零两\d]+(?:[、—\-至到~～][一二三四五六七八九十〇零两\d]+)*"
_PERIODS = "|".join(
    (
        rf"第?{_NUMBER}(?:年度|年|季度|季|月份|个月|月|日|旬|批次|批|学期|学年)",
        rf"第{_NUMBER}(?:次|期|轮|周|笔|号)",
        r"[本上下当今去全](?:年度|年|季度|季|月份|月|半年|学期|学年|旬|周|期|批)",
        r"年度|季度|月份|半年|学年|学期",
    )
)
_NUMBERED = r"[（(][一二三四五六七八九十\d]+[)）]"
_NOISE = r"[\s\d\p{P}\p{S}]+"


def use_key(text: pl.Expr) -> pl.Expr:
    """The canonical purpose; null where there is none, `` where nothing is left."""
    return (
        text.str.replace_all(_NUMBERED, "")
        .str.replace_all(_PERIODS, "")
        .str.replace_all(_NOISE, "")
    )


def use_text(text: pl.Expr) -> pl.Expr:
    """The purpose without spaces and punctuation, full-width signs made narrow.

    Digits and words of period stay: two purposes with one `use_key` and different `use_text` differ
    in number or period alone.
    """
    return text.str.normalize("NFKC").str.replace_all(r"[\s\p{P}\p{S}]+", "").str.to_lowercase()


_VERBS = r"^(?:本次|现|申请|关于|办理|支付|拨付|给付|付给|付|结算|缴纳|报销|用于)+"
_ENDS = r"(?:等?(?:费用|费|款项|款|经费|资金|支出|开支|结算|支付|一批|一次|等))+$"


def use_core(text: pl.Expr) -> pl.Expr:
    """The purpose without the words that only say that something is paid.

    支付档案整理服务费, 档案整理服务费用 and 档案整理服务款 are one; numbers, periods and stages
    (首付款, 尾款) still tell apart. Where nothing else is left, the whole `use_text`.
    """
    plain = use_text(text)
    bare = plain.str.replace(_VERBS, "").str.replace(_ENDS, "")
    return pl.when(bare.str.len_chars() >= 2).then(bare).otherwise(plain)


def plain_text(text: pl.Expr) -> pl.Expr:
    """The text to search for words: full-width signs narrow, small letters, no spaces.

    Punctuation stays, so that the words on both its sides stay two. Rules look for words in this;
    `engine.lists.plain` writes the words of their lists the same way.
    """
    return text.str.normalize("NFKC").str.to_lowercase().str.replace_all(_SPACES, "")


_SPACES = r"[\s\u200b\u200c\u200d\u2060\ufeff]+"
