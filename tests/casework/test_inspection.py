"""Random inspection: the seed alone decides, everything is kept, anybody can draw again."""

from __future__ import annotations

import hashlib
import json
from datetime import date

import hypothesis.strategies as st
import pytest
import sqlalchemy as sa
from hypothesis import given, settings

from budget_watch.access import Grant
from budget_watch.casework.inspection import (
    InspectionError,
    again,
    chosen,
    draw,
    draws,
    get_draw,
    record_result,
    results,
)
from budget_watch.cli.main import main
from budget_watch.lake import Home, Reader
from budget_watch.lake.state import engine
from tests.casework.made_cases import CLERK, LI, WANG, bring, fill, id_of, person
from tests.views_drill.small_city import make_home

YEAR = (date(2026, 1, 1), date(2026, 12, 31))
NUMBERS = st.lists(st.text("abc0123456789", min_size=1, max_size=6), min_size=1, unique=True)


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Home:
    made, _ = make_home(tmp_path_factory.mktemp("inspected"))
    fill(made, 6)
    for number in range(1, 5):
        bring(made, id_of(number), "初核")
    return made


@settings(deadline=None)
@given(numbers=NUMBERS, percent=st.integers(1, 100), seed=st.text(max_size=8), data=st.data())
def test_the_share_is_drawn_whatever_the_order(numbers, percent, seed, data):
    drawn = chosen(numbers, percent, seed)
    assert len(drawn) == -(-len(numbers) * percent // 100) >= 1
    assert set(drawn) <= set(numbers)
    assert chosen(data.draw(st.permutations(numbers)), percent, seed) == drawn
    more = chosen(numbers, data.draw(st.integers(percent, 100)), seed)
    assert set(drawn) <= set(more)  # a larger share by the same seed keeps the smaller one


def test_each_number_is_drawn_about_as_often_over_many_seeds():
    numbers = [f"V{n:03}" for n in range(50)]
    counts = dict.fromkeys(numbers, 0)
    for seed in range(2000):
        for each in chosen(numbers, 10, str(seed)):
            counts[each] += 1
    # 2000 draws at 10%: 200 expected, standard deviation 13.4; 6 of them either way
    assert all(120 < count < 280 for count in counts.values())


def test_vouchers_of_a_department_are_drawn_kept_and_drawn_again(home):
    made = draw(home, LI, "voucher", *YEAR, "季度抽查", department="101", seed="2026-11")
    frame = Reader(home, Grant.operator("test")).scan("payment_voucher").collect()
    own = frame.filter((frame["dept_code"] == "101") & frame["pay_date"].is_between(*YEAR))
    numbers = sorted(own["pay_cert_id"].to_list())
    assert (made.population, made.share) == (len(numbers), 10)
    assert made.population_hash == hashlib.sha256("\n".join(numbers).encode()).hexdigest()
    assert made.items == chosen(numbers, 10, "2026-11")
    assert made.snapshot is not None
    assert get_draw(home, WANG, made.id) == made
    assert again(home, WANG, made.id) is True
    other = draw(home, LI, "voucher", *YEAR, "季度抽查", department="101", seed="2026-12")
    assert other.items != made.items


def test_cases_are_drawn_and_a_population_that_grew_is_told(home):
    made = draw(home, LI, "case", date(2026, 11, 1), date(2026, 11, 30), "质量抽查", share=50)
    assert (made.population, len(made.items)) == (4, 2)
    assert len(made.seed) == 16
    assert again(home, LI, made.id) is True
    bring(home, id_of(5), "初核")
    assert again(home, LI, made.id) is False


def test_what_is_found_is_kept_line_by_line(home):
    made = draw(home, LI, "voucher", *YEAR, "抽查", department="101", seed="x")
    item = made.items[0]
    yes = dict.fromkeys(made.checklist, "是")
    record_result(home, WANG, made.id, item, yes)
    with pytest.raises(InspectionError, match="有答“否”的，要写明情况"):
        record_result(home, WANG, made.id, item, {**yes, made.checklist[0]: "否"})
    record_result(home, LI, made.id, item, {**yes, made.checklist[0]: "否"}, "用途与指标不一致")
    assert [(each.item, each.user, each.remark) for each in results(home, LI, made.id)] == [
        (item, "wang", ""),
        (item, "li", "用途与指标不一致"),
    ]
    with pytest.raises(InspectionError, match="不在抽查"):
        record_result(home, LI, made.id, "V0", yes)
    with pytest.raises(InspectionError, match="清单逐项都要答"):
        record_result(home, LI, made.id, item, {})
    with pytest.raises(InspectionError, match="只能答是、否、不适用"):
        record_result(home, LI, made.id, item, {**yes, made.checklist[0]: "差不多"})


def test_only_the_committees_staff_inspect_and_nothing_is_drawn_from_nothing(home):
    for actor in (CLERK, person("d", "代表"), person("x", "")):
        with pytest.raises(InspectionError, match="抽查由预算工委办理"):
            draws(home, actor)
        with pytest.raises(InspectionError, match="抽查由预算工委办理"):
            draw(home, actor, "voucher", *YEAR, "抽查")
    with pytest.raises(InspectionError, match="没有可抽的"):
        draw(home, LI, "voucher", *YEAR, "抽查", department="999")
    with pytest.raises(InspectionError, match="1 至 100"):
        draw(home, LI, "voucher", *YEAR, "抽查", share=0)


@pytest.mark.parametrize("table", ["inspection_draw", "inspection_result"])
def test_draws_and_results_are_only_added(home, table):
    made = draw(home, LI, "voucher", *YEAR, "抽查", department="101", seed="y")
    record_result(home, LI, made.id, made.items[0], dict.fromkeys(made.checklist, "是"))
    refused = pytest.raises(sa.exc.DatabaseError, match="只增不改")
    with refused, engine(home).begin() as connection:
        connection.exec_driver_sql(f"DELETE FROM {table}")


def test_the_commands_draw_list_note_show_and_draw_again(home, capsys):
    def run(*words: str) -> tuple[int, list[dict[str, object]]]:
        with pytest.raises(SystemExit) as ended:
            main(["--home", str(home.root), "inspect", *words, "--role", "经办", "--json"])
        lines = capsys.readouterr().out.splitlines()
        return int(ended.value.code or 0), [json.loads(line) for line in lines]

    days = ("--since", "2026-01-01", "--until", "2026-12-31")
    status, rows = run(
        "draw", "--kind", "凭证", *days, "--dept", "101", "--seed", "z", "--reason", "抽查"
    )
    number, item = str(rows[-1]["id"]), str(rows[0]["item"])
    assert (status, rows[-1]["seed"]) == (0, "z")
    assert run("show", number)[0] == 1  # not all looked at
    answers = ["--answer", "是"] * 5
    assert run("note", number, item, *answers)[0] == 0
    assert run("note", number, item, *answers[:4])[0] == 2
    assert run("list")[1][-2]["checked"] == 1
    assert run("again", number) == (0, [{"summary": True, "draw": number, "same": True}])
