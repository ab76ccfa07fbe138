"""What a `<ID>.test.yaml` file says."""

from __future__ import annotations

from datetime import date
from typing import Any

from pydantic import ConfigDict, Field

from budget_watch.engine.model import Level, Strict

DEFAULT_DAY = date(2026, 11, 20)


class TestExemption(Strict):
    """例外情形登记 as a test states it; without a scope it covers the grain of the case."""

    __test__ = False
    scope: dict[str, Any] = Field(default={})
    levels: tuple[Level, ...] = ()
    since: date = Field(default=date.min, alias="from")
    until: date = Field(default=date.max, alias="to")


class Case(Strict):
    """Values that the judgement sees, and the whole result. Other keys are the rule's columns."""

    model_config = ConfigDict(extra="allow", frozen=True)

    name: str
    expect: str
    because: str | None = None
    message: str | None = None
    provisional: bool = False
    with_: dict[str, Any] = Field(default={}, alias="with")
    as_of: date | None = None
    exempt: tuple[TestExemption, ...] = ()
    status: str | None = None
    level_at: int | None = None


class RowsCase(Strict):
    """Table rows and the measures they give. Other keys are sources with their rows."""

    model_config = ConfigDict(extra="allow", frozen=True)

    name: str
    expect: dict[str, Any]
    grain: dict[str, Any] = Field(default={})
    not_delivered: tuple[str, ...] = ()
    as_of: date | None = None
    with_: dict[str, Any] = Field(default={}, alias="with")


class ExpectedGrain(Strict):
    """One observation that must come out."""

    level: str | None = None
    outcome: str | None = None
    grain: dict[str, Any] = Field(default={})
    values: dict[str, Any] = Field(default={})
    provisional: bool | None = None
    because: str | None = None
    level_at: int | None = None


class TablesCase(Strict):
    """Rows of whole tables and the complete list of observations."""

    model_config = ConfigDict(extra="allow", frozen=True)

    name: str
    expect: tuple[ExpectedGrain, ...]
    clear: int | None = None
    not_applicable: int | None = None
    exempt: tuple[TestExemption, ...] = ()
    not_delivered: tuple[str, ...] = ()
    as_of: date | None = None
    with_: dict[str, Any] = Field(default={}, alias="with")


class Survivor(Strict):
    """A change of the rule that no test need notice, and why (`rules mutate`)."""

    mutant: str
    because: str = Field(min_length=1)


class Uncovered(Strict):
    """Something that no test can reach, and why (`rules test --coverage`)."""

    gap: str
    because: str = Field(min_length=1)


class RuleTests(Strict):
    """One test file."""

    as_of: date = DEFAULT_DAY
    base: dict[str, Any] = Field(default={})
    defaults: dict[str, dict[str, Any]] = Field(default={})
    cases: tuple[Case, ...] = ()
    rows: tuple[RowsCase, ...] = ()
    tables: tuple[TablesCase, ...] = ()
    survivors: tuple[Survivor, ...] = ()
    uncovered: tuple[Uncovered, ...] = ()
