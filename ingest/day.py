"""One business day: see `ingest.deliveries` for those that a list names."""

from __future__ import annotations

from ingest.deliveries import read_deliveries, run_deliveries

__all__ = ["read_deliveries", "run_deliveries"]
