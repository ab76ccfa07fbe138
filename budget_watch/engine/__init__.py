"""The rule engine: the book of rules is loaded, checked, planned, run; observations are explained.

Here live the rule format, the closed expression language, the planner on polars, the oracle for
tests, wording and explanation. No rule, no number of a rule, no page, no state of work lives here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from budget_watch.engine.explain import Explanation
    from budget_watch.engine.load import Book, load_book
    from budget_watch.engine.result import RuleTally, RunResult
    from budget_watch.engine.run import run_check

__all__ = ["Book", "Explanation", "RuleTally", "RunResult", "load_book", "run_check"]
_PLACES = {
    "Explanation": "explain",
    "Book": "load",
    "load_book": "load",
    "run_check": "run",
    "RunResult": "result",
    "RuleTally": "result",
}


def __getattr__(name: str) -> Any:
    """Import a name when it is first used: the engine's parts are not all needed at once."""
    if name in _PLACES:
        from importlib import import_module

        found = getattr(import_module(f"budget_watch.engine.{_PLACES[name]}"), name)
        globals()[name] = found  # a function may share its name with its module
        return found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
