"""Why something is taken away or published: asked before it is done."""

from __future__ import annotations

from budget_watch.digest.errors import DigestError

LEAST = 4  # characters that say what an export is for


def reason_of(text: str, asked: str = "导出要写明用途") -> str:
    """The reason in one line.

    Args:
        asked: what a refusal begins with.

    Raises:
        DigestError: it says too little.
    """
    why = " ".join(text.split())
    if len(why) < LEAST:
        raise DigestError(f"{asked}，至少{LEAST}个字。")
    return why
