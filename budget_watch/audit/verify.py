"""Finding what was done to the audit log behind its back, and where.

Each entry carries its own code, which covers its number and the code of the one before. So a
changed entry is known by itself, a removed one by the gap, a moved one by the number with which its
code is right. A cut-off end leaves no trace in the table: only an anchor shows it, and only up to
the last anchor does `Verdict.complete_to` claim that nothing is missing.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import sqlalchemy as sa

from budget_watch.audit.anchor import Anchor
from budget_watch.audit.entry import GENESIS, Entry, code
from budget_watch.audit.key import AuditKey, fingerprint
from budget_watch.audit.log import entry_table

ALTERED, REMOVED, MOVED, BROKEN = "altered", "removed", "moved", "broken"
TRUNCATED, REWRITTEN, ANCHOR, UNREADABLE = "truncated", "rewritten", "anchor", "unreadable"
OTHER_KEY, UNGUARDED = "other_key", "unguarded"
TRIGGERS = ("audit_entry_insert", "audit_entry_update", "audit_entry_delete")
_PAGES = {"yield_per": 2000}
_MOST_PLACES = 500  # places tried for an entry whose code is wrong where it stands


@dataclass(frozen=True)
class Damage:
    """One thing that is wrong.

    Attributes:
        kind: one of this module's words.
        first: number of the first entry concerned; 0 where it is about no entry.
        last: number of the last one.
        words: what was found, for people.
    """

    kind: str
    first: int
    last: int
    words: str


@dataclass
class Verdict:
    """What a check of the whole log came to.

    Attributes:
        entries: rows read.
        head: number of the last row.
        complete_to: up to which entry an anchor proves that nothing is missing; 0 for none.
    """

    entries: int = 0
    head: int = 0
    complete_to: int = 0
    damages: list[Damage] = field(default_factory=list)

    @property
    def sound(self) -> bool:
        """Whether nothing was found."""
        return not self.damages


@dataclass
class _Seen:
    """What one pass over the rows leaves: no more than the damaged rows and the anchored codes."""

    own: str
    wrong: list[Entry] = field(default_factory=list)
    gaps: list[tuple[int, int]] = field(default_factory=list)
    anchored: dict[int, str] = field(default_factory=dict)


def verify(
    connection: sa.Connection,
    key: AuditKey,
    anchors: Sequence[tuple[Path, Anchor | None]] = (),
) -> Verdict:
    """Check every entry, the chain, the guards of the table, and the anchors.

    Raises:
        AuditError: the key cannot be read. Without it nothing can be said.
    """
    verdict = Verdict()
    if not anchors and _empty(connection):
        return verdict
    secret = key.read()
    known = _sound_anchors(anchors, secret, verdict)
    seen = _Seen(fingerprint(secret), anchored={anchor.seq: "" for _, anchor in known})
    try:
        _walk(connection, secret, verdict, seen)
    except (sa.exc.DatabaseError, UnicodeDecodeError) as error:
        told = " ".join(str(getattr(error, "orig", None) or error).split())
        words = f"第{verdict.head + 1}条起读不出来：{told}"
        verdict.damages.append(Damage(UNREADABLE, verdict.head + 1, verdict.head + 1, words))
    _explain(verdict, seen, secret)
    _against(known, verdict, seen)
    _guards(connection, verdict)
    verdict.damages.sort(key=lambda one: (one.first, one.kind))
    return verdict


def _empty(connection: sa.Connection) -> bool:
    try:
        return connection.execute(sa.select(entry_table.c.seq).limit(1)).first() is None
    except sa.exc.DatabaseError:
        return False


def _walk(connection: sa.Connection, secret: bytes, verdict: Verdict, seen: _Seen) -> None:
    before: Entry | None = None
    before_right = True
    for entry in _rows(connection):
        due = 1 if before is None else before.seq + 1
        if entry.seq > due:
            seen.gaps.append((due, entry.seq - 1))
        right = hmac.compare_digest(code(entry, secret), _ascii(entry.mac))
        if not right:
            seen.wrong.append(entry)
        elif entry.seq == due and before_right and entry.prev != _link(before):
            words = f"第{entry.seq}条本身完好，但不接在第{entry.seq - 1}条之后"
            verdict.damages.append(Damage(BROKEN, entry.seq, entry.seq, words))
        if right and entry.key != seen.own:
            words = f"第{entry.seq}条的密钥指纹是 {entry.key}，现用 {seen.own}"
            verdict.damages.append(Damage(OTHER_KEY, entry.seq, entry.seq, words))
        if entry.seq in seen.anchored:
            seen.anchored[entry.seq] = entry.mac
        verdict.entries += 1
        verdict.head = entry.seq
        before, before_right = entry, right


def _link(before: Entry | None) -> str:
    return GENESIS if before is None else before.mac


def _ascii(text: str) -> str:
    """The text where it can be compared; anything else equals no code."""
    return text if text.isascii() else ""


def _rows(connection: sa.Connection) -> Iterator[Entry]:
    """Rows by number, as their bytes say: SQLite's own decoding would stop at a broken letter."""
    texts = [column for column in entry_table.columns if column.name != "seq"]
    if connection.dialect.name != "sqlite":
        query = sa.select(entry_table.c.seq, *texts).order_by(entry_table.c.seq)
        for row in connection.execute(query, execution_options=_PAGES):
            yield Entry(*row)
        return
    raw = [sa.type_coerce(sa.cast(each, sa.LargeBinary), sa.LargeBinary) for each in texts]
    kinds: sa.ColumnElement[str] = sa.literal("")
    for each in texts:
        kinds = kinds.concat(sa.func.typeof(each))
    query = sa.select(entry_table.c.seq, kinds, *raw).order_by(entry_table.c.seq)
    for row in connection.execute(query, execution_options=_PAGES):
        entry = Entry(row[0], *(_text(value) for value in row[2:]))
        # the same bytes as another type read differently: no code is right for them
        yield entry if row[1] == "text" * len(texts) else replace(entry, mac="")


def _text(value: object) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    return "" if value is None else str(value)


def _explain(verdict: Verdict, seen: _Seen, secret: bytes) -> None:
    """Say of wrong entries whether they were changed or stand in the wrong place."""
    if verdict.entries and len(seen.wrong) == verdict.entries and seen.wrong[-1].key != seen.own:
        words = f"整个日志是用另一把密钥（{seen.wrong[-1].key}）写成的，现用 {seen.own}"
        verdict.damages.append(Damage(OTHER_KEY, 1, verdict.head, words))
        return
    missing = {seq for first, last in seen.gaps for seq in range(first, last + 1)[:_MOST_PLACES]}
    places = {entry.seq for entry in seen.wrong[:_MOST_PLACES]} | set(sorted(missing))
    places |= {verdict.entries, verdict.entries + 1, verdict.head + 1}
    tried = sorted(places)[:_MOST_PLACES]
    home: set[int] = set()
    left: set[int] = set()
    for at, entry in enumerate(seen.wrong):
        near = (entry.seq - 1, entry.seq + 1)
        origin = _origin(entry, secret, (*near, *tried) if at < _MOST_PLACES else near)
        if origin is None:
            words = f"第{entry.seq}条被改过"
            verdict.damages.append(Damage(ALTERED, entry.seq, entry.seq, words))
            continue
        home.add(origin)
        left.add(entry.seq)
        words = f"原第{origin}条现在排在第{entry.seq}条"
        verdict.damages.append(Damage(MOVED, entry.seq, entry.seq, words))
    _removed(verdict, seen, home, left)


def _origin(entry: Entry, secret: bytes, places: Sequence[int]) -> int | None:
    """The number with which a wrong entry would be right."""
    return next((at for at in places if code(entry, secret, at) == entry.mac), None)


def _removed(verdict: Verdict, seen: _Seen, home: set[int], left: set[int]) -> None:
    """Numbers that no entry has, nor had before it was moved."""
    last = max(home) if verdict.head in left and home else verdict.head
    gaps = [*seen.gaps, *((seq, seq) for seq in left - home if seq <= last)]
    for first, end in sorted(gaps):
        for start, stop in _without(first, min(end, last), home):
            told = f"第{start}条" if start == stop else f"第{start}至{stop}条"
            verdict.damages.append(Damage(REMOVED, start, stop, f"{told}不见了"))


def _without(first: int, last: int, home: set[int]) -> Iterator[tuple[int, int]]:
    start = first
    for seq in sorted(seq for seq in home if first <= seq <= last):
        if seq > start:
            yield start, seq - 1
        start = seq + 1
    if start <= last:
        yield start, last


def _sound_anchors(
    anchors: Sequence[tuple[Path, Anchor | None]], secret: bytes, verdict: Verdict
) -> list[tuple[Path, Anchor]]:
    sound = []
    for path, anchor in anchors:
        if anchor is None or anchor.signed(secret).sign != anchor.sign:
            words = f"锚文件 {path.name} 被改过或读不出来"
            verdict.damages.append(Damage(ANCHOR, 0, 0, words))
        else:
            sound.append((path, anchor))
    return sound


def _against(known: list[tuple[Path, Anchor]], verdict: Verdict, seen: _Seen) -> None:
    longest = max((anchor.seq for _, anchor in known), default=0)
    if longest > verdict.head:
        first, last = verdict.head + 1, longest
        words = f"第{first}至{last}条被截去：锚证明日志曾到第{last}条"
        verdict.damages.append(Damage(TRUNCATED, first, last, words))
    wrong = {entry.seq for entry in seen.wrong}
    kept = 0
    for path, anchor in sorted(known, key=lambda one: one[1].seq):
        found = seen.anchored[anchor.seq]
        if found == anchor.mac:
            kept = anchor.seq
        elif found and anchor.seq not in wrong:
            words = f"第{kept + 1}至{anchor.seq}条与锚 {path.name} 不符：曾被截去或整段重写"
            verdict.damages.append(Damage(REWRITTEN, kept + 1, anchor.seq, words))
    if not verdict.damages:
        verdict.complete_to = longest


def _guards(connection: sa.Connection, verdict: Verdict) -> None:
    """Whether the triggers that refuse changes still stand."""
    queries = {
        "sqlite": "SELECT name FROM sqlite_master WHERE type='trigger' AND tbl_name='audit_entry'",
        "postgresql": "SELECT tgname FROM pg_trigger WHERE tgrelid = 'audit_entry'::regclass"
        " AND NOT tgisinternal AND tgenabled IN ('O', 'A')",
    }
    try:
        found = set(connection.exec_driver_sql(queries[connection.dialect.name]).scalars())
    except sa.exc.DatabaseError:
        return  # unreadable: told already
    for name in TRIGGERS:
        if name not in found:
            words = f"只增不改的触发器 {name} 被拆除或停用"
            verdict.damages.append(Damage(UNGUARDED, 0, 0, words))
