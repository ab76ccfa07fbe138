"""Who the committee of this installation is: `[committee]` of the settings."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass

from budget_watch.lake import Home
from budget_watch.lake.home import CONFIGURATION

OFFICE = "人大常委会预算工作委员会"


@dataclass(frozen=True)
class Committee:
    """What the settings say.

    Attributes:
        name: of the office, as it stands on papers; None where it is not said.
        region: code of its own government; None where it is not said.
    """

    name: str | None = None
    region: str | None = None

    def issuer(self, city: str = "", office: str = OFFICE) -> str:
        """The office on papers: by its name, else the office of its city."""
        return self.name or f"{city}{office}"


def committee(home: Home) -> Committee:
    """The committee as the settings name it.

    Raises:
        tomllib.TOMLDecodeError: the file cannot be read.
    """
    path = home.root / CONFIGURATION
    if not path.is_file():
        return Committee()
    told = tomllib.loads(path.read_text(encoding="utf-8")).get("committee", {})
    name, region = told.get("name"), told.get("region")
    return Committee(
        name if isinstance(name, str) else None, str(region) if region is not None else None
    )
