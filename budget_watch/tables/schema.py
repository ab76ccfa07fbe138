"""Arrow and polars schemas made from a contract, and the technical columns of stored tables."""

from __future__ import annotations

import polars as pl
import pyarrow as pa

from budget_watch.tables.contract import Column, Contract

TIME_ZONE = "Asia/Shanghai"

_ARROW: dict[str, pa.DataType] = {
    "str": pa.string(),
    "int": pa.int64(),
    "money": pa.int64(),
    "date": pa.date32(),
    "bool": pa.bool_(),
    "ratio": pa.int64(),
    "number": pa.int64(),
}
_POLARS: dict[str, pl.DataType] = {
    "str": pl.String(),
    "int": pl.Int64(),
    "money": pl.Int64(),
    "date": pl.Date(),
    "bool": pl.Boolean(),
    "ratio": pl.Int64(),
    "number": pl.Int64(),
}
_STORED_UNIT = {"money": "fen", "ratio": "1e-6"}

# Added by the gate to every stored table; in no contract. round_fen: 1 = exact to the fen.
TECHNICAL: dict[str, pl.DataType] = {
    "src_dept": pl.String(),
    "batch_id": pl.String(),
    "biz_date": pl.Date(),
    "load_time": pl.Datetime("us", TIME_ZONE),
    "row_hash": pl.Int64(),
    "src_row": pl.Int32(),
    "data_status": pl.String(),
    "secret_flag": pl.Boolean(),
    "round_fen": pl.Int64(),
}
TECHNICAL_TITLES: dict[str, str] = {
    "src_dept": "送数部门",
    "batch_id": "批次号",
    "biz_date": "业务日期",
    "load_time": "入库时间",
    "row_hash": "行摘要",
    "src_row": "来源文件行号",
    "data_status": "数据状态",
    "secret_flag": "涉密标志",
    "round_fen": "金额舍入单位（分）",
}
DATA_STATUS = ("正式", "快报", "初步", "更正", "第三方")


def polars_schema(contract: Contract, technical: bool = True) -> pl.Schema:
    """Return the stored schema: contract columns in order, then the technical ones if wanted.

    money is Int64 fen, ratio Int64 millionths, number Int64 × 10^scale.
    """
    columns: dict[str, pl.DataType] = {
        column.name: _POLARS[column.type] for column in contract.columns
    }
    if technical:
        columns |= TECHNICAL
    return pl.Schema(columns)


def empty_frame(contract: Contract, technical: bool = True) -> pl.DataFrame:
    """Return a frame of 0 rows with the stored schema."""
    return pl.DataFrame(schema=polars_schema(contract, technical))


def arrow_schema(contract: Contract) -> pa.Schema:
    """Return the Arrow schema of the contract columns, with metadata per field and for the table.

    Field metadata: title, type, unit (`fen` for money: such a file needs no conversion), scale,
    personal, codes, values, required. Nullability follows `required`.
    """
    fields = [
        pa.field(
            column.name,
            _ARROW[column.type],
            nullable=not column.required,
            metadata=field_metadata(column),
        )
        for column in contract.columns
    ]
    return pa.schema(
        fields,
        metadata={"table": contract.code, "name": contract.name, "title": contract.title},
    )


def field_metadata(column: Column) -> dict[str, str]:
    """Return the Arrow field metadata of a column whose values are stored (fen, millionths)."""
    unit = _STORED_UNIT.get(column.type) or column.unit
    entries = {
        "title": column.title,
        "type": column.type,
        "required": "true" if column.required else "false",
        "unit": unit,
        "scale": str(column.scale) if column.type == "number" else None,
        "personal": column.personal,
        "codes": ",".join(column.codes) or None,
        "values": "|".join(column.values) or None,
    }
    return {key: value for key, value in entries.items() if value is not None}
