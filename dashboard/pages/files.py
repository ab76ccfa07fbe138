"""Attached files of a case or an opinion: as downloads, and a form to add one."""

from __future__ import annotations

from collections.abc import Sequence

from budget_watch.casework.file_check import KINDS
from budget_watch.casework.file_store import Attachment
from dashboard import elements as html
from dashboard.context import Context
from dashboard.markup import Input
from dashboard.pages.forms import labelled, role_field
from dashboard.parts import Node, attrs, block, source_line


def files(
    context: Context, number: str, found: Sequence[Attachment], roles: Sequence[str]
) -> list[html.Section]:
    """The block; nothing where there is no file and nobody may add one.

    Args:
        roles: in which somebody may add one here: the reader's own, or those to choose from.
    """
    items = [html.Li(_file(context, number, each)) for each in found]
    body: list[Node] = [html.Ol(items, className="acts-list")] if items else []
    if roles:
        form = html.Form(
            [
                role_field(context, tuple(roles)),
                labelled(
                    f"文件（{'、'.join(sorted(KINDS))}，最多20 MB）",
                    Input(type="file", name="file"),
                ),
                html.P("", className="form-said", role="alert"),
                html.Button("上传", className="button main", type="submit"),
            ],
            **attrs({"data-upload": f"/file/{number}", "aria-label": "加附件"}),
        )
        body.append(html.Details([html.Summary("加附件"), form], className="step-form"))
    return [block("附件", body, source=source_line("按内容摘要存放"))] if body else []


def _file(context: Context, number: str, each: Attachment) -> list[Node]:
    size = f"{max(1, each.size // 1024)} KB"
    named = html.A(each.name, href=f"/file/{number}/{each.hash}", download=each.name)
    said = f"{size} · {context.called(each.user)}（{each.role}）"
    return [named, html.Div(said, className="note")]
