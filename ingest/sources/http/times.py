"""Times of an interface: read as milliseconds since 1970 UTC, written as its resource says.

A time without a zone is China's (UTC+8), which has had no summer time since 1991.
"""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta, timezone

CHINA = timezone(timedelta(hours=8))
_TEXT = re.compile(
    r"(\d{4})[-/.]?(\d\d)[-/.]?(\d\d)"
    r"(?:[T ]?(\d\d):?(\d\d)(?::?(\d\d)(?:[.,](\d{1,9}))?)?\s*(Z|[+-]\d\d:?\d\d)?)?"
)
_LONG = re.compile(r"\d{10}|\d{13}")


def moment(text: str) -> int | None:
    """Milliseconds of an ISO-like text or of seconds or milliseconds in digits; None: no time."""
    text = text.strip()
    if _LONG.fullmatch(text):
        return int(text) * (1000 if len(text) == 10 else 1)
    found = _TEXT.fullmatch(text)
    if found is None:
        return None
    year, month, day, hour, minute, second, part, zone = found.groups()
    try:
        at = datetime(
            int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0),
            tzinfo=_zone(zone),
        )  # fmt: skip
    except ValueError:
        return None
    return round(at.timestamp()) * 1000 + int((part or "0").ljust(3, "0")[:3])


def _zone(text: str | None) -> timezone:
    if text is None:
        return CHINA
    if text == "Z":
        return timezone.utc  # noqa: UP017
    hours, minutes = int(text[1:3]), int(text[-2:])
    offset = timedelta(hours=hours, minutes=minutes)
    return timezone(-offset if text[0] == "-" else offset)


def day_text(text: str) -> str:
    """A date, also with a time of day or in milliseconds, as the ISO date in China; all else as
    it is, for the gate to judge."""
    at = moment(text)
    return text if at is None else datetime.fromtimestamp(at / 1000, CHINA).date().isoformat()


def midnight(day: date) -> int:
    """Milliseconds of the beginning of a day in China."""
    return round(datetime(day.year, day.month, day.day, tzinfo=CHINA).timestamp()) * 1000


def written(at: int, form: str) -> str:
    """Milliseconds as an interface wants them: a strftime format, `iso`, `epoch` or `epoch_ms`."""
    if form == "epoch_ms":
        return str(at)
    if form == "epoch":
        return str(at // 1000)
    when = datetime.fromtimestamp(at / 1000, CHINA)
    return when.isoformat() if form == "iso" else when.strftime(form)
