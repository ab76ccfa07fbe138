"""The expression language: closed, typed, exact."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from budget_watch.engine.errors import ExpressionError
from budget_watch.engine.evaluate import Evaluator
from budget_watch.engine.functions import Lists
from budget_watch.engine.parse import MAX_DEPTH, Scope, parse
from budget_watch.engine.render import read_message
from budget_watch.engine.to_polars import Compiler
from budget_watch.engine.units import BOOL, DATE, MONEY, NUMBER, RATIO, TEXT, Column

COLUMNS = {
    "spent": Column("spent", MONEY),
    "budget": Column("budget", MONEY),
    "month": Column("month", NUMBER, bits=4),
    "rate": Column("rate", RATIO, 10**6),
    "code": Column("code", TEXT),
    "day": Column("day", DATE),
    "flag": Column("flag", BOOL),
}
SCOPE = Scope(COLUMNS, lists=Lists())
DAY = date(2026, 11, 20)


def engine(text: str, **row: object) -> object:
    """The value that polars gives for one row."""
    tree = parse(text, SCOPE)
    schema = {"num": pl.Int64, "text": pl.String, "date": pl.Date, "bool": pl.Boolean}
    frame = pl.DataFrame(
        {name: [row.get(name)] for name in COLUMNS},
        schema={name: schema[column.type.base] for name, column in COLUMNS.items()},
    )
    return frame.select(Compiler(COLUMNS, DAY).any(tree)).item()


def exact(text: str, **row: object) -> object:
    """The value that the fraction evaluator gives."""
    return Evaluator(row, COLUMNS, DAY).value(parse(text, SCOPE))


@pytest.mark.parametrize(
    ("text", "row", "expected"),
    [
        ("spent >= 50万元", {"spent": 50_000_000}, True),
        ("spent >= 50万元", {"spent": 49_999_999}, False),
        ("spent > 1.5亿元", {"spent": 15_000_000_001}, True),
        ("spent = 0.01元", {"spent": 1}, True),
        ("spent / budget < 20%", {"spent": 20, "budget": 100}, False),
        ("spent / budget < 20%", {"spent": 19, "budget": 100}, True),
        ("rate = 20%", {"rate": 200_000}, True),
        ("rate * 5 = 1", {"rate": 200_000}, True),
        ("spent / budget < month / 12 - 4%", {"spent": 21, "budget": 100, "month": 3}, False),
        ("spent / budget < month / 12 - 4%", {"spent": 20, "budget": 100, "month": 3}, True),
        ("spent / 3 * 3 = spent", {"spent": 10}, True),
        ("spent is null", {}, True),
        ("spent > 1元 or flag", {"flag": True}, True),
        ("spent > 1元 and flag", {"flag": False}, False),
        ("spent > 1元 or flag", {"flag": False}, None),
        ("code in ('30201', '30202')", {"code": "30202"}, True),
        ("code not in ('30201')", {}, None),
        ("code like '302%'", {"code": "30217"}, True),
        ("code like '302%'", {"code": "1302"}, False),
        ("code between '301' and '303'", {"code": "302"}, True),
        ("month between 3 and 5", {"month": 5}, True),
        ("day + 30日 = date '2026-03-31'", {"day": date(2026, 3, 1)}, True),
        ("days_between(day, date '2026-03-31') > 20日", {"day": date(2026, 3, 10)}, True),
        ("days_between(day, date '2026-03-31') > 20日", {"day": date(2026, 3, 11)}, False),
        ("add_months(day, 6月) = date '2026-02-28'", {"day": date(2025, 8, 31)}, True),
        ("make_date(2026, 2, 30) is null", {}, True),
        ("year_of(day) * 100 + month_of(day) = 202603", {"day": date(2026, 3, 9)}, True),
        ("as_of() = date '2026-11-20'", {}, True),
        ("case when flag then spent / budget else 50% end > 40%", {"flag": False}, True),
        ("case when flag then spent / budget else 50% end > 40%",
         {"flag": True, "spent": 1, "budget": 0}, None),
        ("least(spent, budget) = 3元", {"spent": 300, "budget": 400}, True),
        ("greatest(spent / budget, 50%) = 50%", {"spent": 1, "budget": 4}, True),
        ("abs(spent - budget) / budget >= 50%", {"spent": 50, "budget": 100}, True),
        ("coalesce(spent / budget, 1) = 1", {"spent": 5, "budget": 0}, True),
        ("mod(month, 3) = 0", {"month": 9}, True),
        ("mod(spent, 100元) = 0元", {"spent": 150_000}, True),
        ("mod(spent, 100元) = 0元", {"spent": 150_001}, False),
        ("substr(code, 1, 3) = '302'", {"code": "30217"}, True),
        ("length(code) < 4", {"code": "接待费"}, True),
        ("concat(code, 'x') = 'ax'", {"code": "a"}, True),
    ],
)  # fmt: skip
def test_polars_and_fractions_agree_on_what_an_expression_means(
    text: str, row: dict[str, object], expected: object
) -> None:
    assert (engine(text, **row), exact(text, **row)) == (expected, expected)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("spent > 500", "金额不能与数比较"),
        ("spent + month > 0元", "相加减"),
        ("spent * budget > 0元", "比较"),
        ("spend > 0元", "是否指 spent"),
        ("spent > 0.001元", "不是整数"),
        ("day - date '2026-01-01' > 3日", "days_between"),
        ("read_csv('x') is null", "不能使用"),
        ("(select 1) > 0", "不能使用"),
        ("spent::int > 1", "不能转换类型"),
        ("spent > 0元; drop table x", "分号"),
        ("spent > 0元 -- x", "注释"),
        ("sum(spent) > 0元", "计量的 value"),
        ("month in (select 1)", "列出的值"),
        ("x.spent > 0元", "直接写列名"),
        ("spent / 0 > 1元", "除数不能是 0"),
        ("flag > true", "真假只能比较相等"),
        ("day > date '2026-02-30'", "不存在"),
        ("(" * (MAX_DEPTH + 2) + "flag" + ")" * (MAX_DEPTH + 2), "层"),
        (" or ".join(["flag"] * 600), "节点"),
        ("spent > ", "读不懂"),
        ("flag as x", "不能使用"),
        ("exists(select 1)", "不能使用"),
        ("extract('dow' from day) = 1", "不能使用"),
        ("code like 'a' escape 'b'", "不能使用"),
        ("lambda x: x", "读不懂"),
        ("code similar to 'a'", "不能使用"),
        ("random() > 0", "不能使用"),
    ],
)
def test_what_is_outside_the_language_is_refused_with_what_to_write(text: str, said: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse(text, SCOPE, BOOL)
    assert said in str(caught.value)


def test_a_product_that_does_not_fit_is_known_and_never_wraps() -> None:
    tree = parse("spent * spent * spent * spent > budget * budget * budget * budget", SCOPE)
    frame = pl.DataFrame({"spent": [10**18, 10**6], "budget": [3, 3]})
    compiler = Compiler(COLUMNS, DAY)
    judged = compiler.condition(tree)
    found = frame.select(judged.alias("judged"), wild=compiler.overflow[0])
    assert found.rows() == [(None, True), (True, False)]


money = st.integers(-(10**15), 10**15)


@settings(max_examples=300, deadline=None)
@given(spent=money, budget=money, month=st.integers(1, 12), percent=st.integers(-100, 300))
def test_comparisons_with_division_are_exact_on_the_boundary(
    spent: int, budget: int, month: int, percent: int
) -> None:
    text = f"spent / budget < month / 12 - {abs(percent)}%"
    expected = None
    if budget > 0:
        expected = Fraction(spent, budget) < Fraction(month, 12) - Fraction(abs(percent), 100)
    assert engine(text, spent=spent, budget=budget, month=month) == expected


def test_month_three_with_twenty_one_percent_is_where_floats_fail() -> None:
    assert 4 / 100 < 3 / 12 - 0.21  # wrong by a rounding of the last bit
    assert engine("spent / budget < month / 12 - 21%", spent=4, budget=100, month=3) is False


operand = st.sampled_from(
    ["spent", "budget", "10元", "spent / 2", "abs(budget)", "-spent", "budget * rate"]
)
comparison = st.builds(
    "{} {} {}".format, operand, st.sampled_from(["<", "<=", "=", "<>", ">", ">="]), operand
)
condition = st.recursive(
    st.one_of(comparison, st.sampled_from(["flag", "spent is null", "spent / budget > 20%"])),
    lambda inner: st.one_of(
        st.builds("({} and {})".format, inner, inner),
        st.builds("({} or {})".format, inner, inner),
        st.builds("(not {})".format, inner),
        st.builds("(case when {} then {} else {} end)".format, inner, inner, inner),
    ),
    max_leaves=6,
)


@settings(max_examples=300, deadline=None)
@given(
    text=condition,
    spent=st.none() | st.integers(-2000, 2000),
    budget=st.none() | st.integers(-2000, 2000),
    rate=st.none() | st.integers(-2_000_000, 2_000_000),
    flag=st.none() | st.booleans(),
)
def test_any_condition_means_the_same_to_polars_and_to_fractions(
    text: str, spent: int | None, budget: int | None, rate: int | None, flag: bool | None
) -> None:
    row = {"spent": spent, "budget": budget, "rate": rate, "flag": flag}
    assert engine(text, **row) == exact(text, **row)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"flag": True, "code": "101", "rate": 500_000}, "部门101超期；"),
        ({"flag": False, "code": "101", "rate": 500_000}, "整改率50.0%，低；"),
        ({"flag": False, "rate": 900_000}, "整改率90.0%；"),
        ({"flag": None, "rate": 900_000}, "；"),
    ],
)
def test_a_message_prints_a_piece_only_where_its_condition_is_true(
    row: dict[str, object], said: str
) -> None:
    template = "{?flag}部门{code}超期{?not flag}整改率{rate:%}{?not flag and rate < 80%}，低{?}；"
    message = read_message(template, SCOPE)
    assert message.fill(Evaluator(row, COLUMNS, DAY).value) == said
    assert {name for tree in message.trees for name in tree.names()} == {"flag", "code", "rate"}


def test_the_condition_of_a_piece_of_a_message_is_a_condition() -> None:
    with pytest.raises(ExpressionError, match=r"\{\?code\} 应是条件"):
        read_message("{?code}部门{?}", SCOPE)
