"""The T+1 schedule: which business days are due, whether the clock can be trusted, who runs them.

`plan` says what is due and touches nothing; `recorded` runs one day under the lease `runner` and
writes the record; `service` waits, runs each day in a process of its own, and catches up in order.
"""
