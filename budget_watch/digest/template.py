"""Reads a report template (YAML) and says what is wrong with it, by file and place.

A template is data a committee may edit: chapters with sentences, tables and charts over named
figures and lists. docs/digest.md describes every key. Nothing in it is evaluated as code.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from budget_watch.digest.errors import TemplateError
from budget_watch.lake import Home
from budget_watch.refusals import refusal
from budget_watch.tables.strict_yaml import YamlFileError, read_mapping

FOLDER = Path(__file__).parent / "templates"
OWN = "templates"  # a committee's own ones, in its home
QUARTERLY = ("books", "spending", "three_public", "debt", "findings")
_ORDER = (
    "quarterly",
    "brief",
    "draft",
    "final",
    "debt",
    "assets",
    "audit",
    "department",
    "deputy",
    "opinions",
    "result",
)
_NAME = re.compile(r"[a-z][a-z0-9_-]*")
_WHOM = {
    "department": "请写明部门，如 --unit 101。",
    "deputy": "请写明代表，如 --deputy 账号。",
    "session": "请写明会次，如 --session RD2027-01。",
    "": "这种报告不分部门、代表和会次。",
}
_OF = ":"  # between a report and whom it is about: department:101


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
    """A table over a list of the material; `auto` takes 亿元 where the largest amount asks it.

    A `quoted` one prints decided papers word for word: `forbidden` is not for their words.
    """

    caption: str
    of: str
    unit: Literal["auto", "yuan", "wan", "yi"] = "auto"
    columns: list[TableColumn]
    most: int | None = None
    source: str | None = None
    quoted: bool = False
    when: str | None = None


class Each(_Strict):
    """One paragraph for every row of a list; a row whose figures are not known is left out."""

    of: str
    text: str
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
    """Exactly one of sentence, note, each, table, chart; `lists` serve the sentence."""

    sentence: list[Clause | str] | None = None
    lists: dict[str, Listing] = Field(default_factory=dict)
    note: str | None = None
    when: str | None = None
    each: Each | None = None
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
        name: what this kind of report is called, 季刊.
        subject: whom it is about besides the government, if anybody.
        material: topics that it speaks of (`material.TOPICS`).
        ended: whether the period must be over before it is written.
        signed: whether page one says who signs it and whom it goes to.
        pages: at most so many; then it is printed without contents and appendices, whose figures
            travel in the file all the same.
        asked: the report with whom it is about, as in `read_template`.
        essential: figures of which at least one must be known, else the report is refused.
        awaits: tables that must have come for the period's last month before it is built by itself.
        gaps_on_page_one: missing inputs are listed on page one; without it a report with missing
            inputs is refused.
        forbidden: words that may not be printed (pages §5); checked on the finished text.
    """

    report: str
    name: str
    title: str
    subject: Literal["", "department", "deputy", "session"] = ""
    material: list[str] = Field(default_factory=lambda: list(QUARTERLY))
    ended: bool = True
    signed: bool = True
    pages: int | None = None
    asked: str = ""
    mark: str = "内部资料"
    issuer: str
    facts: list[str] = Field(default_factory=list)
    essential: list[str]
    awaits: list[str] = Field(default_factory=list)
    gaps_on_page_one: bool
    summary: list[Block]
    chapters: list[Chapter]
    definitions: list[str] = Field(default_factory=list)
    forbidden: list[str] = Field(default_factory=list)


def template_of(home: Home, report: str) -> Template:
    """The template of a report: the committee's own in `<home>/templates`, else ours.

    Raises:
        TemplateError: as `read_template`.
    """
    own = home.root / OWN
    name = report.partition(_OF)[0]
    return read_template(report, own if (own / f"{name}.yaml").is_file() else FOLDER)


def templates_of(home: Home) -> tuple[Template, ...]:
    """Every kind of report that a home can write, 季刊 first.

    Raises:
        TemplateError: as `read_template`.
    """
    own = home.root / OWN
    names = {path.stem for folder in (FOLDER, own) for path in folder.glob("*.yaml")}
    order = [*sorted(names & set(_ORDER), key=_ORDER.index), *sorted(names - set(_ORDER))]
    return tuple(_read(name, own if (own / f"{name}.yaml").is_file() else FOLDER) for name in order)


def subject_of(report: str) -> str:
    """Whom a report is about: department:101 → 101, "" where it is about nobody."""
    return report.partition(_OF)[2]


def read_template(report: str, folder: Path = FOLDER) -> Template:
    """The template of a report's name, with whom it is about: quarterly, department:101.

    Raises:
        TemplateError: there is none, it breaks the form, or whom it is about is missing.
    """
    name, _, subject = report.partition(_OF)
    found = _read(name, folder)
    if bool(found.subject) is not bool(subject):
        raise TemplateError(f"{name}.yaml", _WHOM[found.subject])
    return found.model_copy(update={"asked": report})


def _read(name: str, folder: Path) -> Template:
    path = folder / f"{name}.yaml"
    if not _NAME.fullmatch(name) or not path.is_file():
        known = "、".join(sorted(p.stem for p in folder.glob("*.yaml")))
        raise TemplateError(name, f"没有这种报告。现有：{known}")
    try:
        data: dict[str, Any] = read_mapping(path)
        return Template.model_validate(data)
    except YamlFileError as error:
        raise TemplateError(path.name, str(error)) from error
    except ValidationError as error:
        raise TemplateError(path.name, refusal(error)) from error
