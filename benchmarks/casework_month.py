"""A scripted month of casework at full size: 200 findings, 12 staff, 40 deputies, 30 departments.

`python -m benchmarks.casework_month HOME [FINDINGS] [OFFICES]` fills an empty home (SQLite, or what
its settings name), lets that many processes work at once until every case has come to an end, and
checks that no acknowledged step is missing, no state illegal, and every entry in the audit log.
"""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from pathlib import Path

from budget_watch.lake import Home
from budget_watch.lake.state import engine
from tests.casework.made_cases import fill
from tests.casework.test_month import consistent, start, written

STAFF = [f"{role}:{n}" for role in ("经办", "审核", "签发") for n in range(1, 5)]
DEPUTIES = [f"代表:{n}" for n in range(1, 41)]
DEPARTMENTS = [
    [f"{role}:{n}@{100 + n}" for role in ("单位经办", "单位财务负责人", "单位负责人")]
    for n in range(1, 31)
]


def offices(count: int) -> list[str]:
    """Everybody, spread over so many processes; the staff sits in each, as people do."""
    found: list[list[str]] = [[] for _ in range(count)]
    for at, name in enumerate(DEPUTIES):
        found[at % count].append(name)
    for at, names in enumerate(DEPARTMENTS):
        found[at % count] += names
    for at, name in enumerate(STAFF * 4):
        found[at % count].append(name)
    return [",".join(names) for names in found]


def main() -> None:
    """Run the month and print what came of it."""
    home = Home(Path(sys.argv[1]))
    findings = int(sys.argv[2]) if len(sys.argv) > 2 else 200
    people = offices(int(sys.argv[3]) if len(sys.argv) > 3 else 6)
    fill(home, findings, level="red", departments=30)
    engine(home)
    begun = time.monotonic()
    running = start(home, people, findings)
    told = [one.communicate() for one in running]
    seconds = time.monotonic() - begun
    lines = [json.loads(line) for out, _ in told for line in out.splitlines()]
    said = [(x["case"], x["version"], x["step"], x["user"]) for x in lines if "case" in x]
    missing = Counter(said) - Counter(written(home))
    consistent(home, findings)
    print(
        json.dumps(
            {
                "database": engine(home).dialect.name,
                "processes": len(people),
                "findings": findings,
                "steps": len(said),
                "too_late": sum(x["stale"] for x in lines if "stale" in x),
                "refused": sum("refused" in x for x in lines),
                "lost": sum(missing.values()),
                "errors": [err for _, err in told if err],
                "seconds": round(seconds, 1),
            },
            ensure_ascii=False,
        )
    )


if __name__ == "__main__":
    main()
