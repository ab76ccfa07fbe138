"""Things kept: made once though many ask, in files for other processes, thrown away in turn."""

import threading

import polars as pl
import pytest

from budget_watch.views import keeping
from budget_watch.views.keeping import Kept, filed

FRAME = pl.DataFrame({"a": [1, 2], "b": ["甲", None]})


def test_it_is_made_once_though_many_ask_at_once():
    kept: Kept[object] = Kept(2)
    made, gate = [], threading.Event()

    def make():
        gate.wait(10)
        made.append(object())
        return made[-1]

    found = []
    asking = [threading.Thread(target=lambda: found.append(kept.get("x", make))) for _ in range(8)]
    for one in asking:
        one.start()
    gate.set()
    for one in asking:
        one.join()
    assert len(made) == 1
    assert found == made * 8


def test_who_asks_for_another_does_not_wait():
    kept: Kept[int] = Kept(2)
    begun, gate = threading.Event(), threading.Event()

    def slow():
        begun.set()
        assert gate.wait(10)
        return 1

    other = threading.Thread(target=kept.get, args=("slow", slow))
    other.start()
    assert begun.wait(10)
    assert kept.get("quick", lambda: 2) == 2
    gate.set()
    other.join()
    assert kept.get("slow", lambda: 3) == 1


def test_the_one_not_asked_for_longest_goes():
    kept: Kept[str] = Kept(2)
    for key in "abac":
        kept.get(key, lambda key=key: f"first {key}")
    assert [kept.get(key, lambda: "again") for key in "acb"] == ["first a", "first c", "again"]


def test_a_failure_is_not_kept():
    kept: Kept[int] = Kept(2)
    with pytest.raises(ZeroDivisionError):
        kept.get("x", lambda: 1 // 0)
    assert kept.get("x", lambda: 5) == 5


def test_files_are_made_once_and_read_by_others(tmp_path):
    folder = tmp_path / "cubes"
    assert filed(folder, "s1", lambda: {"whole": FRAME})["whole"].equals(FRAME)

    def never():
        raise AssertionError("made again")

    assert filed(folder, "s1", never)["whole"].equals(FRAME)


@pytest.mark.parametrize("content", [b"", b"PAR1 nothing"])
def test_a_file_that_cannot_be_read_is_made_anew(tmp_path, content):
    filed(tmp_path, "s1", lambda: {"whole": FRAME})
    (tmp_path / "s1" / "whole.parquet").write_bytes(content)
    assert filed(tmp_path, "s1", lambda: {"whole": FRAME})["whole"].equals(FRAME)
    assert pl.read_parquet(tmp_path / "s1" / "whole.parquet").equals(FRAME)


def test_a_disk_that_takes_nothing_costs_time_and_nothing_else(tmp_path):
    (tmp_path / "cubes").write_text("no folder")
    assert filed(tmp_path / "cubes", "s1", lambda: {"whole": FRAME})["whole"].equals(FRAME)


def test_only_the_last_read_stay(tmp_path, monkeypatch):
    monkeypatch.setattr(keeping, "FILES", 2)
    for name in ("s1", "s2", "s3"):
        filed(tmp_path, name, lambda: {"whole": FRAME})
    assert sorted(each.name for each in tmp_path.iterdir() if each.is_dir()) == ["s2", "s3"]
