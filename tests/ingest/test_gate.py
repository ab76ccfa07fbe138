import datetime as dt
import json

import polars as pl
import pytest

from budget_watch.lake import Batch
from budget_watch.tables import arrow_schema, contract, polars_schema
from ingest.gate.expectations import Summary, count_on_rows, validate
from ingest.gate.relations import relations
from ingest.gate.split import Sieve, gate_for, split_frame
from ingest.gate.units import Fact, disagreements

KEY = b"k" * 32


def bad_revenue():
    """Twelve rows of FIN-01, most of them wrong on purpose."""
    good = {
        "fiscal_year": 2026,
        "month": 9,
        "mof_div_code": "990100000",
        "scope_kind": "本级",
        "stage": "月报",
        "rev_code": "101",
        "ytd_amt": 100,
    }
    changes = [
        {},
        {"rev_code": "10101"},
        {"rev_code": "10101"},
        {"rev_code": "10101"},
        {"rev_code": "10104", "month": 13},
        {"rev_code": "10104", "month": 0},
        {"rev_code": "10106", "scope_kind": "全省"},
        {"rev_code": "10107", "stage": None},
        {"rev_code": "10108", "fiscal_year": None},
        {"rev_code": None},
        {"rev_code": "10109", "fiscal_year": 1066},
        {"rev_code": "10110", "stage": "预告", "scope_kind": "市里"},
    ]
    return pl.DataFrame([good | change for change in changes])


@pytest.fixture
def table():
    return contract("FIN-01")


def test_the_gate_names_every_wrong_row_and_accounts_for_all(table):
    rows = bad_revenue().with_row_index("src_row", offset=1).cast({"src_row": pl.Int32})
    stored = frozenset(table.names)
    split = split_frame(gate_for(table, rows.schema, KEY, stored, check_codes=False), rows)
    assert (split.rows, split.stored, split.quarantined) == (12, 2, 10)
    assert split.counts == {
        "fiscal_year.required": 1,
        "fiscal_year.range": 1,
        "month.range": 2,
        "scope_kind.values": 2,
        "stage.required": 1,
        "stage.values": 1,
        "rev_code.required": 1,
        "key.unique": 3,
    }
    assert split.bad["src_row"].to_list() == [3, 4, 5, 6, 7, 8, 9, 10, 11, 12]
    assert split.bad["reason"][-1].count("；") == 1


@pytest.mark.parametrize("piece", [1, 3, 12])
def test_in_pieces_the_gate_splits_exactly_as_in_memory(table, piece):
    rows = bad_revenue().with_row_index("src_row", offset=1).cast({"src_row": pl.Int32})
    gate = gate_for(table, rows.schema, KEY, frozenset(table.names), check_codes=False)
    at_once, sieve = split_frame(gate, rows), Sieve(gate)
    good = pl.concat([sieve.split(part) for part in rows.iter_slices(piece)])
    again = sieve.repeated(good.lazy())
    assert again is not None
    good = good.filter(~pl.col("src_row").is_in(again.implode()))
    split = sieve.result(good.height)
    assert split.counts == at_once.counts
    assert (split.rows, split.stored) == (at_once.rows, at_once.stored)
    assert split.bad.equals(at_once.bad)
    assert good.equals(at_once.good)


@pytest.mark.expectations
def test_expectations_on_the_rows_themselves_count_as_the_gate_does(table):
    rows = bad_revenue()
    split = split_frame(
        gate_for(table, rows.schema, KEY, frozenset(table.names), check_codes=False), rows
    )
    on_rows = count_on_rows("FIN-01", rows)
    assert {rule: count for rule, count in on_rows.items() if count} == split.counts
    assert len(on_rows) > len(split.counts)


@pytest.mark.expectations
def test_great_expectations_judges_the_summary_and_the_result_is_kept(tmp_path, table):
    batch = Batch("FIN-01/2026-09", table.name, "x", "h", dt.date(2026, 10, 12))
    clean = Summary(table.code, batch.id, 5, 5, 0, {})
    wrong = Summary("FIN-02", "b", 5, 3, 2, {"stage.required": 2})
    assert validate(tmp_path, [clean], "clean")["success"] is True
    result = validate(tmp_path, [clean, wrong], "wrong")
    assert result["success"] is False
    kept = json.loads((tmp_path / "gate" / "wrong.json").read_text("utf-8"))
    failed = [one["subject"]["title"] for one in kept["expectations"] if not one["success"]]
    assert failed == ["必填列不空"]
    assert validate(tmp_path, [], "none") is None


@pytest.mark.parametrize(
    ("text", "fen"),
    [("1,234.56", 123456), ("-0.01", -1), ("(12)", -1200), ("１２．５", 1250), ("", None)],
)
def test_money_is_read_to_the_fen(text, fen):
    table = contract("FIN-15")
    rows = pl.DataFrame({"pay_amt": [text]})
    gate = gate_for(table, rows.schema, KEY)
    value = rows.select([e for e in gate.columns if e.meta.output_name() == "pay_amt"]).item()
    assert value == fen


def test_published_sums_may_differ_by_their_rounding_and_no_more(table):
    schema = {**polars_schema(table, technical=False), "round_fen": pl.Int64, "src_row": pl.Int32}
    base = {"fiscal_year": 2026, "month": 9, "mof_div_code": "x", "scope_kind": "本级"}
    wan = 1_000_000

    def judged(parent):
        rows = [("101", parent), ("10101", 100 * wan), ("10104", 50 * wan)]
        frame = pl.DataFrame(
            [
                {**base, "stage": "月报", "rev_code": code, "ytd_amt": amount, "round_fen": wan}
                for code, amount in rows
            ],
            schema=schema,
        )
        (parents,) = [one for one in relations(table, frame) if one.id == "parents"]
        return parents.groups, parents.failed

    assert judged(150 * wan) == (1, 0)
    assert judged(151 * wan) == (1, 0)
    assert judged(152 * wan) == (1, 1)


def test_of_three_sheets_the_one_that_stands_alone_is_not_believed():
    stated = [("甲", 5), ("乙", 5), ("丙", 50_000)]
    facts = [Fact(("x", n), sheet, fen * n) for n in (1, 2, 3) for sheet, fen in stated]
    (found,) = disagreements(facts)
    assert (found.sheet, found.factor, found.figures) == ("丙", "10,000", 3)


def test_of_two_sheets_that_contradict_each_other_neither_is_believed():
    facts = [Fact(("x", 1), "甲", 7), Fact(("x", 1), "乙", 70_000)]
    assert sorted(one.sheet for one in disagreements(facts)) == ["乙", "甲"]


def test_arrow_metadata_says_which_columns_are_in_stored_units():
    from ingest.flat_file import stored_columns

    names = stored_columns(arrow_schema(contract("FIN-26")))
    assert {"total_inv", "cover_ratio"} <= names
    assert "pro_code" not in names
