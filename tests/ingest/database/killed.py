"""A fetch in a process of its own, which ends itself at the n-th step of putting and remembering.

python -m tests.ingest.database.killed HOME URL STEP
"""

from __future__ import annotations

import itertools
import os
import signal
import sys

from budget_watch.lake import Home
from ingest import spool
from ingest.sources.database import memory
from tests.ingest.database.made import Desk, section


def main() -> None:
    home, url, at = Home(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    steps = itertools.count(1)

    def dying(name: str, module: object) -> None:
        plain = getattr(module, name)

        def run(*given: object) -> object:
            if next(steps) == at:
                os.kill(os.getpid(), signal.SIGKILL)
            result = plain(*given)
            if next(steps) == at:
                os.kill(os.getpid(), signal.SIGKILL)
            return result

        setattr(module, name, run)

    dying("_settle", spool)  # content, slip: before and after each
    dying("replace", memory.os)  # the memory's files
    Desk(home, section(url, {"business_date": "pay_date", "deleted": "is_deleted"})).fetch()
    print(next(steps) - 1)


if __name__ == "__main__":
    main()
