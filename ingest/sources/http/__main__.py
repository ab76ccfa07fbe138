"""`python -m ingest.sources.http --home DIR NAME`: one page of each resource, and what fits.

With `--day` for another business date than yesterday. Nothing is stored.
"""

from __future__ import annotations

import argparse
import sys
from datetime import date, timedelta
from pathlib import Path

from budget_watch.lake import Home
from ingest.settings import SettingError, read_as, sections
from ingest.sources.http.settings import HttpSettings
from ingest.sources.http.trial import trial


def main(arguments: list[str] | None = None) -> int:
    """Try a configured source. 0: all answered; 1: not all; 2: no such source or wrong settings."""
    parser = argparse.ArgumentParser(prog="python -m ingest.sources.http", description=__doc__)
    parser.add_argument("name", help="budget_watch.toml 里 [[source]] 的 name")
    parser.add_argument("--home", type=Path, default=Path(".budget_watch"))
    parser.add_argument("--day", type=date.fromisoformat, default=date.today() - timedelta(days=1))
    given = parser.parse_args(arguments)
    try:
        found = [one for one in sections(Home(given.home)) if one.get("name") == given.name]
        if not found:
            print(f"{given.home} 的设置里没有数据源“{given.name}”。", file=sys.stderr)
            return 2
        failed = False
        for line in trial(read_as(HttpSettings, found[0]), given.day):
            failed = failed or "数据源“" in line
            print(line)
        return 1 if failed else 0
    except SettingError as error:
        print(error, file=sys.stderr)
        return 2


if __name__ == "__main__":
    raise SystemExit(main())
