"""The audit log (审计日志): who did or saw what, chained so that nothing can be altered unnoticed.

It stands below `access` and `casework`, because both write to it inside their own transactions:
its functions take a connection and a key, and know neither a home nor a user's rights. Readers with
a Grant, and the commands, are in `casework.auditing`. Entries are only ever added; two triggers in
the database refuse the rest, and `verify` finds what went round them.
"""

from budget_watch.audit.anchor import Anchor, make_anchor, read_anchors, write_anchor
from budget_watch.audit.buffer import ViewBuffer
from budget_watch.audit.entry import Entry, Note, Who
from budget_watch.audit.errors import AuditError
from budget_watch.audit.key import AuditKey, key_of
from budget_watch.audit.log import append, entry_table, head, read
from budget_watch.audit.verify import Damage, Verdict, verify

__all__ = [
    "Anchor",
    "AuditError",
    "AuditKey",
    "Damage",
    "Entry",
    "Note",
    "Verdict",
    "ViewBuffer",
    "Who",
    "append",
    "entry_table",
    "head",
    "key_of",
    "make_anchor",
    "read",
    "read_anchors",
    "verify",
    "write_anchor",
]
