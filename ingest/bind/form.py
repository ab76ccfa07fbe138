"""The models of a published form (`ingest/forms/*.yaml`); `form_files` reads them.

A form says how to know a table by its title and headers, which contract it feeds, and how header
texts become columns. Shapes: `items` (a row is an account), `funds` (social insurance), `pivot` (a
row is a figure of one record), `regional` (a row is a division), `listing` (a row is an entry with
named columns), `matrix` (every cell of a department's form is a record), `none` (known, but no
table takes it: the reason is said).
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, model_validator
from pydantic import Field as Default

Shape = Literal["items", "funds", "pivot", "regional", "listing", "matrix", "none"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Match(_Strict):
    """When a block is this form. Every pattern is a regular expression over text without blanks.

    `title` is sought in title and sheet name, `headers` each in some header path of the block.
    """

    title: str
    not_title: str | None = None
    headers: tuple[str, ...] = ()
    not_headers: str | None = None


class Pick(_Strict):
    """Where a column of the contract comes from.

    header    pattern of the header path          pattern   regular expression, group 1 is taken
    pad       zeros behind, up to this length     map       value → value, others stay
    template  text with {column} of this record   place     the division's name for a code column
    """

    header: str | None = None
    pattern: str | None = None
    pad: int = 0  # zeros to this length behind what was taken
    map: dict[str, Any] = Default(default_factory=dict)
    template: str | None = None
    place: str | None = None
    required: bool = False


class Cell(_Strict):
    """In `pivot`: an item whose figure fills a column. `skip: true` knows it without storing it."""

    match: str
    column: str | None = None
    skip: bool = False


class Path_(_Strict):
    """In `regional`: a header path whose figure fills a column (or becomes a record's amount)."""

    path: str
    column: str | None = None
    constants: dict[str, Any] = Default(default_factory=dict)


class Line(_Strict):
    """In `matrix`: the code of a row without a code; `code` left out: known, and not stored.

    `match` is sought in “header of the item column|text of the row”: 本年收入/项目|一、事业收入.
    """

    match: str
    code: str | None = None


class Field(_Strict):
    """In `matrix`: the code of a column by its header path; `code` left out: known, not stored.

    `title` is the column's name where its path does not say it. In a form of one row the header
    also says which row a figure stands for: `row` is its code, `name` its name.
    """

    path: str
    code: str | None = None
    title: str | None = None
    row: str | None = None
    name: str | None = None


class CrossTotal(_Strict):
    """A column's sum held against a figure that another sheet of the workbook gives.

    `at_most` is the largest credible ratio sum ÷ figure; beyond it the sheet is not believed.
    """

    column: str
    form: str
    figure: str
    at_most: float = 1.05
    what: str


class Form(_Strict):
    """One kind of published table."""

    id: str
    title: str
    table: str | None = None
    shape: Shape
    match: Match
    priority: int = 0
    constants: dict[str, Any] = Default(default_factory=dict)
    unit: str | None = None  # the unit where the sheet names none
    rounding: str | None = None  # e.g. 0.01亿元; default: the digits the sheet shows
    reason: str | None = None
    # items
    book: str | None = None
    side: Literal["收入", "支出"] | None = None
    system: str | None = None  # code list by which names without codes are looked up
    main: str | None = None  # codes that belong to `table`; the others go to the balance table
    targets: dict[str, str] = Default(
        default_factory=dict
    )  # table → codes, where one sheet feeds two
    balance: bool = False
    loose: bool = False  # items without a code, before the first total, belong to `table` too
    figures: dict[str, tuple[str, ...]] = Default(default_factory=dict)
    funds: dict[str, str] = Default(default_factory=dict)
    rows: dict[str, str] = Default(default_factory=dict)
    # pivot
    cells: tuple[Cell, ...] = ()
    # regional
    paths: tuple[Path_, ...] = ()
    # listing
    columns: dict[str, Pick] = Default(default_factory=dict)
    money: tuple[str, ...] = ()
    keep: str | None = None  # rows are kept when this column's header is filled
    cross: tuple[CrossTotal, ...] = ()
    # matrix
    lines: tuple[Line, ...] = ()
    fields: tuple[Field, ...] = ()
    one_row: bool = False  # rows and columns stand in the header, figures in one row below it
    empty: str | None = None  # the sentence by which a form says that it has no figures
    skip_checks: tuple[str, ...] = ()  # relations that such a form cannot answer (其中 rows)

    @model_validator(mode="after")
    def _complete(self) -> Form:
        needs = {
            "pivot": "cells",
            "regional": "paths",
            "listing": "columns",
            "matrix": "fields",
            "none": "reason",
        }
        need = needs.get(self.shape)
        if need and not getattr(self, need):
            raise ValueError(f"shape: {self.shape} 的表样要写 {need}")
        if self.shape != "none" and not self.table and not self.targets:
            raise ValueError("表样要写 table（载入哪张报表）")
        return self
