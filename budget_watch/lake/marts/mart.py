"""What a mart is: a contract, its inputs, and the function that makes it."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl

from budget_watch import codes
from budget_watch.tables import Column, Contract, contracts


class Inputs(ABC):
    """The tables a mart is made from, as they will be after publishing."""

    @abstractmethod
    def scan(self, name: str) -> pl.LazyFrame:
        """All rows of an input."""

    @abstractmethod
    def scan_part(self, name: str, part: str) -> pl.LazyFrame:
        """The rows of one year and month (`2026-09`) of a clustered input."""

    @abstractmethod
    def parts(self, name: str) -> list[str]:
        """The years and months of a clustered input that have rows, ascending."""

    @abstractmethod
    def rewritten_parts(self, name: str) -> set[str]:
        """The years and months of which published files go."""

    @abstractmethod
    def changed_parts(self, name: str) -> set[str]:
        """The years and months that get new files or lose published ones."""

    @abstractmethod
    def scan_published(self, name: str, part: str) -> pl.LazyFrame:
        """The published rows of one year and month."""

    @abstractmethod
    def changed_rows(self, name: str) -> pl.LazyFrame:
        """Rows that come or go, and possibly neighbours that stay."""

    @abstractmethod
    def ledger(self) -> pl.DataFrame:
        """The ledger's lines, oldest first, those of the coming publication with them."""

    @abstractmethod
    def signed(self) -> pl.DataFrame:
        """The reconciliation's signed lines (`lake.recon_lines.SIGNED`)."""

    @abstractmethod
    def days(self) -> pl.DataFrame:
        """The calendar: date, wd, weekday, is_workday and more, one row a day."""


# As their inputs; sums of a region and month over single documents are 内部.
_SENSITIVITY = {
    **dict.fromkeys(("calendar", "execution_month", "debt_position", "fund_line"), "公开"),
    **dict.fromkeys(("final_form_check", "spending_class", "table_coverage"), "公开"),
    **dict.fromkeys(("payment", "payee_account", "returned_payment", "slip_return"), "敏感"),
    **dict.fromkeys(("subsidy", "unit_circle", "code_error", "row_change"), "敏感"),
}

_SOURCES = (".py", ".yaml", ".csv", ".json")

Frames = dict[str, pl.LazyFrame]


@dataclass(frozen=True)
class Mart:
    """A mart of one file, made anew whole.

    Attributes:
        contract: name, title, columns with units and personal marks.
        inputs: names of the tables it is made from, or of marts made before it; the first drives
            it.
        covers: tables whose delivery means that the mart is complete.
        build: from the inputs (Frames, or what a subclass gives it) to the mart; pure.
    """

    contract: Contract
    inputs: tuple[str, ...]
    covers: tuple[str, ...]
    build: Callable[..., pl.LazyFrame]

    clustered = False
    chunk_by = ""
    uses_ledger = False  # made anew whenever something was delivered
    uses_signatures = False  # made anew whenever a line was signed or taken back
    recorded = False  # written down as deliveries come, never made anew

    @property
    def name(self) -> str:
        """The mart's English name."""
        return self.contract.name

    def make(self, inputs: Inputs, part: str, rows: pl.LazyFrame | None = None) -> pl.LazyFrame:
        """The rows of one part of the mart (`` = all of it)."""
        return self.build({name: inputs.scan(name) for name in self.inputs})

    def prepare(self, inputs: Inputs, todo: Sequence[tuple[str, pl.LazyFrame]]) -> None:
        """Look things up once before several parts are made: (part, rows of the first input)."""

    def stale_parts(self, inputs: Inputs) -> set[str]:
        """The published parts that must be made anew; others at most grow."""
        return {""}

    def fingerprint(self, calendar: str) -> str:
        """A hash of all that decides what rows are made of given inputs.

        Args:
            calendar: hash of the calendar, for marts that use it.
        """
        digest = hashlib.sha256(_program().encode())
        digest.update(self.contract.model_dump_json().encode())
        for name in self.inputs:
            if name in contracts():  # a mart's contract is part of the program
                digest.update(contracts()[name].model_dump_json().encode())
        return digest.hexdigest()[:16]


@cache
def _program() -> str:
    """A hash of the code of all marts and of the code tables they look into."""
    digest = hashlib.sha256()
    for folder in (Path(__file__).parent, Path(codes.__file__).parent):
        for path in sorted(folder.rglob("*")):
            if path.suffix in _SOURCES and "__pycache__" not in path.parts:
                digest.update(path.read_bytes())
    return digest.hexdigest()


def mart_contract(
    number: int,
    name: str,
    title: str,
    kind: str,
    key: Sequence[str],
    grain: str,
    columns: str,
    **more: Any,
) -> Contract:
    """A mart's contract, so that schema, type check and masking treat marts like tables.

    Args:
        columns: one a line: name, type, Chinese title, then marks (`!` required, `name`,
            `account` personal, `敏感`, or a code system).
    """
    return Contract(
        code=f"MART-{number:02}",
        name=name,
        title=title,
        delivering_dept="本系统",
        owner="本系统",
        frequency="随数据快照",
        kind=kind,  # type: ignore[arg-type]
        grain=grain,
        key=tuple(key),
        due=("T+1工作日",),
        sensitivity=_SENSITIVITY.get(name, "内部"),  # type: ignore[arg-type]
        origin="由报表生成的主题表",
        columns=tuple(_column(line) for line in columns.strip().splitlines()),
        **more,
    )


def _column(line: str) -> Column:
    name, dtype, title, *marks = line.split()
    more: dict[str, Any] = {}
    if dtype == "money":
        more["unit"] = "元"
    for mark in marks:
        if mark == "!":
            more["required"] = True
        elif mark == "敏感":
            more["sensitivity"] = mark
        elif mark in ("name", "account", "id"):
            more["personal"] = mark
        else:
            more["codes"] = mark
    return Column(name=name, type=dtype, title=title, **more)  # type: ignore[arg-type]
