"""Columns of tables and titles: no number is broken, no last character is left alone."""

from __future__ import annotations

from budget_watch.digest.document import Column
from budget_watch.digest.drawing import width
from budget_watch.digest.table_widths import fitted
from budget_watch.digest.word_page import TEXT_MM, title_size

COLUMNS = (Column("项目", False, 5), Column("草案", True, 3), Column("增减%", True, 1))
ROWS = (("农林水支出", "958.00", "+1,816.0%"), ("债务付息支出", "21,218.00", "-1.3%"))


def test_a_column_is_as_wide_as_its_longest_number_and_the_others_give_way() -> None:
    wide = fitted(COLUMNS, ROWS, 200.0, 10.5, 12.0)
    assert abs(sum(wide) - 200.0) < 1e-9
    assert wide[2] == width("+1,816.0%", 10.5) + 12.0 > 200.0 / 9
    assert wide[1] >= width("21,218.00", 10.5) + 12.0
    assert fitted(COLUMNS, ROWS, 900.0, 10.5, 12.0) == [500.0, 300.0, 100.0]


def test_a_title_with_a_year_stands_on_one_line() -> None:
    title = "丽江市2026年预算草案初步审查报告"
    size = title_size(title)
    assert size == 26.0
    assert size * (14 + 4 * 0.56 + 2 * 0.25) < TEXT_MM * 72 / 25.4
    assert title_size("示范市预算执行监督季刊") == 30.0
