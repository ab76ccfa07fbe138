"""Builds a report: material → document → files. The one door from outside.

Same snapshot, template, register of exemptions and audit anchor, same bytes: nothing here reads the
clock; dates come from the snapshot.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from budget_watch.access import Grant
from budget_watch.access.errors import AccessError
from budget_watch.access.granting import grant_of
from budget_watch.casework.accounts import store_of
from budget_watch.casework.auditing import latest_anchor
from budget_watch.casework.committee import committee
from budget_watch.digest import html, pdf, word
from budget_watch.digest.document import Block, Document, Masthead, Note, Paragraph, Table
from budget_watch.digest.errors import DigestError, DigestRefusedError
from budget_watch.digest.exempted import in_force
from budget_watch.digest.issues import role_title
from budget_watch.digest.material import gather
from budget_watch.digest.period import Period, parse
from budget_watch.digest.settings import read_settings
from budget_watch.digest.signature import Signature
from budget_watch.digest.template import Template, subject_of, template_of
from budget_watch.digest.writing import Material, Writer
from budget_watch.lake import Home, Reader, Snapshot
from budget_watch.views import Desk
from budget_watch.views import formats as wording

DEPUTY = "代表"
FORMATS: dict[str, Callable[[Document], bytes]] = {
    "docx": word.write,
    "pdf": pdf.write,
    "html": html.write,
}


def build(
    home: Home,
    grant: Grant,
    period: str,
    formats: Sequence[str] = ("docx", "pdf", "html"),
    out: Path | None = None,
    report: str = "quarterly",
) -> list[Path]:
    """Write a report of a period.

    Args:
        home: the installation; its latest snapshot is read.
        grant: who reads; what is outside its scope is not in the report.
        period: 2026Q3, 2026-09, 2026H1 or 2026.
        formats: any of docx, pdf, html.
        out: folder for the files, default ``<home>/digest``.
        report: name of a template.

    Returns:
        The files written, one per format.

    Raises:
        PeriodError, TemplateError: wrong usage.
        DigestRefusedError: nothing to report on, or missing inputs the template would hide.
    """
    check_formats(formats)
    when = parse(period)
    document = compose(home, grant, when, template_of(home, report))
    folder = out or home.root / "digest"
    return [
        put(folder / f"{file_name(report, when.text)}.{name}", FORMATS[name](document))
        for name in formats
    ]


def file_name(report: str, period: str) -> str:
    """The name of a report's files, without their ending: department-101-2026Q3."""
    return f"{report.replace(':', '-')}-{period}"


def check_formats(formats: Sequence[str]) -> None:
    """See that every format is one of ours. Raises DigestError."""
    unknown = [name for name in formats if name not in FORMATS]
    if unknown:
        raise DigestError(f"没有格式“{unknown[0]}”。可用：{'、'.join(FORMATS)}")


def put(path: Path, content: bytes) -> Path:
    """Write a file so that it is there whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(f"{path.suffix}.part")
    part.write_bytes(content)
    part.replace(path)
    return path


def _quiet(stage: str) -> None:
    """Nobody waits to hear how far it is."""


def compose(
    home: Home,
    grant: Grant,
    period: Period,
    template: Template,
    told: Callable[[str], None] = _quiet,
    reader: Reader | None = None,
    signed: Signature | None = None,
) -> Document:
    """The report as a document.

    Args:
        told: hears what the build is at, before it begins with it.
        reader: of the snapshot to write from, the latest by default.
        signed: who signs it and whom it goes to; as the settings say, by default.

    Raises:
        DigestRefusedError: as `build`.
    """
    reader = reader or Reader(home, grant)
    snapshot = open_to(grant, reader.snapshot, period, template.ended)
    told("读取数据")
    region = own_region(home)
    material = gathered(template, reader, period, region)
    told("撰写文字")
    _refuse_empty(template, material, period)
    material.words.update(_dates(snapshot))
    writer = Writer(template, material)
    summary, sections = writer.summary(), writer.sections()
    gaps = writer.gaps()
    if gaps and not template.gaps_on_page_one:
        raise DigestRefusedError(
            f"输入不全，且模板 {template.report} 不在首页列出缺口：{gaps[0].text}等{len(gaps)}项。"
            "请补齐数据，或在模板写 gaps_on_page_one: true。"
        )
    anchor = latest_anchor(home)
    document = Document(
        _masthead(home, snapshot, period, template, writer, signed),
        summary,
        gaps,
        sections,
        writer.used,
        snapshot.id,
        f"{snapshot.biz_date.isoformat()}T00:00:00Z",
        tuple(template.definitions),
        in_force(home, grant, snapshot.biz_date),
        anchor.line if anchor else "",
        template.asked or template.report,
        period.text,
        region or "",
        reader.fingerprint,
        template.pages,
    )
    _check_words(template, document)
    return document


def material_of(report: str, reader: Reader, period: Period, region: str | None) -> Material:
    """What a report's template may speak of, read from one snapshot.

    Args:
        report: as in `read_template`.
        region: code of the government, where settings name one.
    """
    return gathered(template_of(reader.home, report), reader, period, region)


def gathered(template: Template, reader: Reader, period: Period, region: str | None) -> Material:
    """The same for a template at hand."""
    subject, topics = subject_of(template.asked), template.material
    if template.subject == "deputy":
        reader = Reader(reader.home, _deputys(reader.home, subject), reader.snapshot)
    return gather(Desk(reader), reader.home, reader.grant, period, region, topics, subject)


def _deputys(home: Home, user: str) -> Grant:
    """The Grant of the deputy a report is made for: it holds no more than they see themselves."""
    try:
        grant = grant_of(store_of(home), user, "代表履职材料")
    except AccessError as error:
        raise DigestRefusedError(str(error)) from error
    if role_title(home, grant.role or "") != DEPUTY:
        raise DigestRefusedError(f"{user} 不是代表的账号。")
    return grant


def open_to(
    grant: Grant, snapshot: Snapshot | None, period: Period, ended: bool = True
) -> Snapshot:
    """The snapshot that a reader may build a period's report from.

    A cumulative figure of a period that is not over would be measured against its whole pace.

    Args:
        ended: whether the period must be over.

    Raises:
        DigestRefusedError: the reader sees only a part, nothing was published, or the period runs.
    """
    if not grant.whole:
        raise DigestRefusedError(
            "季刊按全部数据编写，您的身份只看其中一部分。请由范围不受限的预算工委人员编写。"
        )
    if snapshot is None:
        raise DigestRefusedError("还没有已发布的数据快照。请先载入数据（budget-watch load）。")
    if ended and period.span.end > snapshot.biz_date:
        raise DigestRefusedError(
            f"{period.title}尚未结束：数据业务日为{wording.day(snapshot.biz_date)}。"
            "请待期末数据到齐后再编，或改编已结束的月份、季度。"
        )
    return snapshot


def _refuse_empty(template: Template, material: Material, period: Period) -> None:
    figures = [material.figures[key] for key in template.essential if key in material.figures]
    if not any(figure.known for figure in figures):
        reasons = dict.fromkeys(figure.why for figure in figures if figure.why)
        raise DigestRefusedError(
            f"{period.title}没有可写的数据：{'；'.join(str(r) for r in list(reasons)[:3])}。"
            "请先载入该期间的月报、指标和凭证。"
        )


def _dates(snapshot: Snapshot) -> dict[str, str]:
    return {"snapshot": snapshot.id, "biz_date": wording.day(snapshot.biz_date)}


def _masthead(
    home: Home,
    snapshot: Snapshot,
    period: Period,
    template: Template,
    writer: Writer,
    signed: Signature | None,
) -> Masthead:
    name = writer.material.words["place"]
    issuer = committee(home).issuer(name, template.issuer)
    facts = tuple(writer.plain(text) for text in template.facts)
    title = name + writer.plain(template.title)
    return Masthead(
        template.mark,
        title,
        period.title,
        period.issue,
        issuer,
        wording.day_sentence(snapshot.biz_date),
        facts,
        (signed or read_settings(home).signature) if template.signed else None,
    )


def own_region(home: Home) -> str | None:
    """The code of the government that the settings name as the committee's own, if they do."""
    return committee(home).region or None


def _check_words(template: Template, document: Document) -> None:
    """No word of pages §5 before a recorded 认定, whoever wrote the template.

    Raises:
        DigestRefusedError: names the word and where it stands.
    """
    for where, block in _printed(document):
        text = block.caption if isinstance(block, Table) and block.quoted else _plain(block)
        for word_ in template.forbidden:
            if word_ in text:
                raise DigestRefusedError(
                    f"“{where}”里有不得使用的词“{word_}”，请改用语：{text[:60]}"
                )


def _printed(document: Document) -> list[tuple[str, Block]]:
    found = [("要点", block) for block in document.summary]
    for section in document.sections:
        found += [(section.title, block) for block in section.blocks]
    return found


def _plain(block: Block) -> str:
    if isinstance(block, Paragraph):
        return block.text
    if isinstance(block, Note):
        return block.text
    if isinstance(block, Table):
        cells = [run if isinstance(run, str) else run.text for row in block.rows for run in row]
        return block.caption + "".join(cells)
    return block.caption + block.alt
