"""Which days are run when: nights, downtime, failures, a clock that jumps."""

from datetime import date, timedelta

import pytest

from budget_watch.lake import day_runs
from budget_watch.lake.lease import RUNNER, Lease
from ingest.schedule.service import Service
from ingest.settings import SettingError

D20, D21, D22, D23 = (date(2026, 11, day) for day in (20, 21, 22, 23))


def recorded(home):
    return [(r.id, r.reason, r.outcome) for r in reversed(day_runs.day_runs(home))]


def test_a_day_is_run_at_two_on_the_next_and_only_once(service, clock, days, told):
    clock.jumps(minutes=-5)
    service = Service(service.home, told.append, lambda: clock.now, lambda: clock.seconds, days)
    assert service.look() == [date(2026, 11, 19)]  # nothing was ever run: the last one due
    clock.passes(minutes=3)
    assert service.look() == [D20]
    for _ in range(48):
        clock.passes(minutes=29)
        service.look()
    assert days.ran == [date(2026, 11, 19), D20]
    clock.passes(hours=1)
    service.look()
    service.look()
    assert days.ran[2:] == [D21]  # a Saturday is run like any day
    assert told[-1] == {
        "event": "wait",
        "message": "业务日 2026-11-22 将于 2026-11-23 02:00 运行。",
    }


def test_after_downtime_the_missed_days_are_run_in_order(service, clock, days, home):
    service.look()
    clock.passes(days=3, hours=5)
    assert service.look() == [D21, D22, D23]
    assert recorded(home) == [
        ("2026-11-20/1", "定时", "done"),
        ("2026-11-21/1", "补跑", "done"),
        ("2026-11-22/1", "补跑", "done"),
        ("2026-11-23/1", "定时", "done"),
    ]


def test_a_day_that_failed_holds_the_later_ones_and_is_tried_again(
    service, clock, days, home, told
):
    days.fail = {D20: 1}
    clock.passes(days=1)
    (home.root / "budget_watch.toml").write_text("[schedule]\nsince = 2026-11-20\n")
    assert service.look() == []
    assert told[-1]["message"] == "业务日 2026-11-20 将于 2026-11-22 02:30 重试。"
    clock.passes(minutes=29)
    assert service.look() == []
    clock.passes(minutes=1)
    assert service.look() == [D20, D21]
    assert recorded(home)[:2] == [
        ("2026-11-20/1", "补跑", "failed"), ("2026-11-20/2", "重试", "done"),
    ]  # fmt: skip
    assert day_runs.get(home, "2026-11-20/1").message == "磁盘已满"


def test_a_day_that_keeps_failing_waits_for_the_next_night(service, clock, days, home, told):
    days.fail = {D20: 99}
    for _ in range(40):
        service.look()
        clock.passes(minutes=31)
    assert told[-1]["message"] == "业务日 2026-11-20 已试 4 次没有完成，下一夜再试。"
    days.fail = {}
    clock.passes(hours=4)
    assert service.look() == [D20, D21]


def test_sources_that_failed_are_asked_again_while_the_night_lasts(service, clock, days, home):
    days.fault = {D20}
    assert service.look() == [D20]
    assert service.left() is None
    clock.passes(minutes=31)
    assert service.look() == [D20]
    days.fault = set()
    clock.passes(minutes=31)
    assert service.look() == [D20]
    clock.passes(minutes=31)
    assert service.look() == []
    assert [outcome for *_, outcome in recorded(home)] == ["look", "look", "done"]


def test_a_cancelled_day_waits_for_a_person_or_the_next_night(service, clock, days, home, told):
    asked = days.work

    def cancelled(home, day, tell):
        day_runs.ask_to_cancel(home, None, "王某", clock.now)
        tell.stop.set()
        tell.go_on()

    days.work = cancelled
    service.look()
    days.work = asked
    clock.passes(hours=3)
    assert service.look() == []
    assert told[-1]["message"] == "业务日 2026-11-20 被王某取消，等待 runs resume。"
    clock.passes(hours=21)
    assert service.look() == [D20, D21]


def test_a_clock_that_goes_back_runs_no_day_twice(service, clock, days):
    service.look()
    for back in (timedelta(minutes=50), timedelta(hours=7), timedelta(days=1)):
        clock.now -= back
        service.look()
        for _ in range(int(back / timedelta(minutes=10)) + 12):
            clock.passes(minutes=10)
            service.look()
    assert days.ran == [D20]


def test_a_clock_that_goes_ahead_and_is_set_right_runs_nothing_early(service, clock, days, told):
    service.look()
    clock.jumps(days=2)
    assert service.look() == []
    assert told[-1]["message"].startswith(
        "系统时间突然前进了 2 天，暂不运行；请核对系统时间，30 分钟后"
    )
    clock.passes(minutes=20)
    clock.jumps(days=-2)
    assert service.look() == []
    clock.passes(hours=23, minutes=38)
    assert service.look() == [D21]
    assert days.ran == [D20, D21]


def test_a_clock_that_was_set_right_forward_catches_up_after_it_has_stood(service, clock, days):
    service.look()
    clock.jumps(days=2)
    service.look()
    clock.passes(minutes=31)
    assert service.look() == [D21, D22]
    clock.passes(hours=22)
    service.look()
    assert days.ran == [D20, D21, D22]


def test_days_run_under_a_clock_that_was_days_ahead_are_run_when_they_are_over(
    service, clock, days, home
):
    service.look()
    clock.jumps(days=2)
    service.look()
    clock.passes(minutes=31)
    service.look()  # believed: 21 and 22 are run, though it is the 21st
    clock.jumps(days=-2)
    for _ in range(3 * 24 * 2):
        clock.passes(minutes=31)
        service.look()
    assert days.ran == [D20, D21, D22, D21, D22, D23]


def test_a_service_started_with_a_clock_before_its_records_waits(service, clock, days, told):
    service.look()
    clock.jumps(days=-400)
    late = Service(service.home, told.append, lambda: clock.now, lambda: clock.seconds, days)
    assert late.look() == []
    assert "系统时间早于最近一次运行的时间 2026-11-2" in told[-1]["message"]


def test_while_another_runs_it_waits(service, home, days, told):
    lease = Lease(home, "schedule", RUNNER)
    assert service.look() == []
    lease.release()
    assert service.look() == [D20]
    assert told[0]["message"] == "另一处正在运行业务日，等它结束。"


def test_the_hour_is_a_setting_and_wrong_settings_say_so(service, clock, days, home):
    settings = home.root / "budget_watch.toml"
    settings.write_text('[schedule]\nat = "05:30"\n')
    assert service.look() == [date(2026, 11, 19)]
    clock.passes(hours=3, minutes=28)
    assert service.look() == [D20]
    settings.write_text('[schedule]\nat = "two"\nretry = 1\n')
    with pytest.raises(
        SettingError, match=r"\[schedule\] 写错了：at：.*请写成 at = \"02:00\""
    ) as error:
        service.look()
    assert "retry：" in str(error.value)
