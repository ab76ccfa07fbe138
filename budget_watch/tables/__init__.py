"""The contracts of the 53 report tables and of the reference tables beside them.

One YAML file a table, and what follows from it: schemas, templates, dictionary pages. Nothing here
reads a delivery or the lake, and no table's columns are written down anywhere else.
"""

from budget_watch.tables.contract import Check, Column, Contract
from budget_watch.tables.reading import ContractError, contract, contracts, read_contract
from budget_watch.tables.schema import (
    DATA_STATUS,
    TECHNICAL,
    TECHNICAL_TITLES,
    TIME_ZONE,
    arrow_schema,
    empty_frame,
    field_metadata,
    polars_schema,
)

__all__ = [
    "DATA_STATUS",
    "TECHNICAL",
    "TECHNICAL_TITLES",
    "TIME_ZONE",
    "Check",
    "Column",
    "Contract",
    "ContractError",
    "arrow_schema",
    "contract",
    "contracts",
    "empty_frame",
    "field_metadata",
    "polars_schema",
    "read_contract",
]
