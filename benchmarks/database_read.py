"""A million vouchers from a PostgreSQL of its own into the spool: rows a second, peak memory.

    python -m benchmarks.database_read [ROWS]

Each way is a process of its own. `bare` is ADBC straight into one Parquet file, without order,
columns of the contract, business days or cursor.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

from tests.servers.postgres import PASSWORD, Postgres

DAY = date(2026, 12, 31)
CREATE = """
CREATE TABLE pay_voucher_bill (
  pay_cert_id varchar(40) PRIMARY KEY, pay_cert_no varchar(40), pay_app_id varchar(40),
  fiscal_year integer, pay_date date, vou_date date, mof_div_code varchar(9), dept_code varchar(20),
  agency_code varchar(20), pro_code varchar(40), fund_type_code varchar(4),
  exp_func_code varchar(7), gov_bgt_eco_code varchar(5), dep_bgt_eco_code varchar(5),
  payer_acct_name varchar(200), payer_acct_no varchar(40), payee_acct_name varchar(200),
  payee_acct_no varchar(40), pay_amt numeric(18,2), set_mode_code varchar(20),
  use_des varchar(500), is_sal boolean, update_time timestamp(6))
"""
FILL = """
INSERT INTO pay_voucher_bill SELECT
  'V' || i, '凭' || i, 'A' || i, 2026, d, d, '990100000',
  '101', '101' || lpad((i % 400)::text, 3, '0'), 'P' || i % 5000, '1', '2010101', '50201', '30201',
  '临江市财政局零余额账户', '6228480000' || i % 400,
  '临江市恒信办公用品有限公司' || i % 9000, '6217000000' || i % 9000,
  (i % 1000000) / 100.0 + 0.01, '转账', '购办公用品一批，合同编号' || i, i % 7 = 0,
  d + interval '10 hours' + i % 36000 * interval '1 second'
FROM (SELECT i, date '2026-01-01' + (i::bigint * 365 / {rows})::int AS d
      FROM generate_series(0, {rows} - 1) i) n
"""
INDEX = "CREATE INDEX ON pay_voucher_bill (update_time)"


def fetch(url: str, driver: str) -> int:
    """Fetch everything into a spool; return the rows."""
    from budget_watch.lake import Home
    from ingest.source import Errand
    from ingest.sources.database import open_source
    from ingest.spool import Spool

    table = {"table": "FIN-15", "from": "pay_voucher_bill", "since": "update_time"}
    section = {"name": "库", "kind": "database", "url": url, "password_env": "BENCH_PASSWORD"}
    section |= {"driver": driver, "tables": [{**table, "business_date": "pay_date"}]}
    with tempfile.TemporaryDirectory() as folder:
        home = Home(folder)
        source = open_source(section, home)
        found = source.fetch(Errand(DAY, Spool(home, "库"), Path(folder) / "memory"))
        return sum(parcel.rows or 0 for parcel in found.parcels)


def bare(url: str) -> int:
    """ADBC into Parquet and nothing else; return the rows."""
    import pyarrow.parquet as pq
    from adbc_driver_postgresql import dbapi

    full = url.replace("@", f":{PASSWORD}@")
    rows = 0
    with tempfile.TemporaryFile() as file, dbapi.connect(full) as connection:
        cursor = connection.cursor()
        cursor.execute("SELECT * FROM pay_voucher_bill")
        reader = cursor.fetch_record_batch()
        with pq.ParquetWriter(file, reader.schema, compression="zstd") as writer:
            for batch in reader:
                writer.write_batch(batch)
                rows += batch.num_rows
    return rows


def one(way: str, url: str) -> None:
    """Run one way and print what it took."""
    begun = time.perf_counter()
    rows = bare(url) if way == "bare" else fetch(url, way)
    used = resource.getrusage(resource.RUSAGE_SELF)
    told = {
        "way": way,
        "rows": rows,
        "seconds": round(time.perf_counter() - begun, 1),
        "cpu_seconds": round(used.ru_utime + used.ru_stime, 1),
        "peak_mb": used.ru_maxrss // 1024,
    }
    print(json.dumps(told), flush=True)


def main() -> None:
    """Start the server, fill it, run each way."""
    if len(sys.argv) == 3:
        one(sys.argv[1], sys.argv[2])
        return
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    server = Postgres()
    try:
        name = server.new_database()
        with server.connect(name) as connection:
            for statement in (CREATE, FILL.format(rows=rows), INDEX, "VACUUM ANALYZE"):
                connection.execute(statement)
        environment = {**os.environ, "BENCH_PASSWORD": PASSWORD}
        for way in ("bare", "auto", "sqlalchemy"):
            command = [sys.executable, "-m", "benchmarks.database_read", way, server.address(name)]
            subprocess.run(command, check=True, env=environment)
    finally:
        server.stop()


if __name__ == "__main__":
    main()
