"""What starting a server needs: its programs, an account that is not root, a free port, its end."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from glob import glob
from pathlib import Path

import pytest


def program(name: str, *places: str) -> str:
    """The path of a server's program; the test is skipped where there is none (CI: fails)."""
    found = [shutil.which(name), *sorted((p for at in places for p in glob(at)), reverse=True)]
    path = next((one for one in found if one and os.access(one, os.X_OK)), None)
    if path is None:
        told = f"没有找到服务程序 {name}"
        if os.environ.get("BUDGET_WATCH_CI"):
            pytest.fail(told)
        pytest.skip(told)
    return path


def account(name: str) -> str | None:
    """The account that the server runs under: None is ours; servers refuse root."""
    if os.getuid() != 0:
        return None
    known = {one.pw_name for one in pwd.getpwall()}
    return name if name in known else "nobody"


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def folder(prefix: str, user: str | None) -> Path:
    """A new folder that the account may enter. Short: a socket's path has 100 bytes at most."""
    made = Path(tempfile.mkdtemp(prefix=prefix))
    if user is not None:
        shutil.chown(made, user)
    return made


class Running:
    """A server process of ours, ended and swept by `stop`."""

    def __init__(
        self, command: list[str], home: Path, user: str | None, gently: bool = False
    ) -> None:
        self.home = home
        self._gently = gently
        self.log = home / "server.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                command, stdout=log, stderr=log, user=user, cwd=home, start_new_session=True
            )
        # Should the tests be killed, the pipe closes, and the server goes all the same.
        ended = 'cat >/dev/null; kill -QUIT "$1"; sleep 2; kill -KILL "$1"; rm -rf "$2"'
        self._watcher = subprocess.Popen(
            ["sh", "-c", ended, "watcher", str(self.process.pid), str(home)],
            stdin=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def wait(self, ready: Callable[[], object], seconds: float = 60) -> None:
        """Wait until `ready` raises nothing."""
        until = time.monotonic() + seconds
        while True:
            try:
                ready()
                return
            except Exception as error:
                if self.process.poll() is not None or time.monotonic() > until:
                    told = self.log.read_text(errors="replace")[-2000:]
                    self.stop()
                    raise RuntimeError(f"server did not start: {told}") from error
                time.sleep(0.1)

    def stop(self) -> None:
        """End it and remove its folder."""
        self._watcher.kill()
        self._watcher.communicate()
        if self.process.poll() is None:
            # at once: nobody needs what it holds (PostgreSQL ends its children itself)
            self.process.send_signal(signal.SIGQUIT if self._gently else signal.SIGKILL)
            self.process.wait()
        shutil.rmtree(self.home, ignore_errors=True)
