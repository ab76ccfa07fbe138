"""The digest of the made-up city, number by number against the tables its departments delivered."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from budget_watch.lake import Home
from tests.digest import reading
from tests.digest.oracle import Oracle, unequal
from tests.digest.saying import faults, unexplained


def test_every_number_of_the_demo_s_digest_is_what_was_delivered(city: Path) -> None:
    (path,) = (city / "digest").glob("*.docx")
    figures = reading.ledger(path)["figures"]
    with closing(Oracle(Home(city), "990100000", 2026, 9, 3)) as oracle:
        assert unequal(oracle, figures, sorted(figures)) == {}
        wrong, asked = faults(path, oracle)
    assert wrong == []
    assert asked > 500
    assert {number for _, number in unexplained(path)} <= {
        "30212", "30217", "30231", "31013", "30913"
    }  # fmt: skip
