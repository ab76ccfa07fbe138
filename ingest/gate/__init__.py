"""Checks delivered rows against their contract and splits them: good ones on, others to quarantine.

Structure wrong: the delivery is refused. Rows wrong: they go to quarantine with a reason and their
source row. Relations between rows (parents and children, balances) are reported, never a reason to
keep a row out: they are what is looked for.
"""
