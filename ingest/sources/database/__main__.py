"""Looks at a configured database without fetching anything: does it answer, do the columns bind.

python -m ingest.sources.database [--home DIR] NAME
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from datetime import date
from pathlib import Path

from budget_watch.lake import Home
from ingest.errors import IngestError
from ingest.settings import SettingError, sections
from ingest.source import Errand
from ingest.sources.database.source import open_source
from ingest.spool import Spool


def main() -> int:
    """Print what each table has; 1 where one cannot be read, 3 where the settings are wrong."""
    parser = argparse.ArgumentParser(
        prog="python -m ingest.sources.database", description="试连一个数据库来源。"
    )
    home_of = os.environ.get("BUDGET_WATCH_HOME", "./.budget_watch")
    parser.add_argument("--home", default=home_of, help="数据目录")
    parser.add_argument("name", help="设置文件里的数据源名称")
    given = parser.parse_args()
    home = Home(given.home)
    try:
        found = [one for one in sections(home) if one["name"] == given.name]
        if not found:
            raise SettingError(f"设置文件里没有数据源“{given.name}”。")
        source = open_source(found[0], home)
    except SettingError as error:
        print(error, file=sys.stderr)
        return 3
    with tempfile.TemporaryDirectory() as folder:
        nowhere = Errand(date.today(), Spool(Home(folder), given.name), Path(folder))
        try:
            for line in source.looked_at(nowhere):
                print(line)
        except IngestError as error:
            print(error, file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
