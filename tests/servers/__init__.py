"""Real servers for tests: started on a free port of this machine, in a folder that goes with them.

`tests/conftest.py` has them as fixtures of a session (`postgres`, `mariadb`). Without the server's
programs a test is skipped with the reason; under BUDGET_WATCH_CI it fails instead.
"""
