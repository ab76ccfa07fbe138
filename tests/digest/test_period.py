from __future__ import annotations

import pytest

from budget_watch.digest.errors import PeriodError
from budget_watch.digest.period import parse


@pytest.mark.parametrize(
    ("text", "title", "issue", "own", "label", "before"),
    [
        ("2026Q1", "2026年第一季度", "2026年第1期", "一季度", "1—3月", None),
        ("2026Q3", "2026年第三季度", "2026年第3期", "三季度", "1—9月", "1—6月"),
        ("2026-09", "2026年9月", "2026年第9期", "9月", "1—9月", "1—8月"),
        ("2026H1", "2026年上半年", "2026年第1期", "上半年", "1—6月", None),
        ("2026H2", "2026年下半年", "2026年第2期", "下半年", "2026年", "1—6月"),
        ("2026", "2026年度", "2026年第1期", "全年", "2026年", None),
    ],
)
def test_a_period_has_its_names_and_spans(
    text: str, title: str, issue: str, own: str, label: str, before: str | None
) -> None:
    made = parse(text)
    found = made.before.label if made.before else None
    assert (made.title, made.issue, made.own, made.span.label, found) == (
        title,
        issue,
        own,
        label,
        before,
    )


@pytest.mark.parametrize("text", ["", "2026Q5", "2026-13", "26Q1", "2026H3", "2026Q1x"])
def test_anything_else_is_refused_with_the_forms(text: str) -> None:
    with pytest.raises(PeriodError, match="请写成 2026Q3、2026-09、2026H1 或 2026"):
        parse(text)
