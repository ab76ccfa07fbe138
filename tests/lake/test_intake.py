"""Rows in pieces: who has to wait for the writing thread writes along, the order stays."""

import threading
from datetime import date

import pytest

from budget_watch.lake import Writer
from budget_watch.lake.draft import TableDraft
from tests.lake.made import batch, rows, voucher

MONTHS = [date(2026, month, 3) for month in range(1, 9)]


def test_who_waits_for_the_writing_thread_writes_along(home, monkeypatch):
    whole = rows("payment_voucher", *(voucher(n, day) for n, day in enumerate(MONTHS)))
    begun, go = threading.Event(), threading.Event()
    wrote = {}
    write_sorted = TableDraft.write_sorted

    def seen(self, frame, part):
        wrote[part] = threading.current_thread().name
        if part == "2026-01":
            begun.set()
            assert go.wait(20)
        elif part == "2026-02":  # the last that the waiting one takes: it goes backwards
            go.set()
        return write_sorted(self, frame, part)

    monkeypatch.setattr(TableDraft, "write_sorted", seen)
    with Writer.open(home, "test") as writer:
        intake = writer.intake("payment_voucher", batch("payment_voucher", "a"))
        intake.add(whole[:1])
        intake._write(["2026-01"])
        assert begun.wait(20)
        intake.add(whole[1:])
        files = intake.files()
        intake.close()
    months = [f"2026-{month:02}" for month in range(1, 9)]
    assert [file.part for file in files] == months
    assert {wrote[month] for month in months[1:]} == {threading.current_thread().name}
    assert wrote["2026-01"].startswith("intake")
    assert sum(file.rows for file in files) == 8


def test_a_fault_while_writing_along_reaches_the_caller(home, monkeypatch):
    def broken(self, frame, part):
        raise OSError("disk")

    monkeypatch.setattr(TableDraft, "write_sorted", broken)
    with Writer.open(home, "test") as writer:
        intake = writer.intake("payment_voucher", batch("payment_voucher", "a"))
        intake.add(rows("payment_voucher", *(voucher(n, day) for n, day in enumerate(MONTHS))))
        with pytest.raises(OSError, match="disk"):
            intake.files()
        intake.close()
