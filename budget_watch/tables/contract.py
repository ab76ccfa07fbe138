"""What a contract says: the models Contract, Column and Check.

A contract (报表) is one YAML file beside this one. Everything about a table follows from it and
from nowhere else: schemas, gate, dictionary page, Excel template, the rules' type check.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from budget_watch.calendar import parse_due
from budget_watch.codes import SYSTEMS

ColumnType = Literal["str", "int", "money", "date", "bool", "ratio", "number"]
Kind = Literal["event", "period", "snapshot", "reference"]
Personal = Literal["name", "account", "id"]
CheckKind = Literal["holds", "balance", "rows", "parents", "chain", "scopes", "cross"]
Sensitivity = Literal["公开", "内部", "敏感"]

CODE_SYSTEMS = (*SYSTEMS, "uscc")
MONEY_UNITS = ("元", "万元", "亿元")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Column(_Strict):
    """One column: name, Chinese title, type, source unit, code list, protection.

    `unit` of a money column is the unit of a delivered figure; what is stored is always fen.
    `values` is a closed list (anything else is wrong), `usual` an open one (a suggestion).
    `delivered_as` names the column of the delivery that the gate hashes into this one; the plain
    value is never stored. `sensitivity` is that of a column more sensitive than its table.
    """

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    title: str = Field(min_length=1)
    type: ColumnType
    required: bool = False
    unit: str | None = None
    scale: int = Field(default=0, ge=0, le=9)
    codes: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    usual: tuple[str, ...] = ()
    personal: Personal | None = None
    secret: bool = False
    delivered_as: str | None = None
    sensitivity: Sensitivity | None = None
    note: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _one_code_system(cls, data: Any) -> Any:
        if isinstance(data, dict) and isinstance(data.get("codes"), str):
            return {**data, "codes": (data["codes"],)}
        return data

    @model_validator(mode="after")
    def _fits(self) -> Column:
        if self.type == "money" and self.unit not in MONEY_UNITS:
            raise ValueError(f"金额列 {self.name} 的 unit 应为 元、万元 或 亿元之一")
        if self.type != "number" and self.scale:
            raise ValueError(f"列 {self.name}：只有 type: number 才写 scale")
        unknown = [system for system in self.codes if system not in CODE_SYSTEMS]
        if unknown:
            raise ValueError(
                f"列 {self.name}：没有代码表 {unknown[0]}；可用的有 {'、'.join(CODE_SYSTEMS)}"
            )
        if self.values and self.type not in ("str", "int"):
            raise ValueError(f"列 {self.name}：values 只用于 str、int 列")
        if self.delivered_as and self.personal != "id":
            raise ValueError(f"列 {self.name}：delivered_as 只用于 personal: id")
        return self


class Check(_Strict):
    """A relation that the published or delivered figures should satisfy.

    kinds:
    holds    `when: holds` per row, a polars SQL boolean
    balance  left = right per row (polars SQL), within half a rounding unit per addend
    rows     within `by`, Σ value of rows `left` = Σ value of rows `right`
    parents  within `by`, each code in `column` = Σ of its children, for every column of `sums`
    chain    within `by` ordered by `order`, `left` of a row = `right` of the row before it
    scopes   全市 = 本级 + Σ县区 + 开发区 − 抵销, for every column of `sums` within `by`
    cross    between tables; named here, judged by a rule
    A failed check is reported, never a reason to keep a row out: the error is what is looked for.
    """

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    kind: CheckKind
    title: str = Field(min_length=1)
    holds: str | None = None
    left: str | None = None
    right: str | None = None
    when: str | None = None
    value: str | None = None
    column: str | None = None
    sums: tuple[str, ...] = ()
    by: tuple[str, ...] = ()
    order: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _complete(self) -> Check:
        needs: dict[str, tuple[str, ...]] = {
            "holds": ("holds",),
            "balance": ("left", "right"),
            "rows": ("left", "right", "value", "by"),
            "parents": ("column", "sums", "by"),
            "chain": ("left", "right", "by", "order"),
            "scopes": ("sums", "by"),
            "cross": ("tables",),
        }
        missing = [field for field in needs[self.kind] if not getattr(self, field)]
        if missing:
            raise ValueError(f"校验 {self.id}（{self.kind}）缺少 {'、'.join(missing)}")
        return self


class Contract(_Strict):
    """One table of the 53, or a reference table.

    `date_column` is the business date of an event row (without one, or where it is blank, the
    date of the delivery counts); period tables are placed by `period` (fiscal_year, month …).
    `key` identifies a row within the delivered history.
    """

    code: str = Field(pattern=r"^[A-Z]+-\d{2}$")
    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    title: str
    delivering_dept: str
    owner: str
    frequency: str
    kind: Kind
    grain: str
    key: tuple[str, ...] = Field(min_length=1)
    date_column: str | None = None
    period: tuple[str, ...] = ()
    due: tuple[str, ...]
    sensitivity: Sensitivity
    origin: str
    note: str | None = None
    columns: tuple[Column, ...] = Field(min_length=1)
    checks: tuple[Check, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _one_due(cls, data: Any) -> Any:
        if isinstance(data, dict) and isinstance(data.get("due"), str):
            return {**data, "due": (data["due"],)}
        return data

    @field_validator("due")
    @classmethod
    def _due_readable(cls, texts: tuple[str, ...]) -> tuple[str, ...]:
        for text in texts:
            parse_due(text)
        return texts

    @model_validator(mode="after")
    def _consistent(self) -> Contract:
        names = [column.name for column in self.columns]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"列 {twice[0]} 写了两次；请删去一处")
        known = {column.name: column for column in self.columns}
        for name in (*self.key, *self.period, *((self.date_column,) if self.date_column else ())):
            if name not in known:
                raise ValueError(f"key、period 或 date_column 提到的列 {name} 不在 columns 中")
        optional = [name for name in self.key if not known[name].required]
        if optional:
            raise ValueError(f"主键列 {optional[0]} 应写 required: true")
        if self.date_column and known[self.date_column].type != "date":
            raise ValueError(f"date_column {self.date_column} 应为 type: date")
        for check in self.checks:
            for name in (*check.sums, *check.by, *check.order, *filter(None, [check.column])):
                if name not in known:
                    raise ValueError(f"校验 {check.id} 提到的列 {name} 不在 columns 中")
        return self

    def column(self, name: str) -> Column:
        """Return the column called `name`. Raises KeyError naming table and column."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"报表 {self.code}（{self.title}）没有列 {name}")

    @property
    def names(self) -> tuple[str, ...]:
        """The column names, in the order of the contract."""
        return tuple(column.name for column in self.columns)

    @property
    def money_columns(self) -> tuple[Column, ...]:
        """The columns that hold money (stored in fen)."""
        return tuple(column for column in self.columns if column.type == "money")

    @property
    def personal_columns(self) -> tuple[Column, ...]:
        """The columns that identify a person: names, accounts, identity numbers."""
        return tuple(column for column in self.columns if column.personal is not None)
