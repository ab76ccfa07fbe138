"""What a node of the supervision year says: what is due, by whose rule, counted from what, by whom.

A node is data (`rules/calendar/*.yaml`). Its length of time is a parameter wherever a rule judges
the same period, so that calendar and rule cannot differ.
"""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from budget_watch.engine.model import Citation, Strict

Certainty = Literal["法定", "地方法规", "惯例", "待核对"]
MEANING: dict[str, str] = {
    "法定": "法律、行政法规写明",
    "地方法规": "本省条例写明，只在本省",
    "惯例": "法律没有规定，本地可改",
    "待核对": "原文没有核对，不作依据",
}
Length = Annotated[int | str, Field(description="日数，或参数名")]
_MONTHDAY = re.compile(r"\d\d-\d\d")


class Term(Strict):
    """A length of time: exactly one of days, workdays, months; a number or a parameter's name."""

    days: Length | None = None
    workdays: Length | None = None
    months: Length | None = None
    roll: bool = True  # whether a last day off moves to the next working day, if the home says so

    @model_validator(mode="after")
    def _one(self) -> Term:
        given = [each for each in (self.days, self.workdays, self.months) if each is not None]
        if len(given) != 1:
            raise ValueError("days、workdays、months 只写一项")
        if isinstance(given[0], int) and given[0] < 0:
            raise ValueError("长度不能是负数；在前用 before，在后用 after")
        return self

    @property
    def length(self) -> int | str:
        """The one that is given."""
        return next(x for x in (self.days, self.workdays, self.months) if x is not None)


class Anchor(Strict):
    """The day a term counts from: a date of a FIN-29 item.

    Attributes:
        date: `base` 起算日期 or `done` 完成日期.
    """

    item: str
    date: Literal["base", "done"] = "base"


class Window(Strict):
    """Days of the year between which it is due, `03-31` or a parameter's name."""

    since: str | None = Field(default=None, alias="from")
    until: str = Field(alias="to")


class Done(Strict):
    """The FIN-29 item whose 完成日期 says that it was done.

    Attributes:
        year: entries belong to the calendar year of their 起算日期, or of their 完成日期.
        absent: what no entry means at the year's end: nothing can be told, or it was not done.
    """

    item: str
    year: Literal["base", "done"] = "base"
    absent: Literal["unknown", "late"] = "unknown"


class Node(Strict):
    """One node.

    Attributes:
        certainty: whose rule it is; only 法定 and 地方法规 are law.
        says: what a node of practice rests on; law needs none.
        jurisdiction: beginning of the region codes where it holds; empty for everywhere.
        failing: what it counts from while nothing is registered at the anchor.
        after, before: a term from the anchor. window: fixed days. every: its own period's last day.
        around: month in which it usually falls, for order where the date is missing.
        done: what tells that it was done; none where no table does.
        report, period: which report it builds by itself, and of what: the last quarter that is
            over before its date, the date's year, or the year before.
        off: a home's word that a product's node of practice is not kept here.
    """

    id: str = Field(pattern=r"^[A-Z]{2,3}\d{2}$")
    title: str = Field(min_length=1, max_length=40)
    certainty: Certainty
    basis: tuple[Citation, ...] = ()
    says: str | None = Field(default=None, min_length=1)
    jurisdiction: str = Field(default="", pattern=r"^\d{0,9}$")
    anchor: Anchor | None = None
    failing: Anchor | None = Field(default=None, alias="or")
    after: Term | None = None
    before: Term | None = None
    window: Window | None = None
    every: Literal["quarter", "half"] | None = None
    around: int = Field(ge=1, le=12)
    who: str = Field(min_length=1)
    done: Done | None = None
    documents: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    report: str | None = Field(default=None, pattern=r"^[a-z_]+$")
    period: Literal["quarter", "year", "year_before"] = "quarter"
    pages: tuple[str, ...] = ()
    note: str | None = None

    @field_validator("pages")
    @classmethod
    def _own_pages(cls, pages: tuple[str, ...]) -> tuple[str, ...]:
        if any(re.fullmatch(r"/[a-z]+", page) is None for page in pages):
            raise ValueError("pages 写本系统的页面，如 /transfer")
        return pages

    @model_validator(mode="after")
    def _timed_once(self) -> Node:
        times = ("after", "before", "window", "every")
        given = [name for name in times if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError("after、before、window、every 只写一项，也必须写一项")
        if given[0] in ("after", "before") and self.anchor is None:
            raise ValueError("写了 after 或 before 就要写 anchor：从哪一件事的哪一天算起")
        if given[0] in ("window", "every") and (self.anchor or self.failing):
            raise ValueError("window、every 不从别的日子算起，请删去 anchor 和 or")
        return self

    @model_validator(mode="after")
    def _grounded(self) -> Node:
        if self.certainty in ("法定", "地方法规"):
            if not self.basis or any(each.article is None for each in self.basis):
                raise ValueError(f"{self.certainty}的节点要有 basis，写到条（article）")
            if self.certainty == "地方法规" and not self.jurisdiction:
                raise ValueError("地方法规的节点要写 jurisdiction：在哪个区划有效")
            return self
        if self.says is None:
            raise ValueError(f"{self.certainty}的节点要用 says 写明来由")
        if any(each.article is not None for each in self.basis):
            raise ValueError(f"{self.certainty}的节点不能引到条；只引文件名，或改为法定")
        return self

    @property
    def term(self) -> Term | None:
        """The term, whichever way it counts."""
        return self.after or self.before


def is_monthday(text: str) -> bool:
    """Whether a day of a window is written as `03-31` (else it is a parameter's name)."""
    return _MONTHDAY.fullmatch(text) is not None


class Off(Strict):
    """A home's word that a product's node of practice is not kept here, and who decided so."""

    id: str
    off: Literal[True]
    note: str = Field(min_length=1)
