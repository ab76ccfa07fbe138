"""Hides personal columns of natural persons, as expressions, before a frame leaves the lake.

A name shows its first character (张**), an account its last four digits, an identity hash
nothing. Names and accounts of organisations stay visible: what is public about a payment is to
whom it went. Whether a row's payee is a person is told by `payee_is_person`; where that is blank
or there is no such column, by the name itself, and in doubt it is hidden.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from budget_watch.tables import Contract

_HIDDEN = "***"
# 2 to 4 Chinese characters (with the dot of minority names) are a person's, unless they end like an
# organisation's.
_PERSON = r"^(?:\p{Han}{2,4}|\p{Han}{1,10}[·•]\p{Han}{1,10})$"
_BODY = (
    r"(?:局|厅|委|办|部|院|校|所|站|队|社|厂|店|行|馆|会|团|庭|处|科|户|大学|中学|小学|"
    r"中心|公司|财政|政府|集团)$"
)
# 王庭, 李一会: a common surname, and an ending that given names have as well.
_SURNAMED = (
    r"^[王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏"
    r"吕丁任沈姚卢姜崔钟谭陆汪范石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严"
    r"覃武戴莫孔向汤]\p{Han}{0,1}[庭会社团科站行馆部店队院校]$"
)
# Where none of these stands anywhere, nobody can say that it is an organisation (张三等5人,
# 张三、李四, names in Latin letters, long names of minorities): better to hide one too many.
_ORGANISATION = (
    r"局|厅|委|办|部|院|校|所|站|队|社|厂|店|行|馆|会|团|庭|处|科|户|中心|公司|财政|政府|集团|企业|"
    r"工程|学|库|场|矿|坊|铺|园|超市|酒|饭|餐|基金|联盟|(?i:\b(?:ltd|inc|co|llc|bank|university)\b)"
)
# What is added to a name and is not part of it: 张三（农户）, 张 三.
_ADDED = r"\s+|[（(][^（）()]*[）)]$"
_ENDS = ("acct_no", "acct_name", "name", "key", "party")  # of columns that say who somebody is


def masked(contract: Contract, present: frozenset[str]) -> list[pl.Expr]:
    """Expressions that replace the personal columns of a table or mart."""
    return [
        _hidden(column.name, column.personal, present).alias(column.name)
        for column in contract.personal_columns
        if column.name in present
    ]


def _hidden(name: str, personal: str | None, present: frozenset[str]) -> pl.Expr:
    value = pl.col(name)
    if personal == "id":
        return pl.when(value.is_not_null()).then(pl.lit(_HIDDEN))
    short = (
        pl.lit("*" * 4) + value.str.slice(-4)
        if personal == "account"
        else value.str.slice(0, 1) + pl.lit("**")
    )
    return pl.when(_is_person(name, present)).then(short).otherwise(value)


def _is_person(name: str, present: frozenset[str]) -> pl.Expr:
    if name.startswith("per_"):
        return pl.lit(True)
    holder = _holder(name, present)
    if holder is None:  # an account without a name beside it: nobody can say whose it is
        return pl.lit(True)
    told = holder == "payee_acct_name" and "payee_is_person" in present
    known = pl.col("payee_is_person") if told else pl.lit(None, pl.Boolean)
    guessed = pl.map_batches(
        [pl.col(holder), known], _guessed, return_dtype=pl.Boolean, is_elementwise=True
    )
    return guessed.fill_null(holder != name)


def _guessed(columns: Sequence[pl.Series]) -> pl.Series:
    """Person or not, each name looked at once and only where the row does not tell.

    The patterns cost a hundred times what a look-up costs, and a year's payments go to some ten
    thousand payees.
    """
    names, known = columns
    if known.len() == names.len() and known.null_count() == 0:
        return known
    known = known if known.len() == names.len() else known.new_from_index(0, names.len())
    asked = names.filter(known.is_null()).drop_nulls().unique().alias("name")
    bare = pl.col("name").str.replace_all(_ADDED, "")
    person = (
        (bare.str.contains(_PERSON) & ~bare.str.contains(_BODY))
        | bare.str.contains(_SURNAMED)
        | ~pl.col("name").str.contains(_ORGANISATION)
    )
    seen = asked.to_frame().with_columns(person=person)
    found = (
        names.alias("name")
        .to_frame()
        .join(seen, on="name", how="left", maintain_order="left")["person"]
    )
    return pl.select(pl.coalesce(known, found)).to_series()


def _holder(name: str, present: frozenset[str]) -> str | None:
    """The column with the name of the one whose name or account this is."""
    prefix = next((name.removesuffix(end) for end in _ENDS if name.endswith(end)), name)
    for candidate in (f"{prefix}acct_name", f"{prefix}name"):
        if candidate in present:
            return candidate
    return None
