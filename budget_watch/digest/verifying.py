"""Verifies a report file (核对): every figure from the lake again, and what people did to the file.

Three questions, asked apart. Does the lake still say what the file's ledger says? Does the text
still print what the ledger says? Is the ledger the one that was registered when the report was
built? Numbers that no machine wrote are named as unverified; they may be right.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Any

from budget_watch.access import Grant
from budget_watch.audit import Note
from budget_watch.casework.auditing import noted
from budget_watch.casework.cases import Actor
from budget_watch.digest.build import FORMATS, compose
from budget_watch.digest.edits import Edits, edits
from budget_watch.digest.errors import DigestError, DigestRefusedError
from budget_watch.digest.issues import Issue, content, ledger_of, list_issues, sha256_of
from budget_watch.digest.ledger import exact
from budget_watch.digest.period import Period, parse
from budget_watch.digest.printed import Copy
from budget_watch.digest.read_back import read
from budget_watch.digest.recomputing import Recomputed, of_the_lake, recomputed
from budget_watch.digest.template import template_of
from budget_watch.digest.verification import (
    ADDED,
    ALTERED,
    DIFFERS,
    KINDS,
    LAKE,
    LEDGER,
    MISSING,
    MOVED,
    UNREGISTERED,
    Told,
    Verification,
)
from budget_watch.lake import Home, Reader, Snapshot
from budget_watch.lake.content import fingerprint
from budget_watch.views import Figure, formats
from budget_watch.views.figure import Origin, Unit

NEWEST = "latest"
_NOWHERE = Origin("", "", "", "", "")


def verify(
    home: Home,
    actor: Actor,
    name: str,
    given: bytes,
    *,
    against: str | None = None,
    now: datetime | None = None,
) -> Verification:
    """Verify a file, and write down that it was.

    Args:
        name: of the file, for the audit log. given: what is in it.
        against: a snapshot to hold the figures against instead of the report's own; `latest` for
            the newest one.

    Raises:
        DigestError: no report of ours, or nothing can be read. DigestRefusedError: the reader sees
            only a part. UnknownSnapshotError (a LakeError): the snapshot is not here.
    """
    copy, known = read(given), sha256_of(given)
    made = verified(home, actor.grant, copy, known, against)
    said = {"file": name, "sha256": known, **made.record()}
    subject = str(made.issue) if made.issue else ""
    noted(home, Note(actor.who, "digest.verify", "digest", subject, said, now))
    return made


def verified(
    home: Home, grant: Grant, copy: Copy, sha256: str, against: str | None = None
) -> Verification:
    """Verify a report that was read back from a file with this sum. Raises as `verify`."""
    if not grant.whole:
        raise DigestRefusedError("季刊按全部数据编写，核对要看全部数据；您的身份只看其中一部分。")
    issue, same = _registered(home, grant, copy)
    about = _About.of(copy, issue)
    own = Snapshot.get(home, str(copy.ledger["snapshot"]))
    wanted = _wanted(home, own, against)
    fresh = recomputed(home, grant, wanted, about.report, about.period, about.region)
    told = [*_of_lake(home, copy, own, wanted, fresh)]
    different = [*_different(copy, fresh)]
    told += different
    told += _of_ledger(home, issue, copy) if not same else []
    if copy.format == "pdf":
        told += _of_pdf(issue if same else None, sha256)
    else:
        told += _of_text(home, grant, copy, issue, own, about)
    return Verification(
        about.report,
        about.period.text,
        own.id,
        wanted.id,
        issue.number if issue and same else None,
        len(copy.figures),
        len(copy.figures) - len(different),
        tuple(sorted(told, key=lambda each: list(KINDS).index(each.kind))),
    )


@dataclass(frozen=True)
class _About:
    """What a report is of."""

    report: str
    period: Period
    region: str | None

    @classmethod
    def of(cls, copy: Copy, issue: Issue | None) -> _About:
        report = str(copy.ledger.get("report") or (issue.report if issue else ""))
        period = str(copy.ledger.get("period") or (issue.period if issue else ""))
        if not report or not period:
            raise DigestError("清单里没有写明报告和期间，登记里也没有这一号，不能核对。")
        return cls(report, parse(period), str(copy.ledger.get("region") or "") or None)


def _registered(home: Home, grant: Grant, copy: Copy) -> tuple[Issue | None, bool]:
    """The issue whose ledger the file carries, or the one it must have come from; whether it is."""
    near: Issue | None = None
    for issue in list_issues(home, grant):
        if issue.made is None or issue.made.snapshot != copy.ledger["snapshot"]:
            continue
        try:
            ledger = ledger_of(home, issue)
        except DigestError:
            continue
        if ledger == copy.ledger:
            return issue, True
        told = (copy.ledger.get("report"), copy.ledger.get("period"))
        if near is None and told in ((issue.report, issue.period), (None, None)):
            near = issue
    return near, False


def _wanted(home: Home, own: Snapshot, against: str | None) -> Snapshot:
    if against is None:
        return own
    return (Snapshot.latest(home) or own) if against == NEWEST else Snapshot.get(home, against)


def _of_lake(
    home: Home, copy: Copy, own: Snapshot, wanted: Snapshot, fresh: Recomputed
) -> Iterable[Told]:
    for table, damage in fresh.damages.items():
        yield Told(LAKE, damage, key=table)
    then, content_now = copy.ledger.get("content"), fingerprint(home, own)
    if wanted.id == own.id and then and then != content_now:
        yield Told(
            LAKE,
            f"快照 {own.id} 的登记与编写时不同：校验码现在是 {content_now}，编写时是 {then}。",
            was=str(then),
            now=content_now,
        )


def _different(copy: Copy, fresh: Recomputed) -> Iterable[Told]:
    """Figures of the ledger that come out otherwise."""
    printed = _printed(copy)
    for key, entry in sorted(copy.figures.items()):
        figure = fresh.figures.get(key)
        if figure is not None and figure.known and _value(entry) == _value_of(figure):
            continue
        lake = of_the_lake(entry["queries"], figure)
        was, after = _exact(entry), _now(figure)
        texts, places = printed.get(key, ((), ()))
        label = str(entry["label"])
        said = f"{label}（{entry['scope']}）：清单为{was}，现在是{after}"
        said += "。" if lake else "；疑点和办理此后有变化，不由快照决定。"
        kind = DIFFERS if lake else MOVED
        yield Told(kind, said, key, label, places, "", "、".join(texts), was, after)


def _printed(copy: Copy) -> dict[str, tuple[tuple[str, ...], tuple[str, ...]]]:
    """Key → texts and places, each once."""
    texts: dict[str, dict[str, None]] = {}
    places: dict[str, dict[str, None]] = {}
    for each in copy.passages:
        for part in each.parts:
            if part.key:
                texts.setdefault(part.key, {})[part.text] = None
                places.setdefault(part.key, {})[each.place] = None
    return {key: (tuple(texts[key]), tuple(places[key])) for key in texts}


def _of_ledger(home: Home, issue: Issue | None, copy: Copy) -> list[Told]:
    """What the file's ledger says otherwise than the registered one."""
    if issue is None:
        return [
            Told(
                UNREGISTERED,
                "本系统没有登记过这份清单：数字已从数据重算，但不能证明文件由本系统这样生成。",
            )
        ]
    known = ledger_of(home, issue)["figures"]
    found = []
    for key in sorted(set(known) | set(copy.figures)):
        before, after = known.get(key), copy.figures.get(key)
        if before != after:
            label = str((before or after or {})["label"])
            was = _exact(after) if after else "没有这一项"
            registered = _exact(before) if before else "没有这一项"
            said = f"{label}：文件内清单为{was}，第{issue.number}号登记为{registered}"
            said += "" if was != registered else "（口径、公式或查询不同）"
            found.append(Told(LEDGER, f"{said}。", key, label, was=was, now=registered))
    return found or [
        Told(UNREGISTERED, f"清单的各个数字与第{issue.number}号相同，审计锚等其他内容不同。")
    ]


def _of_pdf(issue: Issue | None, sha256: str) -> list[Told]:
    """A PDF is the registered file byte by byte, or its text is not vouched for."""
    known = issue.sums("pdf") if issue else frozenset()
    if not known or sha256 in known:
        return []
    number = issue.number if issue else ""
    said = f"PDF 与第{number}号登记的不是同一个文件；PDF 的文字不逐字核对，请用登记的原件。"
    return [Told(ALTERED, said)]


def _of_text(
    home: Home, grant: Grant, copy: Copy, issue: Issue | None, own: Snapshot, about: _About
) -> list[Told]:
    found = _edits(home, grant, copy, issue, own, about)
    figures = copy.figures
    labels = {key: str(entry["label"]) for key, entry in figures.items()}
    exacts = {key: _exact(entry) for key, entry in figures.items()}
    told = [
        Told(
            ALTERED,
            f"{labels.get(a.key, a.key)}：文件印为“{a.printed}”，生成时为“{a.built}”。",
            a.key,
            labels.get(a.key, ""),
            (a.place,),
            a.sentence,
            a.printed,
            exacts.get(a.key, ""),
        )
        for a in found.altered
    ]
    told += [
        Told(
            ADDED,
            f"“{a.number}”是人工添加的，未经核对：{a.sentence}",
            places=(a.place,),
            sentence=a.sentence,
            printed=a.number,
        )
        for a in found.added
    ]
    told += [
        Told(
            MISSING,
            f"{labels.get(m.key, m.key)}：生成时这里印“{m.built}”，已删去或不再是锁定域。",
            m.key,
            labels.get(m.key, ""),
            (m.place,),
            m.sentence,
            was=exacts.get(m.key, ""),
        )
        for m in found.missing
    ]
    return told


def _edits(
    home: Home, grant: Grant, copy: Copy, issue: Issue | None, own: Snapshot, about: _About
) -> Edits:
    """Against the file as it was built; where that is not here, against one written again."""
    if issue is not None:
        try:
            built = read(content(home, issue, copy.format)[1])
        except DigestError:
            built = None
        if built is not None:
            return edits(built.passages, copy.passages)
    reader = Reader(home, grant, own, as_it_lies=True)
    document = compose(home, grant, about.period, template_of(home, about.report), reader=reader)
    return edits(read(FORMATS[copy.format](document)).passages, copy.passages)


def _value(entry: Mapping[str, Any]) -> tuple[str, Fraction | None]:
    value = entry["value"]
    return entry["unit"], None if value is None else Fraction(value, entry["over"])


def _value_of(figure: Figure) -> tuple[str, Fraction | None]:
    return figure.unit.value, figure.exact


def _exact(entry: Mapping[str, Any]) -> str:
    """The ledger's value without rounding, as the appendix prints it."""
    unit = Unit(entry["unit"])
    return exact(Figure("", "", unit, entry["value"], _NOWHERE, "", (), over=entry["over"]))


def _now(figure: Figure | None) -> str:
    if figure is None:
        return "没有这一项"
    return exact(figure) if figure.known else f"{formats.MISSING}（{figure.why}）"
