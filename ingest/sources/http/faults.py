"""What may go wrong with one request: what is worth asking again, and what is not."""

from __future__ import annotations

from ingest.source import SourceFault


class Passing(Exception):
    """May be over in a moment: 5xx, 429, timeouts, cut connections. Asked again after a while.

    `after`: seconds the interface asks to wait, None where it does not say.
    """

    def __init__(self, what: str, after: float | None = None) -> None:
        super().__init__(what)
        self.after = after


class WrongAnswer(Passing):
    """An answer that cannot be right: cut or no JSON, a field missing, of another type."""


class Denied(SourceFault):
    """A 4xx: the request itself is refused, asking again is no use. `status` says which."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status
