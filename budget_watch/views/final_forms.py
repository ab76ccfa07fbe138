"""决算公开: the nine disclosed forms, their identities, what they say in words, when they came out.

Identities are those of mart `final_form_check`, which rule JS06 judges; days of publication are
counted as rule JS05 counts them, the day of approval or reply left out. Basis: 预算法 article 14.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import polars as pl

from budget_watch.views.query import Desk, Term
from budget_watch.views.span import Place

CHECKS, FORMS, NODES = "final_form_check", "final_account_form", "procedure_node"
PUBLICATIONS = ("决算公开", "预算公开")
TITLES = {
    "01": "收入支出决算总表",
    "02": "收入决算表",
    "03": "支出决算表",
    "04": "财政拨款收入支出决算总表",
    "05": "一般公共预算财政拨款支出决算表",
    "06": "一般公共预算财政拨款基本支出决算表",
    "07": "财政拨款“三公”经费支出决算表",
    "08": "政府性基金预算财政拨款收入支出决算表",
    "09": "国有资本经营预算财政拨款支出决算表",
}


@dataclass(frozen=True)
class Identity:
    """One identity of one department's or unit's forms. Amounts in fen.

    Attributes:
        form: its number, 01–09. less: whether left may be below right (part ≤ whole).
        difference: by how much it does not hold; None where it was not reckoned.
        empty, noted: of forms 08 and 09: without a figure; an empty one says why.
    """

    dept: str
    unit: str
    id: str
    title: str
    left: int | None
    right: int | None
    difference: int | None
    tolerance: int
    empty: bool | None
    noted: bool | None

    @property
    def form(self) -> str:
        """The number of the form it begins with."""
        return self.id[:2]

    @property
    def outcome(self) -> str:
        """相符, 不符, 空表已说明, 空表未说明, 有数, 未计算."""
        if self.empty is not None:
            if not self.empty:
                return "有数"
            return "空表已说明" if self.noted else "空表未说明"
        if self.difference is None:
            return "未计算"
        return "不符" if self.difference > self.tolerance else "相符"


@dataclass(frozen=True)
class Form:
    """One disclosed form of a department or unit: its total, lines, words, file."""

    number: str
    total: int | None
    lines: int
    note: str
    file: str


@dataclass(frozen=True)
class Publication:
    """One duty to publish: from the day of approval or reply to the day it came out."""

    node: str
    item: str
    dept: str
    unit: str
    start: date | None
    done: date | None
    days: int | None
    url: str
    lacking: str
    unnoted: bool


@dataclass(frozen=True)
class Wording:
    """What a form says in words beside what it says in figures.

    Attributes:
        agrees: whether words and figures agree; None where no figure can be held against them.
    """

    dept: str
    unit: str
    form: str
    words: str
    amount: int | None
    agrees: bool | None


def identities(
    desk: Desk, place: Place, year: int, dept: str = "", unit: str = ""
) -> tuple[Identity, ...]:
    """All identities of a place and year, by form."""
    rows = desk.rows(CHECKS, *_where(place, year, dept, unit))
    return tuple(
        Identity(
            row["dept_code"],
            row["agency_code"],
            row["check_id"],
            row["title"],
            row["left_amt"],
            row["right_amt"],
            row["difference_amt"],
            row["tolerance_amt"],
            row["is_empty"],
            row["is_noted"],
        )
        for row in rows.sort("check_id", "dept_code", "agency_code").iter_rows(named=True)
    )


def forms(desk: Desk, place: Place, year: int, dept: str, unit: str) -> tuple[Form, ...]:
    """The nine forms of a department or unit; those that did not come have no line."""
    rows = desk.rows(FORMS, *_where(place, year, dept, unit))
    found = []
    for number in TITLES:
        own = rows.filter(pl.col("table_no") == number)
        whole = own.filter((pl.col("row_code") == "T") & (pl.col("col_code") == "1"))["amt"]
        notes = own["note"].drop_nulls().unique().sort().to_list()
        files = own["pdf_ref"].drop_nulls().unique().sort().to_list()
        total = whole[0] if len(whole) else None
        found.append(Form(number, total, own.height, "；".join(notes), "、".join(files)))
    return tuple(found)


def wordings(
    desk: Desk, place: Place, year: int, dept: str = "", unit: str = ""
) -> tuple[Wording, ...]:
    """What forms say in words, held against their figures: “没有…” against any amount."""
    rows = desk.rows(FORMS, *_where(place, year, dept, unit))
    keys = ["dept_code", "agency_code", "table_no"]
    said = rows.filter(pl.col("note").fill_null("") != "").group_by(*keys, "note").agg()
    amounts = rows.group_by(keys).agg(
        pl.col("amt").filter(pl.col("amt") != 0).abs().max().alias("amount"),
    )
    joined = said.join(amounts, on=keys, how="left").sort(*keys, "note")
    return tuple(
        Wording(
            row["dept_code"],
            row["agency_code"],
            row["table_no"],
            row["note"],
            row["amount"],
            row["amount"] is None if "没有" in row["note"] or "空表" in row["note"] else None,
        )
        for row in joined.iter_rows(named=True)
    )


def publications(
    desk: Desk, place: Place, year: int, as_of: date, dept: str = "", unit: str = ""
) -> tuple[Publication, ...]:
    """What was to be published of a year, the longest first; what is not out counts to the day."""
    where: list[Term] = [
        ("fiscal_year", "=", year),
        ("mof_div_code", "=", place.region),
        ("item", "in", PUBLICATIONS),
    ]
    where += [("dept_code", "=", dept)] if dept else []
    where += [("agency_code", "=", unit)] if unit else []
    rows = desk.rows(NODES, *where).filter(
        pl.col("base_date").is_null() | (pl.col("base_date") <= as_of)
    )
    found = [_publication(row, as_of) for row in rows.iter_rows(named=True)]
    return tuple(sorted(found, key=lambda each: (-(each.days or 0), each.item, each.node)))


def _publication(row: dict[str, object], as_of: date) -> Publication:
    start, done = row["base_date"], row["done_date"]
    done = done if isinstance(done, date) and done <= as_of else None
    start = start if isinstance(start, date) else None
    return Publication(
        node=str(row["node_id"]),
        item=str(row["item"]),
        dept=str(row["dept_code"] or ""),
        unit=str(row["agency_code"] or ""),
        start=start,
        done=done,
        days=None if start is None else ((done or as_of) - start).days,
        url=str(row["url"] or ""),
        lacking=str(row["forms_missing"] or ""),
        unnoted=row["empty_note"] is False,
    )


def _where(place: Place, year: int, dept: str, unit: str) -> tuple[Term, ...]:
    found: list[Term] = [("fiscal_year", "=", year), ("mof_div_code", "=", place.region)]
    found += [("dept_code", "=", dept)] if dept else []
    found += [("agency_code", "=", unit)] if unit else []
    return tuple(found)
