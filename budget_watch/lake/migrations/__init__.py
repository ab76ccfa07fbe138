"""Alembic migrations of the state database, run by `lake.state.engine`.

One file a change in `versions/`, named by its number, DDL written out and never edited afterwards.
Every room adds its tables here.
"""
