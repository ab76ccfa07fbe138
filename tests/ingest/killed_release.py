"""Releases a corrected file in a home and kills itself at the named moment. Run as a script."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from pathlib import Path

from budget_watch.lake import Home
from ingest import releasing


def main() -> None:
    """home, corrected file, seconds to live."""
    home, path, seconds = Home(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3])

    def die() -> None:
        time.sleep(seconds)
        os.kill(os.getpid(), signal.SIGKILL)

    bundle = releasing.bundle_of(home, "Q1")
    print("ready", flush=True)
    threading.Thread(target=die, daemon=True).start()
    releasing.release_file(home, bundle, path, "李四", "更正")
    print("done", flush=True)


if __name__ == "__main__":
    main()
