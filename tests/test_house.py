"""The plan of the house holds: floors, doors, and nothing that phones out."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest

HOUSE = Path(__file__).parents[1]
FLOORS = [
    {"money", "calendar", "codes"},
    {"tables", "audit"},
    {"access"},
    {"lake"},
    {"engine"},
    {"casework"},
    {"opinions"},
    {"meetings", "congress"},
    {"notices"},
    {"views"},
    {"digest", "exchange"},
    {"cli"},
]
FLOOR = {room: at for at, rooms in enumerate(FLOORS) for room in rooms}
OUTSIDE = {"ingest", "dashboard", "fixtures"}


def imports(path: Path) -> set[str]:
    """Dotted names of every import of a module, also those inside functions."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def test_each_room_imports_only_from_the_floors_below_it() -> None:
    wrong = []
    for path in (HOUSE / "budget_watch").rglob("*.py"):
        parts = path.relative_to(HOUSE / "budget_watch").parts
        if len(parts) == 1:
            continue
        own = parts[0]
        for name in imports(path):
            room = name.split(".")[1] if name.startswith("budget_watch.") else None
            if room in FLOOR and room != own and FLOOR[room] > FLOOR[own]:
                wrong.append(f"{path.relative_to(HOUSE)} imports {name}")
    assert wrong == []


def test_the_core_knows_no_page_and_no_source_except_in_the_command_line() -> None:
    wrong = [
        f"{path.relative_to(HOUSE)} imports {name}"
        for path in (HOUSE / "budget_watch").rglob("*.py")
        if "cli" not in path.parts
        for name in imports(path)
        if name.split(".")[0] in OUTSIDE
    ]
    assert wrong == []


def test_every_folder_says_what_lives_there() -> None:
    silent = []
    for top in ("budget_watch", "ingest", "dashboard", "fixtures"):
        for init in (HOUSE / top).rglob("__init__.py"):
            words = ast.get_docstring(ast.parse(init.read_text(encoding="utf-8"))) or ""
            if len(words) < 60:
                silent.append(str(init.relative_to(HOUSE)))
    assert silent == []


def test_no_process_forks_and_no_module_reads_pandas() -> None:
    wrong = []
    for top in ("budget_watch", "ingest", "dashboard", "fixtures"):
        for path in (HOUSE / top).rglob("*.py"):
            names = imports(path)
            pandas = {name for name in names if name.split(".")[0] == "pandas"}
            if pandas and path.name != "expectations.py":  # Great Expectations takes nothing else
                wrong.append(f"{path.relative_to(HOUSE)}: pandas")
            if re.search(r"\bos\.fork\b|get_context\([\"']fork", path.read_text(encoding="utf-8")):
                wrong.append(f"{path.relative_to(HOUSE)}: fork")
    assert wrong == []


def test_tracked_files_name_no_index_and_no_path_of_a_machine() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=HOUSE, capture_output=True, text=True, check=False
    )
    if listed.returncode:
        pytest.skip("not a git checkout: the list of tracked files is not known here")
    pattern = re.compile(r"--(extra-)?index-url +\S|https?://\S*/simple/|/" + r"work/(main|shared)")
    wrong = []
    for name in filter(None, listed.stdout.split("\0")):
        path = HOUSE / name
        if path.suffix in {".py", ".md", ".toml", ".yaml", ".lock", ".txt", ""} and path.is_file():
            text = path.read_text(encoding="utf-8", errors="replace")
            wrong += [f"{name}: {found.group(0)}" for found in pattern.finditer(text)]
    assert wrong == []
    assert not (HOUSE / "uv.lock").exists()
