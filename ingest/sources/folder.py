"""A folder that departments put files into: `kind = "folder"`; see docs/sources/folder.md."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from budget_watch.lake import Home
from ingest.settings import read_as
from ingest.source import Errand, Fetched
from ingest.sources.drop.intake import Intake
from ingest.sources.drop.place import LocalPlace
from ingest.sources.drop.settings import DropSettings


@dataclass(frozen=True)
class FolderSource:
    """A folder of this machine, or one mounted on it."""

    settings: DropSettings
    root: Path
    clock: Callable[[], float] = time.time

    @property
    def name(self) -> str:
        """Its name in the settings."""
        return self.settings.name

    def fetch(self, errand: Errand) -> Fetched:
        """Put every whole file; see `Intake.run`."""
        place = LocalPlace(self.root, self.name)
        return Intake(place, self.settings, errand, self.clock).run()


def open_source(section: Mapping[str, Any], home: Home) -> FolderSource:
    """The source of a section; a relative path is below the home.

    Raises:
        SettingError: the section is wrong; names the key.
    """
    settings = read_as(DropSettings, section)
    return FolderSource(settings, home.root / Path(settings.path).expanduser())
