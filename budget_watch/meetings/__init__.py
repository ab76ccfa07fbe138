"""What the committee decides and follows: 决议事项, meetings, agenda items, nodes of the year.

Stands on casework and opinions (periods, files, notices, what a figure is), below notices, views
and pages. Nothing is deleted; each step is one transaction with its audit entry, and every read
takes the Actor whose Grant decides.
"""
