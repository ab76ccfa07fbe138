"""A session of 人代会 over HTTP for as long as you like: deputies, opinions, workers killed by -9.

`python -m benchmarks.session_hour --minutes 60` (`make session`): sixty deputies give five opinions
each, spread over the minutes, against `serve --workers 2`; a worker is killed when a third of them
is in. What came of it is one line of JSON; the exit status says whether an opinion was lost or
doubled, or the audit log has a gap.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections import Counter
from pathlib import Path

from argon2 import PasswordHasher

from budget_watch.access import passwords
from budget_watch.audit import key_of, verify
from budget_watch.congress.session import given_in
from budget_watch.lake.state import engine
from tests.congress.hour import an_hour, served, staffed
from tests.views_drill.small_city import make_home


def main() -> None:
    """Play the session and say what came of it."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--deputies", type=int, default=60)
    parser.add_argument("--each", type=int, default=5, help="opinions of a deputy")
    parser.add_argument("--workers", type=int, default=2)
    given = parser.parse_args()
    passwords._hasher = PasswordHasher(1, 64, 1)  # only the making of the accounts is made quick
    with tempfile.TemporaryDirectory(prefix="bw-session-") as folder:
        home, _ = make_home(Path(folder))
        number, users = staffed(home, given.deputies)
        wanted = [(user, f"{user}的第{at}件意见") for at in range(given.each) for user in users]
        begun = time.monotonic()
        with served(home, given.workers) as (base, server):
            killed = len(wanted) // 3 if given.workers > 1 else None
            heard = an_hour(
                base, server, number, wanted, within=given.minutes * 60, kill_after=killed
            )
        found = Counter((e.opinion.author, e.opinion.text) for e in given_in(home, number))
        with engine(home).connect() as connection:
            damages = verify(connection, key_of(home.root)).damages
        engine(home).dispose()
    told = {
        "deputies": given.deputies,
        "opinions": len(wanted),
        "seconds": round(time.monotonic() - begun),
        "lost": sum((Counter(wanted) - found).values()),
        "doubled": sum((found - Counter(wanted)).values()),
        "audit_damages": len(damages),
        **heard.record(),
    }
    print(json.dumps(told, ensure_ascii=False))
    if told["lost"] or told["doubled"] or damages or heard.refused:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
