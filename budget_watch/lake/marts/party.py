"""Names of payers and payees (户名), written the same where they mean the same.

Full width and half width, spaces, brackets and other punctuation, 有限公司 and 有限责任公司, and a
branch (分公司, 支行) at the end make no other party. What is left is compared for equality.
"""

from __future__ import annotations

import polars as pl

_NOISE = r"[\s\p{P}\p{S}]+"
_BRANCHES = (
    (r"公司\p{Han}{1,12}(?:分公司|支公司|分店|办事处|营业部|项目部|经营部)$", "公司"),
    (r"银行\p{Han}{1,16}(?:分行|支行|分理处|营业部|营业室)$", "银行"),
)
_FORM = r"(?:有限责任公司|有限公司|公司)$"
_PERSON = r"^(?:\p{Han}{2,4}|\p{Han}{1,10}(?:[·•‧∙・．.]\p{Han}{1,10})+)$"


def party_key(name: pl.Expr) -> pl.Expr:
    """The canonical name of a party; null where there is none or nothing is left."""
    plain = name.str.normalize("NFKC").str.replace_all(_NOISE, "").str.to_lowercase()
    whole = plain
    for pattern, kept in _BRANCHES:
        whole = whole.str.replace(pattern, kept)
    bare = whole.str.replace(_FORM, "")
    return pl.when(bare != "").then(bare).when(plain != "").then(plain)


def person_shaped(name: pl.Expr) -> pl.Expr:
    """Whether a name looks like a natural person's; false where there is no name.

    Two to four Chinese characters, or parts with a dot between (阿卜杜拉·买买提). Shops of so few
    characters look the same; rules tell them apart by their words.
    """
    plain = name.str.normalize("NFKC").str.replace_all(r"\s+", "")
    return plain.str.contains(_PERSON).fill_null(False)


def account_key(account: pl.Expr) -> pl.Expr:
    """An account number without spaces and hyphens, digits of full width made narrow."""
    return account.str.normalize("NFKC").str.replace_all(r"[\s\-]+", "")


def lead_digit(amount: pl.Expr) -> pl.Expr:
    """The first digit of an amount, 1 to 9, whatever its sign; 0 for nothing."""
    return amount.abs().cast(pl.String).str.slice(0, 1).cast(pl.Int64)
