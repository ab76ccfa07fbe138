"""Delivered = stored + quarantined + refused, per batch, whatever is done, at every publication."""

import tempfile
from contextlib import nullcontext
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from budget_watch.access import Grant
from budget_watch.lake import Home, Reader, Snapshot, quarantine
from budget_watch.lake.ledger import entries
from budget_watch.lake.status import table_status
from budget_watch.views.arrivals import deliveries
from ingest import releasing
from ingest.load import load_paths
from tests.ingest.test_contract_files import titled, vouchers

ALL = Grant.system("test")
FLAWS = {
    "good": {},
    "code": {"支出功能分类科目编码": "9999999"},
    "amount": {"支付金额": "12，00x"},
    "unit": {"单位代码": " "},
    "repeat": {"支付凭证主键": "V000001"},
}
flaws = st.lists(st.sampled_from(list(FLAWS)), min_size=1, max_size=6)
deliver = st.tuples(st.just("deliver"), st.integers(0, 1), flaws)
act = st.tuples(
    st.sampled_from(["release", "correct", "discard"]),
    st.integers(0, 3),
    st.sets(st.integers(1, 6), min_size=1, max_size=4),
)


def deliver_file(home, folder, slot, kinds):
    frame = titled(vouchers(len(kinds), start=1 + 100 * slot)).cast(pl.String)
    for at, kind in enumerate(kinds):
        for title, value in FLAWS[kind].items():
            here = pl.int_range(pl.len()) == at
            frame = frame.with_columns(
                pl.when(here).then(pl.lit(value)).otherwise(title).alias(title)
            )
    path = folder / f"{slot}.csv"
    frame.write_csv(path)
    list(load_paths(home, [path]))


def act_on(home, folder, what, which, lines):
    found = quarantine.bundles(home)
    if not found:
        return
    bundle = found[which % len(found)]
    lines = sorted(line for line in lines if line <= bundle.rows)
    if what == "discard":
        releasing.discard(home, bundle, lines, "李四", "试")
    elif what == "release":
        releasing.release(home, bundle, lines, "李四", "试")
    elif bundle.open:
        path = folder / "更正.csv"
        releasing.export(home, Grant.operator("t"), bundle, path, "李四", "试")
        frame = pl.read_csv(path, infer_schema=False)
        wanted = frame["隔离行"].str.extract(r":(\d+)$").cast(pl.Int64).is_in(lines)
        if not wanted.any():
            return
        frame.filter(wanted).with_columns(
            pl.lit("5.00").alias("支付金额"), pl.lit("101001").alias("单位代码")
        ).write_csv(path)
        releasing.release_file(home, bundle, path, "李四", "试")


def check(home):
    if Snapshot.latest(home) is None:
        return
    lines = entries(home)
    for line in lines:
        line.check()
        assert min(line.stored, line.quarantined, line.refused) >= 0
    # Every bundle's rows are accounted for, and what the ledger calls quarantined is open.
    bundles = quarantine.bundles(home)
    assert sum(line.quarantined for line in lines) == sum(bundle.open for bundle in bundles)
    for bundle in bundles:
        waiting = quarantine.open_lines(bundle, quarantine.acts(home, bundle.number))
        assert len(waiting) == bundle.open
    # What the slots' newest deliveries stored is in the table, row for row, unless another took it.
    newest = {line.batch.id: line.stored for line in lines if line.outcome == "stored"}
    rows = Reader(home, ALL).scan("payment_voucher").collect()
    assert rows["pay_cert_id"].is_unique().all()
    for slot, count in rows.group_by("batch_id").len().iter_rows():
        assert count <= newest[slot]
    # Page and status say the same.
    (told,) = [one for one in table_status(home, ALL) if one["table"] == "FIN-15"]
    assert told["quarantined"] == sum(bundle.open for bundle in bundles)
    shown = deliveries(home, Snapshot.latest(home), "payment_voucher")
    assert all(one.delivered == one.stored + one.quarantined + one.refused for one in shown)


@pytest.mark.slow
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(deliver | act, min_size=2, max_size=7))
def test_counts_add_up_after_whatever_is_delivered_released_and_discarded(steps):
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr("ingest.load.validated_beside", lambda *given: nullcontext())
        home = Home(Path(folder) / "home")
        for what, which, detail in steps:
            if what == "deliver":
                deliver_file(home, Path(folder), which, detail)
            else:
                act_on(home, Path(folder), what, which, detail)
            check(home)
