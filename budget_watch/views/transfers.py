"""转移支付: what was passed down, by kind and origin, document by document, county by county.

A document's days are counted as rules ZX03–ZX05 count them: from the day the congress approved the
budget (FIN-29 人代会批准) for what the own budget gives, from the day the superior's document was
received for what is passed on. Whether a document is late is the rules' to say, for they move a
last day that is a day of rest. Basis: 预算法 article 52.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date

import polars as pl

from budget_watch.views.query import Desk, Term
from budget_watch.views.span import Place, Span

TABLE, NODES = "transfer", "procedure_node"
KINDS = ("一般", "共同财权", "专项", "税收返还", "未分类")
OWN, PASSED, ADDED = ORIGINS = ("本级年初安排", "上级转下达", "年中追加")
_APPROVAL = "人代会批准"


@dataclass(frozen=True)
class Share:
    """One row of FIN-08: one project's money to one county in one document. Amounts in fen.

    Attributes:
        entered: what the county has entered into its own budget of an advance; None = not told.
    """

    doc: str
    project: str
    name: str
    region: str
    to: str
    kind: str
    origin: str
    amount: int
    advance: bool
    entered: int | None
    issued: date | None
    received: date | None
    outside: bool  # of the terms: emergencies, what is settled by facts


@dataclass(frozen=True)
class Document:
    """One document that distributes, all its rows together.

    Attributes:
        start: the day from which its days count, None where it is not known; `since` says which.
        rule: the rule that judges its days; "" where none does (年中追加, emergencies, 税收返还).
        param: the parameter that holds its limit, "" where there is none.
    """

    doc: str
    kind: str
    origin: str
    amount: int
    counties: int
    issued: date | None
    start: date | None
    since: str
    rule: str
    param: str

    @property
    def days(self) -> int | None:
        """Days from the start to the issue; below zero for what was issued in advance."""
        if self.issued is None or self.start is None:
            return None
        return (self.issued - self.start).days


def shares(desk: Desk, place: Place, span: Span) -> tuple[Share, ...]:
    """The rows of a place and year issued by the span's end (and those without a day)."""
    where: tuple[Term, ...] = (("fiscal_year", "=", span.fiscal_year),)
    if place.scope_kind != "全市":
        where = (("mof_div_code", "=", place.region), *where)
    rows = desk.rows(TABLE, *where).filter(
        pl.col("doc_date").is_null() | (pl.col("doc_date") <= span.end)
    )
    return tuple(
        Share(
            row["doc_no"],
            row["pro_code"],
            row["pro_name"] or row["pro_code"],
            row["mof_div_code"],
            row["sub_mof_div_code"],
            row["tra_type"],
            row["fund_origin"],
            row["amt"],
            bool(row["is_advance"]),
            row["entered_amt"],
            row["doc_date"],
            row["recv_date"],
            bool(row["is_special_item"]) or bool(row["is_emergency"]),
        )
        for row in rows.sort("doc_no", "pro_code", "sub_mof_div_code").iter_rows(named=True)
    )


def documents(desk: Desk, span: Span, some: Iterable[Share]) -> tuple[Document, ...]:
    """The documents of some rows, those with the most days first, those without days last."""
    nodes = desk.rows(NODES, ("item", "=", _APPROVAL), ("fiscal_year", "=", span.fiscal_year))
    approved = dict(nodes.group_by("mof_div_code").agg(pl.col("done_date").min()).iter_rows())
    groups: dict[tuple[str, str], list[Share]] = {}
    for one in some:
        groups.setdefault((one.region, one.doc), []).append(one)
    made = [_document(group, approved.get(region)) for (region, _), group in groups.items()]
    return tuple(sorted(made, key=lambda one: (one.days is None, -(one.days or 0), one.doc)))


def amount(some: Iterable[Share], of: Callable[[Share], bool] = lambda one: True) -> int:
    """Σ of the rows for which something is true, fen."""
    return sum(one.amount for one in some if of(one))


def _document(group: list[Share], approved: date | None) -> Document:
    first = group[0]
    issued = max((one.issued for one in group if one.issued), default=None)
    received = min((one.received for one in group if one.received), default=None)
    start, since, rule, param = None, "", "", ""
    outside = all(one.outside for one in group)
    if first.origin == OWN:
        start, since = approved, "批准预算"
        if not outside and first.kind in ("一般", "共同财权"):
            rule, param = "ZX03", "procedure.general_transfer"
        elif not outside and first.kind == "专项":
            rule, param = "ZX04", "procedure.special_transfer"
    elif first.origin == PASSED:
        start, since = received, "收到上级文件"
        if not outside:
            province = first.region[2:6] == "0000"
            rule = "ZX05"
            param = "procedure.pass_on.province" if province else "procedure.pass_on.local"
    return Document(
        first.doc,
        first.kind,
        first.origin,
        sum(one.amount for one in group),
        len({one.to for one in group}),
        issued,
        start,
        since,
        rule,
        param,
    )
