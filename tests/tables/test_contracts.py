"""The contracts: complete, consistent, and refused with a sentence when they are not."""

import csv
from collections import Counter
from pathlib import Path

import polars as pl
import pytest

from budget_watch.codes import names
from budget_watch.tables import (
    TECHNICAL,
    TECHNICAL_TITLES,
    ContractError,
    arrow_schema,
    contract,
    contracts,
    empty_frame,
    polars_schema,
    read_contract,
)
from budget_watch.tables.checks import gaps, row_violation

LIST = Path(__file__).parents[3] / "shared/domain_tables.csv"
FOLDER = Path(__file__).parents[2] / "budget_watch/tables"
TABLES = list(contracts().values())


def test_there_are_53_tables_of_nine_departments_and_four_beside_them():
    reports = [table for table in TABLES if not table.code.startswith("REF")]
    assert Counter(table.delivering_dept for table in reports) == {
        "财政": 32,
        "税务": 4,
        "审计": 3,
        "发改": 3,
        "国资委": 4,
        "人社": 2,
        "医保": 2,
        "自然资源": 2,
        "统计": 1,
    }
    assert [table.name for table in TABLES if table.code.startswith("REF")] == [
        "unit",
        "unit_account",
        "meeting",
        "budget_form",
    ]


@pytest.mark.real
@pytest.mark.skipif(not LIST.exists(), reason="the list of tables is not beside the checkout")
def test_codes_titles_owners_and_frequencies_are_those_of_the_list_of_tables():
    with LIST.open(encoding="utf-8") as file:
        listed = [
            (row["code"], row["name"], row["delivering_dept"], row["owner"], row["frequency"])
            for row in csv.DictReader(file)
        ]
    ours = [
        (table.code, table.title, table.delivering_dept, table.owner, table.frequency)
        for table in TABLES
        if not table.code.startswith("REF")
    ]
    assert sorted(ours) == sorted(listed)


def test_a_column_name_has_one_type_and_one_code_table_wherever_it_stands():
    meanings: dict[str, set[tuple[object, ...]]] = {}
    for table in TABLES:
        for column in table.columns:
            meaning = (column.type, column.scale, column.codes)
            meanings.setdefault(column.name, set()).add(meaning)
    assert {name for name, found in meanings.items() if len(found) > 1} == {"kind"}


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.code)
def test_schemas_follow_from_the_contract(table):
    schema = polars_schema(table)
    assert schema.names() == [*table.names, *TECHNICAL]
    assert polars_schema(table, technical=False).names() == list(table.names)
    assert not set(table.names) & (set(TECHNICAL) - {"data_status"})
    arrow = arrow_schema(table)
    assert [field.name for field in arrow] == list(table.names)
    assert pl.DataFrame(arrow.empty_table()).schema == polars_schema(table, technical=False)


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.code)
def test_every_check_runs_on_the_table_it_belongs_to(table):
    rows = empty_frame(table)
    for check in table.checks:
        if check.kind in ("holds", "balance"):
            assert rows.select(row_violation(check)).dtypes == [pl.Boolean]
        elif check.kind == "cross":
            assert {contract(code).code for code in check.tables} >= {table.code}
        else:
            assert gaps(table, check, rows).is_empty()


def test_a_money_field_says_that_it_is_in_fen_and_a_name_that_it_is_personal():
    schema = arrow_schema(contract("payment_voucher"))
    assert schema.field("pay_amt").metadata == {
        b"title": "支付金额".encode(),
        b"type": b"money",
        b"required": b"true",
        b"unit": b"fen",
    }
    assert schema.field("payee_acct_name").metadata[b"personal"] == b"name"
    assert schema.field("exp_func_code").metadata[b"codes"] == b"functional"
    assert schema.metadata[b"table"] == b"FIN-15"
    assert arrow_schema(contract("FIN-28")).field("area_m2").metadata[b"scale"] == b"2"


def test_the_identity_number_is_the_only_column_that_is_hashed_on_its_way_in():
    hashed = [
        (table.code, column.name, column.delivered_as)
        for table in TABLES
        for column in table.columns
        if column.personal == "id"
    ]
    assert hashed == [("FIN-16", "iden_hash", "iden_no")]


def test_the_three_public_kinds_are_codes_of_the_departments_classification():
    assert contract("three_public").column("kind").codes == ("dept_economic",)
    wanted = {"30212", "30217", "30231", "31013", "30913", "30215", "30216"}
    assert wanted <= set(names("dept_economic", 2026))


def test_technical_columns_have_titles():
    assert TECHNICAL_TITLES.keys() == TECHNICAL.keys()


def test_a_table_is_found_by_code_and_by_name_and_a_wrong_name_gets_a_hint():
    assert contract("FIN-15") is contract("payment_voucher") is contract("fin-15")
    with pytest.raises(ContractError, match="payment_voucher"):
        contract("payment_vouchr")
    with pytest.raises(KeyError, match="FIN-15"):
        contract("FIN-15").column("nothing")


GOOD = (FOLDER / "TAX-04.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("code: TAX-04", "code: TAX-04\ncode: TAX-04"), ":2: 键 code 写了两次"),
        (("type: date", "type: day"), ":22: columns.7.type .*应为 str、.*之一"),
        (("unit: 万元", "unit: 分"), "unit 应为 元、万元 或 亿元"),
        (("codes: region", "codes: regions"), "没有代码表 regions"),
        (("key: [fiscal_year", "key: [year"), "year 不在 columns 中"),
        (("due: 次月15日", "due: 每月"), "看不懂报送期限“每月”"),
        (("sensitivity: 内部", "sensitivity: 秘密"), "sensitivity"),
        (("code: TAX-04", "code: TAX-05"), "请改名为 TAX-05.yaml"),
        (("code: TAX-04", "code: [TAX-04"), "YAML 语法有误"),
        (("name: fee_kind", "name: month"), "列 month 写了两次"),
        (("    right: arrear\n", ""), "缺少 right"),
        (("kind: period", "kind: period\ncolour: red"), ":8: colour .*没有这一项"),
    ],
)
def test_a_wrong_contract_is_refused_with_file_and_remedy(tmp_path, change, words):
    old, new = change
    assert old in GOOD
    file = tmp_path / "TAX-04.yaml"
    file.write_text(GOOD.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ContractError, match=words) as refused:
        read_contract(file)
    assert str(refused.value).startswith(str(file))


def test_two_files_may_not_claim_one_name_and_an_empty_folder_is_no_installation(tmp_path):
    with pytest.raises(ContractError, match="重新安装"):
        contracts(tmp_path)
    (tmp_path / "TAX-04.yaml").write_text(GOOD, encoding="utf-8")
    (tmp_path / "TAX-05.yaml").write_text(GOOD.replace("TAX-04", "TAX-05"), encoding="utf-8")
    with pytest.raises(ContractError, match="已由 TAX-04 使用"):
        contracts(tmp_path)
