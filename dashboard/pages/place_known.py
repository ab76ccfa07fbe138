"""Whether a place exists, and what of its data is missing."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from budget_watch.views.delivered import undelivered, without_rows
from budget_watch.views.drill import COLUMNS, Place, replace_month
from dashboard.context import Context
from dashboard.errors import NotFoundError
from dashboard.parts import Node, insufficient, link

_TABLES = {
    "z": "regions",
    "d": "units",
    "u": "units",
    "p": "projects",
    "i": "indicators",
}


def require_known(context: Context, place: Place) -> None:
    """Refuse a place nobody delivered anything about.

    Raises:
        NotFoundError: no rows at all, and a code of the path has no name; or an unknown 支付申请.
    """
    for letter, code in place.path:
        known = getattr(context.names, _TABLES[letter], None) if letter in _TABLES else None
        if known is not None and code not in known and not _rows(context, letter, code):
            raise NotFoundError
        nameless = letter in "cfe" and context.names.of(letter, code) == code
        if nameless and not _rows(context, letter, code):
            raise NotFoundError
    department, unit = place.get("d"), place.get("u")
    if department and unit and not _belongs(context, department, unit):
        raise NotFoundError
    application = place.get("s")
    if application is not None:
        for table in ("payment_application", "payment"):
            rows = context.reader.scan(table).filter(pl.col("pay_app_id") == application)
            if not rows.select("pay_app_id").head(1).collect().is_empty():
                return
        raise NotFoundError


def _rows(context: Context, letter: str, code: str) -> bool:
    place = replace_month(Place("all", ((letter, code),)))
    frame = context.cube.of(code if letter == "d" else None, letter in "upi")
    column = pl.col(COLUMNS[letter])
    wanted = column.str.starts_with(code) if letter in "cfe" else column == code
    return bool(place.path) and not frame.filter(wanted).is_empty()


def _belongs(context: Context, department: str, unit: str) -> bool:
    frame = context.cube.of(department, True)
    if not frame.filter(pl.col("agency_code") == unit).is_empty():
        return True
    units = context.reader.scan("unit").filter(
        pl.col("dept_code") == department, pl.col("agency_code") == unit
    )
    return not units.select("agency_code").head(1).collect().is_empty()


def gaps(context: Context, place: Place) -> Mapping[str, str]:
    """Tables that were never delivered for the place's year, with the reason."""
    region = place.get("z")
    if region is None and place.scope == "local" and context.city is not None:
        region = context.city.region
    span = context.span
    return context.kept(
        "undelivered", lambda: undelivered(context.reader, span, region), span, region
    )


def missing_regions(context: Context, scope: str, fund: str) -> str:
    """The names of regions without rows of a kind of fund, for a sum that should hold them all."""
    codes = without_rows(context.cube, scope, fund, context.span.fiscal_year)  # type: ignore[arg-type]
    city = context.city.region if context.city else None
    names = [context.names.of("z", c) + ("本级" if c == city else "") for c in codes]
    return "、".join(names)


def partial_note(context: Context, place: Place) -> Node:
    """A line above a sum over regions that leaves whole regions out; None where it does not."""
    fund = place.get("f")
    if place.scope == "local" or place.get("z") is not None or fund is None:
        return None
    names = missing_regions(context, place.scope, fund)
    if not names:
        return None
    called = context.names.of("f", fund)
    return insufficient(
        f"缺{names}的{called}指标和支付凭证；以下各数只是已送达地区之和，不是"
        f"{'全市' if place.scope == 'all' else '各县区'}数。",
        link("查看数据质量", context.address.at("data")),
    )
