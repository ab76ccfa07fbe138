"""What a file's name says: table, period, revision, and what tells it from others of its period.

A pattern is a glob with words in braces, held against the path below the source's folder:

    {period}   2026, 2026-09, 202609, 2026年9月, 2026-Q3, 2026-11-18, 20261118
    {table}    a contract's code: FIN-15
    {revision} a number; the larger is newer
    *  ?  **/  any characters of a name, one of them, any folders

What * and ? stand for tells two files of one period apart, so that neither takes the other's place:
`凭证_*_{period}.csv` keeps 凭证_东城_202609.csv in the slot `2026-09@东城`.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache

from budget_watch.calendar.expected import Period, parse_period
from budget_watch.tables import contracts

_PERIOD = (
    r"(?:19|20)\d\d(?:年(?:第?[1-4]季度|\d{1,2}月(?:\d{1,2}日)?)?"
    r"|-?Q[1-4]|[-_.]?\d\d(?:[-_.]?\d\d)?)?"
)
_WORDS = {"period": f"(?P<period>{_PERIOD})", "table": r"(?P<table>[A-Z]+-\d+)",
          "revision": r"(?P<revision>\d{1,15})"}  # fmt: skip
# Words that say that a file comes again; they do not make it another one.
_AGAIN = re.compile(
    r"更正|更新|修订|修改|重送|重报|重新报送|最终|终稿|第?\d+版|[vV]\d+|[(（]\d+[)）]|副本"
)
_SEPARATORS = " _-.、@·()（）[]【】"


class NameError_(ValueError):
    """A pattern cannot be understood. Says what, and what to write."""


@dataclass(frozen=True)
class Named:
    """What a name says. `rest` tells the file from others of its period; empty where it need not.

    Attributes:
        period: None where the name has none: then the rest is the slot's name.
    """

    period: Period | None
    table: str | None = None
    revision: int | None = None
    rest: str = ""

    @property
    def slot(self) -> str:
        """The parcel's period: `2026-09`, `2026-09@东城`, or the rest alone."""
        if self.period is None:
            return self.rest
        return f"{self.period.name}@{self.rest}" if self.rest else self.period.name


@cache
def compiled(pattern: str) -> re.Pattern[str]:
    """The pattern as a regular expression.

    Raises:
        NameError_: an unknown or repeated word in braces.
    """
    found, at, wild, used = "", 0, 0, set[str]()
    text = unicodedata.normalize("NFC", pattern)
    while at < len(text):
        if text.startswith("**/", at):
            found += r"(?:.*/)?"
            at += 3
        elif text[at] in "*?":
            found += f"(?P<w{wild}>[^/]{'*?' if text[at] == '*' else ''})"
            wild += 1
            at += 1
        elif text[at] == "{":
            end = text.find("}", at)
            word = text[at + 1 : end] if end > 0 else text[at + 1 :]
            if word not in _WORDS:
                known = "、".join(f"{{{name}}}" for name in _WORDS)
                raise NameError_(f"pattern“{pattern}”里的 {{{word}}} 不认识；可用 {known}")
            if word in used:
                raise NameError_(f"pattern“{pattern}”里 {{{word}}} 写了两次")
            used.add(word)
            found += _WORDS[word]
            at = end + 1
        else:
            found += re.escape(text[at])
            at += 1
    return re.compile(found)


def by_pattern(pattern: str, path: str) -> Named | None:
    """What a path says under a pattern; None where it does not fit."""
    match = compiled(pattern).fullmatch(unicodedata.normalize("NFC", path))
    if match is None:
        return None
    groups = match.groupdict()
    wild = [groups[name] for name in groups if name.startswith("w") and groups[name]]
    period = read_period(groups["period"]) if groups.get("period") else None
    if groups.get("period") and period is None:
        return None  # 2026-13
    rest = "@".join(part for text in wild if (part := _distinct(text)))
    if period is None and not rest:
        rest = _stem(path)
    revision = int(groups["revision"]) if groups.get("revision") else None
    return Named(period, groups.get("table"), revision, rest)


def by_itself(path: str) -> Named:
    """What a name says without a pattern: the last date in it, and the table where it is named."""
    stem = _stem(unicodedata.normalize("NFC", path))
    table = next((code for code in _codes() if re.search(rf"(?<![\w-]){code}(?!\d)", stem)), None)
    if table:
        stem = stem.replace(table, " ")
    found = [
        (match, period)
        for match in re.finditer(rf"(?<!\d){_PERIOD}(?!\d)", stem)
        if (period := read_period(match[0])) is not None
    ]
    if not found:
        return Named(None, table, None, _distinct(stem) or _stem(path))
    match, period = found[-1]
    rest = _distinct(stem[: match.start()] + " " + stem[match.end() :])
    return Named(period, table, None, "" if rest in _titles(table) else rest)


def read_period(text: str) -> Period | None:
    """A period as people write it; None where it is none."""
    plain = re.sub(r"[_.年]", "-", text).replace("日", "")
    plain = plain.replace("季度", "").replace("第", "Q")
    plain = re.sub(r"月$", "", plain).replace("月", "-").strip("-")
    if "季" in text and "Q" not in plain:
        plain = f"{plain[:4]}-Q{plain[-1]}"
    if match := re.fullmatch(r"(\d{4})Q([1-4])", plain):
        plain = f"{match[1]}-Q{match[2]}"
    if match := re.fullmatch(r"(\d{4})-?(\d{1,2})(?:-?(\d{1,2}))?", plain):
        plain = "-".join([match[1], *(f"{int(part):02}" for part in match.groups()[1:] if part)])
    try:
        return parse_period(plain)
    except ValueError:
        return None


def months(period: Period) -> list[tuple[int, int]]:
    """Year and month of each month of a period; month 0 for a whole year, as coverage says it."""
    if period.span == "year":
        return [(period.first.year, 0)]
    return [
        (period.first.year, month) for month in range(period.first.month, period.last.month + 1)
    ]


def _stem(path: str) -> str:
    name = path.rpartition("/")[2]
    return name.rpartition(".")[0] or name


def _distinct(text: str) -> str:
    """What is left of a text when words that say “again” and separators are gone."""
    left = _AGAIN.sub(" ", text)
    return re.sub(rf"[{re.escape(_SEPARATORS)}]+", " ", left).strip()[:80]


@cache
def _codes() -> tuple[str, ...]:
    return tuple(contract.code for contract in contracts().values())


@cache
def _titles(table: str | None) -> frozenset[str]:
    """Texts that say no more than the table does."""
    return frozenset(
        text
        for contract in contracts().values()
        if table in (None, contract.code)
        for text in (contract.title, contract.name, contract.name.replace("_", " "))
    )
