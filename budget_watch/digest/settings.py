"""The `[digest]` section of budget_watch.toml: what is built by itself, who signs, who receives."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from budget_watch.digest.errors import DigestError
from budget_watch.digest.signature import Signature, signature
from budget_watch.lake import Home
from budget_watch.lake.section import read_section

Kind = Literal["month", "quarter", "half", "year"]


class Settings(BaseModel):
    """The `[digest]` section of budget_watch.toml.

    Attributes:
        schedule: kinds of periods whose issues are built when they are over; none by default.
        report: which report. wait_days: how long reports that have not come are waited for; after
            that the issue is built without them, its gaps on page one.
        signer, reach: 签发人 and 报送范围 of every report, where nobody says otherwise.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    schedule: tuple[Kind, ...] = ()
    report: str = "quarterly"
    wait_days: int = Field(default=30, ge=0, le=366)
    signer: str = ""
    reach: str = ""

    @property
    def signature(self) -> Signature:
        """The two of them. Raises DigestError: too long."""
        return signature(self.signer, self.reach)


def read_settings(home: Home) -> Settings:
    """The section as it stands now; all defaults where there is none.

    Raises:
        DigestError: says which key is wrong.
    """
    return read_section(home, "digest", Settings, DigestError)
