"""The period a report is about: 2026Q3, 2026-09, 2026H1 or 2026.

Every period is read cumulatively from January (1—9月); a quarter or a half-year also has its own
months, which come second in the text (design §12).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from budget_watch.digest.errors import PeriodError
from budget_watch.views import Span

_FORM = re.compile(
    r"(?P<year>20\d\d)(?:Q(?P<quarter>[1-4])|-(?P<month>0[1-9]|1[0-2])|H(?P<half>[12]))?"
)
_QUARTERS = "一二三四"


@dataclass(frozen=True)
class Period:
    """A period and its names.

    Attributes:
        text: as given on the command line, also the name of the files.
        span: from January to its last month.
        months: how many months are its own (3 for a quarter); 12 for a year.
        title: 2026年第三季度. issue: 2026年第3期. kind: what a report of it is called.
    """

    text: str
    span: Span
    months: int
    title: str
    issue: str
    kind: str

    @property
    def before(self) -> Span | None:
        """The span up to just before the period's own months; None where there is none."""
        first = self.span.month - self.months
        return Span(self.span.fiscal_year, first) if first >= 1 else None

    @property
    def own(self) -> str:
        """The period's own months in words: 三季度, 下半年, 9月."""
        if self.months == 12:
            return "全年"
        return self.title.split("年", 1)[1].removeprefix("第")


def parse(text: str) -> Period:
    """Read a period.

    Raises:
        PeriodError: not one of the four forms.
    """
    found = _FORM.fullmatch(text.strip())
    if found is None:
        raise PeriodError(text)
    year = int(found["year"])
    if found["quarter"]:
        number = int(found["quarter"])
        return Period(
            text,
            Span(year, number * 3),
            3,
            f"{year}年第{_QUARTERS[number - 1]}季度",
            f"{year}年第{number}期",
            "季刊",
        )
    if found["month"]:
        month = int(found["month"])
        return Period(
            text, Span(year, month), 1, f"{year}年{month}月", f"{year}年第{month}期", "月报"
        )
    if found["half"]:
        number = int(found["half"])
        return Period(
            text,
            Span(year, number * 6),
            6,
            f"{year}年{'上下'[number - 1]}半年",
            f"{year}年第{number}期",
            "半年报",
        )
    return Period(text, Span(year, 12), 12, f"{year}年度", f"{year}年第1期", "年报")
