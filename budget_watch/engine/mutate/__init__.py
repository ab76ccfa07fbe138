"""Changes a rule in one place and asks its own tests: some test must then fail.

`trees` and `queries` say what is changed in an expression or in SQL, `shapes` where a rule has
such places, `exact` and `bench` let the rule's tests judge the changed rule, `run` does it for the
whole book. Nothing here writes a file of the book.
"""
