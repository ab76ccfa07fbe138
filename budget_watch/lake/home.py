"""A home: the folder that holds one installation's lake, state, inbox and quarantine."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path

CONFIGURATION = "budget_watch.toml"


class Home:
    """One installation. Folders are made when first asked for, so that looking creates nothing.

    Attributes:
        root: the folder, absolute.
    """

    def __init__(self, root: str | os.PathLike[str]) -> None:
        self.root = Path(root).expanduser().absolute()

    def __repr__(self) -> str:
        return f"Home({str(self.root)!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Home) and other.root == self.root

    def __hash__(self) -> int:
        return hash(self.root)

    @property
    def exists(self) -> bool:
        """Whether anything was ever written here."""
        elsewhere = os.environ.get("BUDGET_WATCH_STATE") or self._configured_url()
        return self.state.exists() or bool(elsewhere)

    @property
    def state(self) -> Path:
        """The SQLite state database (there may be none yet; PostgreSQL is set by `state_url`)."""
        return self.root / "state.sqlite"

    @property
    def state_url(self) -> str:
        """SQLAlchemy address of the state database.

        `$BUDGET_WATCH_STATE`, else `[state] url` of budget_watch.toml, else the SQLite file.
        """
        url = os.environ.get("BUDGET_WATCH_STATE") or self._configured_url()
        return url or f"sqlite:///{self.state}"

    @property
    def lake(self) -> Path:
        """The folder of the Delta tables and marts."""
        return self._made("lake")

    @property
    def inbox(self) -> Path:
        """The folder in which deliveries are laid down."""
        return self._made("inbox")

    @property
    def quarantine(self) -> Path:
        """The folder of the rows that the gate kept out."""
        return self._made("quarantine")

    @property
    def cache(self) -> Path:
        """A folder for what can be made again at any time."""
        return self._made("cache")

    @property
    def calendar_file(self) -> Path | None:
        """The home's own calendar days (`calendar.csv`: date, kind, name), if any."""
        path = self.root / "calendar.csv"
        return path if path.exists() else None

    def _made(self, name: str) -> Path:
        folder = self.root / name
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def _configured_url(self) -> str | None:
        path = self.root / CONFIGURATION
        if not path.exists():
            return None
        url = tomllib.loads(path.read_text(encoding="utf-8")).get("state", {}).get("url")
        return url if isinstance(url, str) else None
