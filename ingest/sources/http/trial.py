"""Asks for one page of each resource and says what fits: the first step of connecting.

Nothing is put anywhere. What a resource's rows lack against the contract is shown as the line to
write into its section.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from budget_watch.lake import Home
from ingest.source import Errand, SourceFault
from ingest.sources.http.answer import at
from ingest.sources.http.client import Answer, Client
from ingest.sources.http.page import UPDATED, PageReader
from ingest.sources.http.questions import all_of, changes
from ingest.sources.http.settings import HttpSettings, Resource
from ingest.sources.http.slots import Slot, whole_slots
from ingest.spool import Spool


def trial(settings: HttpSettings, day: date) -> Iterator[str]:
    """Say, resource by resource, what one page of `day` holds and what its section lacks."""
    with tempfile.TemporaryDirectory() as folder:
        errand = Errand(day, Spool(Home(Path(folder)), settings.name), Path(folder))
        client = Client(settings, errand)
        try:
            for resource in settings.resource:
                yield from _resource(client, settings, resource, day)
        finally:
            client.close()


def _resource(
    client: Client, settings: HttpSettings, resource: Resource, day: date
) -> Iterator[str]:
    paging = resource.paging or settings.paging
    if resource.take == "increment":
        params = changes(resource, Slot(day.isoformat(), min(settings.start, day), day)).params
    else:
        params = all_of(resource, whole_slots(resource, day, day, day)[-1]).params
    size = (paging.size, str(min(settings.page_size, 20)))
    first = ((paging.page, str(paging.first)),) if paging.kind == "page" else ()
    try:
        answer = client.get(resource.path, (*params, size, *first), lambda one: one)
        yield from _said(resource, PageReader(resource, paging, None, b""), answer)
    except SourceFault as fault:
        yield f"{resource.title}：{fault}"


def _said(resource: Resource, reader: PageReader, answer: Answer) -> Iterator[str]:
    rows: Any = at(answer.content, reader.paging.rows)
    if not isinstance(rows, list):
        yield f"{resource.title}：答复里没有行的列表 {reader.paging.rows}；请核对 paging.rows"
        return
    total = at(answer.content, reader.paging.total)
    yield f"{resource.title}：{len(rows)} 行，总数 {'没有' if total is None else total}"
    if not rows:
        yield "  没有行，列对不对看不出：换一个有数的日期再试"
        return
    names = {name for row in rows if isinstance(row, dict) for name in row}
    ours = {reader.ours(name) for name in names}
    missing = [name for name in resource.columns if name not in ours]
    if missing:
        listed = ", ".join(f'"{name}"' for name in missing)
        yield f"  缺少的列，确认接口没有后写：absent = [{listed}]"
    else:
        yield "  约定的列都有"
    extra = sorted(name for name in names if reader.ours(name) is None)
    if extra:
        yield f"  多出的字段不取：{'、'.join(extra)}"
    if UPDATED not in ours:
        yield f'  没有更新时间 {resource.updated}：请核对 updated；确实没有时按日取（take = "day"）'
