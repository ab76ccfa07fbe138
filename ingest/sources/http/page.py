"""Makes a frame of one page's rows: the contract's columns as text, checked row by row.

Every column the contract expects must be in every row, in a JSON type that can hold it; what is
missing or of another type makes the page wrong, which is asked for again and then reported. What
the texts say is judged by the gate. Fields that are not in the contract are not taken, plain
identity numbers are hashed here: neither comes to the disk.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from budget_watch.tables import Contract
from ingest.gate.secrets import hashed_ids
from ingest.sources.http.answer import at, whole_number
from ingest.sources.http.client import Answer
from ingest.sources.http.faults import WrongAnswer
from ingest.sources.http.settings import Paging, Resource
from ingest.sources.http.times import day_text, moment

UPDATED, KEY, ROW, VOID = "_updated", "_key", "_row", "_void"
_DELIVERED = ("data_status", "src_dept", "secret_flag", "round_fen")
_DELETED = "is_deleted"
_YES = frozenset({"1", "true", "是", "y", "yes"})


@dataclass(frozen=True)
class Page:
    """One page as it came.

    Attributes:
        frame: the rows of the window, columns as text, with `_updated` (ms), `_key`, `_row`, and
            `_void`: marked as deleted, where the contract has no column for it.
        rows: how many rows the page had, also those outside the window.
        total, next, snapshot: what the interface says of the whole listing.
        extra: fields that are not taken.
    """

    frame: pl.DataFrame
    rows: int
    total: int | None
    next: str | None
    snapshot: str | None
    extra: tuple[str, ...] = ()


@dataclass
class PageReader:
    """Reads the pages of one listing.

    Attributes:
        before: only rows updated before it (ms) belong to the window; None: all.
        key: of the home, for identity numbers.
    """

    resource: Resource
    paging: Paging
    before: int | None
    key: bytes
    dated: bool = False
    _names: dict[str, str | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.contract: Contract = self.resource.contract
        self.types = {
            column.delivered_as or column.name: column.type for column in self.contract.columns
        }
        self.wanted = self.resource.columns
        self.required = {
            column.delivered_as or column.name
            for column in self.contract.columns
            if column.required
        }
        self.mapped = {theirs.lower(): ours for theirs, ours in self.resource.fields.items()}

    def read(self, answer: Answer) -> Page:
        """The page of an answer. Raises WrongAnswer where it cannot be right."""
        rows = at(answer.content, self.paging.rows)
        if rows is None:
            rows = []
            if at(answer.content, self.paging.total) is None:
                raise WrongAnswer(f"答复里没有 {self.paging.rows or '数据'}")
        if not isinstance(rows, list):
            raise WrongAnswer(f"{self.paging.rows or '答复'} 应为行的列表")
        taken = [self._row(number, row) for number, row in enumerate(rows, start=1)]
        frame = self._frame(taken)
        if self.before is not None:
            frame = frame.filter((pl.col(UPDATED) < self.before).fill_null(True))
        told = self.paging
        follow = at(answer.content, told.next) if told.kind != "page" else None
        return Page(
            frame,
            len(rows),
            whole_number(at(answer.content, told.total), told.total) if told.total else None,
            None if follow is None or follow == "" else str(follow),
            self._snapshot(answer),
            tuple(sorted(name for name, ours in self._names.items() if ours is None)),
        )

    def _snapshot(self, answer: Answer) -> str | None:
        name = self.paging.snapshot
        if not name:
            return None
        if name.startswith("header:"):
            header: str | None = answer.headers.get(name.removeprefix("header:"))
            return header
        found = at(answer.content, name)
        return None if found is None else str(found)

    def ours(self, theirs: str) -> str | None:
        """Our name for a field of theirs; None for one that is not taken."""
        low = theirs.lower()
        if low in self.mapped:
            return self.mapped[low]
        if low == self.resource.updated.lower():
            return UPDATED
        if low in self.types or low in _DELIVERED:
            return low if low in self.wanted or low in _DELIVERED else None
        return VOID if low == _DELETED else None

    def _row(self, number: int, row: Any) -> dict[str, Any]:
        """One row by our names, checked."""
        if not isinstance(row, dict):
            raise WrongAnswer(f"第 {number} 行不是一组字段")
        found: dict[str, Any] = {}
        for theirs, value in row.items():
            ours = self._names.get(theirs, "")
            if ours == "":
                ours = self._names.setdefault(theirs, self.ours(theirs))
            if ours is None:
                continue
            if ours in found:
                raise WrongAnswer(f"第 {number} 行有两个字段都是 {ours}")
            found[ours] = self._value(number, ours, value)
        self._complete(number, found)
        found[VOID] = str(found.get(VOID) or "").lower() in _YES
        return found

    def _complete(self, number: int, found: Mapping[str, Any]) -> None:
        """Raise where a field that must be there is not."""
        expected = self.wanted if self.resource.nulls == "sent" else self.required
        missing = [name for name in expected if name not in found]
        if self.dated and UPDATED not in found:
            missing.append(self.resource.updated)
        if missing:
            names = "、".join(missing[:8])
            raise WrongAnswer(
                f"{self.contract.code} 第 {number} 行缺少字段 {names}{'等' if missing[8:] else ''}"
                '（接口确实没有的列写入 absent；空值不送时写 nulls = "omitted"）'
            )

    def _value(self, number: int, ours: str, value: Any) -> Any:
        if value is None:
            return None
        kind = self.types.get(ours, "str")
        if isinstance(value, bool):
            if kind == "bool" or ours in (VOID, "secret_flag"):
                return "true" if value else "false"
        elif isinstance(value, str):
            if ours == UPDATED:
                at_ms = moment(value)
                if at_ms is None and value.strip():
                    raise WrongAnswer(f"第 {number} 行的更新时间“{value[:30]}”读不出")
                return at_ms
            return str(day_text(value) if kind == "date" else value)
        what = {dict: "对象", list: "列表", bool: "真假值"}.get(type(value), "其他类型")
        raise WrongAnswer(
            f"{self.contract.code} 第 {number} 行的字段 {ours} 类型不对：应为文字或数，收到{what}"
        )

    def _frame(self, rows: list[dict[str, Any]]) -> pl.DataFrame:
        schema: dict[str, pl.DataType] = {name: pl.String() for name in (*self.wanted, *_DELIVERED)}
        schema |= {UPDATED: pl.Int64(), VOID: pl.Boolean()}
        frame = pl.DataFrame(
            [
                pl.Series(name, [row.get(name) for row in rows], dtype)
                for name, dtype in schema.items()
            ]
        )
        plain = {c.delivered_as: c.name for c in self.contract.columns if c.delivered_as in schema}
        hashes = hashed_ids(self.contract, frame.schema, self.key)
        frame = frame.with_columns(hashes).drop(list(plain))
        told = [name for name in frame.columns if name != UPDATED]
        return frame.with_columns(
            pl.struct(self.contract.key).hash(seed=1).alias(KEY),
            pl.struct(told).hash(seed=2).alias(ROW),
        )


Reader = Callable[[Answer], Page]
