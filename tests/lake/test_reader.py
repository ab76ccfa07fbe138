from datetime import date

import duckdb
import polars as pl
import pytest

from budget_watch.access import Depth, Grant, Mask, Scope
from budget_watch.lake import Batch, Coverage, Home, Reader, UnknownTableError, Writer
from budget_watch.lake.masking import masked
from budget_watch.tables import contracts
from tests.lake.made import CITY, COUNTY, SYSTEM, batch, rows, voucher

DAY = date(2026, 9, 30)


@pytest.fixture
def home(home):
    with Writer.open(home, "test") as writer:
        frame = rows(
            "payment_voucher",
            voucher(1, DAY, 100, payee_acct_name="王小明", payee_acct_no="6222000012345678"),
            voucher(2, DAY, 200, payee_acct_name="示范商贸有限公司", payee_acct_no="8800111122"),
            voucher(3, DAY, 300, dept_code="102", agency_code="102001", payee_acct_name="王氏面馆"),
            voucher(
                4,
                DAY,
                400,
                mof_div_code=COUNTY,
                payee_acct_name="华为",
                payee_acct_no="90001234",
                payee_is_person=False,
            ),
            voucher(5, DAY, 500, payee_acct_name="买买提·艾力", payee_is_person=True),
        )
        writer.replace("payment_voucher", frame, batch("payment_voucher", "a"))
        writer.replace(
            "payment_detail",
            rows(
                "payment_detail",
                {
                    "pay_detail_id": "1",
                    "agency_code": "101001",
                    "per_name": "欧阳小明",
                    "iden_hash": "f",
                },
                {
                    "pay_detail_id": "2",
                    "agency_code": "102001",
                    "per_name": "李四",
                    "iden_hash": None,
                },
            ),
            batch("payment_detail", "a"),
        )
        units = [
            {"agency_code": f"{d}001", "dept_code": d, "valid_from": date(2020, 1, 1)}
            for d in ("101", "102")
        ]
        writer.replace("unit", rows("unit", *units), batch("unit", "a"))
        writer.replace(
            "indicator",
            rows("indicator"),
            Batch("i", "indicator", "x", "h", DAY, (Coverage(2026, 0, CITY),)),
        )
        writer.publish(DAY)
    return home


def people(home, mask, table="payment"):
    grant = Grant("u", "test", mask=mask)
    frame = (
        Reader(home, grant).scan(table).select("pay_cert_id", "payee_acct_name", "payee_acct_no")
    )
    return sorted(frame.collect().rows())


def test_persons_are_masked_and_organisations_are_not(home):
    masked = [
        ("V0001", "王**", "****5678"),
        ("V0002", "示范商贸有限公司", "8800111122"),
        ("V0003", "王氏面馆", None),
        ("V0004", "华为", "90001234"),
        ("V0005", "买**", None),
    ]
    assert people(home, Mask.PERSONS) == masked
    assert people(home, Mask.PERSONS, "payment_voucher") == masked
    assert people(home, Mask.NONE)[0] == ("V0001", "王小明", "6222000012345678")


def test_what_is_made_of_a_name_is_masked_as_the_name_is(home):
    made = Reader(home, Grant("u", "test", mask=Mask.PERSONS)).scan("payment")
    shown = made.sort("pay_cert_id").select("payee_key", "payee_party").collect().rows()
    assert shown[:2] == [("王**", "****5678"), ("示范商贸", "示范商贸")]


def test_a_name_nobody_can_place_is_hidden_and_an_organisation_is_not():
    persons = [
        "王小明", "王庭", "李一会", "张 三", "张三（农户）", "张三等5人", "张三、李四", "欧阳修文",
        "买买提·吐尔逊", "迪丽热巴迪力木拉提", "John Smith",
    ]  # fmt: skip
    bodies = [
        "县医院", "市委", "财政局", "示范市国库", "陈记小吃店", "王家村村民委员会",
        "示范商贸有限公司", "王小明律师事务所", "示范大学（东区）",
    ]  # fmt: skip
    names = persons + bodies
    frame = pl.DataFrame(
        {"payee_acct_name": names, "payee_acct_no": ["6222000012345678"] * len(names)}
    )
    contract = contracts()["payment_application"]
    shown = frame.select(masked(contract, frozenset(frame.columns)))
    assert shown["payee_acct_name"].to_list() == [f"{each[0]}**" for each in persons] + bodies
    assert shown["payee_acct_no"].to_list() == ["****5678"] * len(persons) + [
        "6222000012345678"
    ] * len(bodies)


def test_filters_see_the_masked_value_only(home):
    reader = Reader(home, Grant.operator("test"))
    asked = reader.scan("payment").filter(pl.col("payee_acct_name") == "王小明").collect()
    assert asked.height == 0


def test_names_of_persons_and_identity_hashes_are_hidden(home):
    frame = Reader(home, Grant.operator("test")).scan("payment_detail").sort("pay_detail_id")
    assert frame.select("per_name", "iden_hash").collect().rows() == [
        ("欧**", "***"),
        ("李**", None),
    ]


def test_rows_outside_the_scope_are_not_there(home):
    def seen(scope, table, column):
        reader = Reader(home, Grant("u", "test", scope=scope))
        return sorted(reader.scan(table).select(column).collect().to_series().to_list())

    city = Scope(regions=frozenset({CITY}))
    first = Scope(departments=frozenset({"101"}))
    both = Scope(regions=frozenset({CITY}), departments=frozenset({"102"}))
    assert seen(city, "payment", "pay_amt") == [100, 200, 300, 500]
    assert seen(first, "payment", "pay_amt") == [100, 200, 400, 500]
    assert seen(both, "payment", "pay_amt") == [300]
    # payment_detail names units only: the department is looked up in REF-01
    assert seen(first, "payment_detail", "pay_detail_id") == ["1"]


def test_a_table_never_delivered_is_empty_with_its_schema(home):
    reader = Reader(home, SYSTEM)
    frame = reader.scan("bond")
    assert frame.collect().height == 0
    assert frame.collect_schema() == reader.schema("bond")
    assert reader.files("bond") == []


def test_every_table_and_mart_reads_with_the_schema_it_names(home):
    reader = Reader(home, Grant.operator("test"))
    for name in reader.names:
        assert reader.scan(name).collect().schema == reader.schema(name), name


def test_an_unknown_table_is_named(home):
    with pytest.raises(UnknownTableError, match="没有名为 vouchers 的报表或主题表"):
        Reader(home, SYSTEM).scan("vouchers")


def test_a_home_without_anything_reads_empty(tmp_path):
    from budget_watch.lake import Home

    reader = Reader(Home(tmp_path / "nothing"), SYSTEM)
    assert reader.snapshot is None
    assert reader.scan("payment").collect().height == 0
    assert reader.coverage().height == 0


def test_another_engine_reads_the_same_rows_from_the_same_files(home):
    reader = Reader(home, SYSTEM)
    for name in ("payment", "payment_voucher", "unit"):
        files = reader.files(name)
        columns = [c for c, t in reader.schema(name).items() if not isinstance(t, pl.Datetime)]
        query = f"SELECT {', '.join(columns)} FROM read_parquet({files}, union_by_name = true)"
        theirs = duckdb.sql(query).fetchall()
        ours = reader.scan(name).select(columns).collect().rows()
        assert sorted(theirs, key=repr) == sorted(ours, key=repr)


def test_coverage_says_what_was_delivered_also_without_rows(home):
    found = Reader(home, SYSTEM).coverage()
    assert found.filter(~pl.col("table").is_in(["unit", "unit_name", "payment_detail"])).rows() == [
        ("budget_line", 2026, 0, CITY, True),
        ("indicator", 2026, 0, CITY, True),
        ("payee_account", 2026, 9, CITY, True),
        ("payment", 2026, 9, CITY, True),
        ("payment_voucher", 2026, 9, CITY, True),
        ("returned_payment", 2026, 9, CITY, True),
    ]
    county = Grant("u", "test", scope=Scope(regions=frozenset({COUNTY})))
    assert Reader(home, county).coverage().height == 0


def test_sums_of_what_was_never_delivered_are_as_those_of_what_was(home):
    projects = Grant("u", "test", depth=Depth.PROJECT)
    empty, filled = (Reader(Home(path), projects) for path in (home.root / "none", home.root))
    assert empty.scan("payment").collect_schema() == filled.scan("payment").collect_schema()
    counted = empty.scan("payment").select(empty.counted("payment")).collect().item()
    assert counted == 0
