"""Settings that a folder and an SFTP folder share."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from budget_watch.tables import contracts
from ingest.settings import SourceSettings
from ingest.sources.drop.names import NameError_, compiled


class FileSettings(BaseModel):
    """One kind of file: what its name looks like, and what it then is.

    Attributes:
        pattern: like `凭证_{period}.csv`; see `names`.
        table: contract code; None: the name's {table}, else the content's header tells.
        whole: whether a file stands for all rows of its period, or adds to them by key.
        regions: divisions that a file covers, also where it has no rows; empty: read off the rows.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    pattern: str
    table: str | None = None
    whole: bool = True
    regions: tuple[str, ...] = ()

    @field_validator("pattern")
    @classmethod
    def _understood(cls, pattern: str) -> str:
        try:
            compiled(pattern)
        except NameError_ as error:
            raise ValueError(str(error)) from error
        return pattern

    @field_validator("table")
    @classmethod
    def _known(cls, table: str | None) -> str | None:
        codes = {contract.code for contract in contracts().values()}
        if table is not None and table not in codes:
            raise ValueError(f"没有报表 {table}；budget-watch tables list 列出全部")
        return table


class DropSettings(SourceSettings):
    """What both kinds of folder say.

    Attributes:
        path: the folder.
        ready: how a file is known to be whole: it stands still (stable), a marker lies beside it
            (marker), or a list names it (list).
        stable_seconds: how long size and time must stand still.
        markers: endings of markers: 凭证.csv.ok or 凭证.ok.
        done: a folder that read files are moved to; None: they stay where they are.
        subfolders: whether folders inside are looked into.
        files: kinds of files; empty: every file, named by its date.
    """

    path: str
    ready: Literal["stable", "marker", "list"] = "stable"
    stable_seconds: Annotated[float, Field(ge=0, le=3600)] = 60.0
    markers: tuple[str, ...] = (".ok", ".done")
    done: str | None = None
    subfolders: bool = True
    files: tuple[FileSettings, ...] = ()

    @model_validator(mode="after")
    def _sensible(self) -> Self:
        if any(not marker.startswith(".") or len(marker) < 2 for marker in self.markers):
            raise ValueError('markers 写成 [".ok"] 这样的扩展名')
        if self.ready == "list" and self.files:
            raise ValueError("ready = 'list' 时报表和期由清单说明，不写 files")
        return self
