import io
import struct
import zipfile

import polars as pl
import pytest
from msoffcrypto.format import ooxml

from ingest.sources.archive import Limits, unpack
from tests.ingest.test_contract_files import titled, vouchers
from tests.ingest.workbooks import book, spending


@pytest.fixture
def xlsx(tmp_path):
    return book(tmp_path / "执行.xlsx", {"表2": spending()})


def refused(load, home, path, said, **options):
    lines = load(path, **options)
    assert [line["refused"] for line in lines] == [True]
    assert said in lines[0]["reason"]
    assert lines[0]["reason"].endswith("。")
    assert (lines[0]["rows"], lines[0]["stored"]) == (0, 0)
    assert not any(home.lake.iterdir())
    assert not any(home.quarantine.iterdir())


def test_a_truncated_workbook(xlsx, load, home):
    content = xlsx.read_bytes()
    xlsx.write_bytes(content[: len(content) // 2])
    refused(load, home, xlsx, "“执行.xlsx”不完整或已损坏（工作簿缺少目录），可能传输中断")


def test_a_workbook_with_a_broken_sheet_inside(xlsx, load, home):
    broken = io.BytesIO()
    with zipfile.ZipFile(xlsx) as old, zipfile.ZipFile(broken, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            half = name.startswith("xl/worksheets/")
            new.writestr(name, content[: len(content) // 2] if half else content)
    xlsx.write_bytes(broken.getvalue())
    refused(load, home, xlsx, "“执行.xlsx”")


def test_a_workbook_with_a_password(xlsx, load, home):
    locked = io.BytesIO()
    with xlsx.open("rb") as file:
        ooxml.OOXMLFile(file).encrypt("secret", locked)
    xlsx.write_bytes(locked.getvalue())
    refused(load, home, xlsx, "“执行.xlsx”设有打开密码，不能读取；请去掉密码后重新送达。")


@pytest.mark.parametrize("name", ["空.csv", "空.xlsx", "空.parquet", "空.zip"])
def test_an_empty_file(tmp_path, load, home, name):
    (tmp_path / name).write_bytes(b"")
    refused(load, home, tmp_path / name, f"“{name}”是空文件（0字节）")


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("表.xlsx", b"hello", "扩展名是 Excel，内容却不是（或已损坏）"),
        ("表.zip", b"hello", "不是压缩包，或已损坏"),
        ("表.parquet", b"hello", "不是 Parquet 文件，或已损坏"),
        ("表.parquet", b"PAR1 half", "缺尾"),
        ("表.pdf", b"%PDF-1.7", "是PDF，不能载入"),
        ("表.json", b"{}", "不是可载入的格式"),
        ("表.csv", b"\x00\x01\x02", "含有二进制内容"),
        ("表.csv", "项目,金额".encode("utf-16"), "是 UTF-16 编码"),
        ("表.csv", b"\n , \n", "只有空白"),
        ("表.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "Excel"),
    ],
)
def test_a_file_that_is_not_what_it_is_called(tmp_path, load, home, name, content, said):
    (tmp_path / name).write_bytes(content)
    refused(load, home, tmp_path / name, said)


def test_a_missing_path(tmp_path, load, home):
    refused(load, home, tmp_path / "没有.csv", "找不到“没有.csv”")


def test_a_row_with_too_many_cells(tmp_path, load, home):
    lines = titled(vouchers()).write_csv().splitlines()
    lines[5] += ",多,余"
    (tmp_path / "凭证.csv").write_text("\n".join(lines), "utf-8")
    refused(load, home, tmp_path / "凭证.csv", "“凭证.csv”第6行有 18 格，表头只有 16 格")


def test_a_zip_bomb(tmp_path, load, home):
    path = tmp_path / "炸弹.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.csv", b"0" * (200 << 20))
    refused(load, home, path, "疑似压缩炸弹，未解压")


def test_a_workbook_that_is_a_zip_bomb(xlsx, load, home):
    with zipfile.ZipFile(xlsx, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/media/x.bin", b"0" * (60 << 20))
    refused(load, home, xlsx, "疑似压缩炸弹，未解压")


def test_an_archive_whose_directory_lies_about_sizes(tmp_path):
    path = tmp_path / "谎.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("a.csv", b"0" * 5000)
    with pytest.raises(Exception, match=r"压缩炸弹|已损坏"):
        list(unpack(path, tmp_path / "out", Limits(total_bytes=5001, files=9)))
        content = bytearray(path.read_bytes())
        at = content.rfind(b"PK\x01\x02")
        content[at + 24 : at + 28] = struct.pack("<I", 10)
        path.write_bytes(bytes(content))
        list(unpack(path, tmp_path / "out2", Limits(total_bytes=4000, files=9)))


def test_archives_in_archives_have_a_limit(tmp_path, load, home):
    inner = b"x"
    for level in range(4):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr(f"{level}.zip" if level else "a.csv", inner)
        inner = buffer.getvalue()
    (tmp_path / "层.zip").write_bytes(inner)
    refused(load, home, tmp_path / "层.zip", "嵌套超过 2 层压缩包")


def test_an_archive_gives_a_line_for_each_file_and_cannot_leave_its_folder(
    tmp_path, load, read, xlsx
):
    path = tmp_path / "包.zip"
    csv = titled(vouchers()).write_csv().encode("gb18030")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("../../九月/凭证.csv", csv)
        archive.writestr("坏.csv", b"")
        archive.write(xlsx, "执行.xlsx")
        archive.writestr("__MACOSX/._x", b"?")
    lines = load(path)
    assert [(line["path"][len(str(path)) :], line["stored"]) for line in lines] == [
        ("/九月/凭证.csv", 40),
        ("/坏.csv", 0),
        ("/执行.xlsx", 9),
    ]
    assert lines[1]["reason"].startswith("“坏.csv”是空文件")
    assert read("payment_voucher").height == 40
    assert not (tmp_path.parent / "九月").exists()


def test_formulas_are_taken_as_excel_last_showed_them_and_links_are_not_followed(
    tmp_path, load, read
):
    import xlsxwriter

    path = tmp_path / "公式.xlsx"
    with xlsxwriter.Workbook(path) as workbook:
        sheet = workbook.add_worksheet("表2")
        for row, cells in enumerate(spending()):
            for column, cell in enumerate(cells):
                if cell is not None:
                    sheet.write(row, column, cell)
        sheet.write_formula(4, 4, "=[外部.xlsx]表!A1", None, 1050)
        sheet.write_formula(7, 4, "=1/0", None, "#DIV/0!")
    (line,) = load(path)
    assert (line["rows"], line["stored"] + line["quarantined"]) == (9, 9)
    rows = read("general_expenditure")
    assert rows.filter(pl.col("exp_func_code") == "201")["ytd_amt"].item() == 1050 * 1_000_000


def test_a_large_file_that_stops_being_utf8_is_refused_with_the_line(
    tmp_path, load, home, monkeypatch
):
    from ingest.sources import text

    lines = titled(vouchers(60_000)).write_csv().encode().splitlines(keepends=True)
    lines[55_000] = lines[55_000].replace("办公用品".encode(), b"\xff\xfe")
    (tmp_path / "凭证.csv").write_bytes(b"".join(lines))
    assert sum(map(len, lines)) > 5 << 20
    for large in (1 << 20, 1 << 40):  # presumed from its beginning, and looked through at once
        monkeypatch.setattr(text, "_LARGE", large)
        said = "第55001行有既不是 UTF-8 也不是 GB18030 的字符"
        refused(load, home, tmp_path / "凭证.csv", said)
