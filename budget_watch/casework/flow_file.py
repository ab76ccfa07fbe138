"""A flow read from YAML: the product's file, changed by a home's own, checked."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

from budget_watch.casework.errors import WorkflowError
from budget_watch.engine.errors import BookError
from budget_watch.engine.model import Strict
from budget_watch.engine.yaml_file import read_one

Flow = TypeVar("Flow", bound=Strict)
Local = TypeVar("Local", bound=Strict)
Stamp = tuple[tuple[Path, tuple[int, int]], ...]
ABSENT = (0, 0)


def stamped(folders: Iterable[Path], file: Path) -> Stamp:
    """A file of the product and of a home, each with what changes when it is written."""
    return tuple((path, _seen(path)) for path in (each / file for each in folders))


def _seen(path: Path) -> tuple[int, int]:
    if not path.exists():
        return ABSENT
    seen = path.stat()
    return seen.st_mtime_ns, seen.st_size


def read_flow(
    stamp: Stamp,
    model: type[Flow],
    local: type[Local],
    changed: Callable[[Flow, Local, Path], Flow],
    flaws_of: Callable[[Flow], Iterable[str]] = lambda _: (),
) -> Flow:
    """A flow of the product with a home's changes, checked; callers keep it by its stamp.

    Args:
        changed: the flow after a home's file; refuses what may not be changed.
        flaws_of: what is wrong with the whole.

    Raises:
        WorkflowError: what is wrong and where.
    """
    (product, _), *homes = stamp
    try:
        found = read_one(product, model)
        for path, seen in homes:
            if seen != ABSENT:
                found = changed(found, read_one(path, local), path)
    except BookError as error:
        raise WorkflowError(str(error)) from error
    wrong = list(flaws_of(found))
    if wrong:
        raise WorkflowError(f"{product}：{'；'.join(wrong)}")
    return found
