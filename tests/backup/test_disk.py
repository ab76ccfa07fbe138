"""A disk that is full, read-only or not allowed: one sentence, nothing half-done, and then on."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.servers.file_only import of_the_file

HOUSE = Path(__file__).parents[2]
pytestmark = [pytest.mark.slow, of_the_file]


def namespace(kind="-m"):
    """How to get a namespace here, of mounts (-m) or without a network (-n); skips without."""
    own = ["unshare", kind] if os.geteuid() == 0 else ["unshare", "-r", kind]
    program = shutil.which("unshare")
    if program and subprocess.run([*own, "true"], check=False, capture_output=True).returncode == 0:
        return own
    if os.environ.get("BUDGET_WATCH_CI") == "1":
        pytest.fail(f"没有命名空间（unshare {kind}）")
    return pytest.skip(f"没有命名空间（unshare {kind}）")


def lines(*arguments, before=()):
    command = [*namespace(), *before, sys.executable, "-m", "tests.backup.disk", *arguments]
    done = subprocess.run(
        [str(word) for word in command], cwd=HOUSE, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_full_disk_is_told_in_a_sentence_and_with_room_the_day_goes_on(city, tmp_path):
    spaces = ("0", "180000", "350000")
    places = (city.folder / "base", city.book, city.folder / "lived", tmp_path / "disk")
    *tried, whole, narrow, onto, off = lines("full", *places, *spaces)
    failed = [one for one in tried if one["outcome"] in ("raised", "failed")]
    assert len(failed) >= 2, tried
    for one in failed:
        assert any("磁盘满了：" in said and "请腾出空间" in said for said in one["said"]), one
        assert not any("Error" in said or "os error" in said for said in one["said"]), one
    assert [one["visible"] for one in failed[:2]] == [False, False]
    assert whole["outcome"] in ("done", "look")
    assert whole["same"] == dict.fromkeys(whole["same"], True)
    assert narrow["outcome"] == "failed"
    assert f"一天约需 {narrow['need']:,} 字节" in narrow["said"][0]
    assert onto["status"] == 3 and "这次没有备份成，以前的备份不受影响。磁盘满了" in onto["said"][0]
    assert off["status"] in (0, 1) and "写在" in off["said"][0]


@pytest.mark.parametrize("how", ["readonly", "modes"])
def test_a_home_that_cannot_be_written_is_told_in_a_sentence_and_can_be_backed_up(
    city, tmp_path, how
):
    before = []
    if how == "modes" and os.geteuid() == 0:  # root may write what modes forbid, unless it may not
        before = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"]
    found = lines("denied", how, city.folder / "base", tmp_path / "disk", before=before)
    said = {"readonly": "是只读的，写不进", "modes": "没有权限读写"}[how]
    *refused, backup = found
    for one in refused:
        assert one["status"] == 3, one
        assert said in one["said"][0], one
        assert one["said"][0].count("\n") <= 2, one
    assert backup["status"] == 1 and "写在" in backup["said"][0]
    assert "没有记入审计日志" in backup["said"][0]
