"""Why something is taken away: asked before every export."""

from __future__ import annotations

from budget_watch.digest.errors import DigestError

LEAST = 4  # characters that say what an export is for


def reason_of(text: str) -> str:
    """The reason in one line. Raises DigestError where it says too little."""
    why = " ".join(text.split())
    if len(why) < LEAST:
        raise DigestError(f"导出要写明用途，至少{LEAST}个字。")
    return why
