import signal
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
import sqlalchemy as sa

from budget_watch.lake import Home, Snapshot, Writer, delta, records
from budget_watch.lake.content import fingerprint
from budget_watch.lake.publishing import heads
from budget_watch.lake.state import engine
from tests.lake import killed_writer
from tests.lake.made import content, data_files

POINTS = [
    ("replace", 1),
    ("replace", 3),
    ("replace", 5),
    ("files", 1),
    ("files", 4),
    ("created", 1),
    ("created", 3),
    ("commit", 1),
    ("commit", 2),
    ("commit", 5),
    ("commit", 8),
    ("sql", 1),
    ("sql", 2),
    ("published", 1),
    ("published", 2),
]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    home = Home(tmp_path_factory.mktemp("undisturbed"))
    killed_writer.load(home)
    return content(home)


def fingerprints(home):
    """Of every snapshot, oldest first."""
    return [fingerprint(home, Snapshot.get(home, each)) for each, _, _ in Snapshot.all(home)]


@pytest.fixture(scope="module")
def undisturbed_fingerprints(tmp_path_factory):
    home = Home(tmp_path_factory.mktemp("once-more"))
    killed_writer.load(home)
    return fingerprints(home)


def batches(home):
    t = records.batch
    with engine(home).connect() as connection:
        return connection.execute(
            sa.select(t.c.id, t.c.delivered, t.c.stored).order_by(t.c.seq)
        ).all()


@pytest.mark.parametrize(("point", "nth"), POINTS)
def test_a_writer_killed_anywhere_and_run_again_gives_the_same_lake(
    home, undisturbed, undisturbed_fingerprints, point, nth
):
    root = Path(__file__).parents[2]
    killed = subprocess.run(
        [sys.executable, "-m", "tests.lake.killed_writer", str(home.root), point, str(nth)],
        cwd=root,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL
    seen = content(home)  # readers see a whole publishing or none
    # nothing is rewritten before the second day
    assert seen == {} or set(seen) | {"row_change"} == set(undisturbed)
    killed_writer.load(home)
    assert content(home) == undisturbed
    assert fingerprints(home) == undisturbed_fingerprints
    assert [found[:2] for found in Snapshot.all(home)] == [
        ("S20260929-01", killed_writer.DAYS[0]),
        ("S20260930-01", killed_writer.DAYS[1]),
    ]
    assert [row.id for row in batches(home)] == [
        "payment_voucher/2026-09-29",
        "payment_application/2026-09-29",
        "general_revenue/only",
        "payment_voucher/2026-09-30",
        "payment_application/2026-09-30",
        "general_revenue/only",
    ]


def test_heads_are_restored_and_rubbish_is_swept(home, undisturbed):
    root = Path(__file__).parents[2]
    subprocess.run(
        [sys.executable, "-m", "tests.lake.killed_writer", str(home.root), "sql", "2"],
        cwd=root,
        check=False,
    )
    latest = Snapshot.latest(home)
    ahead = [n for n, v in heads(home).items() if delta.head(home.lake / n) != v]
    assert ahead
    with Writer.open(home, "load"):
        pass
    published = {f"{name}/{f.path}" for name, t in latest.tables.items() for f in t.files}
    assert data_files(home) == published
    for name in ahead:
        table = delta.DeltaTable(home.lake / name)
        files = {f"{name}/{uri.rsplit(f'/{name}/', 1)[1]}" for uri in table.file_uris()}
        assert files == {path for path in published if path.startswith(f"{name}/")}


def test_tables_that_are_not_the_writers_are_left_alone(home):
    killed_writer.load(home)
    frame = pl.DataFrame({"run": ["r"]})
    frame.write_delta(str(home.lake / "observations"))
    with engine(home).begin() as connection:
        connection.execute(sa.update(records.lease).values(released=False))
    with Writer.open(home, "load"):
        pass
    assert pl.read_delta(str(home.lake / "observations")).equals(frame)
