"""A real SFTP server on this machine, which breaks when the test says so."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import asyncssh

USER, PASSWORD = "budget", "s3cret-密"


class Server:
    """Serves a folder.

    Attributes:
        port: on 127.0.0.1.
        host_key: the public key as a settings line.
        reads: (path, offset) of every block that a client asked for.
        break_after: bytes of a file after which the connection is cut, `breaks` times.
        deaf: reads are not answered.
        denied: names of files that may not be opened.
    """

    def __init__(self, root: Path, client_key: asyncssh.SSHKey) -> None:
        self.root = root
        self.port = 0
        self.key = asyncssh.generate_private_key("ssh-ed25519")
        self.host_key = self.key.export_public_key().decode().strip()
        self.client_key = client_key
        self.reads: list[tuple[str, int]] = []
        self.break_after = 1 << 62
        self.breaks = 0
        self.deaf = False
        self.denied: set[str] = set()
        self.sessions = 0


class _Account(asyncssh.SSHServer):
    def __init__(self, server: Server) -> None:
        self._server = server

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._server.sessions += 1

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return (username, password) == (USER, PASSWORD)

    def public_key_auth_supported(self) -> bool:
        return True

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        return username == USER and key == self._server.client_key.convert_to_public()


def _files(server: Server) -> type[asyncssh.SFTPServer]:
    class Files(asyncssh.SFTPServer):
        def __init__(self, chan: Any) -> None:
            super().__init__(chan, chroot=str(server.root).encode())
            self._chan = chan

        def open(self, path: bytes, pflags: int, attrs: Any) -> Any:
            if path.decode().rpartition("/")[2] in server.denied:
                raise asyncssh.SFTPPermissionDenied("no")
            return super().open(path, pflags, attrs)

        async def read(self, file_obj: Any, offset: int, size: int) -> bytes:
            server.reads.append((Path(str(file_obj.name)).name, offset))
            if server.deaf:
                await asyncio.sleep(30)
            if server.breaks and offset + size > server.break_after:
                server.breaks -= 1
                self._chan.get_connection().abort()
                raise asyncssh.SFTPConnectionLost("cut")
            file_obj.seek(offset)
            return bytes(file_obj.read(size))

    return Files


@contextmanager
def serving(root: Path) -> Iterator[Server]:
    """The server, while the block lasts."""
    server = Server(root, asyncssh.generate_private_key("ssh-ed25519"))
    loop = asyncio.new_event_loop()

    async def listen() -> Any:
        return await asyncssh.listen(
            "127.0.0.1",
            0,
            server_host_keys=[server.key],
            server_factory=lambda: _Account(server),
            sftp_factory=_files(server),
        )

    listener = loop.run_until_complete(listen())
    server.port = listener.get_port()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield server
    finally:
        loop.call_soon_threadsafe(listener.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()
