"""A scripted month at full size: 200 findings, 12 staff, 40 deputies, 30 departments, 120 opinions.

`python -m benchmarks.casework_month [--database postgresql]` (`make month` for both): processes
work at once on the same cases and opinions until each has come to its end. In the middle two of
them are killed (`kill -9`), and others go on in their place. Then it is checked that no
acknowledged act is missing, no state illegal, every act in the audit log and every chain whole;
what came of it is one line of JSON, and the exit status says whether anything was wrong.
"""

from __future__ import annotations

import argparse
import json
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from budget_watch.lake import Home
from budget_watch.lake.state import engine
from tests.casework import test_month as cases
from tests.casework.made_cases import fill
from tests.casework.month import have_accounts
from tests.opinions import test_opinions_killed as opinions
from tests.servers.postgres import Postgres

STAFF = [f"{role}:{n}" for role in ("经办", "审核", "签发") for n in range(1, 5)]
DEPUTIES = [f"代表:{n}" for n in range(1, 41)]
DEPARTMENTS = [
    [f"{role}:{n}@{100 + n}" for role in ("单位经办", "单位财务负责人", "单位负责人")]
    for n in range(1, 31)
]
Start = Callable[..., list[subprocess.Popen[str]]]


def offices(count: int) -> list[str]:
    """Everybody, spread over so many processes; the staff sits in each, as people do."""
    found: list[list[str]] = [[] for _ in range(count)]
    for at, name in enumerate(DEPUTIES):
        found[at % count].append(name)
    for at, names in enumerate(DEPARTMENTS):
        found[at % count] += names
    for at, name in enumerate(STAFF * count):
        found[at // len(STAFF)].append(name)
    return [",".join(names) for names in found]


class Desks:
    """Processes of one kind of work: started, the first killed in the middle and replaced."""

    def __init__(self, start: Start, home: Home, people: list[str], count: int, dies: int) -> None:
        self._start, self._home, self._people, self._count = start, home, people, count
        self._running = start(home, people, count, dies)

    def told(self) -> tuple[str, list[str]]:
        """All that was acknowledged, and what any process complained of."""
        with ThreadPoolExecutor(len(self._running)) as pool:  # a full pipe would hold them up
            ended = list(pool.map(self._ended, enumerate(self._running)))
        return "".join(out for out, _ in ended), [err for _, err in ended if err]

    def _ended(self, each: tuple[int, subprocess.Popen[str]]) -> tuple[str, str]:
        """What a process acknowledged; the first dies, and another goes on in its place."""
        at, process = each
        out, err = process.communicate()
        if at > 0:
            return out, err
        if process.returncode != -signal.SIGKILL:
            return out, f"the first process was to be killed, but ended: {process.returncode} {err}"
        (again,) = self._start(self._home, self._people[:1], self._count, seed=1000)
        more, err = again.communicate()
        return out[: out.rfind("\n") + 1] + more, err  # it may have died in the middle of a line


@contextmanager
def a_home(database: str) -> Iterator[Home]:
    """An empty home on one of the databases."""
    with tempfile.TemporaryDirectory(prefix="bw-month-") as folder:
        home = Home(folder)
        if database == "sqlite":
            yield home
            return
        server = Postgres()
        try:
            url = server.state_url(server.new_database())
            (home.root / "budget_watch.toml").write_text(f'[state]\nurl = "{url}"\n')
            yield home
            engine(home).dispose()
        finally:
            server.stop()


def month(home: Home, findings: int, count: int, processes: int, dies: int) -> dict[str, object]:
    """Run the month; what came of it."""
    people = offices(processes)
    have_accounts(home, [name for names in people for name in names.split(",")])
    fill(home, findings, level="red", departments=len(DEPARTMENTS))
    begun = time.monotonic()
    on_cases = Desks(cases.start, home, people, findings, dies)
    on_opinions = Desks(opinions.start, home, people, count, dies)
    with ThreadPoolExecutor(2) as pool:
        both = list(pool.map(Desks.told, (on_cases, on_opinions)))
    (said_cases, wrong), (said_opinions, more) = both
    seconds = time.monotonic() - begun
    cases.consistent(home, findings)
    sound = opinions.sound(home)
    found: dict[str, object] = {
        "database": engine(home).dialect.name,
        "processes": 2 * processes,
        "killed": 2,
        "findings": findings,
        "opinions": sound,
        "seconds": round(seconds, 1),
        "errors": [*wrong, *more],
    }
    for name, out, written in (
        ("case", said_cases, cases.written(home)),
        ("opinion", said_opinions, opinions.written(home)),
    ):
        lines = [json.loads(line) for line in out.splitlines()]
        refused = [x["refused"] for x in lines if "refused" in x]
        acts = [x for x in lines if "case" in x]
        said = Counter((x["case"], x["version"], x["step"], x["user"]) for x in acts)
        found |= {
            f"{name}_acts": len(written),
            f"{name}_too_late": sum(x.get("stale", 0) for x in lines),
            f"{name}_refused": len(refused),
            f"{name}_lost": sum((said - Counter(written)).values()),
            f"{name}_not_acknowledged": sum((Counter(written) - said).values()),
        }
        found["errors"] = [*found["errors"], *refused[:5]]  # type: ignore[misc]
    return found


def main() -> None:
    """Run the month and say what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--findings", type=int, default=200)
    parser.add_argument("--opinions", type=int, default=120)
    parser.add_argument("--offices", type=int, default=3, help="processes of each kind")
    parser.add_argument("--dies-after", type=int, default=100, help="acts, then kill -9")
    given = parser.parse_args()
    with a_home(given.database) as home:
        found = month(home, given.findings, given.opinions, given.offices, given.dies_after)
    print(json.dumps(found, ensure_ascii=False))
    lost = found["case_lost"] or found["opinion_lost"]
    late = max(int(str(found[f"{name}_not_acknowledged"])) for name in ("case", "opinion")) > 1
    sys.exit(1 if found["errors"] or lost or late else 0)


if __name__ == "__main__":
    main()
