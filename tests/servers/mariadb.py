"""A MariaDB server of the tests' own; it speaks MySQL's protocol."""

from __future__ import annotations

import itertools
import subprocess
from typing import Any

import pymysql

from tests.servers.own import Running, account, folder, free_port, program

OWNER, PASSWORD = "owner", "geheim"


class MariaDb:
    """A running server."""

    def __init__(self) -> None:
        install = program("mariadb-install-db", "/usr/bin/mysql_install_db")
        places = ("/usr/sbin/mariadbd", "/usr/sbin/mysqld", "/usr/libexec/mariadbd")
        server = program("mariadbd", *places)
        user = account("mysql")
        home = folder("bw-my-", user)
        data = home / "data"
        subprocess.run(
            [
                *(install, "--no-defaults", f"--datadir={data}", f"--tmpdir={home}"),
                *("--auth-root-authentication-method=normal", "--skip-test-db"),
            ],
            check=True,
            capture_output=True,
            user=user,
            cwd=home,
        )  # fmt: skip
        (home / "init.sql").write_text(
            f"CREATE USER '{OWNER}'@'127.0.0.1' IDENTIFIED BY '{PASSWORD}';\n"
            f"GRANT ALL ON *.* TO '{OWNER}'@'127.0.0.1' WITH GRANT OPTION;\n"
        )
        self.port = free_port()
        command = [server, "--no-defaults", f"--datadir={data}", f"--port={self.port}"]
        command += ["--bind-address=127.0.0.1", f"--socket={home / 's'}", "--skip-name-resolve"]
        command += [f"--init-file={home / 'init.sql'}", f"--pid-file={home / 'pid'}"]
        command += ["--innodb-flush-log-at-trx-commit=0", "--innodb-buffer-pool-size=64M"]
        command += [f"--tmpdir={home}"]
        self._running = Running(command, home, user)
        self._names = itertools.count(1)
        self._running.wait(lambda: self.connect().close())

    def address(self, database: str, user: str = OWNER, kind: str = "mariadb") -> str:
        """The address without a password."""
        return f"{kind}://{user}@127.0.0.1:{self.port}/{database}"

    def connect(self, database: str | None = None, **options: Any) -> Any:
        """A connection of the owner; every statement counts at once."""
        given = {"user": OWNER, "password": PASSWORD, "autocommit": True, "charset": "utf8mb4"}
        return pymysql.connect(
            host="127.0.0.1", port=self.port, database=database, **{**given, **options}
        )

    def new_database(self, options: str = "") -> str:
        """Make an empty database; return its name."""
        name = f"made_{next(self._names)}"
        with self.connect() as connection, connection.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {name} {options}")
        return name

    def stop(self) -> None:
        """End it."""
        self._running.stop()
