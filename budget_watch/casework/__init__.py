"""Findings and the work on them: identity, first and last seen, data state, work state, audit log.

Nothing is deleted here. Rules and figures are made below, pages and reports above.
"""
