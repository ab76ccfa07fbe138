"""Who may read what: the Grant (scope, mask, purpose) that every read takes.

Users, sign-in and roles live here too. Nothing here reads data; the lake applies the grant.
"""

from budget_watch.access.grant import Grant, Mask, Scope

__all__ = ["Grant", "Mask", "Scope"]
