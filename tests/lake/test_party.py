"""Names of payers and payees written the same, and what looks like a person."""

from __future__ import annotations

import polars as pl
import pytest

from budget_watch.lake.marts.party import account_key, lead_digit, party_key, person_shaped


def one(made: pl.Expr, value: object, dtype: type[pl.DataType] = pl.String) -> object:
    return pl.DataFrame({"x": [value]}, schema={"x": dtype}).select(made).item()


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("示范恒信商贸有限公司", "示范恒信商贸"),
        ("示范恒信商贸有限责任公司", "示范恒信商贸"),
        (" 示范 恒信商贸有限公司　", "示范恒信商贸"),
        ("示范（恒信）商贸有限公司", "示范恒信商贸"),
        ("示范(恒信)商贸公司", "示范恒信商贸"),
        ("恒信通信有限公司示范分公司", "恒信通信"),
        ("中国工商银行示范支行", "中国工商银行"),
        ("中国工商银行股份有限公司示范分行营业部", "中国工商银行股份"),
        ("恒信集团有限公司", "恒信集团"),
        ("恒信股份有限公司", "恒信股份"),
        ("ＡＢＣ科技有限公司", "abc科技"),
        ("阿卜杜拉·买买提", "阿卜杜拉买买提"),
        ("公司", "公司"),
        ("——", None),
        (None, None),
    ],
)
def test_the_same_party_has_one_key(name: str | None, key: str | None) -> None:
    assert one(party_key(pl.col("x")), name) == key


@pytest.mark.parametrize(
    ("name", "looks"),
    [
        ("王伟", True),
        ("王 伟", True),
        ("欧阳建国", True),
        ("阿卜杜拉·买买提", True),
        ("古丽娜尔•艾合买提", True),
        ("王", False),
        ("示范商贸行", False),
        ("王伟1", False),
        ("TOM", False),
        ("", False),
        (None, False),
    ],
)
def test_two_to_four_characters_look_like_a_person(name: str | None, looks: bool) -> None:
    assert one(person_shaped(pl.col("x")), name) is looks


def test_accounts_are_compared_without_spaces_and_hyphens() -> None:
    assert one(account_key(pl.col("x")), " 6222 0000-１２３４ ") == "622200001234"


@pytest.mark.parametrize(("fen", "digit"), [(1, 1), (950, 9), (-123_456, 1), (0, 0), (70_000, 7)])
def test_the_first_digit_of_an_amount(fen: int, digit: int) -> None:
    assert one(lead_digit(pl.col("x")), fen, pl.Int64) == digit
