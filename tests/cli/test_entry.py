"""The console script where a table's contract is wrong: a sentence, no traceback."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import budget_watch

HOUSE = Path(budget_watch.__file__).parent


def test_a_mistake_in_a_contract_is_told_in_a_sentence(tmp_path):
    house = tmp_path / "budget_watch"
    shutil.copytree(HOUSE, house, ignore=shutil.ignore_patterns("__pycache__"))
    wrong = house / "tables" / "TRE-03.yaml"
    wrong.write_text(wrong.read_text("utf-8").replace("\nkind:", "\nkinds:", 1), "utf-8")
    ran = subprocess.run(
        [sys.executable, "-c", "from budget_watch.cli.entry import main; main()", "tables", "list"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        check=False,
        text=True,
    )
    assert (ran.returncode, ran.stdout) == (3, "")
    first, second = ran.stderr.splitlines()
    assert first.startswith(f"报表契约有错，没有运行：{wrong}:")
    assert second == "改好后重新运行同一命令。"


def test_the_console_script_runs_the_commands():
    ran = subprocess.run(
        [sys.executable, "-c", "from budget_watch.cli.entry import main; main()", "--version"],
        capture_output=True,
        check=False,
        text=True,
    )
    assert (ran.returncode, ran.stderr.splitlines()[0]) == (2, "用法不对：没有选项 --version。")
