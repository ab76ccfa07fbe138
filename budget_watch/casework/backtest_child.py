"""The process that computes one back-test: `-m budget_watch.casework.backtest_child HOME JOB`.

Tells after every day how far it is, and ends as soon as its mark is there.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from pathlib import Path

from budget_watch.casework.backtest_jobs import Question, jobs_folder, lock, put, question_of
from budget_watch.casework.errors import CaseworkError
from budget_watch.casework.experiments import backtest, opened, period_ends
from budget_watch.engine.errors import EngineError
from budget_watch.lake import LakeError

_PATIENCE = 10  # tries, half a second apart, while others only look at the lock
_GENTLE = 10  # added niceness: pages come first


def main(root: Path, job: str) -> int:
    """Compute; the exit status is 0 where the job was told how it ended."""
    folder = jobs_folder(root)
    for _ in range(_PATIENCE):
        with lock(folder, exclusive=True) as mine:
            if mine:
                return _compute(root, folder, job)
        time.sleep(0.5)
    put(folder / f"{job}.state", {"state": "failed", "told": "另一个回测正在计算。"})
    return 1


def _compute(root: Path, folder: Path, job: str) -> int:
    state = folder / f"{job}.state"
    if (folder / f"{job}.cancel").exists():
        put(state, {"state": "cancelled"})
        return 0
    os.nice(_GENTLE)
    threading.Thread(target=_watch, args=(folder, job), daemon=True).start()
    try:
        result = _run(root, question_of(folder, job), state)
    except (CaseworkError, EngineError, LakeError) as error:
        put(state, {"state": "failed", "told": str(error)})
    except Exception:
        logging.basicConfig(filename=folder / f"{job}.log")
        logging.exception("back-test %s", job)
        put(state, {"state": "failed", "told": f"计算出错，详见 {folder / job}.log。"})
    else:
        put(state, {"state": "done", "result": result})
    return 0


def _run(root: Path, question: Question, state: Path) -> str:
    biz_date = opened(root).snapshot.biz_date
    days = period_ends(question.since, min(question.until, biz_date), question.every)
    seen: set[str] = set()
    put(state, {"state": "running", "done": 0, "of": len(days)})
    records = backtest(
        root, question.since, question.until, question.every, question.said, question.rules
    )
    while True:
        try:
            record = next(records)
        except StopIteration as end:
            return str(end.value)
        if record["kind"] == "day" and record["as_of"] not in seen:
            seen.add(record["as_of"])
            put(state, {"state": "running", "done": len(seen), "of": len(days)})


def _watch(folder: Path, job: str) -> None:
    """End the process where it stands once it is told to; nothing it does can be left half done."""
    while not (folder / f"{job}.cancel").exists():
        time.sleep(0.3)
    os._exit(0)


if __name__ == "__main__":
    raise SystemExit(main(Path(sys.argv[1]), sys.argv[2]))
