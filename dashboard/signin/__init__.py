"""Signing in: who asks, whether they may, and the plain pages for password, phone and account.

These pages are small HTML of their own, outside the Dash application: they must load on a phone
before anything else, and nothing of the application is reachable before they let somebody in.
"""

from dashboard.signin.guard import current_grant, guard, visitor

__all__ = ["current_grant", "guard", "visitor"]
