import datetime as dt

import polars as pl
import pytest

from budget_watch.access import Grant
from budget_watch.lake import quarantine
from budget_watch.lake.quarantined_rows import quarantined
from budget_watch.tables import contract

VOUCHER = contract("FIN-15")
TITLES = {column.name: column.title for column in VOUCHER.columns}


def vouchers(count=40, start=1):
    """Vouchers as a finance office hands them in: 元 with two decimals."""
    return pl.DataFrame(
        [
            {
                "pay_cert_id": f"V{number:06}",
                "pay_cert_no": f"NO{number}",
                "pay_app_id": f"A{number}",
                "fiscal_year": 2026,
                "pay_date": dt.date(2026, 9, 1 + number % 28),
                "mof_div_code": "990100000",
                "dept_code": "101",
                "agency_code": "101001",
                "pro_code": "P1",
                "fund_type_code": "11",
                "exp_func_code": "2010101",
                "dep_bgt_eco_code": "30201",
                "payee_acct_name": "示范文具店",
                "payee_acct_no": f"6222{number:08}",
                "pay_amt": f"{1000 + number}.25",
                "use_des": "办公用品，9月",
            }
            for number in range(start, start + count)
        ]
    )


def titled(frame):
    return frame.rename({name: TITLES[name] for name in frame.columns})


@pytest.fixture
def voucher_file(tmp_path):
    def write(frame, name="凭证.csv", encoding="utf-8", head=""):
        path = tmp_path / name
        path.write_bytes((head + frame.write_csv()).encode(encoding))
        return path

    return write


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_csv_is_bound_by_chinese_titles_in_any_of_our_encodings(
    voucher_file, load, read, encoding
):
    (line,) = load(voucher_file(titled(vouchers()), encoding=encoding))
    assert (line["table"], line["rows"], line["stored"], line["reason"]) == (
        "FIN-15",
        40,
        40,
        None,
    )
    rows = read("payment_voucher").sort("pay_cert_id")
    assert rows["pay_amt"].sum() == sum(100_025 + 100 * number for number in range(1, 41))
    first = rows.row(0, named=True)
    wanted = {
        "pay_cert_id": "V000001",
        "pay_date": dt.date(2026, 9, 2),
        "payee_acct_name": "示范文具店",
        "use_des": "办公用品，9月",
        "src_row": 2,
        "data_status": "正式",
        "round_fen": 1,
    }
    assert {name: first[name] for name in wanted} == wanted


def test_column_names_in_any_order_are_bound_too(voucher_file, load):
    frame = vouchers().select(sorted(vouchers().columns))
    (line,) = load(voucher_file(frame))
    assert (line["table"], line["stored"]) == ("FIN-15", 40)


def test_an_excel_sheet_of_the_contract_is_loaded(tmp_path, load, read):
    path = tmp_path / "凭证.xlsx"
    titled(vouchers().with_columns(pl.col("pay_amt").cast(pl.Float64))).write_excel(path)
    (line,) = load(path)
    assert (line["sheet"], line["table"], line["rows"], line["stored"]) == (
        "Sheet1",
        "FIN-15",
        40,
        40,
    )
    assert read("payment_voucher")["pay_date"].min() == dt.date(2026, 9, 1)


def test_a_renamed_column_is_named_and_the_file_refused(voucher_file, load):
    frame = titled(vouchers()).rename({"支付金额": "金额合计"})
    (line,) = load(voucher_file(frame))
    assert line["reason"] == (
        "“凭证.csv”（FIN-15（国库集中支付凭证表））缺少必填列“支付金额”；"
        "文件中有未知的列“金额合计”，是否改了列名；请补齐后重新送达，本文件未入库。"
    )
    assert (line["refused"], line["table"], line["stored"]) == (True, "FIN-15", 0)


def test_a_column_written_twice_is_refused(voucher_file, load):
    path = voucher_file(titled(vouchers()))
    text = path.read_text("utf-8").replace("用途", "支付金额", 1)
    path.write_text(text, "utf-8")
    (line,) = load(path)
    assert "列“支付金额”出现了两次" in line["reason"]


def test_an_unknown_column_is_said_and_the_rest_loaded(voucher_file, load):
    (line,) = load(voucher_file(titled(vouchers()).with_columns(pl.lit("x").alias("经办人"))))
    assert (line["stored"], line["reason"]) == (40, "列“经办人”不在约定中，未载入")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("label", "“支付金额”写的单位是万元，而 FIN-15（国库集中支付凭证表）约定为元"),
        ("title", "“支付金额”写的单位是万元，而 FIN-15（国库集中支付凭证表）约定为元"),
        ("digits", "不足一分的小数（如“0.100125”），约定单位是元，疑似按万元填报"),
        ("size", "中位数3.00元），约定单位是元，疑似按万元填报"),
    ],
)
def test_wan_yuan_where_yuan_is_declared_is_refused_whole(voucher_file, load, home, change, said):
    frame, head = titled(vouchers()), ""
    if change == "label":
        frame = frame.rename({"支付金额": "支付金额（万元）"})
    if change == "title":
        head = "国库集中支付凭证表\n单位：万元\n"
    if change == "digits":
        amounts = pl.col("支付金额").cast(pl.Decimal(20, 6)) / pl.lit(10_000)
        frame = frame.with_columns(amounts.cast(pl.Decimal(20, 6)).cast(pl.String))
    if change == "size":
        frame = frame.with_columns(pl.lit("3").alias("支付金额"))
    (line,) = load(voucher_file(frame, head=head))
    assert line["refused"] is True
    assert said in line["reason"]
    assert (line["rows"], line["stored"]) == (0, 0)
    assert not any(home.lake.iterdir())


def test_amounts_ten_thousand_times_below_the_lakes_are_refused(voucher_file, load):
    big = vouchers(200).with_columns((pl.int_range(200) * 10_000 + 900_000).alias("pay_amt"))
    (line,) = load(voucher_file(big, "九月.csv"))
    assert line["stored"] == 200
    small = vouchers(200, start=500).with_columns((pl.int_range(200) + 90).alias("pay_amt"))
    (line,) = load(voucher_file(small, "十月.csv"))
    assert line["refused"] is True
    assert "相差约一万倍，疑似单位有误" in line["reason"]


def test_wrong_rows_go_to_quarantine_with_reason_and_row_and_the_rest_is_stored(
    voucher_file, load, read, home
):
    frame = titled(vouchers()).cast(pl.String)
    frame = frame.with_columns(
        pl.when(pl.int_range(40) == 16)
        .then(pl.lit("12，00x"))
        .otherwise("支付金额")
        .alias("支付金额"),
        pl.when(pl.int_range(40) == 20).then(pl.lit(" ")).otherwise("单位代码").alias("单位代码"),
        pl.when(pl.int_range(40) == 25)
        .then(pl.lit("9999999"))
        .otherwise("支出功能分类科目编码")
        .alias("支出功能分类科目编码"),
        pl.when(pl.int_range(40) == 30)
        .then(pl.lit("2026-13-40"))
        .otherwise("支付日期")
        .alias("支付日期"),
    )
    frame = pl.concat([frame, frame.head(1)])
    (line,) = load(voucher_file(frame))
    assert (line["rows"], line["stored"], line["quarantined"]) == (41, 36, 5)
    assert line["reason"] == (
        "隔离5行：“支付金额”不是数字1行（第18行，“12，00x”）；“单位代码”为空1行（第22行）；"
        "“支出功能分类科目编码”不在当年代码表内1行（第27行，“9999999”）；"
        "“支付日期”不是日期1行（第32行，“2026-13-40”）；主键重复（支付凭证主键）1行（第42行）。"
        "逐行原因见 budget-watch quarantine show --table FIN-15，请改正后重新送达；其余36行已入库。"
    )
    assert read("payment_voucher").height == 36
    (bundle,) = quarantine.bundles(home)
    kept = quarantined(home, Grant.operator("test"), bundle)
    assert kept.select("src_row", "reason").rows() == [
        (18, "第18行“支付金额”不是数字（“12，00x”）"),
        (22, "第22行“单位代码”为空"),
        (27, "第27行“支出功能分类科目编码”不在当年代码表内（“9999999”）"),
        (32, "第32行“支付日期”不是日期（“2026-13-40”）"),
        (42, "第42行主键重复（支付凭证主键）"),
    ]
    assert bundle.source.endswith("凭证.csv")
    assert dict(bundle.reasons) == {
        "“支付金额”不是数字": 1,
        "“单位代码”为空": 1,
        "“支出功能分类科目编码”不在当年代码表内": 1,
        "“支付日期”不是日期": 1,
        "主键重复（支付凭证主键）": 1,
    }


def test_a_doubtful_digit_group_is_kept_out_with_row_and_text(voucher_file, load, read):
    frame = titled(vouchers(10)).cast(pl.String)
    written = ["12,00", "1.234,56", "1，234.50", "1,234,567.89", "1 234.50"]
    frame = frame.with_columns(pl.Series("支付金额", written + frame["支付金额"].to_list()[5:]))
    (line,) = load(voucher_file(frame))
    assert line["reason"].startswith(
        "隔离2行：“支付金额”不是数字2行（第2行，“12,00”）。逐行原因见 "
    )
    assert line["stored"] == 8
    amounts = read("payment_voucher").sort("pay_cert_id")["pay_amt"].to_list()
    assert amounts[:3] == [123_450, 123_456_789, 123_450]


def test_a_single_wrong_row_is_told_in_one_sentence(voucher_file, load):
    frame = titled(vouchers(10)).cast(pl.String)
    amounts = frame["支付金额"].to_list()
    frame = frame.with_columns(pl.Series("支付金额", [*amounts[:3], "12,00", *amounts[4:]]))
    (line,) = load(voucher_file(frame))
    assert line["reason"] == (
        "隔离1行：第5行“支付金额”不是数字（“12,00”）。请改正后重新送达；其余9行已入库。"
    )


def test_a_corrected_file_replaces_its_rows_and_other_months_stay(voucher_file, load, read):
    load(voucher_file(vouchers(10), "凭证.csv"))
    august = vouchers(5, start=900).with_columns(pl.lit(dt.date(2026, 8, 3)).alias("pay_date"))
    load(voucher_file(august, "凭证.csv"))
    assert read("payment_voucher").height == 15
    load(voucher_file(vouchers(9), "凭证.csv"))
    assert read("payment_voucher").height == 14


def test_identity_numbers_are_hashed_and_never_written(tmp_path, load, read, home):
    plain = "110101199003077774"
    details = vouchers(12).select(
        pl.col("pay_cert_id").str.replace("V", "D").alias("pay_detail_id"),
        "pay_cert_id",
        "fiscal_year",
        "pay_date",
        "mof_div_code",
        "agency_code",
        pl.lit(plain).alias("iden_no"),
        pl.when(pl.int_range(12) == 3).then(pl.lit("abc")).otherwise("pay_amt").alias("pay_amt"),
    )
    path = tmp_path / "明细.csv"
    details.write_csv(path)
    (line,) = load(path)
    assert (line["table"], line["stored"], line["quarantined"]) == ("FIN-16", 11, 1)
    (stored,) = read("payment_detail")["iden_hash"].unique().to_list()
    assert len(stored) == 64
    assert "iden_no" not in read("payment_detail").columns
    written = [file for file in home.root.rglob("*") if file.is_file()]
    assert len(written) > 3
    assert not any(plain.encode() in file.read_bytes() for file in written)
    assert (home.root / "keys" / "person.key").stat().st_mode & 0o077 == 0


def test_two_tables_of_the_same_columns_are_told_apart_by_the_files_name(tmp_path, load):
    frame = pl.DataFrame(
        {
            "fiscal_year": [2026],
            "month": [9],
            "mof_div_code": ["990100000"],
            "scope_kind": ["本级"],
            "stage": ["月报"],
            "side": ["收入"],
            "code": ["1030148"],
            "ytd_amt": ["12.5"],
        }
    )
    frame.write_csv(tmp_path / "收支.csv")
    (line,) = load(tmp_path / "收支.csv")
    assert line["refused"] is True
    assert "分不清是哪一张；请用 --table 指明" in line["reason"]
    (line,) = load(tmp_path / "收支.csv", table="FIN-04")
    assert (line["table"], line["stored"]) == ("FIN-04", 1)
    frame.with_columns(pl.lit("1030601").alias("code")).write_csv(tmp_path / "FIN-05_2026-09.csv")
    (line,) = load(tmp_path / "FIN-05_2026-09.csv")
    assert (line["table"], line["stored"]) == ("FIN-05", 1)


def test_a_table_named_by_hand_must_fit(voucher_file, load):
    (line,) = load(voucher_file(pl.DataFrame({"id": [1], "name": ["x"]})), table="FIN-15")
    assert line["refused"] is True
    assert "budget-watch tables template FIN-15" in line["reason"]


def test_a_large_file_streams_to_the_same_rows(voucher_file, load, read, monkeypatch):
    frame = titled(pl.concat([vouchers(300), vouchers(3)]).with_row_index("n").with_columns(
        pl.when(pl.col("n") == 50).then(pl.lit("x")).otherwise("pay_amt").alias("pay_amt")
    ).drop("n"))  # fmt: skip
    monkeypatch.setattr("ingest.flat_file._MEMORY_BYTES", 0)
    (line,) = load(voucher_file(frame))
    assert (line["rows"], line["stored"], line["quarantined"]) == (303, 299, 4)
    assert line["reason"].startswith(
        "隔离4行：“支付金额”不是数字1行（第52行，“x”）；主键重复（支付凭证主键）3行（第302行）。"
    )
    assert read("payment_voucher").height == 299


def test_a_large_file_loses_its_blank_rows_piece_by_piece(voucher_file, load, read, monkeypatch):
    monkeypatch.setattr("ingest.flat_file._MEMORY_BYTES", 0)
    monkeypatch.setattr("ingest.deliver.PIECE_ROWS", 7)
    path = voucher_file(titled(vouchers(30)).with_columns(pl.lit("x").alias("经办备注")))
    lines = path.read_text(encoding="utf-8").splitlines()
    commas = "," * lines[0].count(",")
    path.write_text("\n".join([*lines[:9], commas, *lines[9:20], commas + " ", *lines[20:], ""]))
    (line,) = load(path)
    assert (line["rows"], line["stored"], line["quarantined"]) == (30, 30, 0)
    assert line["reason"] == "列“经办备注”不在约定中，未载入"
    rows = read("payment_voucher").sort("src_row")["src_row"].to_list()
    assert rows == [*range(2, 10), *range(11, 22), *range(23, 34)]


def test_a_large_file_in_another_unit_is_refused_before_a_row_is_stored(
    voucher_file, load, read, monkeypatch
):
    monkeypatch.setattr("ingest.flat_file._MEMORY_BYTES", 0)
    (line,) = load(
        voucher_file(titled(vouchers()).with_columns(pl.lit("0.1234").alias("支付金额")))
    )
    assert line["refused"] and "疑似按万元填报" in line["reason"]
    assert read("payment_voucher").is_empty()


def test_a_workbook_too_large_for_its_layout_is_read_as_columns(tmp_path, load, read, monkeypatch):
    path = tmp_path / "凭证.xlsx"
    titled(vouchers().with_columns(pl.col("pay_amt").cast(pl.Float64))).write_excel(path)
    monkeypatch.setattr("ingest.sources.workbook._LAYOUT_BYTES", 0)
    (line,) = load(path)
    assert (line["sheet"], line["table"], line["rows"], line["stored"]) == (
        "Sheet1",
        "FIN-15",
        40,
        40,
    )
    assert read("payment_voucher")["pay_amt"].min() == 100_125
    assert read("payment_voucher")["src_row"].min() == 2
