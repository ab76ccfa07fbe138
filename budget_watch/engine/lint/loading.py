"""What does not load, as flaws: the loader's errors under the codes of the linter."""

from __future__ import annotations

from budget_watch.engine.errors import BookError
from budget_watch.engine.lint.flaw import CODES, Flaw

_CODES = {"extra_forbidden": "unknown-key", "missing": "missing-key"}


def flaw_of(error: BookError) -> Flaw:
    """The flaw that a loading error is."""
    path = error.where.split("（")[0]
    file, _, line = path.rpartition(":")
    code = _CODES.get(error.code, error.code)
    code = code if code in CODES else "wrong-value"
    if line.isdigit():
        return Flaw(code, file, int(line), error.message)
    return Flaw(code, path, 1, f"{error.where.removeprefix(path)}{error.message}")
