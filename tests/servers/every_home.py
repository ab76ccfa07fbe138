"""Every home of the tests on PostgreSQL: `make test-postgresql`, BUDGET_WATCH_TEST_STATE.

A home whose settings name no database gets one of its own on a server of the tests. Which one, is
told by a few bytes in the place of its SQLite file: a home removed and made anew is another
database, as a file would be, and a home that is copied takes a copy of its database with it.
Processes that tests start see the same (`every_process/sitecustomize.py`).
"""

from __future__ import annotations

import os
import shutil
import sys
import uuid
from collections.abc import Callable
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType
from typing import Any

WISH = "BUDGET_WATCH_TEST_STATE"
SERVER = "BUDGET_WATCH_TEST_SERVER"  # address of the server, %s for the database
TEMPLATE = "made_template"
MARKER = "state.sqlite"
HOME = "budget_watch.lake.home"
EVERY_PROCESS = Path(__file__).parent / "every_process"

wished = os.environ.get(WISH) == "postgresql"


def bare(root: Path) -> str:
    """The address of a new database for a home, without any table: for what older programs left."""
    root.mkdir(parents=True, exist_ok=True)
    if not wished:
        return f"sqlite:///{root / MARKER}"
    return os.environ[SERVER] % _made(root, "template0")


def empty() -> str:
    """The address of a new database of no home, without any table."""
    name = f"empty_{uuid.uuid4().hex}"
    with _connected() as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE template0 STRATEGY file_copy")
    return os.environ[SERVER] % name


def start(server: Any) -> None:
    """Let every home of this process, and of those it starts, live on the server."""
    import sqlalchemy as sa

    from budget_watch.lake.state import upgrade

    with server.connect() as connection:
        connection.execute(f"CREATE DATABASE {TEMPLATE}")
    made = sa.create_engine(server.state_url(TEMPLATE), poolclass=sa.pool.NullPool)
    upgrade(made)
    made.dispose()
    os.environ[SERVER] = server.state_url("%s")
    old = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join([str(EVERY_PROCESS), *([old] if old else [])])
    install()


def install() -> None:
    """Change what a home says of its database, now or as soon as homes are known here."""
    copied = shutil.copytree
    shutil.copytree = _copying(copied)  # type: ignore[assignment]
    if HOME in sys.modules:
        _change(sys.modules[HOME])
    else:
        sys.meta_path.insert(0, _Finder())


def swept(under: Path | None = None) -> None:
    """Drop the databases of homes that are gone, and of those in a folder."""
    with _connected() as connection:
        query = "SELECT datname, shobj_description(oid, 'pg_database') FROM pg_database"
        for name, root in connection.execute(query).fetchall():
            if not name.startswith("home_") or root is None:
                continue
            at = Path(root)
            if _told(at / MARKER)[:1] != [name] or (under is not None and at.is_relative_to(under)):
                connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def _change(module: ModuleType) -> None:
    home: Any = module.Home

    def state_url(self: Any) -> str:
        own = os.environ.get("BUDGET_WATCH_STATE") or self._configured_url()
        return own or os.environ[SERVER] % _database(self.root)

    home.state_url = property(state_url)


def _database(root: Path) -> str:
    told = _told(root / MARKER)
    if not told:
        return _made(root, TEMPLATE)
    name, where = told
    if Path(where) != root and not (Path(where) / MARKER).exists():  # the home was moved
        _tell(root, name)
    return name


def _made(root: Path, template: str) -> str:
    """A new database; of two that make one at once for a home, one is right."""
    name = f"home_{uuid.uuid4().hex}"
    with _connected() as connection:
        if template.startswith("home_"):  # else the server refuses: others read it
            ended = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
            connection.execute(ended, (template,))
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
        root.mkdir(parents=True, exist_ok=True)
        half = root / f"{name}.half"
        half.write_text(f"{name}\n{root}\n")
        if template != TEMPLATE:
            half.replace(root / MARKER)
        else:
            try:
                os.link(half, root / MARKER)
            except FileExistsError:
                connection.execute(f"DROP DATABASE {name}")
                name = _told(root / MARKER)[0]
            half.unlink()
        _remark(connection, name, root)
    return name


def _tell(root: Path, name: str) -> None:
    (root / MARKER).write_text(f"{name}\n{root}\n")
    with _connected() as connection:
        _remark(connection, name, root)


def _remark(connection: Any, name: str, root: Path) -> None:
    connection.execute(f"COMMENT ON DATABASE {name} IS '{str(root).replace(chr(39), chr(39) * 2)}'")


def _told(marker: Path) -> list[str]:
    if not marker.is_file():
        return []
    found = marker.read_bytes()
    return found.decode().split() if found.startswith(b"home_") else []


def _connected() -> Any:
    import psycopg

    address = os.environ[SERVER].replace("+psycopg", "") % "postgres"
    return psycopg.connect(address, autocommit=True)


def _copying(copied: Callable[..., Any]) -> Callable[..., Any]:
    def copytree(source: Any, to: Any, *arguments: Any, **named: Any) -> Any:
        made = copied(source, to, *arguments, **named)
        for marker in (*Path(to).glob(MARKER), *Path(to).glob(f"*/{MARKER}")):
            told = _told(marker)
            if told and Path(told[1]) != marker.parent.absolute():
                _made(marker.parent.absolute(), told[0])
        return made

    return copytree


class _Finder(MetaPathFinder):
    """Changes the module of homes when it is first imported."""

    def find_spec(self, name: str, path: Any, _target: Any = None) -> ModuleSpec | None:
        if name != HOME:
            return None
        spec = PathFinder.find_spec(name, path)
        if spec is not None and spec.loader is not None:
            spec.loader = _Changed(spec.loader)
        return spec


class _Changed(Loader):
    def __init__(self, own: Any) -> None:
        self._own = own

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._own.create_module(spec)  # type: ignore[no-any-return]

    def exec_module(self, module: ModuleType) -> None:
        self._own.exec_module(module)
        _change(module)
