"""HTTP source: paged JSON as an interface of a 预算管理一体化 system gives it.

`open_source(section, home)` makes the Source of a `kind = "http"` section. One request is
`client`, one page `page`, one listing read until it is whole `listing`, one delivery `parcels`;
`source` goes through resources and days. docs/sources/http.md tells how to connect.
"""

from ingest.sources.http.source import HttpSource, open_source

__all__ = ["HttpSource", "open_source"]
