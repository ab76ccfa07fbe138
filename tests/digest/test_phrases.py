from __future__ import annotations

from dataclasses import replace

import pytest

from budget_watch.digest.phrases import cell, sentence
from budget_watch.views import Figure, Origin, Unit

ORIGIN = Origin("990100000", "本级", "月报", "2026年1—9月", "S1")


def figure(unit: Unit, value: int | None, over: int = 1, inapplicable: bool = False) -> Figure:
    return Figure(
        "x",
        "收入",
        unit,
        value,
        ORIGIN,
        "",
        (),
        over=over,
        inapplicable=inapplicable,
        why=None if value is not None else "缺",
    )


@pytest.mark.parametrize(
    ("unit", "value", "over", "form", "said"),
    [
        (Unit.CHANGE, 32, 1000, "", "同比增长3.2%"),
        (Unit.CHANGE, -32, 1000, "", "同比下降3.2%"),
        (Unit.CHANGE, 0, 1000, "", "与上年同期持平"),
        (Unit.CHANGE, -4, 10_000, "", "与上年同期基本持平"),
        (Unit.CHANGE, 5, 10_000, "", "同比增长0.1%"),
        (Unit.CHANGE, 12, 1, "", "同比增长12.00倍"),
        (Unit.CHANGE, -32, 1000, "growth", "下降3.2%"),
        (Unit.POINTS, 77, 1000, "pace", "快于序时进度7.7个百分点"),
        (Unit.POINTS, -77, 1000, "pace", "慢于序时进度7.7个百分点"),
        (Unit.POINTS, 0, 1, "pace", "与序时进度持平"),
        (Unit.POINTS, 1, 10_000, "pace", "与序时进度基本持平"),
        (Unit.POINTS, -12, 1000, "pull", "下拉1.2个百分点"),
        (Unit.FEN, 12_346_000_000_00, 1, "", "123.46亿元"),
        (Unit.FEN, 48_300_000_00, 1, "", "4,830.00万元"),
        (Unit.FEN, -3_000_000, 1, "step", "减少3.00万元"),
        (Unit.FEN, 0, 1, "step", "与上年同期持平"),
        (Unit.CHANGE, 32, 1000, "grown", "增长3.2%"),
        (Unit.CHANGE, 0, 1000, "grown", "持平"),
        (Unit.FEN, 3_000_000, 1, "stepped", "增加3.00万元"),
        (Unit.FEN, 0, 1, "stepped", "持平"),
        (Unit.SHARE, 812, 1000, "", "81.2%"),
        (Unit.SHARE, 1_000_001, 1_000_000, "", "100.0%"),
        (Unit.COUNT, 1284, 1, "", "1,284"),
    ],
)
def test_a_figure_reads_with_the_right_words(
    unit: Unit, value: int, over: int, form: str, said: str
) -> None:
    assert sentence(figure(unit, value, over), form) == said


def test_a_share_of_a_limit_never_prints_the_limit_itself() -> None:
    near = replace(figure(Unit.SHARE, 1_000_001, 1_000_000), denominator="债务限额")
    assert sentence(near) == "100.0001%"


@pytest.mark.parametrize(
    ("made", "text"),
    [
        (figure(Unit.FEN, 123_456_789_00), "12,345.68"),
        (figure(Unit.FEN, 0), "0.00"),
        (figure(Unit.FEN, None), "缺"),
        (figure(Unit.CHANGE, None, inapplicable=True), "—"),
        (figure(Unit.CHANGE, 15, 1000), "+1.5%"),
        (figure(Unit.CHANGE, 0, 1000), "0.0%"),
        (figure(Unit.POINTS, -77, 1000), "-7.7"),
    ],
)
def test_zero_missing_and_not_applicable_are_three_things(made: Figure, text: str) -> None:
    assert cell(made) == text
