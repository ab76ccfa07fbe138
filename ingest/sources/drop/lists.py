"""Lists of deliveries that lie beside the files: `deliveries.json`, `*.manifest.json`.

A list is put last, when its files are whole. Each entry names a file and says what it is:

    {"file": "FIN-15_2026-09.parquet", "table": "FIN-15", "period": "2026-09",
     "biz_date": "2026-10-08", "rows": 1200, "revision": 2, "bytes": 80123, "sha256": "…",
     "fiscal_years": [2026], "months": [9], "regions": ["990100000"], "whole": true}

`file`, `table`, `period` and `biz_date` are needed; `X.manifest.json` of one entry may leave out
`file`, and then speaks of X.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from budget_watch.lake import Coverage
from budget_watch.refusals import refusal
from budget_watch.tables import contracts
from ingest.errors import Unreadable

LIST = "deliveries.json"
ENDING = ".manifest.json"


class _Entry(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    file: str
    table: str
    period: Annotated[str, Field(min_length=1, max_length=120)]
    biz_date: date
    rows: Annotated[int, Field(ge=0)] | None = None
    revision: Annotated[int, Field(ge=0, le=2**62)] = 0
    bytes: Annotated[int, Field(ge=0)] | None = None
    sha256: Annotated[str, Field(pattern=r"^[0-9a-fA-F]{64}$")] | None = None
    fiscal_years: tuple[int, ...] = ()
    months: tuple[int, ...] = ()
    regions: tuple[str, ...] = ()
    whole: bool = True


@dataclass(frozen=True)
class Listed:
    """One entry: what the file at `path` (below the source's folder) is."""

    path: str
    table: str
    period: str
    biz_date: date
    rows: int | None
    revision: int
    size: int | None
    sha256: str | None
    coverage: tuple[Coverage, ...] | None
    whole: bool

    @property
    def key(self) -> str:
        """What tells it from other entries."""
        return f"{self.path}|{self.table}|{self.period}|{self.biz_date}|{self.revision}"


def is_list(name: str) -> bool:
    """Whether a file of this name is a list."""
    return name == LIST or name.endswith(ENDING)


def read_list(path: str, content: bytes, read: Collection[str] = frozenset()) -> list[Listed]:
    """The entries of a list at a path below the source's folder.

    Args:
        read: keys of entries that are passed over: they were read, and a list of years is long.

    Raises:
        Unreadable: not JSON (perhaps half copied), or an entry is wrong; says which and how.
    """
    try:
        told: Any = json.loads(content.decode("utf-8-sig"))
    except ValueError as error:
        raise Unreadable(f"清单“{path}”不是完整的 JSON（{error}）；没有读入，下次再看。") from error
    folder = path.rpartition("/")[0]
    if isinstance(told, dict):
        name = path.rpartition("/")[2].removesuffix(ENDING)
        told = [{"file": name, **told}]
    if not isinstance(told, list):
        raise Unreadable(f"清单“{path}”应是一个列表，每件送达一条；没有读入。")
    return [
        _listed(path, folder, number, entry)
        for number, entry in enumerate(told, 1)
        if _key_of(folder, entry) not in read
    ]


def _key_of(folder: str, told: Any) -> str | None:
    """The key of an entry that nobody has looked at yet; None where it has none."""
    try:
        place = f"{folder}/{told['file']}" if folder else told["file"]
        revision = told.get("revision", 0)
        return f"{place}|{told['table']}|{told['period']}|{told['biz_date']}|{revision}"
    except (KeyError, TypeError, AttributeError):
        return None


def _listed(path: str, folder: str, number: int, told: Any) -> Listed:
    try:
        entry = _Entry.model_validate(told)
    except ValidationError as error:
        raise Unreadable(
            f"清单“{path}”的第 {number} 条写错了（{refusal(error)}）；改正后会重新读。"
        ) from error
    parts = [part for part in entry.file.replace("\\", "/").split("/") if part not in ("", ".")]
    if ".." in parts or not parts:
        raise Unreadable(f"清单“{path}”的第 {number} 条的 file 不在本文件夹内；改正后会重新读。")
    codes = {contract.code for contract in contracts().values()}
    if entry.table not in codes:
        raise Unreadable(f"清单“{path}”的第 {number} 条：没有报表 {entry.table}；改正后会重新读。")
    covered = None
    if entry.fiscal_years and entry.regions:
        covered = tuple(
            Coverage(year, month, region)
            for year in entry.fiscal_years
            for month in entry.months or (0,)
            for region in entry.regions
        )
    return Listed(
        "/".join([*([folder] if folder else []), *parts]),
        entry.table,
        entry.period,
        entry.biz_date,
        entry.rows,
        entry.revision,
        entry.bytes,
        entry.sha256.lower() if entry.sha256 else None,
        covered,
        entry.whole,
    )
