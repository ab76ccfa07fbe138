"""Who may read what: the Grant (scope, reach, mask, purpose) that every read takes.

Users, sign-in and roles live here too. Nothing here reads data; the lake applies the grant.
"""

from budget_watch.access.grant import Grant, Mask, Opening, Scope, Window
from budget_watch.access.levels import Depth, Reached, Sensitivity

__all__ = ["Depth", "Grant", "Mask", "Opening", "Reached", "Scope", "Sensitivity", "Window"]
