"""A PostgreSQL server of the tests' own."""

from __future__ import annotations

import itertools
import subprocess
from typing import Any

import psycopg

from tests.servers.own import Running, account, folder, free_port, program

_PLACES = ("/usr/lib/postgresql/*/bin/{}", "/usr/pgsql-*/bin/{}", "/opt/homebrew/bin/{}")
OWNER, PASSWORD = "owner", "geheim"


class Postgres:
    """A running server. Passwords are asked for (scram), as a real one does."""

    def __init__(self) -> None:
        initdb, server = (
            program(name, *(place.format(name) for place in _PLACES))
            for name in ("initdb", "postgres")
        )
        user = account("postgres")
        home = folder("bw-pg-", user)
        (home / "password").write_text(PASSWORD)
        data = home / "data"
        subprocess.run(
            [
                *(initdb, "-D", str(data), "-U", OWNER, "--auth=scram-sha-256"),
                *("--encoding=UTF8", "--locale=C", f"--pwfile={home / 'password'}", "--no-sync"),
            ],
            check=True,
            capture_output=True,
            user=user,
            cwd=home,
        )
        self.port = free_port()
        options = {
            "port": self.port,
            "unix_socket_directories": str(home),
            "listen_addresses": "127.0.0.1",
            "fsync": "off",  # it holds nothing that anybody needs after the test
            "max_connections": 200,
            "shared_buffers": "64MB",
        }
        command = [server, "-D", str(data)]
        for name, value in options.items():
            command += ["-c", f"{name}={value}"]
        self._running = Running(command, home, user, gently=True)
        self._names = itertools.count(1)
        self._running.wait(lambda: self.connect().close())

    def address(self, database: str = "postgres", user: str = OWNER) -> str:
        """The address without a password, as the settings want it."""
        return f"postgresql://{user}@127.0.0.1:{self.port}/{database}"

    def state_url(self, database: str) -> str:
        """The address with its password, for the state database."""
        return f"postgresql+psycopg://{OWNER}:{PASSWORD}@127.0.0.1:{self.port}/{database}"

    def connect(self, database: str = "postgres", **options: Any) -> psycopg.Connection[Any]:
        """A connection of the owner; every statement counts at once."""
        given = {"user": OWNER, "password": PASSWORD, "autocommit": True, **options}
        return psycopg.connect(host="127.0.0.1", port=self.port, dbname=database, **given)

    def new_database(self, options: str = "") -> str:
        """Make an empty database; return its name."""
        name = f"made_{next(self._names)}"
        with self.connect() as connection:
            connection.execute(f"CREATE DATABASE {name} {options}")
        return name

    def stop(self) -> None:
        """End it."""
        self._running.stop()
