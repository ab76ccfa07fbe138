import subprocess
import sys
from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa

from budget_watch.lake import LeaseError, Snapshot, Writer, records
from budget_watch.lake.state import engine
from tests.lake.made import batch, rows, voucher


def test_the_second_writer_is_told_who_writes(home):
    with Writer.open(home, "夜间入库"), pytest.raises(LeaseError) as error:
        Writer.open(home, "load")
    text = str(error.value)
    assert text.startswith("另一个写入正在进行：夜间入库（")
    assert text.endswith("请等它结束后再运行。")


def test_a_writer_in_another_process_is_told_too(home):
    code = (
        "import sys\n"
        "from budget_watch.lake import Home, LeaseError, Writer\n"
        "try:\n    Writer.open(Home(sys.argv[1]), 'load')\n"
        "except LeaseError as error:\n    print(error)\n"
    )
    with Writer.open(home, "夜间入库"):
        done = subprocess.run(
            [sys.executable, "-c", code, str(home.root)], capture_output=True, text=True, check=True
        )
    assert "另一个写入正在进行：夜间入库" in done.stdout


def test_the_lease_is_free_after_its_block(home):
    epochs = []
    for _ in range(2):
        with Writer.open(home, "load") as writer:
            epochs.append(writer._lease.epoch)
    assert epochs == [1, 2]


def test_a_writer_whose_lease_was_taken_over_publishes_nothing(home):
    with Writer.open(home, "old") as writer:
        frame = rows("payment_voucher", voucher(1, date(2026, 9, 1)))
        writer.replace("payment_voucher", frame, batch("payment_voucher", "a"))
        table = records.lease
        with engine(home).begin() as connection:  # what a writer on another machine does
            connection.execute(sa.update(table).values(epoch=table.c.epoch + 1, owner="new"))
        with pytest.raises(LeaseError, match="写入权已被接管（现为 new"):
            writer.publish(date(2026, 9, 30))
    assert Snapshot.latest(home) is None


@pytest.mark.parametrize(
    ("left", "allowed"), [(timedelta(minutes=1), False), (-timedelta(1), True)]
)
def test_a_writer_on_another_machine_holds_until_its_lease_runs_out(home, left, allowed):
    now = datetime.now(UTC)
    with engine(home).begin() as connection:
        connection.execute(
            sa.insert(records.lease).values(
                name="writer",
                epoch=7,
                owner="load",
                host="another-machine",
                pid=1,
                taken_at=now,
                expires_at=now + left,
                released=False,
            )
        )
    if allowed:
        with Writer.open(home, "load") as writer:
            assert writer._lease.epoch == 8
    else:
        with pytest.raises(LeaseError, match="load（another-machine，进程 1"):
            Writer.open(home, "load")
