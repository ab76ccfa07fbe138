"""“导出” among a page's acts: what of the page, in which format, and what for.

It stands on every page that shows a table, a figure or a chart, for whoever may export; the page
itself does nothing for it.
"""

from __future__ import annotations

from typing import Any

from budget_watch.access.granting import may
from budget_watch.casework.accounts import store_of
from budget_watch.views import formats as fmt
from dashboard import elements as html
from dashboard.context import Context
from dashboard.frame import Page
from dashboard.markup import Input
from dashboard.page_reading import Reading, read
from dashboard.pages.forms import labelled, select
from dashboard.parts import Node, attrs, menu

NOTICE = "导出将加水印并记入审计日志。"


def ways_out(page: Page, context: Context) -> list[Node]:
    """The menu with the form; nothing where there is nothing to take or no right to."""
    if context.whole or not may(store_of(context.home), context.grant.role, "export"):
        return []
    found = read(page.body, cells=False)
    if not (found.sheets or found.figures):
        return []
    return [menu("导出", [_form(context, found)], "导出本页", right=True)]


def _form(context: Context, found: Reading) -> html.Form:
    at = context.address.with_query(asof=None, print=None, snap=context.snapshot.id).href
    plots = [sheet.title for sheet in found.sheets if sheet.plot]
    formats = {"xlsx": "Excel 工作簿", **({"csv": "CSV（一张表）"} if found.sheets else {})}
    formats |= {"png": "PNG（一张图）"} if plots else {}
    fields: list[Node] = [labelled("格式", select("format", formats, "xlsx"))]
    if len(found.sheets) > 1:
        tables = {each.title: each.title for each in found.sheets}
        fields.append(_only("csv", labelled("哪一张表", select("table", tables))))
    if plots:
        charts = {title: title for title in plots}
        fields.append(_only("png", labelled("哪一张图", select("chart", charts))))
    if found.more or found.whole or found.rest or found.total:
        fields.append(labelled("范围", select("range", _ranges(found))))
    reason = Input(name="reason", type="text", required=True, maxLength=120)
    fields.append(labelled("用途（至少4个字）", reason))
    return html.Form(
        [
            *fields,
            html.P(NOTICE, className="note"),
            html.P("", className="form-said", role="alert"),
            html.Button("导出", className="button main", type="submit"),
        ],
        className="take-form",
        **attrs({"data-export": "page", "data-at": at, "aria-label": "导出本页"}),
    )


def _ranges(found: Reading) -> dict[str, str]:
    whole = f"全部{fmt.count(found.total)}行" if found.total else "全部行"
    return {"page": "当前页", "all": whole}


def _only(kind: str, field: Any) -> html.Div:
    """A field that is asked for with one format only."""
    return html.Div(field, className=f"only-{kind}")
