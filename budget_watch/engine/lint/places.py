"""Where the entries of list files stand: file and line of each id."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path


def places(folders: Sequence[Path], *kinds: str) -> dict[str, tuple[str, int]]:
    """Id → file and line, for the files in these sub-folders; the product's own come first.

    Of a file that is not UTF-8 (it does not load, and is named for that) what can be read counts.
    """
    found: dict[str, tuple[str, int]] = {}
    for folder in folders:
        for kind in kinds:
            for path in sorted((folder / kind).glob("*.yaml")):
                lines = path.read_bytes().decode("utf-8-sig", errors="replace").splitlines()
                for at, line in enumerate(lines, start=1):
                    text = line.strip().removeprefix("- ").removeprefix("{").strip()
                    if text.startswith("id:"):
                        name = text.removeprefix("id:").split(",")[0].split("#")[0].strip(" '\"}")
                        found.setdefault(name, (str(path), at))
    return found
