"""Databases as sources: increments by a growing column, or whole tables, as Parquet in the spool.

`open_source(section, home)` makes the source of one `[[source]]` section. One consistent, read-only
read a fetch; the cursor moves only after the parcels were put. Nothing here writes to the database,
and nothing here knows the lake: what is read goes to the spool, in the contract's column names.
"""

from ingest.sources.database.source import DatabaseSource, open_source

__all__ = ["DatabaseSource", "open_source"]
