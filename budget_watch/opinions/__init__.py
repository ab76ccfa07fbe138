"""Opinions of deputies and members (意见): six kinds, their way to an answer, topics, votes.

What is law and what is local practice stands in `rules/workflow/opinion.yaml`. Stands on casework
(periods, errors, files), below views and pages. Nothing is deleted; each step is one transaction
with its audit entry, and every read takes the Actor whose Grant decides.
"""
