"""placeholder"""

from dashboard.context import Context
from dashboard.frame import Page


def page(context: Context) -> Page:
    return Page("疑点", [])
