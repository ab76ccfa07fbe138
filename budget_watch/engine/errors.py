"""What can go wrong in the rule book or in a run; messages say what, where, and what to do."""

from __future__ import annotations


class EngineError(ValueError):
    """Any refusal of the rule engine."""


class BookError(EngineError):
    """A file of the rule book is wrong.

    Attributes:
        code: short name of the kind of mistake, for the lint list.
        where: file (and line) or rule id.
    """

    def __init__(self, where: str, message: str, code: str = "book") -> None:
        super().__init__(f"{where}: {message}")
        self.where = where
        self.message = message
        self.code = code


class ExpressionError(EngineError):
    """An expression is outside the closed language, or its types or units do not fit."""

    def __init__(self, message: str, code: str = "expression") -> None:
        super().__init__(message)
        self.code = code


class RunError(EngineError):
    """A rule could not be run on the data at hand."""
