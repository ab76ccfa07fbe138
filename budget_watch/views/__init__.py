"""The questions that pages and digests ask alike, so that their figures cannot differ.

A view takes a `Desk` (one reader's snapshot and grant), a `Place` and a `Span`, and gives frozen
dataclasses of `Figure`s: exact, with scope kind, stage, denominator, formula and query beside
the value. No page layout, no wording of sentences, no rules here.
"""

from budget_watch.views.figure import Figure, Origin, Unit
from budget_watch.views.query import Desk, Query
from budget_watch.views.span import Place, Span, home_place, places

__all__ = ["Desk", "Figure", "Origin", "Place", "Query", "Span", "Unit", "home_place", "places"]
