"""Looks the rule book through: what would mislead, though it loads. `rules check` prints it.

One small module a topic; each gives flaws with a stable code, and each code has a page in
`docs/lint/` whose examples are tests. By itself:
`python -m budget_watch.engine.lint [--book rules] [--laws DIR] [--today D] [RULE …]`
"""

from __future__ import annotations

from budget_watch.engine.lint.flaw import CODES, Flaw
from budget_watch.engine.lint.look import lint, lint_folders

__all__ = ["CODES", "Flaw", "lint", "lint_folders"]
