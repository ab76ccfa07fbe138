"""The calendar table."""

from datetime import date

import polars as pl
import pytest

from budget_watch.calendar import (
    CalendarError,
    WorkCalendar,
    calendar_frame,
    standard_calendar,
    workdays_between,
)


def test_the_national_day_week_of_2026_is_off_and_its_saturday_is_worked():
    week = calendar_frame(date(2026, 9, 30), date(2026, 10, 10))
    assert week.drop("wd").rows() == [
        (date(2026, 9, 30), 3, True, False, "公布", None),
        (date(2026, 10, 1), 4, False, True, "公布", "国庆节"),
        (date(2026, 10, 2), 5, False, True, "公布", "国庆节"),
        (date(2026, 10, 3), 6, False, True, "公布", "国庆节"),
        (date(2026, 10, 4), 7, False, True, "公布", "国庆节"),
        (date(2026, 10, 5), 1, False, True, "公布", "国庆节"),
        (date(2026, 10, 6), 2, False, True, "公布", "国庆节"),
        (date(2026, 10, 7), 3, False, True, "公布", "国庆节"),
        (date(2026, 10, 8), 4, True, False, "公布", None),
        (date(2026, 10, 9), 5, True, False, "公布", None),
        (date(2026, 10, 10), 6, True, False, "公布", None),
    ]
    assert (week["wd"] - week["wd"][0]).to_list() == [0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3]


def test_ordinals_do_not_depend_on_the_range_asked_for():
    whole = calendar_frame(date(2020, 1, 1), date(2026, 12, 31))
    part = calendar_frame(date(2026, 1, 1), date(2026, 12, 31))
    assert part.equals(whole.filter(pl.col("date") >= date(2026, 1, 1)))


def test_days_after_the_last_announced_year_say_that_they_are_reckoned():
    days = calendar_frame(date(2030, 2, 1), date(2030, 2, 6))
    assert days.select("is_workday", "announced", "name").rows() == [
        (True, "推算", None),
        (False, "推算", "春节（除夕）"),
        (False, "推算", "春节（初一）"),
        (False, "推算", "春节（初二）"),
        (False, "推算", "春节（初三）"),
        (True, "推算", None),
    ]


def test_a_file_overrides_single_days_and_makes_them_announced(tmp_path):
    file = tmp_path / "days.csv"
    file.write_text(
        "date,kind,name\n2030-02-09,工作日,\n2030-02-06,节假日,春节\n", encoding="utf-8"
    )
    days = calendar_frame(date(2030, 2, 6), date(2030, 2, 9), file)
    assert days.select("is_workday", "is_holiday", "announced", "name").rows() == [
        (False, True, "公布", "春节"),
        (True, False, "推算", None),
        (True, False, "推算", None),
        (True, False, "公布", None),
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("day,kind\n", "首行应为"),
        ("date,kind\n2030-02-06,放假\n", ":2: kind"),
        ("date,kind\n2030/02/06,工作日\n", ":2: 日期"),
        ("date,kind\n2030-02-06,工作日\n2030-02-06,工作日\n", ":3: 2030-02-06 写了两次"),
    ],
)
def test_a_wrong_calendar_file_is_refused_by_line(tmp_path, text, words):
    file = tmp_path / "days.csv"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(CalendarError, match=words):
        calendar_frame(date(2030, 1, 1), date(2030, 12, 31), file)


def test_days_outside_the_calendar_are_refused():
    with pytest.raises(CalendarError, match="2036"):
        calendar_frame(date(2026, 1, 1), date(2036, 1, 1))
    with pytest.raises(CalendarError, match="1999"):
        standard_calendar().wd(date(1999, 12, 31))


def test_the_lookup_agrees_with_the_table():
    frame = calendar_frame(date(2026, 1, 1), date(2026, 12, 31))
    known = WorkCalendar.of(frame)
    assert [known.wd(day) for day in frame["date"]] == frame["wd"].to_list()
    assert workdays_between(date(2025, 12, 31), date(2026, 12, 31)) == frame["is_workday"].sum()
    with pytest.raises(CalendarError, match="连续"):
        WorkCalendar.of(frame.filter(pl.col("weekday") != 3))
