"""Reads a report template (YAML) and says what is wrong with it, by file and place.

A template is data a committee may edit: chapters with sentences, tables and charts over named
figures and lists. docs/digest.md describes every key. Nothing in it is evaluated as code.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from budget_watch.digest.errors import TemplateError
from budget_watch.refusals import refusal
from budget_watch.tables.strict_yaml import YamlFileError, read_mapping

FOLDER = Path(__file__).parent / "templates"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Clause(_Strict):
    """Part of a sentence, printed when its figures are known and its condition holds."""

    text: str
    when: str | None = None


class Listing(_Strict):
    """An enumeration inside a sentence: ``{name}（{progress}）、…``."""

    of: str
    item: str
    most: int = 5
    join: str = "、"
    when: str | None = None


class TableColumn(_Strict):
    """One column of a table."""

    head: str
    take: str
    wide: int = 2


class TableBlock(_Strict):
    """A table over a list of the material; `auto` takes 亿元 where the largest amount asks it."""

    caption: str
    of: str
    unit: Literal["auto", "yuan", "wan", "yi"] = "auto"
    columns: list[TableColumn]
    most: int | None = None
    when: str | None = None


class ChartBlock(_Strict):
    """A chart over a list of the material; `take` maps the form's parts to columns."""

    caption: str
    form: Literal["bullets", "bars", "columns", "limits"]
    of: str
    take: dict[str, str]
    most: int | None = None
    when: str | None = None


class Block(_Strict):
    """Exactly one of sentence, note, table, chart, named; `lists` serve the sentence."""

    sentence: list[Clause | str] | None = None
    lists: dict[str, Listing] = Field(default_factory=dict)
    note: str | None = None
    when: str | None = None
    table: TableBlock | None = None
    chart: ChartBlock | None = None


class Chapter(_Strict):
    """A heading and its blocks; sections are headings of the second level."""

    title: str
    when: str | None = None
    blocks: list[Block] = Field(default_factory=list)
    sections: list[Chapter] = Field(default_factory=list)


class Template(_Strict):
    """A whole report.

    Attributes:
        essential: figures of which at least one must be known, else the report is refused.
        gaps_on_page_one: missing inputs are listed on page one; without it a report with missing
            inputs is refused.
        forbidden: words that may not be printed (pages §5); checked on the finished text.
    """

    report: str
    title: str
    mark: str = "内部资料"
    issuer: str
    facts: list[str] = Field(default_factory=list)
    essential: list[str]
    gaps_on_page_one: bool
    summary: list[Block]
    chapters: list[Chapter]
    definitions: list[str] = Field(default_factory=list)
    forbidden: list[str] = Field(default_factory=list)


def read_template(report: str, folder: Path = FOLDER) -> Template:
    """The template of a report's name.

    Raises:
        TemplateError: there is none, or it breaks the form.
    """
    path = folder / f"{report}.yaml"
    if not path.is_file():
        known = "、".join(sorted(p.stem for p in folder.glob("*.yaml")))
        raise TemplateError(report, f"没有这种报告。现有：{known}")
    try:
        data: dict[str, Any] = read_mapping(path)
        return Template.model_validate(data)
    except YamlFileError as error:
        raise TemplateError(path.name, str(error)) from error
    except ValidationError as error:
        raise TemplateError(path.name, refusal(error)) from error
