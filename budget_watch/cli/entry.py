"""The console script: a mistake in a table's contract is a sentence here too.

What each table holds is read while the commands are loaded, before any of them runs.
"""

from __future__ import annotations

import sys

from budget_watch.cli.output import FAILED
from budget_watch.tables import ContractError


def main() -> None:
    """Load the commands and run the one that is asked for."""
    try:
        from budget_watch.cli.main import main as run
    except ContractError as error:
        sys.stderr.write(f"报表契约有错，没有运行：{error}。\n改好后重新运行同一命令。\n")
        sys.exit(FAILED)
    run()
