"""One module a page: from a context (address, grant, snapshot) to what stands on it."""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module
from typing import cast

from dashboard.context import Context
from dashboard.frame import Page
from dashboard.pages.taking_away import ways_out

MODULES = {
    "overview": "overview",
    "exec": "execution",
    "voucher": "voucher",
    "alerts": "alerts",
    "finding": "finding",
    "todo": "todo",
    "inbox": "inbox",
    "case": "case",
    "inquiries": "inquiries",
    "inspections": "inspections",
    "opinions": "opinions",
    "opinion": "opinion",
    "topic": "topic",
    "lists": "lists",
    "congress": "congress",
    "livelihood": "livelihood",
    "resolution": "resolution",
    "agenda": "agenda",
    "events": "events",
    "debt": "debt",
    "sangong": "sangong",
    "assets": "assets",
    "social": "social",
    "transfer": "transfer",
    "audit": "audit",
    "calendar": "calendar",
    "digest": "digest",
    "draft": "draft",
    "final": "final",
    "performance": "performance",
    "data": "data",
    "laws": "laws",
    "params": "params",
    "rules": "rules",
    "search": "search",
    "exemptions": "exemptions",
}


def route(context: Context) -> Page:
    """The page of an address."""
    module = import_module(f"dashboard.pages.{MODULES[context.address.page]}")
    page = cast("Page", module.page(context))
    return replace(page, acts=(*page.acts, *ways_out(page, context)))
