"""The lake's own tables in the state database: lease, heads, batches, coverage, snapshots.

Casework and access keep theirs in their own rooms; all of them are created by the migrations in
`lake/migrations`. Types are those that SQLite and PostgreSQL share.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)

metadata = MetaData()

# Who writes. One row; `epoch` grows with every taking of the lease and is checked at publishing.
lease = Table(
    "lake_lease",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("epoch", Integer, nullable=False),
    Column("owner", String(64), nullable=False),
    Column("host", String(128), nullable=False),
    Column("pid", Integer, nullable=False),
    Column("taken_at", DateTime(timezone=True), nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    Column("released", Boolean, nullable=False),
)

# The Delta version whose content is the published one. A log beyond it was never published.
head = Table(
    "lake_head",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("version", Integer, nullable=False),
)

# One published content of one table or mart. Unchanged tables share it between snapshots.
table_version = Table(
    "lake_table_version",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("kind", String(8), nullable=False),
    Column("row_count", BigInteger, nullable=False),
    Column("money", Text, nullable=False),  # JSON {column: sum in fen, as text}
    Column("files", Text, nullable=False),  # JSON list of files, see lake.files.File
    Column("made_from", Text, nullable=False),  # JSON {fingerprint, inputs: {table: version}}
)

snapshot = Table(
    "lake_snapshot",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("seq", Integer, nullable=False, unique=True),
    Column("biz_date", Date, nullable=False, index=True),
    Column("published_at", DateTime(timezone=True), nullable=False, index=True),
    Column("epoch", Integer, nullable=False),
    Column("hashes", Text, nullable=False),  # JSON {rule_book, laws, lock, calendar, …}
)

snapshot_table = Table(
    "lake_snapshot_table",
    metadata,
    Column("snapshot", String(32), ForeignKey("lake_snapshot.id"), primary_key=True),
    Column("name", String(64), primary_key=True),
    Column("version", Integer, nullable=False),
)

# Snapshots that retention let go: they stay on record, their own files leave the disk.
pruned = Table(
    "lake_pruned",
    metadata,
    Column("snapshot", String(32), ForeignKey("lake_snapshot.id"), primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("by", String(64), nullable=False),
)

# One delivery of one table, as published. Refused ones are here too, with their reason.
batch = Table(
    "lake_batch",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("id", String(200), nullable=False, index=True),
    Column("table_name", String(64), nullable=False),
    Column("source", Text, nullable=False),
    Column("source_hash", String(128), nullable=False),
    Column("biz_date", Date, nullable=False),
    Column("loaded_at", DateTime(timezone=True), nullable=False),
    Column("delivered", BigInteger, nullable=False),
    Column("stored", BigInteger, nullable=False),
    Column("quarantined", BigInteger, nullable=False),
    Column("refused", BigInteger, nullable=False),
    Column("reason", Text),
    Column("version", Integer),
    Column("snapshot", String(32), ForeignKey("lake_snapshot.id"), nullable=False, index=True),
    Column("origin", String(40)),  # the configured source; none where loaded by hand
    Column("revision", BigInteger, nullable=False),
    Column("fetched_at", DateTime(timezone=True)),
    Column("parcel", String(32), index=True),  # slip in the spool
    Column("declared", BigInteger),  # rows that the source said it delivers
    Column("outcome", String(12), nullable=False),  # stored, refused, repeated, superseded
    Column("by_key", Boolean, nullable=False),  # an increment: stands for its own keys only
    Index("lake_batch_hash", "table_name", "source_hash"),
    Index("lake_batch_day", "table_name", "biz_date"),
)

# What was delivered, also where the delivery had no rows. month 0 = the whole year.
coverage = Table(
    "lake_coverage",
    metadata,
    Column("table_name", String(64), primary_key=True),
    Column("fiscal_year", Integer, primary_key=True),
    Column("month", Integer, primary_key=True),
    Column("mof_div_code", String(9), primary_key=True),
    Column("snapshot_seq", Integer, nullable=False),
)

# The rows that the gate kept out of one delivery: one file, named with the delivery's ledger line.
quarantine = Table(
    "lake_quarantine",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("batch_seq", Integer, ForeignKey("lake_batch.seq"), nullable=False, index=True),
    Column("table_name", String(64), nullable=False, index=True),
    Column("batch_id", String(200), nullable=False),
    Column("source", Text, nullable=False),
    Column("origin", String(40)),
    Column("biz_date", Date, nullable=False),
    Column("path", String(200), nullable=False, unique=True),
    Column("row_count", BigInteger, nullable=False),
    Column("soft", BigInteger, nullable=False),  # rows that may be released as they are
    Column("whole", Boolean, nullable=False),  # nothing of the delivery was believed
    Column("codes", Boolean, nullable=False),  # codes had to be in our lists
    Column("reasons", Text, nullable=False),  # JSON {what is wrong: rows}
    Column("kept_at", DateTime(timezone=True), nullable=False),
    Column("snapshot", String(32), ForeignKey("lake_snapshot.id"), nullable=False),
)

# What became of kept rows: released, corrected, discarded, superseded; exported. Only added to.
quarantine_act = Table(
    "lake_quarantine_act",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("bundle", Integer, ForeignKey("lake_quarantine.number"), nullable=False, index=True),
    Column("action", String(12), nullable=False),
    Column("row_count", BigInteger, nullable=False),
    Column("which", Text, nullable=False),  # JSON list of [first, last] line
    Column("actor", String(64), nullable=False),
    Column("reason", Text, nullable=False),
    Column("detail", Text, nullable=False),  # JSON, such as file and its hash
    Column("acted_at", DateTime(timezone=True), nullable=False),
    Column("snapshot", String(32), ForeignKey("lake_snapshot.id")),  # none for an export
)

# One attempt at a business day. `outcome` is empty while it runs; rows are never deleted.
day_run = Table(
    "day_run",
    metadata,
    Column("id", String(24), primary_key=True),  # 2026-11-20/1: business date and attempt
    Column("seq", Integer, nullable=False, unique=True),
    Column("biz_date", Date, nullable=False, index=True),
    Column("attempt", Integer, nullable=False),
    Column("reason", String(8), nullable=False),  # who wanted it: 定时 补跑 重试 手工 继续
    Column("host", String(128), nullable=False),
    Column("pid", Integer, nullable=False),
    Column("started_at", DateTime(timezone=True), nullable=False),
    Column("finished_at", DateTime(timezone=True)),
    Column("phase", String(8), nullable=False),
    Column("phases", Text, nullable=False),  # JSON list of {phase, started_at}
    Column("outcome", String(12)),
    Column("message", Text, nullable=False),
    Column("sources", Text, nullable=False),  # JSON {source: {outcome, message, …}}
    Column("counts", Text, nullable=False),  # JSON: rows delivered, stored, findings …
    Column("cancel_by", String(64)),
    Column("cancel_at", DateTime(timezone=True)),
)

# APScheduler's persistent job store; it reads and writes the rows.
schedule_job = Table(
    "schedule_job",
    metadata,
    Column("id", String(191), primary_key=True),
    Column("next_run_time", Float(25), index=True),
    Column("job_state", LargeBinary, nullable=False),
)
