"""Files of cases: what is taken, what is refused and why, and that nothing is lost or altered."""

from __future__ import annotations

import hashlib
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile

import docx
import openpyxl
import pytest
import sqlalchemy as sa

from budget_watch.audit import read
from budget_watch.casework.attachments import attach, attachments, read_file
from budget_watch.casework.errors import ActError, UnknownCaseError
from budget_watch.casework.file_check import FileRefusedError, checked_file
from budget_watch.casework.file_store import FileLostError
from budget_watch.lake import Home
from budget_watch.lake.state import engine
from tests.casework.made_cases import CLERK, LI, STRANGER, bring, do, fill, id_of, person

PDF = b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer\n%%EOF\n"
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 20 + b"\0\0\0\0IEND\xaeB`\x82"
JPEG = b"\xff\xd8\xff\xe0" + b"\0" * 20 + b"\xff\xd9"
ONE = id_of(1)


def saved(made) -> bytes:
    out = BytesIO()
    made.save(out)
    return out.getvalue()


def packed(content: bytes, **more: bytes) -> bytes:
    """An Office file with more parts in it."""
    out = BytesIO()
    with ZipFile(BytesIO(content)) as source, ZipFile(out, "w", ZIP_DEFLATED) as target:
        for name in source.namelist():
            target.writestr(name, more.pop(name, source.read(name)))
        for name, part in more.items():
            target.writestr(name, part)
    return out.getvalue()


WORD, EXCEL = saved(docx.Document()), saved(openpyxl.Workbook())


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("说明.pdf", PDF),
        ("说明.docx", WORD),
        ("明细.XLSX", EXCEL),
        ("照片.png", PNG),
        ("照片.jpeg", JPEG),
        ("说明.txt", "已经拨付".encode("gb18030")),
        ("明细.csv", "金额\n1".encode()),
    ],
)
def test_honest_files_are_taken(name, content):
    assert checked_file(name, content)[0] == name


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("程序.exe", b"MZ", "类型不收"),
        ("没有扩展名", PDF, "类型不收"),
        ("报告.docm", WORD, "类型不收"),
        ("图.svg", b"<svg onload='x'/>", "类型不收"),
        ("页.html", b"<script>", "类型不收"),
        ("../../etc/passwd.txt", b"x", "不能有路径"),
        ("a\\b.txt", b"x", "不能有路径"),
        (".txt", b"x", "不能有路径"),
        ("报告\u202efdp.txt", b"x", "不能有路径"),
        ("a\0.txt", b"x", "不能有路径"),
        ("长" * 121 + ".txt", b"x", "最多 120 个字"),
        ("空.pdf", b"", "是空的"),
        ("大.txt", b"x" * (20 * 1024 * 1024 + 1), "最多 20 MB"),
        ("说明.pdf", b"MZ\x90\0", "内容不是 PDF"),
        ("说明.pdf", PDF[:-8], "PDF 不完整"),
        ("说明.pdf", PDF.replace(b"/Catalog", b"/OpenAction << /JS (x) >>"), "脚本"),
        ("说明.pdf", PDF.replace(b"/Catalog", b"/J#61vaScript"), "脚本"),
        ("说明.pdf", PDF.replace(b"/Catalog", b"/Launch"), "脚本"),
        ("说明.pdf", PDF.replace(b"trailer", b"trailer /Encrypt 1 0 R"), "加了密"),
        ("照片.png", JPEG, "不是完整的 PNG"),
        ("照片.jpg", PNG, "不是完整的 JPEG"),
        ("说明.docx", EXCEL, "内容与扩展名不符"),
        ("说明.docx", PDF, "文件损坏"),
        ("说明.docx", WORD[:-30], "文件损坏"),
        ("说明.docx", packed(WORD, **{"word/vbaProject.bin": b"x"}), "宏"),
        ("说明.docx", packed(WORD, **{"word/embeddings/oleObject1.bin": b"x"}), "嵌入对象"),
        ("明细.xlsx", packed(EXCEL, **{"xl/externalLinks/externalLink1.xml": b"x"}), "外部链接"),
        ("明细.xlsx", packed(EXCEL, **{"../x": b"x"}), "越界的路径"),
        ("明细.xlsx", packed(EXCEL, **{"xl/big.xml": b"\0" * 60_000_000}), "展开后过大"),
        ("说明.txt", b"a\0b", "不是文字"),
        ("说明.txt", b"\xff\xff", "编码读不懂"),
    ],
)  # fmt: skip
def test_what_is_not_what_it_says_or_could_run_is_refused(name, content, why):
    with pytest.raises(FileRefusedError, match=why):
        checked_file(name, content)


@pytest.fixture
def home(tmp_path) -> Home:
    made = Home(tmp_path / "home")
    fill(made, 2)
    return made


def test_a_file_is_kept_once_listed_and_read_by_who_sees_the_case(home):
    bring(home, ONE, "已转交")
    first = attach(home, LI, ONE, "说明.pdf", PDF)
    again = attach(home, LI, ONE, "说明.pdf", PDF)
    other = attach(home, CLERK, ONE, "答复.pdf", PDF)
    assert (again, first.hash) == (first, hashlib.sha256(PDF).hexdigest())
    listed = attachments(home, CLERK, ONE)
    assert [(each.name, each.user, each.role) for each in listed] == [
        ("说明.pdf", "li", "经办"),
        ("答复.pdf", "clerk", "单位经办"),
    ]
    assert other.hash == first.hash
    assert [path.name for path in (home.root / "attachments").rglob("*") if path.is_file()] == [
        first.hash
    ]
    assert read_file(home, CLERK, ONE, first.hash) == (first, PDF)
    with engine(home).connect() as connection:
        acts = [entry.act for entry in read(connection)][-3:]
    assert acts == ["case.attach", "case.attach", "attachment.read"]


def test_nobody_else_attaches_lists_or_reads(home):
    bring(home, ONE, "已转交")
    made = attach(home, LI, ONE, "说明.pdf", PDF)
    for refused in (
        lambda: attach(home, STRANGER, ONE, "x.pdf", PDF),
        lambda: attachments(home, STRANGER, ONE),
        lambda: read_file(home, STRANGER, ONE, made.hash),
        lambda: read_file(home, LI, ONE, "0" * 64),
    ):
        with pytest.raises(UnknownCaseError):
            refused()
    with pytest.raises(ActError, match="不办理疑点"):
        attach(home, person("d", "代表"), ONE, "x.pdf", PDF)
    with pytest.raises(ActError, match="还没有受理"):
        attach(home, LI, id_of(2), "x.pdf", PDF)


def test_a_step_names_files_of_its_own_case_only(home):
    bring(home, ONE, "研究处理中")
    made = attach(home, CLERK, ONE, "凭证.pdf", PDF)
    done = do(home, CLERK, ONE, "draft_answer", attachments=[made.hash])
    assert done.state == "答复拟稿"
    bring(home, id_of(2), "初核")
    with pytest.raises(ActError, match="这一件没有附件"):
        do(home, LI, id_of(2), "uphold", attachments=[made.hash])


def test_a_file_altered_on_disk_is_noticed_and_mended_by_the_same_file(home):
    bring(home, ONE, "初核")
    made = attach(home, LI, ONE, "说明.pdf", PDF)
    path = home.root / "attachments" / made.hash[:2] / made.hash
    path.write_bytes(PDF + b" ")
    with pytest.raises(FileLostError, match="不在或已损坏"):
        read_file(home, LI, ONE, made.hash)
    attach(home, LI, ONE, "说明.pdf", PDF)
    assert read_file(home, LI, ONE, made.hash)[1] == PDF


def test_rows_of_files_are_only_added(home):
    bring(home, ONE, "初核")
    attach(home, LI, ONE, "说明.pdf", PDF)
    refused = pytest.raises(sa.exc.DatabaseError, match="只增不改")
    with refused, engine(home).begin() as connection:
        connection.exec_driver_sql("DELETE FROM case_attachment")
