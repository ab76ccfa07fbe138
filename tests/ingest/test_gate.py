import datetime as dt
import json
import re

import polars as pl
import pytest

from budget_watch.codes.uscc import make
from budget_watch.lake import Batch
from budget_watch.tables import arrow_schema, contract, polars_schema
from ingest.gate import documents
from ingest.gate.expectations import Summary, count_on_rows, is_late, validate
from ingest.gate.relations import relations
from ingest.gate.split import Sieve, gate_for, split_frame
from ingest.gate.units import Fact, disagreements
from ingest.gate.warned import row_warnings

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


@pytest.mark.parametrize(
    ("flags", "left"),
    [
        (
            ["是", "否", None, "", " true ", "也许", "0"],
            [2, 3, 4, 7],
        ),  # what nobody can read is set
        ([True, False, None, False, True, False, None], [2, 3, 4, 6, 7]),
        ([1, 0, None, 0, 1, 2, 0], [2, 3, 4, 7]),
        ([None] * 7, [1, 2, 3, 4, 5, 6, 7]),
        (["", *[None] * 6], [1, 2, 3, 4, 5, 6, 7]),
    ],
)
def test_of_rows_marked_as_secret_nothing_is_taken_in(table, flags, left):
    one = bad_revenue().head(1)
    rows = pl.concat([one] * 7).with_columns(
        pl.Series("rev_code", [f"101{n:02}" for n in range(1, 8)]),
        pl.Series("secret_flag", flags),
        pl.Series("src_row", range(1, 8), pl.Int32),
    )
    gate = gate_for(table, rows.schema, KEY, frozenset(table.names), check_codes=False)
    split, sieve = split_frame(gate, rows), Sieve(gate)
    pieces = pl.concat([sieve.split(part) for part in rows.iter_slices(2)])
    for good, told in ((split.good, split), (pieces, sieve.result(pieces.height))):
        assert good["src_row"].to_list() == left
        assert good.schema["secret_flag"] == pl.Boolean
        assert not good["secret_flag"].any()
        assert (told.rows, told.stored, told.quarantined) == (7, len(left), 0)
        assert told.secret == 7 - len(left)


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
def test_expectations_on_vouchers_count_codes_by_year_and_dates_as_the_gate_does():
    voucher = contract("FIN-15")
    good = {
        **{c.name: "x" for c in voucher.columns if c.required and c.type == "str"},
        "fiscal_year": 2026, "pay_date": dt.date(2026, 9, 1), "mof_div_code": "990100000",
        "fund_type_code": "11", "exp_func_code": "2010101", "dep_bgt_eco_code": "30201",
        "pay_amt": 100,
    }  # fmt: skip
    changes = [
        {},
        {"exp_func_code": "9999999"},
        {"exp_func_code": "9999999", "fiscal_year": 2025},
        {"dep_bgt_eco_code": "1", "fund_type_code": "?"},
        {"pay_date": dt.date(1066, 10, 14)},
        {"agency_code": None},
        {"mof_div_code": "000000001"},
        {"set_mode_code": "以物易物"},
    ]
    schema = polars_schema(voucher, technical=False)
    rows = pl.DataFrame(
        [good | {"pay_cert_id": f"V{n}"} | change for n, change in enumerate(changes)],
        schema={name: schema[name] for name in schema if name in good or name == "set_mode_code"},
    )
    split = split_frame(gate_for(voucher, rows.schema, KEY, frozenset(voucher.names)), rows)
    assert split.counts == {
        "exp_func_code.codes": 2,
        "dep_bgt_eco_code.codes": 1,
        "fund_type_code.codes": 1,
        "pay_date.range": 1,
        "agency_code.required": 1,
        "mof_div_code.codes": 1,
        "set_mode_code.values": 1,
    }
    on_rows = count_on_rows("FIN-15", rows)
    assert {rule: count for rule, count in on_rows.items() if count} == split.counts


@pytest.mark.expectations
def test_great_expectations_judges_the_summary_and_the_result_is_kept(tmp_path, table):
    batch = Batch("FIN-01/2026-09", table.name, "x", "h", dt.date(2026, 10, 12))
    clean = Summary(table.code, batch.id, 5, 5, 0, {})
    wrong = Summary("FIN-02", "b", 5, 3, 2, {"stage.required": 2})
    assert validate(tmp_path, [clean], "clean")["success"] is True
    result = validate(tmp_path, [clean, wrong], "wrong")
    assert result["success"] is False
    kept = json.loads((tmp_path / "gate" / "wrong.json").read_text("utf-8"))
    failed = [one for one in kept["expectations"] if not one["success"]]
    assert [(one["subject"]["title"], one["tables"]) for one in failed] == [
        ("必填列不空", ["FIN-02"])
    ]
    assert validate(tmp_path, [], "none") is None
    noticed = Summary("FIN-15", "b", 5, 5, 0, {}, warned={"cleared_after.holds": 2}, late=True)
    result = validate(tmp_path, [noticed], "noticed")
    assert result["success"] is True  # what is only noticed does not fail a run
    assert result["tables"][0]["noticed"] == {"逐行关系不符（行）": 2, "迟到（批次）": 1}


@pytest.mark.expectations
def test_data_docs_stand_alone_and_old_ones_go(tmp_path, monkeypatch):
    monkeypatch.setattr(documents, "PAGES", 3)
    wrong = Summary("FIN-15", "b", 5, 3, 2, {"pay_amt.type": 2})
    for number in range(5):
        validate(tmp_path, [wrong], f"ingest-2026-09-{10 + number}")
    validate(tmp_path, [wrong], "ingest-2026-09-14")  # the day's second run keeps its own page
    docs = tmp_path / "gate" / "docs"
    assert sorted(path.name for path in docs.iterdir()) == [
        "index.html",
        "ingest-2026-09-13.html",
        "ingest-2026-09-14-2.html",
        "ingest-2026-09-14.html",
    ]
    page = (docs / "ingest-2026-09-14.html").read_text(encoding="utf-8")
    assert "数字、日期可读：违反0行" in page
    assert re.search(
        r"数字、日期可读：违反0行.{0,400}?>\s*2\s*<", page, re.S
    )  # the rows there were
    index = (docs / "index.html").read_text(encoding="utf-8")
    assert index.count("有不符合") == 6
    for text in (page, index):
        assert not re.search(r"https?:|//cdn|<script|<link|<img|<iframe|@import|url\(", text)
        assert set(re.findall(r'href="([^"]*)"', text)) <= {
            "index.html",
            *map("ingest-2026-09-{}.html".format, (13, 14, "14-2")),
        }


def test_what_does_not_add_up_is_noticed_and_stored():
    voucher = contract("FIN-15")
    row = {
        **dict.fromkeys(voucher.names),
        **{c.name: "x" for c in voucher.columns if c.required and c.type == "str"},
        "pay_cert_id": "V1", "fiscal_year": 2026, "pay_amt": 100,
        "vou_date": dt.date(2026, 9, 2), "act_lqd_date": dt.date(2026, 9, 1),
        "pay_date": dt.date(2026, 9, 1), "src_row": 1,
    }  # fmt: skip
    schema = {**polars_schema(voucher, technical=False), "src_row": pl.Int32()}
    rows = pl.DataFrame([row], schema=schema)
    gate = gate_for(voucher, rows.schema, KEY, frozenset(voucher.names), check_codes=False)
    split = split_frame(gate, rows)
    assert (split.stored, split.counts, split.warned) == (1, {}, {"cleared_after.holds": 1})


def test_sums_that_differ_are_noticed_in_a_contracts_own_file(table):
    rows = pl.DataFrame(
        [
            {
                "fiscal_year": 2026, "month": 9, "mof_div_code": "990100000",
                "scope_kind": "本级", "stage": "月报", "rev_code": code, "ytd_amt": amount,
            }
            for code, amount in (("101", 100), ("10101", 60), ("10104", 30))
        ]
    )  # fmt: skip
    gate = gate_for(table, rows.schema, KEY, frozenset(table.names))
    assert split_frame(gate, rows).warned == {"parents.parents": 1}


def test_a_credit_code_with_a_wrong_digit_is_noticed():
    details = contract("FIN-16")
    (column,) = [c.name for c in details.columns if "uscc" in c.codes]
    rules = row_warnings(details, frozenset(details.names))
    codes = ["91110000100000000A", None, make("9111000010000000Y")[:-1] + "0"]
    good = make("91110000100000000")
    frame = pl.DataFrame({column: [*codes, good]}, schema={column: pl.String()})
    rule = next(rule for rule in rules if rule.kind == "uscc")
    assert frame.select(rule.expr).to_series().to_list() == [True, False, True, False]


def test_lateness_is_told_by_the_contract_and_the_slot(table):
    def late(day):
        return is_late(table, Batch("FIN-01/2026-09", table.name, "x", "h", day))

    assert (late(dt.date(2026, 10, 9)), late(dt.date(2026, 12, 1))) == (False, True)
    assert not is_late(table, Batch("hand/FIN-01/x", table.name, "x", "h", dt.date(2030, 1, 1)))


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
