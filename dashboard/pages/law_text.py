"""How laws, authorities and parameter values are written on pages (pages.md §5)."""

from __future__ import annotations

from typing import Any

from budget_watch.engine.laws import article_name

AUTHORITIES = {
    "law": "法定",
    "regulation": "法定",
    "ministry": "文件",
    "local": "地方",
    "customary": "经验",
    "party": "文件",
    "practice": "经验",
}


def authority(name: str) -> str:
    """法定, 文件, 地方 or 经验."""
    return AUTHORITIES.get(name, name)


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
