"""Killed at any instant, a backup or a restore leaves nothing that looks whole; the next one is."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from budget_watch.lake import Home
from budget_watch.lake.backup.restore import restore
from budget_watch.lake.backup.store import FolderStore
from budget_watch.lake.backup.verify import damage
from tests.backup.test_backup import files_of, made
from tests.servers.file_only import of_the_file

HOUSE = Path(__file__).parents[2]
pytestmark = pytest.mark.slow


def killed(what, home, place, point, nth):
    done = subprocess.run(
        [sys.executable, "-m", "tests.backup.killed", what, home, place, point, str(nth)],
        cwd=HOUSE,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL


POINTS = [("put", 60), ("put", 2), ("durable", 2), ("durable", 3)]


@pytest.mark.parametrize(("point", "nth"), POINTS)
def test_a_killed_backup_is_none_and_the_next_one_is_whole(city, tmp_path, point, nth):
    home = city.copy("base", tmp_path / "home")
    place = tmp_path / "b"
    earlier = (point, nth) != ("put", 60)  # else it is the first one
    if earlier:
        made(home, place)
    (home.root / "digest" / "2026Q3.docx").write_bytes(b"later")
    killed("backup", home.root, place, point, nth)
    store = FolderStore(place)
    written = (point, nth) == ("durable", 3)
    assert store.numbers() == [1] * earlier + [2] * written
    assert list(damage(store, [store.manifest(n) for n in store.numbers()])) == []
    last = made(home, place).manifest
    assert list(damage(store, [last])) == []
    beside = {p.name for p in place.iterdir()}
    assert beside == {"budget_watch.backup", "objects", "backups", "writing.lock"}
    objects = {p.name for p in (place / "objects").rglob("*") if p.is_file()}
    assert objects == {e.sha256 for n in store.numbers() for e in store.manifest(n).files}


@pytest.fixture(scope="module")
def place(city):
    found = city.folder / "killed-backups"
    home = Home(city.folder / "lived")
    made(home, found)
    return found


POINTS = [("half", 90), ("rename", 1), ("renamed", 1)]


@of_the_file
@pytest.mark.parametrize(("point", "nth"), POINTS)
def test_a_killed_restore_leaves_no_home_and_the_next_one_is_whole(place, tmp_path, point, nth):
    root = tmp_path / "at" / "new"
    killed("restore", root, place, point, nth)
    store = FolderStore(place)
    manifest = store.manifest(1)
    if point == "renamed":
        assert root.is_dir()
    else:
        assert not root.exists() and not Home(root).exists
        restore(store, manifest, Home(root), {})
        assert [p.name for p in root.parent.iterdir()] == ["new"]
    assert set(files_of(root)) == {entry.path for entry in manifest.files}
