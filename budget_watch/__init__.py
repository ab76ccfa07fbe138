"""The core of budget_watch: tables, lake, rule engine, casework, views and digest.

Knows no web page and no source format. Rooms stand on floors; a room imports only from the floors
below it (money, calendar, codes; tables; access; lake; engine; casework; views; digest and
exchange; cli).
Only cli may import ingest, dashboard or fixtures, and only inside the command that needs them.
"""
