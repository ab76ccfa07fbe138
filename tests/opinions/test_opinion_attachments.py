"""Files of an opinion: checked, kept once, listed and read by who works on it and its author."""

from __future__ import annotations

import hashlib
from datetime import timedelta

import pytest
import sqlalchemy as sa

from budget_watch.audit import read
from budget_watch.casework.errors import ActError
from budget_watch.casework.file_check import FileRefusedError
from budget_watch.casework.file_store import FileLostError
from budget_watch.lake import Home
from budget_watch.lake.state import engine
from budget_watch.opinions.attachments import attach, attachments, read_file
from budget_watch.opinions.errors import UnknownOpinionError
from tests.casework.test_attachments import PDF
from tests.opinions.made_opinions import (
    CLERK,
    DAI,
    FINANCE,
    HEAD,
    LI,
    MEMBER,
    NOW,
    QIAN,
    STRANGER,
    WANG,
    bring,
    do,
)

LATER = NOW + timedelta(hours=1)


@pytest.fixture
def home(tmp_path):
    return Home(tmp_path / "home")


def names(home, actor, number):
    return [each.name for each in attachments(home, actor, number)]


def test_a_file_of_the_author_is_kept_once_and_read_by_who_works_on_the_opinion(home):
    number = bring(home, "草稿", open_=True)
    first = attach(home, DAI, number, "照片说明.pdf", PDF, NOW)
    assert attach(home, DAI, number, "照片说明.pdf", PDF, LATER) == first
    assert first.hash == hashlib.sha256(PDF).hexdigest()
    with pytest.raises(UnknownOpinionError):
        attachments(home, LI, number)  # a draft is its author's
    for actor, step in ((DAI, "submit"), (LI, "register"), (WANG, "hand_over")):
        do(home, actor, number, step)
    for actor in (DAI, LI, WANG, MEMBER, CLERK, HEAD, FINANCE):
        assert names(home, actor, number) == ["照片说明.pdf"]
        assert read_file(home, actor, number, first.hash) == (first, PDF)
    assert names(home, QIAN, number) == []  # it was opened to her, its files were not
    for refused in (
        lambda: attachments(home, STRANGER, number),
        lambda: read_file(home, QIAN, number, first.hash),
        lambda: read_file(home, LI, number, "0" * 64),
    ):
        with pytest.raises(UnknownOpinionError):
            refused()
    with engine(home).connect() as connection:
        acts = [e.act for e in read(connection) if e.act.endswith(("attach", "attachment.read"))]
    assert acts == ["opinion.attach", *["attachment.read"] * 7]


def test_what_a_department_attaches_is_its_own_until_it_answers(home):
    number = bring(home, "办理中")
    attach(home, CLERK, number, "合同.pdf", PDF, NOW)
    for actor in (CLERK, HEAD, FINANCE):
        assert names(home, actor, number) == ["合同.pdf"]
    assert names(home, DAI, number) == names(home, WANG, number) == []
    do(home, CLERK, number, "draft_answer", text="已付清。", now=LATER)
    assert names(home, DAI, number) == []
    do(home, HEAD, number, "issue_answer", now=LATER)
    assert names(home, DAI, number) == names(home, MEMBER, number) == ["合同.pdf"]
    attach(home, CLERK, number, "补充.pdf", PDF + b"\n%%EOF", LATER + timedelta(hours=1))
    assert names(home, DAI, number) == ["合同.pdf"]


def test_who_does_not_work_on_it_and_what_is_no_proper_file_is_refused(home):
    number = bring(home, "已交办")
    with pytest.raises(ActError, match="不是您办的，您的角色是财经委委员"):
        attach(home, MEMBER, number, "x.pdf", PDF)
    with pytest.raises(UnknownOpinionError):
        attach(home, STRANGER, number, "x.pdf", PDF)
    for name, content, why in (
        ("x.exe", b"MZ", "类型不收"),
        ("x.pdf", b"MZ", "内容不是 PDF"),
        ("x.pdf", PDF + b"0" * 21_000_000, "最多 20 MB"),
    ):
        with pytest.raises(FileRefusedError, match=why):
            attach(home, CLERK, number, name, content)
    over = bring(home, "办结")
    with pytest.raises(ActError, match="已经结束，不能加附件"):
        attach(home, LI, over, "x.pdf", PDF)
    assert attachments(home, LI, number) == attachments(home, LI, over) == []


def test_an_altered_file_is_noticed_and_rows_are_only_added(home):
    number = bring(home, "已提交")
    made = attach(home, DAI, number, "说明.pdf", PDF)
    (home.root / "attachments" / made.hash[:2] / made.hash).write_bytes(PDF + b" ")
    with pytest.raises(FileLostError, match="不在或已损坏"):
        read_file(home, LI, number, made.hash)
    with (
        pytest.raises(sa.exc.DatabaseError, match="只增不改"),
        engine(home).begin() as connection,
    ):
        connection.exec_driver_sql("DELETE FROM opinion_attachment")
