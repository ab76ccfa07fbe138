"""搜索: departments, units, projects, payees, document and voucher numbers, findings, articles.

Everything is read under the reader's grant, counts included. Payees are searched by the name the
grant shows: a natural person's is masked, so nobody is found by it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from budget_watch.casework.findings import Finding
from budget_watch.engine.laws import article_name
from budget_watch.views.laws import Library, find
from budget_watch.views.vouchers import payee_id

if TYPE_CHECKING:
    from budget_watch.lake import Reader

SHOWN = 5
LEAST = 2  # characters below which everything would be found
_NUMBER = re.compile(r"[0-9A-Za-z\-]{6,}")


@dataclass(frozen=True)
class Hit:
    """One thing found.

    Attributes:
        page: ``exec``, ``voucher``, ``finding`` or ``laws``; parts: the rest of its address.
        note: what tells it apart from others of the same name.
        amount: what was paid, fen, for payees and vouchers.
    """

    text: str
    page: str
    parts: tuple[str, ...]
    note: str = ""
    amount: int | None = None
    tab: str = ""


@dataclass(frozen=True)
class Group:
    """One kind of things: the first of them, and how many there are in all."""

    title: str
    hits: tuple[Hit, ...]
    count: int


def search(
    reader: Reader,
    findings: Iterable[Finding],
    word: str,
    year: int,
    city: str | None,
    laws: Library | None = None,
    paid: pl.DataFrame | None = None,
) -> list[Group]:
    """What a word finds, by kind.

    Args:
        findings: the open findings the grant lets through.
        year: fiscal year of indicators, payees and vouchers.
        city: the city's own region; places of other regions begin with theirs.
        laws: the law texts.
        paid: the year's `organisations`, where they are there already.
    """
    units = reader.scan("unit").sort("valid_from").collect()
    where = {
        row["agency_code"]: _above(row["mof_div_code"], row["dept_code"], city)
        for row in units.iter_rows(named=True)
    }

    def place(row: dict[str, str]) -> tuple[str, ...]:
        return where.get(row["agency_code"]) or (f"d{row['dept_code']}",)

    return [
        _departments(units, word, city),
        _units(units, word, where),
        _projects(reader, word, place),
        _payees(organisations(reader, year) if paid is None else paid, word),
        _documents(reader, word, year, place),
        _vouchers(reader, word, year),
        _findings(findings, word),
        _articles(laws or {}, word),
    ]


def _above(region: str | None, dept: str, city: str | None) -> tuple[str, ...]:
    inside = region is None or region == city
    return (f"d{dept}",) if inside else (f"z{region}", f"d{dept}")


def _like(column: str, word: str) -> pl.Expr:
    return pl.col(column).str.to_lowercase().str.contains(word.lower(), literal=True)


def _group(title: str, frame: pl.DataFrame, hit: Callable[[dict[str, str]], Hit]) -> Group:
    shown = tuple(hit(row) for row in frame.head(SHOWN).iter_rows(named=True))
    return Group(title, shown, frame.height)


def _departments(units: pl.DataFrame, word: str, city: str | None) -> Group:
    found = (
        units.unique("dept_code", keep="last", maintain_order=True)
        .filter(_like("dept_name", word) | (pl.col("dept_code") == word))
        .sort("dept_code")
    )
    return _group(
        "部门",
        found,
        lambda row: Hit(
            row["dept_name"],
            "exec",
            _above(row["mof_div_code"], row["dept_code"], city),
            row["dept_code"],
        ),
    )


def _units(units: pl.DataFrame, word: str, where: dict[str, tuple[str, ...]]) -> Group:
    found = (
        units.unique("agency_code", keep="last", maintain_order=True)
        .filter(
            pl.col("agency_code") != pl.col("dept_code"),
            _like("agency_name", word) | (pl.col("agency_code") == word),
        )
        .sort("agency_code")
    )
    return _group(
        "单位",
        found,
        lambda row: Hit(
            row["agency_name"],
            "exec",
            (*where[row["agency_code"]], f"u{row['agency_code']}"),
            row["agency_code"],
        ),
    )


def _projects(
    reader: Reader, word: str, place: Callable[[dict[str, str]], tuple[str, ...]]
) -> Group:
    found = (
        reader.scan("project")
        .filter(_like("pro_name", word) | (pl.col("pro_code") == word))
        .select("pro_code", "pro_name", "dept_code", "agency_code")
        .unique("pro_code")
        .sort("pro_code")
        .collect()
    )
    return _group(
        "项目",
        found,
        lambda row: Hit(
            row["pro_name"],
            "exec",
            (*place(row), f"u{row['agency_code']}", f"p{row['pro_code']}"),
            row["pro_code"],
        ),
    )


def organisations(reader: Reader, year: int) -> pl.DataFrame:
    """Organisations paid in the year, each under the department that paid it most, largest first.

    Columns payee_acct_name, payee_acct_no, mof_div_code, scope_kind, dept_code, spent (fen, paid
    by that department).
    """
    return (
        reader.scan("payment", year)
        .filter(
            pl.col("fiscal_year") == year,
            pl.col("payee_is_person").eq_missing(pl.lit(True)).not_(),
            ~pl.col("payee_acct_name").str.contains("**", literal=True),
        )
        .group_by("payee_acct_name", "payee_acct_no", "mof_div_code", "scope_kind", "dept_code")
        .agg(spent=pl.col("pay_amt").sum())
        .collect(engine="streaming")
        .sort("spent", "payee_acct_name", "dept_code", descending=[True, False, False])
        .unique(["payee_acct_name", "payee_acct_no"], keep="first", maintain_order=True)
    )


def _payees(paid: pl.DataFrame, word: str) -> Group:
    found = paid.filter(pl.col("payee_acct_name").str.contains(word, literal=True))

    def hit(row: dict[str, str]) -> Hit:
        inside = row["scope_kind"] == "本级"
        above = (f"d{row['dept_code']}",) if inside else (f"z{row['mof_div_code']}",
                                                          f"d{row['dept_code']}")  # fmt: skip
        who = payee_id(row["payee_acct_name"], row["payee_acct_no"])
        return Hit(
            row["payee_acct_name"],
            "exec",
            (*above, f"y{who}"),
            row["dept_code"],
            int(row["spent"]),
            "v",
        )

    return _group("收款人", found, hit)


def _documents(
    reader: Reader, word: str, year: int, place: Callable[[dict[str, str]], tuple[str, ...]]
) -> Group:
    found = (
        reader.scan("indicator")
        .filter(
            pl.col("fiscal_year") == year,
            _like("cor_bgt_doc_no", word) | (pl.col("bgt_id") == word),
        )
        .select("bgt_id", "cor_bgt_doc_no", "dept_code", "agency_code", "pro_code")
        .sort("cor_bgt_doc_no", "bgt_id")
        .collect()
    )
    return _group(
        "文号",
        found,
        lambda row: Hit(
            row["cor_bgt_doc_no"],
            "exec",
            (*place(row), f"u{row['agency_code']}", f"p{row['pro_code']}", f"i{row['bgt_id']}"),
            f"指标 {row['bgt_id']}",
        ),
    )


def _vouchers(reader: Reader, word: str, year: int) -> Group:
    """By the whole number only: a part of one would mean reading every voucher as text."""
    if _NUMBER.fullmatch(word) is None:
        return Group("凭证号", (), 0)
    found = (
        reader.scan("payment")
        .filter(
            pl.col("fiscal_year").is_in([year, year - 1]),
            (pl.col("pay_cert_no") == word) | (pl.col("pay_cert_id") == word),
        )
        .select("fiscal_year", "pay_cert_id", "pay_cert_no", "pay_date", "pay_amt")
        .sort("pay_date", "pay_cert_id", descending=True)
        .collect()
    )
    return _group(
        "凭证号",
        found,
        lambda row: Hit(
            row["pay_cert_no"],
            "voucher",
            (str(row["fiscal_year"]), row["pay_cert_id"]),
            str(row["pay_date"]),
            int(row["pay_amt"]),
        ),
    )


def _findings(findings: Iterable[Finding], word: str) -> Group:
    found = [
        f
        for f in findings
        if word in f.title
        or word.upper() == f.rule
        or (len(word) >= 8 and f.finding.startswith(word))
        or any(word == value for value in (f.dept_code, f.agency_code))
        or word in (f.message or "")
    ]
    hits = tuple(
        Hit(f"{f.rule} {f.title}", "finding", (f.finding[:16],), f.message) for f in found[:SHOWN]
    )
    return Group("疑点", hits, len(found))


def _articles(laws: Library, word: str) -> Group:
    found = find(laws, word)
    hits = tuple(
        Hit(
            f"{each.work.law.quoted}{article_name(each.article)}",
            "laws",
            (each.work.law.id, each.article),
            each.excerpt,
        )
        for each in found[:SHOWN]
    )
    return Group("法条", hits, len(found))
