"""What can go wrong with the audit log, said in a sentence."""


class AuditError(Exception):
    """The audit log cannot be written or read. Says what, where, and what to do."""
