"""How laws, authorities and parameter values are written on pages (pages.md §5)."""

from __future__ import annotations

from typing import Any

from budget_watch.engine.laws import article_name


def cited(book: Any, cite: Any, confidence: str) -> str:
    """One citation; a basis not checked against the original is not printed as an article."""
    law = book.laws.get(cite.law)
    title = f"《{law.title.strip('《》')}》" if law else cite.law
    if confidence != "H":
        return f"据{title}（待核对原文）"
    article = article_name(str(cite.article)) if cite.article else ""
    return title + article


def value_text(value: object) -> str:
    """A parameter's value as its file says it."""
    return str(value)
