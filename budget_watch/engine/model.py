"""What the YAML files of the rule book say: models of rules, parameters, laws, groups and words.

Only the form is checked here; names, types and units are checked in `check.py` against the sources.
"""

from __future__ import annotations

from datetime import date
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

Klass = Literal["法", "规", "理", "险", "数"]
Level = Literal["red", "orange", "yellow", "blue"]
Confidence = Literal["H", "M", "L"]
LEVELS: tuple[Level, ...] = ("red", "orange", "yellow", "blue")
AREAS = {
    "drafting": "预算编制",
    "execution": "预算执行",
    "three_public": "三公经费",
    "debt": "政府债务",
    "assets": "国有资产",
    "social": "社保基金",
    "final": "决算公开审计",
    "voucher": "凭证",
    "data": "数据质量",
    "performance": "绩效",
}


def _text(value: Any) -> Any:
    """Whole numbers and booleans are written without quotes in expressions: `requires: [true]`."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else value


Expression = Annotated[str, BeforeValidator(_text)]


class Strict(BaseModel):
    """Unknown keys are refused; what is read does not change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Citation(Strict):
    """One article of one law."""

    law: str
    article: str | None = None
    paragraph: int | None = None
    item: int | None = None
    quote: str | None = None


class Valid(Strict):
    """The days on which a rule or list holds, both included."""

    since: date = Field(default=date(1900, 1, 1), alias="from")
    until: date | None = Field(default=None, alias="to")


class Excuse(Strict):
    """A finding of the linter that is meant so, and why."""

    code: str
    because: str = Field(min_length=1)


class Universe(Strict):
    """Which grains are judged: distinct values of a source, periods multiplied in or not."""

    source: str = Field(alias="from")
    when: Expression | None = None
    periods: (
        Literal[
            "months_to_as_of",
            "months_started",
            "quarters_to_as_of",
            "quarters_started",
            "years_to_as_of",
            "years_started",
        ]
        | None
    ) = None
    map: dict[str, Expression] = {}
    columns: tuple[str, ...] = ()


class Measure(Strict):
    """One aggregate of one source at the grain."""

    source: str = Field(alias="from")
    value: Expression
    when: Expression | None = None
    by: tuple[str, ...] | dict[str, Expression] | None = None
    shift: dict[Literal["fiscal_year", "month", "quarter"], int] = {}
    empty: Literal["zero", "missing"] | None = None
    title: str | None = None


class Join(Strict):
    """A many-to-one look-up onto the grain or row."""

    source: str = Field(alias="from")
    on: dict[str, str] = Field(min_length=1)
    take: tuple[str, ...] | dict[str, str] = ()
    when: Expression | None = None
    last_by: str | None = None


class Peers(Strict):
    """Where a grain stands among the grains of its kind: a percentile by nearest rank."""

    of: Expression
    by: tuple[str, ...] = Field(min_length=1)
    percentile: Expression
    least: Expression
    when: Expression | None = None
    title: str | None = None


class Within(Strict):
    """Windows of `length` steps of `order` among the rows that agree in `by`."""

    source: str = Field(alias="from")
    when: Expression | None = None
    by: tuple[str, ...] = Field(min_length=1)
    order: Expression
    length: int = Field(ge=1, le=3660)
    values: dict[str, Expression] = Field(min_length=1)
    groups: Expression | None = None


class Repeats(Strict):
    """What rows of a query's table must have in common with another row to matter to it."""

    source: str = Field(alias="from")
    when: Expression | None = None
    by: tuple[Expression, ...] = Field(min_length=1)


class Because(Strict):
    """A condition with the reason that is shown."""

    when: Expression
    because: str


class LevelRule(Strict):
    """One level: its condition and, where they differ, its own class, basis and confidence."""

    level: Level
    when: Expression
    klass: Klass | None = Field(default=None, alias="class")
    basis: tuple[Citation, ...] | None = None
    confidence: Confidence | None = None
    because: str | None = None


class Clear(Strict):
    """When a finding that lasts over periods counts as recovered."""

    when: Expression
    span: str = Field(default="1 months", alias="for", pattern=r"^\d+ (months|quarters|years)$")


class Evidence(Strict):
    """Which rows stand behind a finding, and the measure they must add up to."""

    source: str = Field(alias="from")
    when: Expression | None = None
    measure: str | None = None
    amount: str | None = None
    path: tuple[str, ...] = ()


class Handling(Strict):
    """To whom a finding goes, and in how many working days it is signed for and answered."""

    to: str
    cc: str | None = None
    sign_days: int = 3
    reply_days: int = 15


class Load(Strict):
    """The load a rule may make."""

    hits_per_month_per_100: float


def _because(value: Any) -> Any:
    return {"when": value, "because": ""} if isinstance(value, str | bool) else value


class Rule(Strict):
    """One rule file."""

    id: str = Field(pattern=r"^[A-Z]{2}\d{2}[A-Z]?$")
    title: str
    area: str
    klass: Klass = Field(alias="class")
    status: Literal["draft", "trial", "active", "retired"] = "active"
    valid: Valid = Valid()
    confidence: Confidence
    sensitivity: Literal["公开", "内部", "敏感"] = "内部"
    titles: dict[str, str] = {}
    basis: tuple[Citation, ...] = ()
    why: str
    method: str | None = None
    not_for: tuple[str, ...] = ()
    notes: str | None = None
    may_be_empty: bool = False

    grain: tuple[str, ...] = ()
    universe: Universe | None = None
    measures: dict[str, Measure] = {}
    each: str | None = None
    when: Expression | None = None
    within: Within | None = None
    query: str | None = None
    partition: tuple[str, ...] = ()
    repeats: Repeats | None = None

    join: dict[str, Join] = {}
    let: dict[str, Expression] = {}
    peers: dict[str, Peers] = {}
    skip: tuple[Because, ...] = ()
    requires: tuple[Annotated[Because, BeforeValidator(_because)], ...] = ()
    undecided: tuple[Because, ...] = ()
    levels: tuple[LevelRule, ...] = Field(min_length=1)
    clear: Clear | None = None
    identity: tuple[str, ...] = ()
    value: Expression | None = None
    limit: Expression | None = None
    message: str
    evidence: Evidence | None = None
    handling: Handling | None = None
    load: Load | None = None
    excuse: tuple[Excuse, ...] = ()

    @property
    def shape(self) -> Literal["aggregate", "row", "within", "query"]:
        """Which of the four shapes the rule has."""
        if self.each is not None:
            return "row"
        if self.within is not None:
            return "within"
        return "query" if self.query is not None else "aggregate"

    @field_validator("area")
    @classmethod
    def _known_area(cls, area: str) -> str:
        if area not in AREAS:
            raise ValueError(f"应为 {'、'.join(AREAS)} 之一，这里是“{area}”")
        return area

    @model_validator(mode="after")
    def _one_shape(self) -> Rule:
        shapes = [self.each is not None, self.within is not None, self.query is not None]
        if sum(shapes) > 1:
            raise ValueError("each、within、query 只能写一个")
        if self.shape in ("aggregate", "query") and (not self.grain or self.universe is None):
            raise ValueError("要写 grain 和 universe（或改用 each、within）")
        if self.shape == "aggregate" and not self.measures:
            raise ValueError("没有 measures；按行判断的规则请用 each")
        if self.shape == "within" and self.grain:
            raise ValueError("within 规则不写 grain：它就是 by 加 first_order")
        if self.peers and self.shape not in ("aggregate", "query"):
            raise ValueError("peers 只用于有 grain 和 universe 的规则（汇总或 query）")
        if self.when is not None and self.each is None:
            raise ValueError("when 只用于 each；其他规则写在 universe 或 within 里")
        return self


class ParamValue(Strict):
    """One value of a parameter: since when, by whose authority, where."""

    since: date = Field(alias="from")
    until: date | None = Field(default=None, alias="to")
    value: Any
    authority: Literal["law", "regulation", "ministry", "local", "customary"]
    jurisdiction: str = ""
    basis: tuple[Citation, ...] = ()
    note: str | None = None


class Checked(Strict):
    """When somebody last compared a parameter with its source."""

    on: date
    note: str | None = None


class Param(Strict):
    """One number, its history, its law."""

    id: str = Field(pattern=r"^[a-z][a-z0-9_.]*$")
    title: str
    unit: Literal["ratio", "fen", "day", "workday", "count", "month", "monthday"]
    statutory: bool = False
    tighter: Literal["lower", "higher"] | None = None
    confidence: Confidence | None = None
    values: tuple[ParamValue, ...] = Field(min_length=1)
    last_checked: Checked | None = None
    excuse: tuple[Excuse, ...] = ()

    @model_validator(mode="after")
    def _tighter(self) -> Param:
        if self.statutory and self.tighter is None:
            raise ValueError("法定参数要写 tighter: lower 或 higher（哪个方向更严）")
        return self


Name = Annotated[str, Field(min_length=1)]


class Exemption(Strict):
    """例外情形登记: a rule is not held against a scope for a time, on a basis, by two people."""

    id: str = Field(pattern=r"^[\w][\w.〔〕-]{0,63}$")
    rule: str
    scope: dict[str, Any] = Field(min_length=1)
    levels: tuple[Level, ...] = ()
    basis: tuple[Citation, ...] = ()
    document: Name | None = None
    since: date = Field(alias="from")
    until: date = Field(alias="to")
    registered_by: Name
    approved_by: Name
    reason: Name

    @model_validator(mode="after")
    def _whole(self) -> Exemption:
        if self.until < self.since:
            raise ValueError("to 早于 from；请核对起止日期")
        if not self.basis and self.document is None:
            raise ValueError("要写依据：basis: [{law: …, article: …}]，或 document: 文件名称和文号")
        if "".join(self.registered_by.split()) == "".join(self.approved_by.split()):
            raise ValueError(
                "登记人（registered_by）与批准人（approved_by）应是两个人：登记的人不能自己批准"
            )
        return self


class Law(Strict):
    """One law, regulation or document in one version."""

    id: str
    title: str
    short: str | None = None
    number: str | None = None
    version: Annotated[str, BeforeValidator(str)] | None = None
    valid_from: date
    valid_to: date | None = None
    authority: Literal["law", "regulation", "ministry", "party", "local", "practice"]
    file_hint: str | None = None
    note: str | None = None

    @property
    def name(self) -> str:
        """The short title, for sentences."""
        return self.short or self.title

    @property
    def quoted(self) -> str:
        """The name in 《》 if it is a title; a document number or a habit stands bare."""
        bare = "〔" in self.name or self.authority == "practice"
        return self.name if bare else f"《{self.name}》"


class GroupSet(Strict):
    """The codes of a group from a day on."""

    since: date = Field(alias="from")
    until: date | None = Field(default=None, alias="to")
    codes: tuple[str, ...] = Field(min_length=1)


class Group(Strict):
    """A named set of codes, dated."""

    id: str
    title: str
    match: Literal["exact", "prefix"] = "exact"
    sets: tuple[GroupSet, ...] = Field(min_length=1)
    note: str | None = None
    excuse: tuple[Excuse, ...] = ()


class WordSet(Strict):
    """The words of a list from a year on.

    A text has them if, without the excluded phrases, one of include is left.
    """

    since: date = Field(default=date(1900, 1, 1), alias="from")
    include: tuple[str, ...] = Field(min_length=1)
    require_also: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()


class Words(Strict):
    """A named list of words: one set for all years, or several, each from a year on."""

    id: str
    title: str
    include: tuple[str, ...] = ()
    require_also: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    since: date = Field(default=date(1900, 1, 1), alias="from")
    sets: tuple[WordSet, ...] = ()
    note: str | None = None
    excuse: tuple[Excuse, ...] = ()

    @model_validator(mode="after")
    def _one_form(self) -> Words:
        if bool(self.include) == bool(self.sets):
            raise ValueError("写 include，或分年写 sets: [{from: …, include: …}]，只能写一种")
        if self.sets and (self.require_also or self.exclude or "since" in self.model_fields_set):
            raise ValueError("分年的词表，from、require_also、exclude 写在 sets 的各项里")
        if len({each.since.year for each in self.sets}) < len(self.sets):
            raise ValueError("sets 中有两项自同一年起；词表按年切换，一年只能有一项")
        return self

    @cached_property
    def editions(self) -> tuple[WordSet, ...]:
        """The sets by the year from which they hold; the first holds for the years before too."""
        own = {"from": self.since, "include": self.include, "require_also": self.require_also}
        flat = () if self.sets else (WordSet.model_validate({**own, "exclude": self.exclude}),)
        return tuple(sorted(self.sets or flat, key=lambda each: each.since))
